#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jose/encryptor.h"
#include "oauth/discovery.h"
#include "realms/realm_settings.h"
#include "resource_servers/selection.h"
#include "secrets/keeper/keeper.h"
#include "secrets/key_sets.h"

namespace signet::oauth {

/// The active key of one algorithm, ready to sign access tokens.
struct ReadySigner {
  std::shared_ptr<const secrets::LiveRing> ring;
  jose::CompactSigner signer;
};
struct ReadyEncryptor {
  std::shared_ptr<const secrets::LiveRing> ring;
  jose::Encryptor encryptor;  ///< claims, encrypted directly
  jose::Encryptor nested;     ///< signed tokens
  jose::Encryptor own;        ///< what only the server reads
};

/// The further header members of a signed token inside an encrypted one (RFC 7519 §5.2).
const json::Object& nested_token_header();

/// What storage says of a realm.
struct RealmFacts {
  realms::RealmSettings settings;
  resource_servers::State resource_servers;
  std::vector<std::string> defined_scopes;  ///< the first of them, for metadata
};

/// Keys that others fetch.
struct PublishedSet {
  ReadyDocument document;
  /// False while it may lack a key that signed living tokens: its store was not read since the
  /// start, and nothing is remembered of it.
  bool is_whole = true;
  std::optional<Instant> since;  ///< the first publication of a key in it; nothing: it is empty

  /// Whether others may keep copies of it; else each is good for one use, because keys of other IDs
  /// may still come that sign at once.
  bool is_cacheable(Instant now) const {
    return since && *since + secrets::RotationPolicy::kFirstStart <= now;
  }
};

/// One realm at one moment, everything prepared that a request needs. Immutable: a request takes
/// one and uses it to its end.
class RealmRuntime {
 public:
  /// `public_url` is the server's, without a trailing slash. Never fails: what the keys cannot do
  /// is simply not there, and why() says so when it is asked for.
  static std::shared_ptr<const RealmRuntime> make(RealmFacts facts, secrets::RealmRingsPtr rings,
                                                  const std::string& public_url,
                                                  const secrets::RotationPolicy& policy);

  const realms::RealmSettings& settings() const { return facts_.settings; }
  const resource_servers::State& resource_servers() const { return facts_.resource_servers; }
  const RealmFacts& facts() const { return facts_; }
  /// Another one for every snapshot of this process.
  std::uint64_t serial() const { return serial_; }
  const std::string& issuer() const { return issuer_; }
  const std::string& token_endpoint() const { return token_endpoint_; }
  const secrets::RealmRingsPtr& rings() const { return rings_; }
  Seconds skew() const { return skew_; }

  /// Null if no key can sign by this algorithm.
  const ReadySigner* signer(jose::JwsAlg alg) const;
  const ReadyEncryptor* server_encryption() const { return encryptor_ ? &*encryptor_ : nullptr; }
  /// Why signer() or server_encryption() is null.
  const Error& why(const secrets::SecretId& id) const { return rings_->why(id); }
  /// From when on it will not be, where that is known.
  std::optional<Instant> signs_from(const secrets::SecretId& id) const {
    return rings_->signs_from(id);
  }

  /// Keys that may have signed a living access token, and those that may have encrypted one.
  std::span<const jose::KeyPtr> verification_keys() const { return verification_keys_; }
  /// The secret behind one of them, which may share its kid with another; null if it is none.
  const secrets::Secret* verification_secret(const jose::Key* key) const;
  std::span<const jose::KeyPtr> decryption_keys() const { return decryption_keys_; }

  /// Counts a use of one of these keys.
  void count(const jose::Key* key, secrets::KeyUse use, Instant now) const;

  /// The JWKS of the realm, and its keys as a relying party.
  const PublishedSet& provider_keys() const { return provider_keys_; }
  const PublishedSet& relying_party_keys() const { return relying_party_keys_; }
  const ReadyDocument& metadata() const { return metadata_; }
  Seconds jwks_max_age() const { return jwks_max_age_; }
  /// The store that may hold the key of a token of ours and that cannot be asked; null if a key
  /// that is not here is nobody's.
  const Error* unknown_keys() const;

 private:
  RealmFacts facts_;
  std::uint64_t serial_ = 0;
  secrets::RealmRingsPtr rings_;
  std::string issuer_, token_endpoint_;
  Seconds skew_{60}, jwks_max_age_{300};
  std::array<std::optional<ReadySigner>, 16> signers_;
  std::optional<ReadyEncryptor> encryptor_;
  std::vector<jose::KeyPtr> verification_keys_, decryption_keys_;
  /// Of both; few enough to look through.
  std::vector<std::pair<const jose::Key*, std::shared_ptr<const secrets::UsageMeter>>> meters_;
  PublishedSet provider_keys_, relying_party_keys_;
  ReadyDocument metadata_;
};
using RealmRuntimePtr = std::shared_ptr<const RealmRuntime>;

}  // namespace signet::oauth
