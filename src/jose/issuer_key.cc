#include "jose/issuer_key.h"

#include "base/base64.h"
#include "crypto/cipher.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "jose/content.h"
#include "jose/ecdh.h"
#include "jose/encryptor.h"
#include "jose/jwe_internal.h"

namespace signet::jose {
namespace {

constexpr std::size_t kSmallestKey = 16;
constexpr std::size_t kSecret = 32;
constexpr std::string_view kContentInfo = "signet issuer content key";
constexpr std::string_view kAgreementInfo = "signet issuer agreement";

Result<SecretBytes> derive(const KeyPtr& key, std::string_view info) {
  if (!key || !key->allowed().empty() || !key->jwk().is_symmetric() || key->jwk().is_hidden() ||
      key->jwk().use() == KeyUse::kSig || key->jwk().symmetric_size() < kSmallestKey) {
    return Error{Code::kInvalid, "jwe_key_wrong",
                 "the issuer's key must be an oct key of at least 16 bytes for encryption"};
  }
  return crypto::hkdf_sha256(key->jwk().symmetric(), {}, as_bytes(info), kSecret);
}

/// Key wrap takes whole blocks of eight bytes; the secret of P-521 has 66.
constexpr std::size_t whole_blocks(std::size_t size) {
  return (size + 7) / 8 * 8;
}

Bytes decoded_member(const json::Value* object, std::string_view name) {
  const json::Value* value = object ? object->get(name) : nullptr;
  const std::string* text = value ? value->if_string() : nullptr;
  auto bytes = text ? base64::url_decode(*text) : Result<Bytes>(Bytes());
  return bytes.ok() ? std::move(*bytes) : Bytes();
}

Result<SecretBytes> agreed_content_key(const KeyPtr& issuer, const JweHeader& header) {
  TRY(const SecretBytes secret, issuer_agreement_secret(issuer));
  const json::Value members(header.members);
  const Bytes apu = decoded_member(&members, "apu");
  // A shared secret is as long as a coordinate.
  const std::size_t size = decoded_member(members.get("epk"), "x").size();
  TRY(const SecretBytes z, unwrap_agreement(secret.view(), apu, size));
  return derive_from_agreement(z.view(), header.alg, header.enc, apu,
                               decoded_member(&members, "apv"));
}

Result<SecretBytes> content_key(const KeyPtr& issuer, const JweHeader& header, ByteView iv) {
  if (header.alg == JweAlg::kEcdhEs) return agreed_content_key(issuer, header);
  TRY(const SecretBytes secret, issuer_content_secret(issuer));
  SecretBytes key(key_size(header.enc));
  derive_content_key(secret.view(), header.enc, iv, key.span().data());
  return key;
}

}  // namespace

Result<SecretBytes> issuer_content_secret(const KeyPtr& key) {
  return derive(key, kContentInfo);
}
Result<SecretBytes> issuer_agreement_secret(const KeyPtr& key) {
  return derive(key, kAgreementInfo);
}

void derive_content_key(ByteView content_secret, JweEnc enc, ByteView iv, std::uint8_t* out) {
  // One round of HKDF-Expand suffices by the smaller of the two hashes that is as long as the key:
  // every token pays for it.
  static constexpr std::uint8_t kFirstRound[] = {1};
  const std::size_t size = key_size(enc);
  const auto hash = size <= crypto::hash_size(crypto::Hash::kSha256) ? crypto::Hash::kSha256
                                                                     : crypto::Hash::kSha512;
  std::array<std::uint8_t, 64> round;
  crypto::hmac(hash, content_secret, {as_bytes(name(enc)), iv, kFirstRound}, round.data());
  std::copy_n(round.begin(), size, out);
  wipe(round.data(), round.size());
}

Result<Bytes> wrap_agreement(ByteView agreement_secret, ByteView z) {
  SecretBytes padded(whole_blocks(z.size()));
  std::copy(z.begin(), z.end(), padded.span().data());
  Bytes wrapped(crypto::wrapped_size(padded.size()));
  TRY(crypto::aes_wrap(agreement_secret, padded.view(), wrapped.data()));
  return wrapped;
}

Result<SecretBytes> unwrap_agreement(ByteView agreement_secret, ByteView wrapped,
                                     std::size_t size) {
  auto padded = crypto::aes_unwrap(agreement_secret, wrapped);
  if (!padded.ok() || size == 0 || padded->size() != whole_blocks(size)) return decrypt_failed();
  SecretBytes z(size);
  std::copy_n(padded->view().begin(), size, z.span().begin());
  return z;
}

Result<DecryptedJwe> decrypt_as_issuer(std::string_view token, std::span<const KeyPtr> issuer_keys,
                                       std::span<const KeyPtr> recipient_keys,
                                       const Limits& limits) {
  TRY(const CompactParts parts, split_compact(token, limits));
  TRY(const ParsedJwe parsed, parse_protected_header(parts[0], limits));
  const JweHeader& header = parsed.header;
  if (header.deflated)
    return Error{Code::kDenied, "jwe_zip_not_allowed", "zip is not accepted here"};
  if (header.alg == JweAlg::kDir) {
    static constexpr JweAlg kDirect[] = {JweAlg::kDir};
    DecryptOptions options;
    options.keys = recipient_keys;
    options.algs = kDirect;
    options.limits = limits;
    return decrypt_compact(token, options);
  }
  TRY(const Encrypted encrypted, decode_parts(parts));
  for (const KeyPtr& key : issuer_keys) {
    const auto cek = content_key(key, header, encrypted.iv);
    if (!cek.ok()) continue;
    auto plain = open_content(header, encrypted, cek->view(), {});
    if (plain.ok()) return DecryptedJwe{header, std::move(*plain), key};
  }
  return decrypt_failed();
}

}  // namespace signet::jose
