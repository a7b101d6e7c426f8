#pragma once
// Key handles: what JOSE signs, verifies and decrypts with. Software keys answer at once; a remote
// key (HSM, KMS) has the same public half and says `is_remote()`: its caller splits the operation
// into signing_input → remote call → finish (jws.h), so JOSE itself never waits.

#include <array>
#include <atomic>
#include <memory>
#include <optional>

#include "crypto/digest.h"
#include "crypto/sign.h"
#include "jose/gcm_uses.h"
#include "jose/jwk.h"

namespace signet::jose {

/// One key with everything prepared that can be. Immutable to its users, shared between threads;
/// prepared signers and verifiers are made once per algorithm, without a lock, and kept.
class Key {
 public:
  /// `allowed` pins the algorithms this key may ever be used with (empty: all that fit its kind and
  /// its own `alg`, `use` and `key_ops`). A token's header can only choose among these.
  static std::shared_ptr<const Key> local(Jwk jwk, std::vector<JwsAlg> allowed = {});
  /// A key whose private half cannot leave its box; `jwk` is the public half, or
  /// Jwk::of_hidden_symmetric for a MAC key.
  static std::shared_ptr<const Key> remote(Jwk public_half, std::vector<JwsAlg> allowed);
  ~Key();

  const Jwk& jwk() const { return jwk_; }
  const std::string& kid() const { return jwk_.kid(); }
  bool is_remote() const { return remote_; }
  /// The pinned JWS algorithms; a key with any is never used for JWE.
  const std::vector<JwsAlg>& allowed() const { return allowed_; }

  /// To be asked before each encryption with AES-GCM under this very key and a random IV.
  GcmUses& gcm_uses() const { return gcm_uses_; }

  bool can_sign(JwsAlg alg) const;
  /// Prepares nothing.
  bool can_verify(JwsAlg alg) const;

  /// Bytes of a signature by this algorithm; 0 if the key cannot make one.
  std::size_t signature_size(JwsAlg alg) const;
  /// Writes signature_size(alg) bytes. "jws_alg_not_allowed", "key_is_remote", or
  /// "jws_key_too_short" (an HMAC key shorter than its hash, RFC 7518 §3.2).
  Status sign(JwsAlg alg, ByteView signing_input, std::uint8_t* out) const;
  /// "jws_alg_not_allowed" where alg does not fit the key, "jws_signature_invalid" where the
  /// signature is wrong; "jws_key_too_short" as above; "key_is_remote" for a MAC that only the
  /// key's box can check.
  Status verify(JwsAlg alg, ByteView signing_input, ByteView signature) const;

 private:
  Key(Jwk jwk, std::vector<JwsAlg> allowed, bool remote);
  struct Prepared;
  const Prepared* prepared(JwsAlg alg) const;
  bool fits(JwsAlg alg) const;
  bool is_too_short(JwsAlg mac) const;

  Jwk jwk_;
  std::vector<JwsAlg> allowed_;
  bool remote_;
  mutable std::array<std::atomic<const Prepared*>, 16> prepared_{};
  mutable GcmUses gcm_uses_{};
};

using KeyPtr = std::shared_ptr<const Key>;

/// Every key of a set as a local key.
std::vector<KeyPtr> local_keys(const JwkSet& set);

}  // namespace signet::jose
