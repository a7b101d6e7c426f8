#include "oauth/endpoints/introspect_endpoint.h"

#include "base/log.h"

namespace signet::oauth {
namespace {

// Larger tokens were never ours; the form's own limit is the body's.
constexpr std::size_t kMaxToken = 64 * 1024;

Answer<std::string_view> read_token(const http::FormView& form) {
  const auto token = form.given("token");
  if (!token) return Refusal(OAuthError::kInvalidRequest, "token is missing");
  if (token->size() > kMaxToken)
    return Refusal(OAuthError::kInvalidRequest, "the token is too large");
  return *token;
}

Task<std::optional<storage::TokenRecord>, Refusal> load_record(const Services& services,
                                                               TokenCache::Key key) {
  CO_TRY(auto record, co_await services.storage->token(Bytes(key.begin(), key.end())));
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
  Result<FoundToken> opened;
  const FoundToken* found = nullptr;
  Status checked = Error{Code::kNotFound, "token_unknown", "no such token"};
  if (tokens::shape_of(token) == tokens::Shape::kOpaque) {
    if (!loaded_) {
      key_ = tokens::opaque_key(token);
      ready_ = services_.token_cache->find(key_, now_);
      if (!ready_) return Need::kToken;
    }
    if (ready_) {
      found = &ready_->found;
      checked = check_record(*realm_, ready_->record, *found, now_);
    }
  } else {
    TRY(const Need need, open(token, opened));
    if (need != Need::kNothing) return need;
    if (opened.ok()) {
      found = &*opened;
      checked = Done{};
    } else {
      checked = opened.error();
    }
  }
  services_.counters.introspected->add();
  if (checked.ok()) checked = check_resource_server(*found);
  const bool is_active = checked.ok() && concerns(client_->client, *found) &&
                         (services_.denied->size() == 0 ||
                          !services_.denied->contains(realm_->settings().name.view(),
                                                      tokens::token_id_hash(found->claims.jwt_id)));
  if (is_active && !services_.denied->is_current())
    return Refusal(Error{Code::kUnavailable, "revocations_unknown",
                         "the revocations of other instances cannot be read"});
  if (!is_active) {
    response.body += "{\"active\":false}";
    if (!checked.ok() && log::enabled(log::Level::kDebug))
      log::debug("introspected_inactive", {{"reason", checked.error().reason}});
  } else if (ready_) {
    response.body += ready_->active_body;
  } else {
    append_active(response.body, *found);
  }
  return Need::kNothing;
}

// The document's rule, where the realm asks for it: a token encrypted for another resource server
// than the one selected now is not accepted.
Status IntrospectCall::check_resource_server(const FoundToken& found) const {
  if (!realm_->settings().strict_resource_servers || found.resource_server.empty()) return Done{};
  const auto selected =
      resource_servers::select(realm_->resource_servers(), form_.given("resourceServer"));
  if (found.resource_server == selected) return Done{};
  return Error{Code::kDenied, "resource_server_other", "issued for another resource server"};
}

Task<Done, Refusal> IntrospectCall::provide_for_act(Need need) {
  if (need == Need::kToken) co_return co_await load_opaque();
  co_return co_await provide_for_open(need);
}

Task<Done, Refusal> IntrospectCall::load_opaque() {
  const std::uint64_t revocations = services_.token_cache->revocations(key_);
  CO_TRY(auto record, co_await load_record(services_, key_));
  loaded_ = true;
  if (!record) co_return Done{};
  auto ready = std::make_shared<ReadyRecord>();
  CO_TRY(ready->found, read_record(*record));
  ready->record = std::move(*record);
  append_active(ready->active_body, ready->found);
  ready_ = std::move(ready);
  services_.token_cache->put(key_, ready_, now_, revocations);
  co_return Done{};
}

Answer<ClientCall::Need> RevokeCall::act(http::Response& response) {
  if (committed_) {
    if (denied_) services_.denied->add(denied_->realm, denied_->id_hash, denied_->expires);
    if (record_) forget_opaque(*form_.find("token"));
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
  Result<FoundToken> found;
  TRY(const Need need, open(token, found));
  if (need != Need::kNothing) return need;
  if (!found.ok()) return Need::kNothing;  // RFC 7009 §2.2: an invalid token is no error
  if (client_of(*found) != client_->client.id.view())
    return Refusal(OAuthError::kUnauthorizedClient, "the token was issued to another client");
  denied_ =
      storage::DeniedToken{realm_->settings().name, tokens::token_id_hash(found->claims.jwt_id),
                           *found->claims.expires + realm_->skew()};
  transaction_ = {storage::DenyToken{*denied_}};
  return Need::kCommit;
}

void RevokeCall::forget_opaque(std::string_view token) {
  services_.token_cache->revoke(tokens::opaque_key(token));
}

Answer<ClientCall::Need> RevokeCall::revoke_opaque(std::string_view token) {
  if (!loaded_) return Need::kToken;
  if (!record_) {
    // Another revocation may have erased it this moment and not told the cache yet.
    forget_opaque(token);
    return Need::kNothing;
  }
  if (record_->realm != realm_->settings().name) return Need::kNothing;
  if (record_->client != client_->client.id)
    return Refusal(OAuthError::kUnauthorizedClient, "the token was issued to another client");
  const auto key = tokens::opaque_key(token);
  transaction_ = {storage::EraseToken{Bytes(key.begin(), key.end())}};
  return Need::kCommit;
}

Task<Done, Refusal> RevokeCall::provide_for_act(Need need) {
  if (need == Need::kToken) {
    CO_TRY(record_, co_await load_record(services_, tokens::opaque_key(*form_.find("token"))));
    loaded_ = true;
    co_return Done{};
  }
  if (need != Need::kCommit) co_return co_await provide_for_open(need);
  CO_TRY(co_await services_.storage->commit(std::move(transaction_)));
  committed_ = true;
  co_return Done{};
}

}  // namespace signet::oauth
