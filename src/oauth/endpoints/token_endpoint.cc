#include "oauth/endpoints/token_endpoint.h"

#include <algorithm>

#include "base/text.h"

namespace signet::oauth {

Answer<ClientCall::Need> TokenCall::act(http::Response& response) {
  if (stage_ == Stage::kAsk) {
    TRY(asked_, ask());
    stage_ = Stage::kTarget;
  }
  if (stage_ == Stage::kTarget) {
    TRY(const Need need, find_target());
    if (need != Need::kNothing) return need;
    TRY(check_one_target());
    TRY(choose_form());
    stage_ = Stage::kPlan;
  }
  if (stage_ == Stage::kPlan) {
    TRY(const Need need, plan());
    if (need != Need::kNothing) return need;
    stage_ = Stage::kMint;
  }
  if (stage_ == Stage::kMint) return mint(response);
  begin_reply(response);
  if (stage_ == Stage::kSigned) {
    TRY(finish_signed(response));
  } else {
    response.body += opaque_;
    wipe(opaque_);
  }
  count_issued();
  end_reply(response);
  return Need::kNothing;
}

Answer<TokenCall::Asked> TokenCall::ask() const {
  const auto grant = form_.given("grant_type");
  if (!grant) return Refusal(OAuthError::kInvalidRequest, "grant_type is missing");
  if (*grant != "client_credentials")
    return Refusal(OAuthError::kUnsupportedGrantType, "this grant type is not supported");
  if (!client_->client.may_use(*grant))
    return Refusal(OAuthError::kUnauthorizedClient, "this client may not use this grant type");
  Asked asked;
  asked.resource_server = form_.given("resourceServer");
  asked.scope = form_.find("scope").value_or(std::string_view());
  auto& resources = asked.resources;
  for (const auto& field : form_.fields()) {
    if (field.name != "resource" || field.value.empty()) continue;
    const bool is_new =
        std::find(resources.begin(), resources.end(), field.value) == resources.end();
    if (is_new) resources.emplace_back(field.value);
  }
  return asked;
}

void TokenCall::begin_reply(http::Response& response) const {
  response.content_type("application/json");
  response.body += "{\"access_token\":\"";
}

void TokenCall::end_reply(http::Response& response) const {
  std::string& body = response.body;
  body += "\",\"token_type\":\"Bearer\",\"expires_in\":";
  json::append_number(body, std::chrono::duration_cast<Seconds>(expires_ - now_).count());
  if (!claims().scope.empty()) {
    body += ",\"scope\":";
    json::append_string(body, claims().scope);
  }
  body += '}';
}

// No coroutine: see ClientCall::provide.
Task<Done, Refusal> TokenCall::provide_for_act(Need need) {
  switch (need) {
    case Need::kHorizon:
      return raise_horizon();
    case Need::kSignature:
      return sign_in_box();
    case Need::kDefinitions:
      return load_definitions();
    case Need::kKeySet:
      return load_keys();
    case Need::kKeyUses:
      return take_uses();
    case Need::kKeptKey:
      return keep_key();
    default:
      return keep_opaque();
  }
}

}  // namespace signet::oauth
