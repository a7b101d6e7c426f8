#include "oauth/endpoints/token_endpoint.h"

#include <algorithm>

#include "base/text.h"
#include "oauth/scope.h"

namespace signet::oauth {
namespace {

Refusal cannot_mint(const Error& why) {
  return Refusal(OAuthError::kServerError, "no key can make this token", why);
}

// Longer ones are not worth the memory in every cached client.
constexpr std::size_t kMostKeptScope = 256;

/// A token may be issued only if the key is remembered to be needed until the token's end;
/// otherwise that is written down first, so that no crash and no other instance can retire the key
/// too early.
bool is_within_horizon(const secrets::LiveRing& ring, Instant expires) {
  return unix_seconds(expires) <= ring.active_horizon->load(std::memory_order_relaxed);
}

}  // namespace

Answer<ClientCall::Need> TokenCall::act(http::Response& response) {
  if (stage_ == Stage::kDecide) {
    TRY(decide());
    stage_ = Stage::kMint;
  }
  if (stage_ == Stage::kMint) return mint(response);
  begin_reply(response);
  if (stage_ == Stage::kSigned) {
    response.body += signing_input_;
    jose::CompactSigner::finish(response.body, signature_);
  } else {
    response.body += opaque_;
    wipe(opaque_);
  }
  end_reply(response);
  return Need::kNothing;
}

Answer<Done> TokenCall::decide() {
  const auto grant = form_.find("grant_type");
  if (!grant || grant->empty())
    return Refusal(OAuthError::kInvalidRequest, "grant_type is missing");
  if (*grant != "client_credentials")
    return Refusal(OAuthError::kUnsupportedGrantType, "this grant type is not supported");
  const Client& client = client_->client;
  if (!client.may_use(*grant))
    return Refusal(OAuthError::kUnauthorizedClient, "this client may not use this grant type");

  const auto& realm = realm_->settings();
  format_ = client.format.value_or(realm.format);
  const Seconds lifetime = std::min(client.lifetime.value_or(realm.lifetime), realm.max_lifetime);
  expires_ = now_ + lifetime;

  prepare_claims();
  const std::string_view asked_scope = form_.find("scope").value_or(std::string_view());
  std::vector<std::string> resources;
  for (const auto& field : form_.fields()) {
    if (field.name != "resource") continue;
    if (!is_own_audience(field.value))
      return Refusal(OAuthError::kInvalidTarget, "this client may not ask for that resource");
    resources.emplace_back(field.value);
  }
  if (resources.empty() && asked_scope.empty()) {
    claims_ = client_->claims;
    return Done{};
  }
  if (resources.empty() && client_->asked_claims && asked_scope == client_->asked_scope) {
    claims_ = client_->asked_claims;
    return Done{};
  }
  TRY(const std::string scope, grant_scope(asked_scope, client.scopes, client.default_scopes));
  claims_ = make_claims(resources.empty() ? audience() : resources, scope);
  if (resources.empty() && asked_scope.size() <= kMostKeptScope) {
    client_->asked_scope = asked_scope;
    client_->asked_claims = claims_;
  }
  return Done{};
}

std::vector<std::string> TokenCall::audience() const {
  if (!client_->client.audience.empty()) return client_->client.audience;
  if (!realm_->settings().default_audience.empty()) return realm_->settings().default_audience;
  return {realm_->issuer()};
}

bool TokenCall::is_own_audience(std::string_view resource) const {
  const auto all = audience();
  return std::find(all.begin(), all.end(), resource) != all.end();
}

std::shared_ptr<const tokens::ClaimsTemplate> TokenCall::make_claims(
    const std::vector<std::string>& audience, std::string_view scope) const {
  const std::string_view id = client_->client.id.view();
  return std::make_shared<const tokens::ClaimsTemplate>(
      tokens::make_claims_template(realm_->issuer(), id, id, audience, scope));
}

// What stays the same from request to request is made once for each client and worker.
void TokenCall::prepare_claims() {
  PreparedClient& client = *client_;
  const auto& default_audience = realm_->settings().default_audience;
  if (client.claims && client.issuer == realm_->issuer() &&
      client.default_audience == default_audience)
    return;
  client.issuer = realm_->issuer();
  client.default_audience = default_audience;
  client.claims = make_claims(audience(), join(client.client.default_scopes, " "));
  client.asked_claims = nullptr;
}

Answer<ClientCall::Need> TokenCall::mint(http::Response& response) {
  switch (format_) {
    case tokens::TokenFormat::kJwt:
      return mint_jwt(response);
    case tokens::TokenFormat::kEncryptedJwt:
      return mint_encrypted(response);
    case tokens::TokenFormat::kOpaque:
      return mint_opaque();
  }
  return cannot_mint({Code::kInternal, "format_unknown", ""});
}

Answer<ClientCall::Need> TokenCall::mint_jwt(http::Response& response) {
  const jose::JwsAlg alg = client_->client.signing_alg.value_or(realm_->settings().signing_alg);
  const ReadySigner* ready = realm_->signer(alg);
  if (!ready) return cannot_mint(realm_->why(tokens::signing_id(alg)));
  if (!is_within_horizon(*ready->ring, expires_)) {
    ring_ = ready->ring;
    return Need::kHorizon;
  }
  std::string& payload = worker_.payload();
  payload.clear();
  tokens::append_claims(payload, claims(), now_, expires_,
                        tokens::make_token_id(*services_.random));
  if (ready->signer.key()->is_remote()) [[unlikely]] {
    remote_signer_ = ready;
    ready->signer.append_signing_input(signing_input_, as_bytes(payload));
    return Need::kSignature;
  }
  begin_reply(response);
  if (auto signed_ = ready->signer.append(response.body, as_bytes(payload)); !signed_.ok())
    return cannot_mint(signed_.error());
  ready->ring->count_active(secrets::KeyUse::kSign, now_);
  end_reply(response);
  return Need::kNothing;
}

Answer<ClientCall::Need> TokenCall::mint_encrypted(http::Response& response) {
  const ReadyEncryptor* ready = realm_->encryptor();
  if (!ready) return cannot_mint(realm_->why(tokens::encryption_id()));
  if (!is_within_horizon(*ready->ring, expires_)) {
    ring_ = ready->ring;
    return Need::kHorizon;
  }
  std::string& payload = worker_.payload();
  payload.clear();
  tokens::append_claims(payload, claims(), now_, expires_,
                        tokens::make_token_id(*services_.random));
  begin_reply(response);
  if (auto sealed = ready->encryptor.append(response.body, as_bytes(payload), *services_.random);
      !sealed.ok())
    return cannot_mint(sealed.error());
  ready->ring->count_active(secrets::KeyUse::kEncrypt, now_);
  end_reply(response);
  return Need::kNothing;
}

Answer<ClientCall::Need> TokenCall::mint_opaque() {
  tokens::append_opaque(opaque_, now_, *services_.random);
  stage_ = Stage::kMinted;
  return Need::kCommit;
}

void TokenCall::begin_reply(http::Response& response) const {
  response.content_type("application/json");
  response.body += "{\"access_token\":\"";
}

void TokenCall::end_reply(http::Response& response) const {
  services_.counters.issued[static_cast<std::size_t>(format_)]->add();
  std::string& body = response.body;
  body += "\",\"token_type\":\"Bearer\",\"expires_in\":";
  json::append_number(body, std::chrono::duration_cast<Seconds>(expires_ - now_).count());
  if (!claims().scope.empty()) {
    body += ",\"scope\":";
    json::append_string(body, claims().scope);
  }
  body += '}';
}

Task<Done, Refusal> TokenCall::provide_for_act(Need need) {
  switch (need) {
    case Need::kHorizon: {
      CO_TRY(co_await services_.keeper->raise_horizon(ring_, expires_));
      co_return Done{};
    }
    case Need::kSignature:
      co_return co_await sign_in_box();
    default:
      co_return co_await keep_opaque();
  }
}

Task<Done, Refusal> TokenCall::sign_in_box() {
  const jose::JwsAlg alg = remote_signer_->signer.alg();
  Bytes input = to_bytes(signing_input_);
  CO_TRY(signature_,
         co_await services_.keeper->sign_in_box(remote_signer_->ring, alg, std::move(input)));
  remote_signer_->ring->count_active(secrets::KeyUse::kSign, now_);
  stage_ = Stage::kSigned;
  co_return Done{};
}

Task<Done, Refusal> TokenCall::keep_opaque() {
  storage::TokenRecord record;
  const auto key = tokens::opaque_key(opaque_);
  record.hash.assign(key.begin(), key.end());
  record.realm = realm_->settings().name;
  record.client = client_->client.id;
  record.kind = "access";
  record.issued = now_;
  record.expires = expires_;
  tokens::append_claims(record.claims, claims(), now_, expires_,
                        tokens::make_token_id(*services_.random));
  storage::Transaction transaction;
  transaction.emplace_back(storage::PutToken{std::move(record)});
  CO_TRY(co_await services_.storage->commit(std::move(transaction)));
  co_return Done{};
}

}  // namespace signet::oauth
