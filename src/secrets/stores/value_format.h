#pragma once
// How the bytes of a file or a variable become secrets. Dry: bytes in, secrets out.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "secrets/secret.h"
#include "secrets/secret_id.h"
#include "secrets/stores/encoded_value.h"

namespace signet::secrets {

enum class ValueFormat : std::uint8_t {
  kPlain,             ///< UTF-8 text, taken as is
  kBase64,            ///< base64 of the bytes of a text secret
  kEncryptedPlain,    ///< `signet encode` (or encode.jsp) of a text
  kEncryptedBase64,   ///< the same of base64
  kEncryptedHmacKey,  ///< a base64 HMAC key, encoded
  kBase64HmacKey,     ///< base64 of an HMAC key
  kGoogleKmsEncrypted,
  kGoogleKmsEncryptedHmacKey,
  kGoogleKmsEncryptedPem,
  kPem,
  kEncryptedPem,  ///< a whole PEM text, encoded, without armour around the result
  kJwk,           ///< one JWK object
};
std::string_view to_string(ValueFormat format);
/// By name, in any case. kConfig "format_unknown" (with the nearest name).
Result<ValueFormat> parse_value_format(std::string_view name);

/// Whether only Google Cloud KMS can open it, which read_value() does not ask.
bool needs_google_kms(ValueFormat format);

/// Whether a value in this format can stand behind the ID at all: "secret_wrong_kind" for texts
/// behind the ID of a key, and for keys behind the ID of a password.
Status check_format_serves(ValueFormat format, const SecretId& id);

/// What a value held. `warnings` are sentences for health, e.g. about a trailing newline.
struct ReadValue {
  std::vector<Secret> secrets;  ///< several only where a PEM holds several public keys
  std::vector<std::string> warnings;
};

/// Text formats behind the ID of a key, and key formats behind the ID of a password, are refused
/// with a remedy: kConfig "secret_wrong_kind". kUnsupported "format_needs_google_kms". Other
/// failures are kConfig: "value_empty", "value_not_utf8", "value_not_base64",
/// "pem_password_missing" (the PEM is encrypted and no password was given) and those of
/// EncodingKeys::decode and secrets_of_pem.
Result<ReadValue> read_value(ValueFormat format, ByteView content, const SecretId& id,
                             const EncodingKeys* keys, std::optional<ByteView> pem_password);
/// The same for a store whose aliases are no secret IDs: what the ID allows is checked when the
/// alias is mapped to it.
Result<ReadValue> read_value(ValueFormat format, ByteView content, const EncodingKeys* keys,
                             std::optional<ByteView> pem_password);

/// A private key with its chain in order (leaf first: "pem_chain_mismatch"), or certificates alone
/// (trust anchors), or public keys, or one symmetric key or text under the labels "HMAC SECRET
/// KEY", "AES SECRET KEY" and "GENERIC SECRET". "pem_empty", "pem_several_secrets".
Result<std::vector<Secret>> secrets_of_pem(ByteView text, std::optional<ByteView> password);

}  // namespace signet::secrets
