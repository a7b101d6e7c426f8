#pragma once
// The calls of Cloud KMS (REST, v1) that Signet makes, with every integrity field that the service
// offers: what is sent carries its CRC-32C and must come back as verified, what is answered must
// have the right one and be about the key that was asked.

#include <functional>

#include "crypto/algorithms.h"
#include "secrets/stores/google/google_api.h"

namespace signet::secrets::google {

/// A version of a CryptoKey.
struct KmsVersion {
  std::string name;  ///< the whole resource name
  std::uint64_t number = 0;
  std::string algorithm;  ///< may be empty where it is not enabled
  std::string state;      ///< "ENABLED", "PENDING_GENERATION", "GENERATION_FAILED", ...
};

struct KmsPublicKey {
  std::string pem;
  std::string algorithm;
};

/// Shared by all threads. An answer that fails an integrity check is dropped and asked for again,
/// twice; then kUnavailable "google_integrity_failed".
class KmsClient : public std::enable_shared_from_this<KmsClient> {
 public:
  /// `key_ring` is "projects/P/locations/L/keyRings/R"; empty where only decrypt() is called.
  KmsClient(std::shared_ptr<GoogleApi> api, std::string key_ring);

  const std::string& key_ring() const { return key_ring_; }

  /// Newest first. "google_not_found" where there is no such key.
  Task<std::vector<KmsVersion>> enabled_versions(std::string key);
  /// The same in all states.
  Task<std::vector<KmsVersion>> all_versions(std::string key);
  /// The algorithm that a new version of the key gets.
  Task<std::string> template_algorithm(std::string key);
  /// Makes a version; of a call whose answer is lost it may be there all the same.
  Task<KmsVersion> create_version(std::string key);
  /// Names of the keys of the ring.
  Task<std::vector<std::string>> keys();
  /// Asks for the keys, one at most: an answer or "google_denied".
  Task<Done> knock();
  Task<KmsPublicKey> public_key(std::string version);

  /// The signature as KMS gives it: ECDSA in DER.
  Task<Bytes> sign_digest(std::string version, crypto::Hash hash, Bytes digest);
  Task<Bytes> sign_data(std::string version, Bytes data);
  Task<Bytes> mac_sign(std::string version, Bytes data);
  Task<bool> mac_verify(std::string version, Bytes data, Bytes mac);
  Task<SecretBytes> asymmetric_decrypt(std::string version, Bytes ciphertext);
  /// With a symmetric CryptoKey, by its whole name.
  Task<SecretBytes> decrypt(std::string key, Bytes ciphertext);

 private:
  Task<std::vector<KmsVersion>> list_versions(std::string key, std::string filter);
  Result<KmsVersion> version_of(const json::Object& entry, const std::string& key,
                                const std::string& what) const;
  Task<json::Object> post(std::string resource, std::string_view verb, std::string body);
  Task<KmsPublicKey> public_key_once(std::string version);
  Task<Bytes> sign_once(std::string version, std::string body, std::string_view verified);
  Task<Bytes> mac_sign_once(std::string version, std::string body);
  Task<bool> mac_verify_once(std::string version, std::string body);
  Task<SecretBytes> decrypt_once(std::string resource, std::string_view verb, std::string body);

  const std::shared_ptr<GoogleApi> api_;
  const std::string key_ring_;
};

bool is_kms_key_name(std::string_view name);
inline constexpr std::string_view kKmsHost = "cloudkms.googleapis.com";

}  // namespace signet::secrets::google
