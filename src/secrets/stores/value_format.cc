#include "secrets/stores/value_format.h"

#include <array>

#include "base/base64.h"
#include "base/text.h"
#include "jose/jwk.h"
#include "secrets/stores/config_error.h"

namespace signet::secrets {
namespace {

/// What a format can give at all.
enum class Gives : std::uint8_t { kText, kHmacKey, kAnything };

struct FormatRow {
  ValueFormat format;
  std::string_view name;
  Gives gives;
};

constexpr std::array<FormatRow, 12> kFormats = {{
    {ValueFormat::kPlain, "PLAIN", Gives::kText},
    {ValueFormat::kBase64, "BASE64", Gives::kText},
    {ValueFormat::kEncryptedPlain, "ENCRYPTED_PLAIN", Gives::kText},
    {ValueFormat::kEncryptedBase64, "ENCRYPTED_BASE64", Gives::kText},
    {ValueFormat::kEncryptedHmacKey, "ENCRYPTED_HMAC_KEY", Gives::kHmacKey},
    {ValueFormat::kBase64HmacKey, "BASE64_HMAC_KEY", Gives::kHmacKey},
    {ValueFormat::kGoogleKmsEncrypted, "GOOGLE_KMS_ENCRYPTED", Gives::kText},
    {ValueFormat::kGoogleKmsEncryptedHmacKey, "GOOGLE_KMS_ENCRYPTED_HMAC_KEY", Gives::kHmacKey},
    {ValueFormat::kGoogleKmsEncryptedPem, "GOOGLE_KMS_ENCRYPTED_PEM", Gives::kAnything},
    {ValueFormat::kPem, "PEM", Gives::kAnything},
    {ValueFormat::kEncryptedPem, "ENCRYPTED_PEM", Gives::kAnything},
    {ValueFormat::kJwk, "JWK", Gives::kAnything},
}};

const FormatRow& row_of(ValueFormat format) {
  return kFormats[static_cast<std::size_t>(format)];
}

}  // namespace

bool needs_google_kms(ValueFormat format) {
  return format == ValueFormat::kGoogleKmsEncrypted ||
         format == ValueFormat::kGoogleKmsEncryptedHmacKey ||
         format == ValueFormat::kGoogleKmsEncryptedPem;
}

Status check_format_serves(ValueFormat format, const SecretId& id) {
  const FormatRow& row = row_of(format);
  const SecretIdRow* need = find_row(id);
  const bool needs_text = !need || need->purpose == Purpose::kPassword;
  if (row.gives == Gives::kText && !needs_text) {
    const bool needs_trust = need->purpose == Purpose::kTrust;
    std::string detail = id.str() + " is for " + std::string(to_string(need->purpose)) +
                         " and needs " + (needs_trust ? "certificates" : "a key") +
                         ", but the format " + std::string(row.name) +
                         " gives only a text: store it as PEM or ENCRYPTED_PEM";
    if (!needs_trust) detail += " (or JWK; an HMAC key may also be BASE64_HMAC_KEY)";
    return config_error("secret_wrong_kind", std::move(detail));
  }
  if (row.gives == Gives::kHmacKey && needs_text) {
    return config_error("secret_wrong_kind", id.str() +
                                                 " is a password or other text, but the format " +
                                                 std::string(row.name) +
                                                 " gives an HMAC key: store it as PLAIN, BASE64 or "
                                                 "ENCRYPTED_PLAIN");
  }
  if (format == ValueFormat::kJwk && needs_text) {
    return config_error("secret_wrong_kind",
                        id.str() +
                            " is a password or other text, but a JWK is a key: store it as PLAIN, "
                            "BASE64 or ENCRYPTED_PLAIN");
  }
  return Done{};
}

namespace {

Result<SecretBytes> decode_encoded(ByteView content, const EncodingKeys* keys) {
  if (!keys) {
    return config_error("encoding_key_missing",
                        "an encoded value cannot be read: the server has no encryption keys");
  }
  return keys->decode(as_text(content));
}

Result<SecretBytes> decode_base64(ByteView text) {
  auto bytes = base64::decode(as_text(text));
  if (!bytes) return config_error("value_not_base64", "the value is not base64");
  return std::move(bytes).value();
}

Result<std::vector<Secret>> one_text(SecretBytes bytes) {
  if (bytes.empty()) return config_error("value_empty", "the value is empty");
  std::vector<Secret> secrets;
  secrets.push_back(Secret::of_text(std::move(bytes)));
  return secrets;
}

Result<std::vector<Secret>> one_hmac_key(SecretBytes bytes) {
  if (bytes.empty()) return config_error("value_empty", "the value is empty");
  std::vector<Secret> secrets;
  secrets.push_back(Secret::of_key(jose::Jwk::from_symmetric(std::move(bytes))));
  return secrets;
}

Result<std::vector<Secret>> one_plain_text(SecretBytes text) {
  if (!is_utf8(as_text(text.view()))) {
    return config_error("value_not_utf8", "a text secret is not UTF-8; for other bytes use BASE64");
  }
  return one_text(std::move(text));
}

Result<std::vector<Secret>> one_jwk(ByteView content) {
  TRY(jose::Jwk jwk, jose::Jwk::parse(as_text(content)));
  std::optional<KeyId> chosen;
  if (!jwk.kid().empty()) chosen = KeyId(jwk.kid());
  std::vector<crypto::Certificate> chain = jwk.chain();
  Secret secret = Secret::of_key(std::move(jwk), chosen);
  secret.certificates = std::move(chain);
  std::vector<Secret> secrets;
  secrets.push_back(std::move(secret));
  return secrets;
}

Result<std::vector<Secret>> read_secrets(ValueFormat format, ByteView content,
                                         const EncodingKeys* keys,
                                         std::optional<ByteView> pem_password) {
  switch (format) {
    case ValueFormat::kPlain:
      return one_plain_text(SecretBytes(content));
    case ValueFormat::kBase64: {
      TRY(SecretBytes bytes, decode_base64(content));
      return one_text(std::move(bytes));
    }
    case ValueFormat::kEncryptedPlain: {
      TRY(SecretBytes text, decode_encoded(content, keys));
      return one_plain_text(std::move(text));
    }
    case ValueFormat::kEncryptedBase64: {
      TRY(const SecretBytes text, decode_encoded(content, keys));
      TRY(SecretBytes bytes, decode_base64(text.view()));
      return one_text(std::move(bytes));
    }
    case ValueFormat::kEncryptedHmacKey: {
      TRY(const SecretBytes text, decode_encoded(content, keys));
      TRY(SecretBytes bytes, decode_base64(text.view()));
      return one_hmac_key(std::move(bytes));
    }
    case ValueFormat::kBase64HmacKey: {
      TRY(SecretBytes bytes, decode_base64(content));
      return one_hmac_key(std::move(bytes));
    }
    case ValueFormat::kPem:
      return secrets_of_pem(content, pem_password);
    case ValueFormat::kEncryptedPem: {
      TRY(const SecretBytes text, decode_encoded(content, keys));
      return secrets_of_pem(text.view(), pem_password);
    }
    case ValueFormat::kJwk:
      return one_jwk(content);
    case ValueFormat::kGoogleKmsEncrypted:
    case ValueFormat::kGoogleKmsEncryptedHmacKey:
    case ValueFormat::kGoogleKmsEncryptedPem:
      break;
  }
  return Error{Code::kUnsupported, "format_needs_google_kms",
               "the format " + std::string(to_string(format)) +
                   " needs Google Cloud KMS to decrypt it, which only stores of the type "
                   "google_secret_manager ask: put the value there, or store it in another format"};
}

}  // namespace

std::string_view to_string(ValueFormat format) {
  return row_of(format).name;
}

Result<ValueFormat> parse_value_format(std::string_view name) {
  std::vector<std::string> known;
  for (const FormatRow& row : kFormats) {
    if (equal_ignoring_case(row.name, name)) return row.format;
    known.emplace_back(row.name);
  }
  const std::string near = nearest(to_upper(name), known);
  return config_error("format_unknown", "unknown format " + quoted(name) +
                                            (near.empty() ? ": one of " + join(known, ", ")
                                                          : ", did you mean " + near + "?"));
}

Result<ReadValue> read_value(ValueFormat format, ByteView content, const SecretId& id,
                             const EncodingKeys* keys, std::optional<ByteView> pem_password) {
  // A format that is refused whatever the ID comes first, so that its reason is the one that is
  // seen.
  if (!needs_google_kms(format)) {
    TRY(check_format_serves(format, id));
  }
  TRY(ReadValue read, read_value(format, content, keys, pem_password));
  for (std::string& warning : read.warnings)
    warning = id.str() + ": " + warning;
  return read;
}

Result<ReadValue> read_value(ValueFormat format, ByteView content, const EncodingKeys* keys,
                             std::optional<ByteView> pem_password) {
  ReadValue read;
  TRY(read.secrets, read_secrets(format, content, keys, pem_password));
  const bool is_text_as_is =
      format == ValueFormat::kPlain || format == ValueFormat::kEncryptedPlain;
  if (is_text_as_is && read.secrets.front().text->view().back() == '\n') {
    read.warnings.push_back("the value ends with a newline, which is taken as part of the secret");
  }
  return read;
}

}  // namespace signet::secrets
