#pragma once
// What kind of key to make, in words, and how a made key looks in its file. Dry but for the making.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/secret_bytes.h"
#include "crypto/key.h"
#include "crypto/x509.h"
#include "secrets/mapping.h"

namespace signet::secrets {

/// A key to be made: "RSA-2048", "P-256", "Ed25519", "HMAC-512", "AES-256", ...
struct KeySpec {
  enum class Type : std::uint8_t { kKeyPair, kHmac, kAes };
  Type type = Type::kKeyPair;
  crypto::KeyKind kind = crypto::KeyKind::kRsa;  ///< kKeyPair
  std::size_t bits = 2048;                       ///< of RSA, HMAC and AES keys
};
/// kConfig "key_spec_unknown" with the known ones.
Result<KeySpec> parse_key_spec(std::string_view name);

/// Letters, digits, "_", "-" and inner periods, at most 64: safe as a file name. kInvalid
/// "alias_invalid".
Status check_local_alias(std::string_view alias);

struct CertificateTerms {
  std::string common_name = "Signet";
  int validity_days = 3650;
};

/// A key pair with its certificate, or a symmetric key.
struct MadeKey {
  std::optional<crypto::PrivateKey> pair;
  std::optional<crypto::Certificate> certificate;
  SecretBytes symmetric;
};
/// Makes a key; a pair gets a self-signed certificate that has been valid for five minutes (the
/// clocks of others may be behind).
Result<MadeKey> make_key(const KeySpec& spec, const CertificateTerms& terms, Instant now,
                         Random& random);
/// The same as PEM: a PKCS#8 key with its certificate, or a block "HMAC SECRET KEY" or "AES SECRET
/// KEY".
Result<SecretBytes> make_key_pem(const KeySpec& spec, const CertificateTerms& terms, Instant now,
                                 Random& random);

/// Aliases and kinds that serve every secret ID of the registry that has a default alias.
const std::vector<std::pair<std::string_view, KeySpec>>& default_keys();
/// Each of those IDs to its default alias, and the EdDSA signing ID to eddsatest.
std::vector<Mapping> default_mappings();

}  // namespace signet::secrets
