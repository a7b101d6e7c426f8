#pragma once
// X.509 certificates.

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "crypto/key.h"

namespace signet::crypto {

/// A parsed certificate. Immutable and cheap to copy.
class Certificate {
 public:
  static Result<Certificate> from_der(ByteView der);  ///< "certificate_malformed"
  const Bytes& der() const;
  /// "key_unsupported" where the key is of a kind that serves nothing here.
  Result<PublicKey> public_key() const;
  std::string subject() const;  ///< RFC 4514 text
  std::string issuer() const;
  std::string serial_hex() const;
  Instant not_before() const;
  Instant not_after() const;
  Bytes thumbprint(Hash hash) const;  ///< digest of the DER (x5t, x5t#S256)
  /// Only by name: this one's issuer is that one's subject. Nothing is verified.
  bool names_as_issuer(const Certificate& other) const;

  struct Impl;
  const Impl& impl() const { return *impl_; }
  explicit Certificate(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<const Impl> impl_;
};

struct SelfSignedSpec {
  std::string common_name;
  Instant not_before, not_after;
  Bytes serial;  ///< 16 random bytes; the top bit is cleared
};
/// A self-signed certificate over the key (digitalSignature, not a CA).
Result<Certificate> self_sign(const PrivateKey& key, const SelfSignedSpec& spec);

/// Checks leaf → roots at `now`; `intermediates` are untrusted helpers. "certificate_untrusted".
Status verify_chain(const Certificate& leaf, const std::vector<Certificate>& intermediates,
                    const std::vector<Certificate>& roots, Instant now, bool for_client_auth);

}  // namespace signet::crypto
