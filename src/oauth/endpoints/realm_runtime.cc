#include "oauth/endpoints/realm_runtime.h"

#include <algorithm>
#include <atomic>

#include "base/log.h"
#include "base/text.h"

namespace signet::oauth {
namespace {

const json::Object& access_token_header() {
  static const json::Object header = [] {
    json::Object h;
    h.set("typ", tokens::kAccessTokenType);
    return h;
  }();
  return header;
}

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

Result<ReadyEncryptor> make_encryptors(std::shared_ptr<const secrets::LiveRing> ring) {
  const jose::KeyPtr key = ring->ring->active().key;
  const auto make = [&](const json::Object& header) {
    jose::EncryptorOptions options{jose::JweAlg::kDir, jose::JweEnc::kA128CbcHs256, header, false,
                                   nullptr};
    return jose::Encryptor::make(key, std::move(options));
  };
  json::Object own_header;
  own_header.set("typ", tokens::kPrivateClaimType);
  TRY(auto for_claims, make(access_token_header()));
  TRY(auto for_tokens, make(nested_token_header()));
  TRY(auto for_own, make(own_header));
  return ReadyEncryptor{std::move(ring), std::move(for_claims), std::move(for_tokens),
                        std::move(for_own)};
}

// Active keys of every ID first, so that clients that look only at the head of the set find them.
std::vector<PublishedKey> published_keys(const secrets::RealmRings& rings) {
  std::vector<PublishedKey> active, others;
  for (const auto& [id, use] : jwks_ids()) {
    const secrets::LiveRing* ring = rings.find(id);
    if (!ring) continue;
    for (const auto& entry : ring->entries) {
      if (entry.state == secrets::KeyState::kRetired) continue;
      const bool is_active = entry.state == secrets::KeyState::kActive;
      (is_active ? active : others).push_back({&entry.secret, use});
    }
  }
  active.insert(active.end(), others.begin(), others.end());
  return active;
}

// Two IDs may have different keys of one kid, where the operator or the store chose it; a set holds
// one of them.
void tell_if_hidden(const secrets::SecretId& id, const secrets::Secret& active,
                    const std::vector<PublishedKey>& published) {
  if (active.key->jwk().is_symmetric()) return;
  const auto holder = std::find_if(published.begin(), published.end(), [&](const auto& key) {
    return key.use == jose::KeyUse::kSig && key.secret->kid == active.kid;
  });
  if (holder == published.end() || same_material(*holder->secret, active)) return;
  const Error why{Code::kConfig, "kid_reused",
                  "the JWKS holds another key under the kid " + quoted(active.kid.view()) +
                      ", so that what this one signs can be verified here alone; give one of them "
                      "another kid"};
  log::failure("signer_not_ready", why, {{"secret_id", id.str()}});
}

/// When the first of the keys in the JWKS was published; nothing if it has none.
std::optional<Instant> jwks_since(const secrets::RealmRings& rings) {
  std::optional<Instant> first;
  for (const PublishedId& published : jwks_ids()) {
    const secrets::LiveRing* ring = rings.find(published.id);
    if (ring == nullptr) continue;
    for (const auto& entry : ring->entries) {
      if (!entry.secret.key || entry.secret.key->jwk().is_symmetric()) continue;
      const Instant since = entry.history.published.value_or(Instant());
      if (!first || since < *first) first = since;
    }
  }
  return first;
}

bool publishes_all(const secrets::RealmRings& rings) {
  return std::none_of(jwks_ids().begin(), jwks_ids().end(), [&](const PublishedId& published) {
    const auto& unread = rings.unread();
    return published.use == jose::KeyUse::kSig && rings.find(published.id) == nullptr &&
           std::find(unread.begin(), unread.end(), published.id) != unread.end() &&
           is_transient(rings.why(published.id).code);
  });
}

}  // namespace

const json::Object& nested_token_header() {
  static const json::Object header = [] {
    json::Object h;
    h.set("typ", tokens::kAccessTokenType);
    h.set("cty", tokens::kNestedContentType);
    return h;
  }();
  return header;
}

std::shared_ptr<const RealmRuntime> RealmRuntime::make(RealmFacts facts,
                                                       secrets::RealmRingsPtr rings,
                                                       const std::string& public_url,
                                                       const secrets::RotationPolicy& policy) {
  auto runtime = std::make_shared<RealmRuntime>();
  const std::string base = public_url + realms::base_path(facts.settings.name);
  runtime->serial_ = next_serial();
  runtime->issuer_ = base;
  runtime->token_endpoint_ = base + "/access_token";
  runtime->skew_ = policy.clock_skew;
  runtime->jwks_max_age_ = policy.jwks_max_age();

  const std::vector<PublishedKey> published = published_keys(*rings);
  for (const auto& id : tokens::access_token_signing_ids()) {
    const secrets::LiveRing* ring = rings->find(id);
    if (!ring) continue;
    const auto shared = std::shared_ptr<const secrets::LiveRing>(rings, ring);
    for (const auto& key : ring->ring->keys())
      runtime->verification_keys_.push_back(key);
    for (const auto& entry : ring->entries)
      runtime->meters_.emplace_back(entry.secret.key.get(), entry.usage);
    if (!ring->can_sign) continue;
    tell_if_hidden(id, ring->ring->active(), published);
    for (const auto alg : secrets::signing_algorithms(id, ring->ring->active())) {
      auto signer = jose::CompactSigner::make(ring->ring->active().key, alg, access_token_header());
      if (signer.ok()) {
        runtime->signers_[static_cast<std::size_t>(alg)].emplace(
            ReadySigner{shared, std::move(*signer)});
      } else {
        log::failure("signer_not_ready", signer.error(), {{"secret_id", id.str()}});
      }
    }
  }
  if (const secrets::LiveRing* ring = rings->find(tokens::encryption_id())) {
    const auto shared = std::shared_ptr<const secrets::LiveRing>(rings, ring);
    for (const auto& key : ring->ring->keys())
      runtime->decryption_keys_.push_back(key);
    for (const auto& entry : ring->entries)
      runtime->meters_.emplace_back(entry.secret.key.get(), entry.usage);
    auto encryptors = make_encryptors(shared);
    if (encryptors.ok()) {
      runtime->encryptor_.emplace(std::move(*encryptors));
    } else {
      log::failure("encryptor_not_ready", encryptors.error(),
                   {{"secret_id", tokens::encryption_id().str()}});
    }
  }

  runtime->is_jwks_whole_ = publishes_all(*rings);
  runtime->jwks_since_ = jwks_since(*rings);
  runtime->jwks_ = make_document(jwks_document(published));
  Capabilities capabilities;
  capabilities.issuer = base;
  capabilities.base_url = base;
  capabilities.scopes = facts.settings.scopes;
  for (const auto& scope : facts.defined_scopes) {
    if (std::find(capabilities.scopes.begin(), capabilities.scopes.end(), scope) ==
        capabilities.scopes.end())
      capabilities.scopes.push_back(scope);
  }
  runtime->metadata_ = make_document(metadata_document(capabilities));
  runtime->facts_ = std::move(facts);
  runtime->rings_ = std::move(rings);
  return runtime;
}

const secrets::Secret* RealmRuntime::verification_secret(const jose::Key* key) const {
  for (const auto& id : tokens::access_token_signing_ids()) {
    const secrets::LiveRing* ring = rings_->find(id);
    if (!ring) continue;
    for (const auto& secret : ring->ring->valid()) {
      if (secret.key.get() == key) return &secret;
    }
  }
  return nullptr;
}

void RealmRuntime::count(const jose::Key* key, secrets::KeyUse use, Instant now) const {
  for (const auto& [known, meter] : meters_) {
    if (known == key && meter) return meter->count(use, now);
  }
}

const Error* RealmRuntime::unknown_keys() const {
  const auto unknown = [this](const secrets::SecretId& id) -> const Error* {
    if (rings_->find(id) != nullptr) return nullptr;
    const Error& why = rings_->why(id);
    // All keys are known, and one of them is refused: that is no reason to wait.
    const bool is_known = why.is(secrets::kNoSuccessor);
    return is_transient(why.code) && !is_known ? &why : nullptr;
  };
  for (const auto& id : tokens::access_token_signing_ids()) {
    if (const Error* why = unknown(id)) return why;
  }
  return unknown(tokens::encryption_id());
}

const ReadySigner* RealmRuntime::signer(jose::JwsAlg alg) const {
  const auto& slot = signers_[static_cast<std::size_t>(alg)];
  return slot ? &*slot : nullptr;
}

}  // namespace signet::oauth
