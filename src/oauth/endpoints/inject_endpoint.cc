#include "oauth/endpoints/inject_endpoint.h"

#include "base/text.h"
#include "oauth/endpoints/definitions.h"
#include "oauth/endpoints/token_cache.h"

namespace signet::oauth {
namespace {

// No policy has a longer name, and longer ones are not worth a question to the storage.
constexpr std::size_t kLongestName = 64;

Refusal unknown_policy(std::string_view name) {
  return Refusal(OAuthError::kNotFound, "no such policy",
                 Error{Code::kNotFound, "inject_policy_unknown", quoted(name)});
}

}  // namespace

InjectedToken::~InjectedToken() {
  wipe(header);
}

// The body, if there is one, is somebody else's request: nothing in it can be meant for us.
Answer<Done> InjectCall::read(const http::Request& request) {
  now_ = services_.clock->now();
  static const http::FormView kNoForm{};
  return read_credentials(request.header("Authorization"), request.count("Authorization"), kNoForm,
                          credentials_);
}

Answer<ClientCall::Need> InjectCall::act(http::Response& response) {
  if (stage_ == Stage::kPolicy) {
    TRY(const Need need, find_policy());
    if (need != Need::kNothing) return need;
    stage_ = Stage::kReuse;
  }
  if (stage_ == Stage::kReuse) {
    const auto& token = policy_->token;
    if (token && is_good(*token)) {
      if (must_look_up(*token)) return Need::kToken;
      response.add("Authorization", token->header);
      response.add("Cache-Control", "no-store");
      services_.counters.injected_again->add();
      return Need::kNothing;
    }
    stage_ = Stage::kMint;
    scope_ = join(policy_->policy.scopes, " ");
    definitions_ = worker_.definitions();
  }
  return TokenCall::act(response);
}

Answer<ClientCall::Need> InjectCall::find_policy() {
  if (!policy_) policy_ = worker_.inject_policy(realm_->settings().name.view(), name_);
  if (!policy_) {
    if (is_unknown_ || name_.empty() || name_.size() > kLongestName) return unknown_policy(name_);
    return Need::kDefinitions;
  }
  if (policy_->policy.client != client_->client.id)
    return Refusal(OAuthError::kAccessDenied, "the policy is another client's",
                   Error{Code::kDenied, "inject_policy_of_another_client", quoted(name_)});
  return Need::kNothing;
}

// Where nobody can say whether it was revoked, a new one is made: that one was not.
bool InjectCall::is_good(const InjectedToken& token) const {
  return token.expires - now_ > policy_->policy.renew_before && token.client == client_ &&
         token.realm_serial == realm_->serial() && token.definitions == worker_.definitions() &&
         has_same_keys(token) && services_.denied->is_current() &&
         (services_.denied->size() == 0 ||
          !services_.denied->contains(realm_->settings().name.view(), token.id_hash));
}

// A set that must be read first is read for a new token; while that fails, the last good one
// serves.
bool InjectCall::has_same_keys(const InjectedToken& token) const {
  if (!token.key_set) return true;
  const auto present = services_.key_sets->now(*token.server->source, now_);
  return present && present->keys == token.key_set->keys;
}

bool InjectCall::must_look_up(const InjectedToken& token) const {
  return token.opaque && (token.revocations != services_.token_cache->revocations(*token.opaque) ||
                          now_ - token.looked_up >= TokenCache::kMaxAge || now_ < token.looked_up);
}

Answer<TokenCall::Asked> InjectCall::ask() const {
  if (!client_->client.may_use("client_credentials"))
    return Refusal(OAuthError::kUnauthorizedClient, "this client may not use client_credentials");
  Asked asked;
  const auto& policy = policy_->policy;
  if (!policy.resource_server.empty()) asked.resource_server = policy.resource_server;
  asked.scope = scope_;
  return asked;
}

void InjectCall::begin_reply(http::Response& /*response*/) const {}

// The token is the body so far.
void InjectCall::end_reply(http::Response& response) const {
  InjectedToken token;
  if (tokens::shape_of(response.body) == tokens::Shape::kOpaque) {
    token.opaque = tokens::opaque_key(response.body);
    token.revocations = services_.token_cache->revocations(*token.opaque);
    token.looked_up = now_;
  }
  token.header = "Bearer " + response.body;
  wipe(response.body);
  response.add("Authorization", token.header);
  response.add("Cache-Control", "no-store");
  token.expires = expires();
  token.id_hash = tokens::token_id_hash(token_id_.view());
  token.realm_serial = realm_->serial();
  token.definitions = definitions_;
  token.client = client_;
  if (key_set()) {
    token.server = server();
    token.key_set = key_set();
  }
  policy_->token.reset();  // wiped, as an assignment would not
  policy_->token = std::move(token);
  services_.counters.injected_new->add();
}

Task<Done, Refusal> InjectCall::provide_for_act(Need need) {
  if (stage_ == Stage::kPolicy) {
    const RealmName& realm = realm_->settings().name;
    CO_TRY(policy_, co_await load_inject_policy(services_, worker_, realm, name_));
    is_unknown_ = !policy_;
    co_return Done{};
  }
  if (stage_ == Stage::kReuse) co_return co_await look_up();
  co_return co_await TokenCall::provide_for_act(need);
}

Task<Done, Refusal> InjectCall::look_up() {
  const tokens::OpaqueKey key = *policy_->token->opaque;
  const std::uint64_t revocations = services_.token_cache->revocations(key);
  CO_TRY(const auto record, co_await services_.storage->token(Bytes(key.begin(), key.end())));
  // Another request may have renewed it meanwhile.
  auto& token = policy_->token;
  if (!token || token->opaque != key) co_return Done{};
  if (record) {
    token->looked_up = now_;
    token->revocations = revocations;
  } else {
    token.reset();
  }
  co_return Done{};
}

}  // namespace signet::oauth
