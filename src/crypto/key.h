#pragma once
// Asymmetric keys as values.

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "crypto/algorithms.h"

namespace signet::crypto {

/// Big-endian, no leading zero.
struct RsaPublicParts {
  Bytes n, e;
};
/// Big-endian, exactly the field's size.
struct EcPublicParts {
  Bytes x, y;
};
/// Big-endian, no leading zero; RFC 7518 §6.3.2.
struct RsaPrivateParts {
  SecretBytes d, p, q, dp, dq, qi;
};

/// A public key. Immutable and cheap to copy; share it between threads.
/// Every constructor checks the key: points on their curve, RSA modulus odd and 2048 to 16384 bits
/// (fewer: "rsa_too_small"), exponent odd and 3..2^64-1 ("rsa_bad_exponent"), ROCA fingerprint
/// ("rsa_weak_roca"); "key_malformed" for anything that is not a key, "key_unsupported" for kinds
/// that are read but serve nothing here.
class PublicKey {
 public:
  static Result<PublicKey> from_rsa(ByteView n, ByteView e);
  static Result<PublicKey> from_ec(KeyKind curve, ByteView x, ByteView y);
  static Result<PublicKey> from_okp(KeyKind curve, ByteView x);
  static Result<PublicKey> from_spki(ByteView der);       ///< SubjectPublicKeyInfo, whole input
  static Result<PublicKey> from_rsa_pkcs1(ByteView der);  ///< RSAPublicKey of PKCS#1

  KeyKind kind() const;
  std::size_t bits() const;
  Bytes spki() const;
  RsaPublicParts rsa_parts() const;  ///< only for kRsa
  EcPublicParts ec_parts() const;    ///< only for the NIST curves
  Bytes okp_x() const;               ///< only for Ed25519, X25519, Ed448, X448
  friend bool operator==(const PublicKey& a, const PublicKey& b);

  struct Impl;
  const Impl& impl() const { return *impl_; }  ///< for the other sources of this room
  explicit PublicKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<const Impl> impl_;
};

/// A private key held in this process. Immutable and cheap to copy. Its numbers live in OpenSSL's
/// secure heap (see crypto/init.h).
class PrivateKey {
 public:
  /// Checks that the private part belongs to the public one ("key_mismatch").
  static Result<PrivateKey> from_rsa(const RsaPublicParts& pub, const RsaPrivateParts& parts);
  static Result<PrivateKey> from_ec(KeyKind curve, ByteView x, ByteView y, ByteView d);
  static Result<PrivateKey> from_okp(KeyKind curve, ByteView x, ByteView d);
  static Result<PrivateKey> from_pkcs8(ByteView der);
  /// EncryptedPrivateKeyInfo (PKCS#5 v1.5, v2, PKCS#12 PBE; iterations bounded). Wrong password:
  /// "key_password_wrong".
  static Result<PrivateKey> from_encrypted_pkcs8(ByteView der, ByteView password);
  /// RSAPrivateKey (PKCS#1), ECPrivateKey (SEC 1) or DSA, as traditional PEM holds them.
  static Result<PrivateKey> from_traditional(ByteView der);
  /// A whole PEM text of a traditional key encrypted by its headers (Proc-Type: 4,ENCRYPTED).
  static Result<PrivateKey> from_encrypted_traditional_pem(std::string_view pem, ByteView password);
  /// `bits` for RSA only (2048, 3072, 4096).
  static Result<PrivateKey> generate(KeyKind kind, std::size_t bits = 0);

  PublicKey public_key() const;
  KeyKind kind() const;
  SecretBytes pkcs8() const;
  RsaPrivateParts rsa_parts() const;
  SecretBytes ec_d() const;  ///< exactly the field's size
  SecretBytes okp_d() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }
  explicit PrivateKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<const Impl> impl_;
};

}  // namespace signet::crypto
