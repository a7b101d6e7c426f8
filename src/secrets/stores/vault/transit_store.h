#pragma once
// "vault_transit": keys that never leave Vault's transit engine and work there.

#include <map>
#include <mutex>

#include "secrets/stores/catalog.h"
#include "secrets/stores/remote_key.h"
#include "secrets/stores/vault/session.h"

namespace signet::secrets::vault {

/// One version of a transit key. Signs with RS*, PS*, ES* and EdDSA, as its type can; unwraps
/// RSA-OAEP-256 alone: the ciphertext of an RSA transit key is RSA-OAEP with SHA-256, no label and
/// nothing around it. A signature is taken from the very version that was asked, and not verified
/// here (remote_key.h).
class TransitRemoteKey : public RemoteKey {
 public:
  TransitRemoteKey(std::shared_ptr<Session> session, std::string mount, std::string name,
                   std::int64_t version, std::vector<jose::JwsAlg> signs);
  Task<Bytes> sign(jose::JwsAlg alg, Bytes signing_input) const override;
  Task<SecretBytes> unwrap(jose::JweAlg alg, Bytes encrypted_key) const override;

 private:
  std::shared_ptr<Session> session_;
  std::string mount_, name_;
  std::int64_t version_;
  std::vector<jose::JwsAlg> signs_;
};

struct TransitSettings {
  SessionSettings session;
  std::string mount = "transit";
  std::size_t most_versions = 5;
};

/// By the store: the newest version is active, older ones down to min_decryption_version are valid.
/// Verification is local.
class TransitStore : public Store, public VersionMaker {
 public:
  TransitStore(StoreName name, TransitSettings settings, StoreContext context);

  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return Ordering::kByStore; }
  Task<std::vector<Secret>> fetch(Alias alias) override;
  std::size_t aliases_at_once() const override { return kAliasesAtOnce; }
  Task<std::vector<Alias>> aliases() override;
  Task<std::string> fingerprint() override;
  Task<Done> probe() override;
  Status may_make_versions() const override;
  /// Needs "update" on transit/keys/NAME/rotate.
  Task<Done> make_version(Alias alias, std::string after) override;

 private:
  using Secrets = std::vector<Secret>;
  StoreName name_;
  TransitSettings settings_;
  StoreContext context_;
  std::shared_ptr<Session> session_;
};

StoreType transit_store_type();

}  // namespace signet::secrets::vault
