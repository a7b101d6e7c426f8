#include "oauth/endpoints/introspect_endpoint.h"

#include "base/log.h"

namespace signet::oauth {
namespace {

// Larger tokens were never ours; the form's own limit is the body's.
constexpr std::size_t kMaxToken = 64 * 1024;

Answer<std::string_view> read_token(const http::FormView& form) {
  const auto token = form.find("token");
  if (!token || token->empty()) return Refusal(OAuthError::kInvalidRequest, "token is missing");
  if (token->size() > kMaxToken)
    return Refusal(OAuthError::kInvalidRequest, "the token is too large");
  return *token;
}

Task<std::optional<storage::TokenRecord>, Refusal> load_record(const Services& services,
                                                               std::string_view token) {
  CO_TRY(auto record, co_await services.storage->token(tokens::opaque_hash(token)));
  co_return std::move(record);
}

void append_active(std::string& body, const FoundToken& token) {
  body += "{\"active\":true,\"token_type\":\"Bearer\"";
  for (const auto& [name, value] : token.claims.members) {
    body += ',';
    json::append_string(body, name);
    body += ':';
    json::append(body, value);
  }
  body += '}';
}

}  // namespace

Answer<ClientCall::Need> IntrospectCall::act(http::Response& response) {
  TRY(const std::string_view token, read_token(form_));
  response.content_type("application/json");
  Result<FoundToken> found;
  if (tokens::shape_of(token) == tokens::Shape::kOpaque) {
    if (!loaded_) return Need::kToken;
    found = record_ ? open_record(*realm_, *record_, now_)
                    : Result<FoundToken>(Error{Code::kNotFound, "token_unknown", "no such token"});
  } else {
    found = open_self_contained(*realm_, token, now_);
  }
  services_.counters.introspected->add();
  const bool is_active = found.ok() && concerns(client_->client, *found) &&
                         !services_.denied->contains(realm_->settings().name.view(),
                                                     tokens::token_id_hash(found->claims.jwt_id));
  if (is_active) {
    append_active(response.body, *found);
  } else {
    response.body += "{\"active\":false}";
    if (!found.ok() && log::enabled(log::Level::kDebug))
      log::debug("introspected_inactive", {{"reason", found.error().reason}});
  }
  return Need::kNothing;
}

Task<Done, Refusal> IntrospectCall::provide_for_act(Need) {
  CO_TRY(record_, co_await load_record(services_, *form_.find("token")));
  loaded_ = true;
  co_return Done{};
}

Answer<ClientCall::Need> RevokeCall::act(http::Response& response) {
  if (committed_) {
    if (denied_) services_.denied->add(denied_->realm, denied_->id_hash, denied_->expires);
  } else {
    TRY(const std::string_view token, read_token(form_));
    TRY(const Need need, tokens::shape_of(token) == tokens::Shape::kOpaque
                             ? revoke_opaque(token)
                             : revoke_self_contained(token));
    if (need != Need::kNothing) return need;
  }
  services_.counters.revoked->add();
  response.status = 200;
  response.content_type("application/json");
  response.body += "{}";
  return Need::kNothing;
}

Answer<ClientCall::Need> RevokeCall::revoke_self_contained(std::string_view token) {
  const auto found = open_self_contained(*realm_, token, now_);
  if (!found.ok()) return Need::kNothing;  // RFC 7009 §2.2: an invalid token is no error
  if (client_of(*found) != client_->client.id.view())
    return Refusal(OAuthError::kUnauthorizedClient, "the token was issued to another client");
  denied_ =
      storage::DeniedToken{realm_->settings().name, tokens::token_id_hash(found->claims.jwt_id),
                           *found->claims.expires + realm_->skew()};
  transaction_ = {storage::DenyToken{*denied_}};
  return Need::kCommit;
}

Answer<ClientCall::Need> RevokeCall::revoke_opaque(std::string_view token) {
  if (!loaded_) return Need::kToken;
  if (!record_ || record_->realm != realm_->settings().name) return Need::kNothing;
  if (record_->client != client_->client.id)
    return Refusal(OAuthError::kUnauthorizedClient, "the token was issued to another client");
  transaction_ = {storage::EraseToken{tokens::opaque_hash(token)}};
  return Need::kCommit;
}

Task<Done, Refusal> RevokeCall::provide_for_act(Need need) {
  if (need == Need::kToken) {
    CO_TRY(record_, co_await load_record(services_, *form_.find("token")));
    loaded_ = true;
    co_return Done{};
  }
  CO_TRY(co_await services_.storage->commit(std::move(transaction_)));
  committed_ = true;
  co_return Done{};
}

}  // namespace signet::oauth
