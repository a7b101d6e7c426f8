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

/// Calls `visit` with what is published and each of its keys that are in the set.
template <class Visit>
void for_each_published(const secrets::RealmRings& rings, secrets::KeySet set, Visit visit) {
  for (const secrets::PublishedId& published : secrets::published_ids(set)) {
    const secrets::LiveRing* ring = rings.find(published.id);
    if (!ring) continue;
    for (const secrets::RingEntry& entry : ring->entries) {
      if (entry.state == secrets::KeyState::kRetired) continue;
      const bool is_active = entry.state == secrets::KeyState::kActive;
      if (is_active || !published.is_active_alone) visit(published, entry, is_active);
    }
  }
}

// Active keys of every ID first, so that clients that look only at the head of the set find them.
std::vector<PublishedKey> published_keys(const secrets::RealmRings& rings, secrets::KeySet set) {
  std::vector<PublishedKey> active, others;
  for_each_published(rings, set, [&](const auto& published, const auto& entry, bool is_active) {
    (is_active ? active : others).push_back({&entry.secret, published.use});
  });
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

/// When the first of the keys in the set was published; nothing if it has none.
std::optional<Instant> published_since(const secrets::RealmRings& rings, secrets::KeySet set) {
  std::optional<Instant> first;
  for_each_published(rings, set, [&](const auto&, const auto& entry, bool) {
    if (!entry.secret.key || entry.secret.key->jwk().is_symmetric()) return;
    const Instant since = entry.history.published.value_or(Instant());
    if (!first || since < *first) first = since;
  });
  return first;
}

/// Whether what the set lacks is known to be nowhere. What was on its way to a decryption key of
/// the provider can be sent again; whoever encrypts to a relying party has nothing else than the
/// set.
bool publishes_all(const secrets::RealmRings& rings, secrets::KeySet set) {
  const auto& ids = secrets::published_ids(set);
  const auto& unread = rings.unread();
  return std::none_of(ids.begin(), ids.end(), [&](const secrets::PublishedId& published) {
    const bool matters =
        published.use == jose::KeyUse::kSig || set == secrets::KeySet::kRelyingParty;
    return matters && rings.find(published.id) == nullptr &&
           std::find(unread.begin(), unread.end(), published.id) != unread.end() &&
           is_transient(rings.why(published.id).code);
  });
}

PublishedSet published_set(const secrets::RealmRings& rings, secrets::KeySet set,
                           const std::vector<PublishedKey>& keys) {
  PublishedSet out;
  out.is_whole = publishes_all(rings, set);
  out.since = published_since(rings, set);
  out.document = make_document(jwks_document(keys));
  return out;
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

  const std::vector<PublishedKey> published = published_keys(*rings, secrets::KeySet::kProvider);
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

  runtime->provider_keys_ = published_set(*rings, secrets::KeySet::kProvider, published);
  runtime->relying_party_keys_ =
      published_set(*rings, secrets::KeySet::kRelyingParty,
                    published_keys(*rings, secrets::KeySet::kRelyingParty));
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
