#pragma once
// Signing and verifying with prepared keys.

#include <memory>

#include "crypto/key.h"

namespace signet::crypto {

/// A private key made ready for one scheme. Thread-safe without sharing: each worker thread uses a
/// context of its own (base/worker.h), so two event loops do not slow each other down.
class Signer {
 public:
  /// "key_wrong_kind" if the key does not fit the scheme.
  static Result<std::unique_ptr<Signer>> make(const PrivateKey& key, Signature scheme);
  virtual ~Signer() = default;
  /// Bytes of every signature (RSA: modulus; ES256 64, ES384 96, ES512 132; EdDSA 64).
  virtual std::size_t size() const = 0;
  /// Writes size() bytes to `out`. kInternal if the library fails.
  virtual Status sign(ByteView message, std::uint8_t* out) const = 0;
};

/// A public key made ready for one scheme. Thread-safe in the same way.
class Verifier {
 public:
  static Result<std::unique_ptr<Verifier>> make(const PublicKey& key, Signature scheme);
  virtual ~Verifier() = default;
  /// False for anything that is not a right signature, wrong lengths included.
  virtual bool verify(ByteView message, ByteView signature) const = 0;
};

/// One-shot conveniences for cold paths.
Result<Bytes> sign(const PrivateKey& key, Signature scheme, ByteView message);
bool verify(const PublicKey& key, Signature scheme, ByteView message, ByteView signature);

/// ECDSA: DER SEQUENCE{r,s} to the fixed R‖S of JOSE and back (KMS and PKCS#11 speak either).
Result<Bytes> ecdsa_der_to_raw(ByteView der, std::size_t field_bytes);
Result<Bytes> ecdsa_raw_to_der(ByteView raw);

}  // namespace signet::crypto
