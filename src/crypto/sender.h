#pragma once
// What a sender prepares for the public key of one recipient, to encrypt for it many times.

#include "crypto/cipher.h"
#include "crypto/p384.h"

namespace signet::crypto {

class EcPoint;

/// RSA encryption by one key and padding. Immutable; share it between threads, which take no lock.
class RsaSender {
 public:
  static Result<RsaSender> make(const PublicKey& key, RsaPadding padding);  ///< "key_wrong_kind"
  std::size_t size() const;                                                 ///< of a ciphertext
  /// Writes size() bytes. "encrypt_failed" where the text is too long for the key.
  Status encrypt(ByteView plain, std::uint8_t* out) const;

 private:
  struct State;
  explicit RsaSender(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

/// ECDH on the NIST curves and X25519 with a key pair that serves one message only. Immutable;
/// share it between threads.
class EcdhSender {
 public:
  /// "key_wrong_kind", "crypto_library_failed".
  static Result<EcdhSender> make(const PublicKey& recipient);

  struct Agreement {
    Bytes x, y;     ///< the fresh public half; y is empty for X25519
    SecretBytes z;  ///< the shared secret
  };
  Result<Agreement> agree() const;
  KeyKind kind() const { return recipient_.kind(); }

 private:
  explicit EcdhSender(PublicKey recipient) : recipient_(std::move(recipient)) {}
  PublicKey recipient_;
  std::shared_ptr<const EcPoint> point_;         ///< only for P-256 and P-521
  std::shared_ptr<const P384Point> p384_point_;  ///< only for P-384
};

}  // namespace signet::crypto
