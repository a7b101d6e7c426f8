// How a token is made: signed, encrypted, both, or kept.

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "oauth/endpoints/token_endpoint.h"

namespace signet::oauth {
namespace {

using resource_servers::Encryption;

}  // namespace

Refusal TokenCall::cannot_mint(const Error& why) {
  if (is_transient(why.code)) return Refusal(why);
  return Refusal(OAuthError::kServerError, "no key can make this token", why);
}

Refusal TokenCall::lacks_secret(const secrets::SecretId& id) const {
  services_.needed_secrets->note(realm_->settings().name, id, now_);
  Refusal refusal = cannot_mint(realm_->why(id));
  if (const auto from = realm_->signs_from(id); from && *from > now_)
    refusal.retry_after = std::chrono::ceil<Seconds>(*from - now_);
  return refusal;
}

Refusal TokenCall::lacks_signer(jose::JwsAlg alg) const {
  const secrets::SecretId& id = tokens::signing_id(alg);
  const secrets::LiveRing* ring = realm_->rings()->find(id);
  if (ring == nullptr || !ring->can_sign) return lacks_secret(id);
  const secrets::Secret& active = ring->ring->active();
  return cannot_mint({Code::kConfig, "secret_wrong_algorithm",
                      "the active key " + quoted(active.kid.view()) + " of " + id.str() + " (" +
                          active.store.str() + "/" + active.alias.str() + ") does not sign by " +
                          std::string(jose::name(alg)) + ": activate one that does"});
}

Answer<Done> TokenCall::choose_form() {
  const auto& server = server_->server;
  const auto& realm = realm_->settings();
  const Client& client = client_->client;
  format_ = server.encryption == Encryption::kAsRealm
                ? server.format.value_or(client.format.value_or(realm.format))
                : server.format.value_or(tokens::TokenFormat::kJwt);
  is_nested_ =
      format_ == tokens::TokenFormat::kJwt && (server.encryption == Encryption::kServerKey ||
                                               server.encryption == Encryption::kResourceServerKey);
  const Seconds lifetime = server.lifetime.value_or(client.lifetime.value_or(realm.lifetime));
  expires_ = now_ + std::min({lifetime, realm.max_lifetime, longest_life_});
  return Done{};
}

Answer<ClientCall::Need> TokenCall::mint(http::Response& response) {
  switch (format_) {
    case tokens::TokenFormat::kJwt:
      return mint_signed(response);
    case tokens::TokenFormat::kEncryptedJwt:
      return mint_encrypted(response);
    case tokens::TokenFormat::kOpaque:
      return mint_opaque();
  }
  return cannot_mint({Code::kInternal, "format_unknown", ""});
}

// A token may be issued only if the key is remembered to be needed until the token's end; otherwise
// that is written down first, so that no crash and no other instance can retire the key too early.
bool TokenCall::needs_horizon(const std::shared_ptr<const secrets::LiveRing>& ring) {
  if (unix_seconds(expires_) <= ring->active_horizon->load(std::memory_order_relaxed)) return false;
  ring_ = ring;
  return true;
}

Answer<ClientCall::Need> TokenCall::mint_signed(http::Response& response) {
  const jose::JwsAlg alg = server_->server.signing_alg.value_or(
      client_->client.signing_alg.value_or(realm_->settings().signing_alg));
  signer_ = realm_->signer(alg);
  if (!signer_) return lacks_signer(alg);
  if (is_nested_) {
    TRY(const Need need, find_encryptor());
    if (need != Need::kNothing) return need;
    if (needs_horizon(realm_->server_encryption()->ring)) return Need::kHorizon;
  }
  if (needs_horizon(signer_->ring)) return Need::kHorizon;
  std::string& payload = worker_.payload();
  payload.clear();
  token_id_ = tokens::make_token_id(*services_.random);
  tokens::append_claims(payload, claims(), now_, expires_, token_id_);
  if (signer_->signer.key()->is_remote()) [[unlikely]] {
    signer_->signer.append_signing_input(signing_input_, as_bytes(payload));
    return Need::kSignature;
  }
  begin_reply(response);
  std::string& signed_token = is_nested_ ? worker_.nested() : response.body;
  if (is_nested_) signed_token.clear();
  if (auto done = signer_->signer.append(signed_token, as_bytes(payload)); !done.ok())
    return cannot_mint(done.error());
  signer_->ring->count_active(secrets::KeyUse::kSign, now_);
  if (is_nested_) TRY(encrypt(signed_token, response));
  count_issued();
  end_reply(response);
  return Need::kNothing;
}

Answer<Done> TokenCall::finish_signed(http::Response& response) {
  if (!is_nested_) {
    response.body += signing_input_;
    jose::CompactSigner::finish(response.body, signature_);
    return Done{};
  }
  jose::CompactSigner::finish(signing_input_, signature_);
  return encrypt(signing_input_, response);
}

Answer<ClientCall::Need> TokenCall::mint_encrypted(http::Response& response) {
  const ReadyEncryptor* ready = realm_->server_encryption();
  if (!ready) return lacks_secret(tokens::encryption_id());
  if (needs_horizon(ready->ring)) return Need::kHorizon;
  std::string& payload = worker_.payload();
  payload.clear();
  token_id_ = tokens::make_token_id(*services_.random);
  tokens::append_claims(payload, claims(), now_, expires_, token_id_);
  begin_reply(response);
  if (auto sealed = ready->encryptor.append(response.body, as_bytes(payload), *services_.random);
      !sealed.ok())
    return cannot_mint(sealed.error());
  ready->ring->count_active(secrets::KeyUse::kEncrypt, now_);
  count_issued();
  end_reply(response);
  return Need::kNothing;
}

Answer<ClientCall::Need> TokenCall::mint_opaque() {
  opaque_.reserve(tokens::kOpaqueSize);  // a string that grows leaves what it held behind
  tokens::append_opaque(opaque_, now_, *services_.random);
  stage_ = Stage::kMinted;
  return Need::kCommit;
}

void TokenCall::count_issued() const {
  services_.counters.issued[static_cast<std::size_t>(format_)]->add();
  // The built-in one has counters for every format already.
  const Encryption encryption = server_->server.encryption;
  if (encryption == Encryption::kAsRealm) return;
  services_.counters.issued_for[static_cast<std::size_t>(encryption)]->add();
  server_->use->issued.fetch_add(1, std::memory_order_relaxed);
  server_->use->last_issued.store(unix_seconds(now_), std::memory_order_relaxed);
}

Task<Done, Refusal> TokenCall::raise_horizon() {
  CO_TRY(co_await services_.keeper->raise_horizon(ring_, expires_));
  co_return Done{};
}

Task<Done, Refusal> TokenCall::sign_in_box() {
  const jose::JwsAlg alg = signer_->signer.alg();
  Bytes input = to_bytes(signing_input_);
  CO_TRY(signature_, co_await services_.keeper->sign_in_box(signer_->ring, alg, std::move(input)));
  signer_->ring->count_active(secrets::KeyUse::kSign, now_);
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
  token_id_ = tokens::make_token_id(*services_.random);
  // In the worker's memory first, so that the record's text grows once.
  std::string& payload = worker_.payload();
  payload.clear();
  tokens::append_claims(payload, claims(), now_, expires_, token_id_);
  record.claims = payload;
  storage::Transaction transaction;
  transaction.emplace_back(storage::PutToken{std::move(record)});
  CO_TRY(co_await services_.storage->commit(std::move(transaction)));
  co_return Done{};
}

}  // namespace signet::oauth
