// How a client proves who it is.

#include <cstring>

#include "base/text.h"
#include "crypto/digest.h"
#include "oauth/client_secret.h"
#include "oauth/endpoints/client_call.h"

namespace signet::oauth {
namespace {

// Verified secrets are remembered as a digest under a key of this process only.
ByteView process_key(Random& random) {
  static const SecretBytes key = [&] {
    SecretBytes made(32);
    random.fill(made.span());
    return made;
  }();
  return key.view();
}

std::array<std::uint8_t, 32> proof_of(Random& random, std::string_view secret) {
  std::array<std::uint8_t, 32 + kLongestSecret> text;
  const ByteView key = process_key(random);
  std::memcpy(text.data(), key.data(), 32);
  std::memcpy(text.data() + 32, secret.data(), secret.size());
  const auto proof = crypto::sha256({text.data(), 32 + secret.size()});
  wipe(text.data(), 32 + secret.size());
  return proof;
}

// A stored value to compare with where there is no client.
const std::string& dummy_fast(Random& random) {
  static const std::string dummy = hash_fast(make_client_secret(random), random);
  return dummy;
}

const std::string& dummy_slow() {
  static const std::string dummy = [] {
    const auto made = hash_slow("a secret that no client has");
    return made.ok() ? *made : std::string();
  }();
  return dummy;
}

Refusal wrong_secret() {
  return invalid_client({Code::kDenied, "client_secret_wrong", "the client secret is wrong"});
}

Refusal unknown_client(const Credentials& credentials) {
  return invalid_client({Code::kNotFound, "client_unknown", quoted(credentials.client_id)});
}

/// Whether a client that is there may prove itself in this way now.
Answer<Done> check_may_prove(const Client& client, const Credentials& credentials) {
  TRY(check_method(client, credentials));
  if (!client.enabled)
    return invalid_client({Code::kDenied, "client_disabled", quoted(credentials.client_id)});
  return Done{};
}

}  // namespace

Answer<ClientCall::Need> ClientCall::prove() {
  if (credentials_.kind == Credentials::Kind::kAssertion) return prove_assertion();
  if (credentials_.kind != Credentials::Kind::kNone) return prove_secret();
  if (!client_) return unknown_client(credentials_);
  TRY(check_may_prove(client_->client, credentials_));
  if (!allows_public_client())
    return Refusal(OAuthError::kUnauthorizedClient, "a public client may not do this");
  return Need::kNothing;
}

Answer<ClientCall::Need> ClientCall::prove_secret() {
  const std::string_view secret = credentials_.secret;
  if (secret.size() > kLongestSecret) return wrong_secret();
  const std::string_view stored = client_ ? std::string_view(client_->client.stored_secret) : "";
  bool right = false;
  if (client_ && client_->has_proven) {
    right = constant_time_equal(proof_of(*services_.random, secret), client_->proven);
  }
  if (!right) {
    if (client_ && client_->secret_key && form_of(stored) == SecretForm::kSealed) {
      right = constant_time_equal(client_->secret_key->jwk().symmetric(), as_bytes(secret));
    } else if (secret.size() < kFastSecretFrom) {
      return Need::kSlowHash;
    } else {
      right =
          verify_fast(form_of(stored) == SecretForm::kFast ? stored : dummy_fast(*services_.random),
                      as_bytes(secret));
    }
    if (right) {
      client_->proven = proof_of(*services_.random, secret);
      client_->has_proven = true;
    }
  }
  if (!client_) return unknown_client(credentials_);
  if (!right) return wrong_secret();
  TRY(check_may_prove(client_->client, credentials_));
  return Need::kNothing;
}

Answer<ClientCall::Need> ClientCall::prove_assertion() {
  if (assertion_used_) return Need::kNothing;
  if (!client_) return unknown_client(credentials_);
  TRY(check_may_prove(client_->client, credentials_));
  AssertionRules rules{now_, realm_->issuer(), realm_->token_endpoint(), realm_->skew()};
  TRY(assertion_,
      check_assertion(client_->client, credentials_.assertion, client_->secret_key, rules));
  return Need::kUseAssertion;
}

Task<Done, Refusal> ClientCall::hash_slowly() {
  const bool slow = client_ && form_of(client_->client.stored_secret) == SecretForm::kSlow;
  auto secret = std::make_shared<SecretBytes>(SecretBytes::from_text(credentials_.secret));
  const std::string stored = slow ? client_->client.stored_secret : std::string();
  // Unknown clients cost the same hash as known ones, and the pool's queue is bounded (F25).
  std::function<Result<bool>()> work = [stored, secret]() -> Result<bool> {
    return verify_slow(stored.empty() ? dummy_slow() : stored, secret->view());
  };
  CO_TRY(const bool right, co_await services_.hashing->run<bool>(std::move(work)));
  if (!client_) co_return unknown_client(credentials_);
  if (!right || !slow) co_return wrong_secret();
  client_->proven = proof_of(*services_.random, credentials_.secret);
  client_->has_proven = true;
  co_return Done{};
}

Task<Done, Refusal> ClientCall::use_assertion() {
  std::string once = client_->client.id.str();
  once += '\0';
  once += assertion_.jwt_id;
  storage::UseOnce use{realm_->settings().name, tokens::token_id_hash(once), assertion_.expires};
  storage::Transaction transaction;
  transaction.emplace_back(std::move(use));
  const auto committed = co_await services_.storage->commit(std::move(transaction));
  if (!committed.ok()) {
    if (committed.error().code == Code::kConflict)
      co_return invalid_client(
          {Code::kDenied, "assertion_replayed", "the assertion was used before"});
    co_return Refusal(committed.error());
  }
  assertion_used_ = true;
  co_return Done{};
}

}  // namespace signet::oauth
