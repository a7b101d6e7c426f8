#pragma once
// One JSON Web Key (RFC 7517), public or private.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/strong.h"
#include "crypto/x509.h"
#include "jose/algorithms.h"

namespace signet::jose {

enum class KeyUse : std::uint8_t { kSig, kEnc };

/// A key with what RFC 7517 §4 says about it. Immutable once made; copies share the material.
/// Refused: unknown kty ("jwk_unsupported"), bad or missing members ("jwk_malformed"), a key that
/// crypto refuses (its own reason), `use` against `key_ops` ("jwk_contradiction"), a certificate
/// whose key is another one ("jwk_x5c_mismatch"), an empty oct ("jwk_malformed"), an alg that does
/// not fit the key ("jwk_alg_mismatch").
class Jwk {
 public:
  static Result<Jwk> parse(const json::Object& object);
  static Result<Jwk> parse(std::string_view text);
  static Jwk from_public(crypto::PublicKey key);
  static Jwk from_private(crypto::PrivateKey key);
  static Jwk from_symmetric(SecretBytes key);
  /// A symmetric key whose bytes stay in a box (HSM, KMS); `size` in bytes, 0 where the box does
  /// not tell. symmetric() is empty, thumbprint() too, and no algorithm works with it here.
  static Jwk of_hidden_symmetric(std::size_t size);

  bool is_symmetric() const { return static_cast<bool>(symmetric_); }
  bool is_hidden() const { return is_symmetric() && symmetric_->empty(); }
  bool is_private() const { return private_.has_value() || is_symmetric(); }
  const std::optional<crypto::PublicKey>& public_key() const { return public_; }
  const std::optional<crypto::PrivateKey>& private_key() const { return private_; }
  /// Only for oct keys.
  ByteView symmetric() const { return symmetric_->view(); }
  std::size_t symmetric_size() const { return is_hidden() ? hidden_size_ : symmetric_->size(); }

  const std::string& kid() const { return kid_; }  ///< empty if none
  std::optional<KeyUse> use() const { return use_; }
  /// The `alg` member as written; may be a JWS or a JWE name; empty if none.
  const std::string& alg() const { return alg_; }
  const std::vector<std::string>& key_ops() const { return key_ops_; }
  const std::vector<crypto::Certificate>& chain() const { return chain_; }

  Jwk with_kid(std::string kid) const;
  Jwk with_use(KeyUse use) const;
  Jwk with_alg(std::string alg) const;
  Jwk with_chain(std::vector<crypto::Certificate> chain) const;

  /// RFC 7638 with SHA-256, base64url. For oct keys it would reveal a hash of the secret, so the
  /// caller decides whether to show it.
  std::string thumbprint() const;
  /// The public members only (kid, use, alg, x5c, x5t#S256 included); "jwk_symmetric" for oct.
  Result<json::Object> public_json() const;
  /// All members. The text holds key material: for export doors only.
  json::Object private_json() const;

 private:
  Jwk() = default;
  std::optional<crypto::PublicKey> public_;
  std::optional<crypto::PrivateKey> private_;
  std::shared_ptr<const SecretBytes> symmetric_;
  std::size_t hidden_size_ = 0;
  std::string kid_, alg_;
  std::optional<KeyUse> use_;
  std::vector<std::string> key_ops_;
  std::vector<crypto::Certificate> chain_;
};

/// A JWK set (RFC 7517 §5). Keys of unknown kinds are skipped, as the RFC says; broken keys of
/// known kinds, and weak ones, are counted in `skipped` with their reason and in words which ones
/// they are: their place in the set and their kid.
struct JwkSet {
  /// What is known of a key of an unknown kind, curve or use.
  struct Unsupported {
    std::string kid;               ///< as JSON where it is no text; empty where there is none
    bool is_private_half = false;  ///< whether it has a member that no public key has
    std::string why;               ///< which key, and why it is passed over, in words
  };
  std::vector<Jwk> keys;
  std::vector<Error> skipped;
  std::vector<Unsupported> unsupported;
  /// "jwks_malformed", at most 256 keys. Also refused: a set that holds both secrets and keys that
  /// are only public ("jwks_mixed": a secret would be published with them), and two keys of one
  /// kind and use under one kid ("jwks_duplicate_kid"), be the second one broken.
  static Result<JwkSet> parse(std::string_view text);
  /// A set, or a single JWK as a set of one: for files that people name. A single key that cannot
  /// be read is a failure with its own reason.
  static Result<JwkSet> parse_any(std::string_view text);
};

}  // namespace signet::jose
