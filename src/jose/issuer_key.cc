#include "jose/issuer_key.h"

#include "base/base64.h"
#include "crypto/cipher.h"
#include "crypto/kdf.h"
#include "jose/encryptor.h"
#include "jose/jwe_internal.h"

namespace signet::jose {
namespace {

constexpr std::size_t kSmallestKey = 16;
constexpr std::size_t kWrappingKey = 32;
constexpr std::string_view kInfo = "signet issuer content key";

Error no_key(const char* detail) {
  return {Code::kDenied, "jwe_no_key", detail};
}

/// The wrapped content key of a token.
Result<Bytes> wrapped_key(const JweHeader& header) {
  const json::Value* member = header.members.find(kIssuerMember);
  if (!member) return no_key("the token holds no key for its issuer");
  const Error malformed{Code::kInvalid, "jwe_header_malformed", "header member _pvt"};
  const std::string* text = member->if_string();
  if (!text) return malformed;
  auto wrapped = base64::url_decode(*text);
  if (!wrapped.ok()) return malformed;
  return wrapped;
}

}  // namespace

Result<SecretBytes> issuer_wrapping_key(const KeyPtr& key) {
  if (!key || !key->allowed().empty() || !key->jwk().is_symmetric() || key->jwk().is_hidden() ||
      key->jwk().use() == KeyUse::kSig || key->jwk().symmetric_size() < kSmallestKey) {
    return Error{Code::kInvalid, "jwe_key_wrong",
                 "the issuer's key must be an oct key of at least 16 bytes for encryption"};
  }
  return crypto::hkdf_sha256(key->jwk().symmetric(), {}, as_bytes(kInfo), kWrappingKey);
}

Result<DecryptedJwe> decrypt_as_issuer(std::string_view token, std::span<const KeyPtr> issuer_keys,
                                       const Limits& limits) {
  TRY(const CompactParts parts, split_compact(token, limits));
  TRY(const ParsedJwe parsed, parse_protected_header(parts[0], limits));
  const JweHeader& header = parsed.header;
  if (header.deflated)
    return Error{Code::kDenied, "jwe_zip_not_allowed", "zip is not accepted here"};
  TRY(const Bytes wrapped, wrapped_key(header));
  TRY(const Encrypted encrypted, decode_parts(parts));
  for (const KeyPtr& key : issuer_keys) {
    const auto wrapping_key = issuer_wrapping_key(key);
    if (!wrapping_key.ok()) continue;
    const auto cek = crypto::aes_unwrap(wrapping_key->view(), wrapped);
    if (!cek.ok() || cek->size() != key_size(header.enc)) continue;
    TRY(SecretBytes plain, open_content(header, encrypted, cek->view(), {}));
    return DecryptedJwe{header, std::move(plain), key};
  }
  return no_key("none of the issuer's keys opens the token");
}

}  // namespace signet::jose
