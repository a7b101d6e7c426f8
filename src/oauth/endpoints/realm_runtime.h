#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jose/encryptor.h"
#include "oauth/discovery.h"
#include "realms/realm_settings.h"
#include "secrets/keeper/keeper.h"

namespace signet::oauth {

/// The active key of one algorithm, ready to sign access tokens.
struct ReadySigner {
  std::shared_ptr<const secrets::LiveRing> ring;
  jose::CompactSigner signer;
};
struct ReadyEncryptor {
  std::shared_ptr<const secrets::LiveRing> ring;
  jose::Encryptor encryptor;
};

/// One realm at one moment, everything prepared that a request needs. Immutable: a request takes
/// one and uses it to its end.
class RealmRuntime {
 public:
  /// `public_url` is the server's, without a trailing slash. Never fails: what the keys cannot do
  /// is simply not there, and why() says so when it is asked for.
  static std::shared_ptr<const RealmRuntime> make(realms::RealmSettings settings,
                                                  secrets::RealmRingsPtr rings,
                                                  const std::string& public_url,
                                                  const secrets::RotationPolicy& policy);

  const realms::RealmSettings& settings() const { return settings_; }
  const std::string& issuer() const { return issuer_; }
  const std::string& token_endpoint() const { return token_endpoint_; }
  const secrets::RealmRingsPtr& rings() const { return rings_; }
  Seconds skew() const { return skew_; }

  /// Null if no key can sign by this algorithm.
  const ReadySigner* signer(jose::JwsAlg alg) const;
  const ReadyEncryptor* encryptor() const { return encryptor_ ? &*encryptor_ : nullptr; }
  /// Why signer() or encryptor() is null.
  const Error& why(const secrets::SecretId& id) const { return rings_->why(id); }

  /// Keys that may have signed a living access token, and those that may have encrypted one.
  std::span<const jose::KeyPtr> verification_keys() const { return verification_keys_; }
  /// The secret behind a verification key; null if the kid is none of theirs.
  const secrets::Secret* verification_secret(std::string_view kid) const;
  std::span<const jose::KeyPtr> decryption_keys() const { return decryption_keys_; }

  /// Counts a use of one of these keys.
  void count(const jose::Key* key, secrets::KeyUse use, Instant now) const;

  const ReadyDocument& jwks() const { return jwks_; }
  const ReadyDocument& metadata() const { return metadata_; }
  Seconds jwks_max_age() const { return jwks_max_age_; }

 private:
  realms::RealmSettings settings_;
  secrets::RealmRingsPtr rings_;
  std::string issuer_, token_endpoint_;
  Seconds skew_{60}, jwks_max_age_{300};
  std::array<std::optional<ReadySigner>, 16> signers_;
  std::optional<ReadyEncryptor> encryptor_;
  std::vector<jose::KeyPtr> verification_keys_, decryption_keys_;
  /// Of both; few enough to look through.
  std::vector<std::pair<const jose::Key*, std::shared_ptr<const secrets::UsageMeter>>> meters_;
  ReadyDocument jwks_, metadata_;
};
using RealmRuntimePtr = std::shared_ptr<const RealmRuntime>;

}  // namespace signet::oauth
