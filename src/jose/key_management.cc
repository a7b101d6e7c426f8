#include "jose/key_management.h"

#include <array>

#include "crypto/kdf.h"
#include "jose/content.h"
#include "jose/ecdh.h"
#include "jose/jwe_internal.h"
#include "jose/members.h"

namespace signet::jose {
namespace {

constexpr std::size_t kMinSalt = 8;  // RFC 7518 §4.8.1.1
constexpr std::size_t kMaxSalt = 1024;
constexpr std::size_t kGcmIv = 12;
constexpr std::size_t kGcmTag = 16;

Error malformed_member(std::string_view member) {
  return jwe_header_malformed("header member " + std::string(member));
}

/// RFC 7518 §4.8: the salt is prefixed with the algorithm's name and a zero.
SecretBytes password_key(const Jwk& key, JweAlg alg, ByteView salt, std::uint32_t iterations) {
  Bytes prefixed = to_bytes(name(alg));
  prefixed.push_back(0);
  prefixed.insert(prefixed.end(), salt.begin(), salt.end());
  return crypto::pbkdf2(info(alg).hash, key.symmetric(), prefixed, iterations,
                        info(alg).wrap_key_bytes);
}

/// RSA1_5 (RFC 7516 §11.5, RFC 3218): whatever the padding says, a key of the right size comes out.
/// The substitute depends on the private key and the ciphertext, so that asking twice tells
/// nothing.
Result<SecretBytes> unwrap_rsa15(const crypto::PrivateKey& key, JweEnc enc,
                                 ByteView encrypted_key) {
  const std::size_t size = key_size(enc);
  SecretBytes chosen = crypto::hkdf_sha256(key.rsa_parts().d.view(), encrypted_key,
                                           as_bytes("signet RSA1_5 substitute"), size);
  const auto plain = crypto::rsa_decrypt(key, crypto::RsaPadding::kPkcs1, encrypted_key);
  SecretBytes candidate(size);
  const bool is_right = plain.ok() && plain->size() == size;
  if (is_right) std::copy(plain->view().begin(), plain->view().end(), candidate.span().begin());
  const auto mask = static_cast<std::uint8_t>(0 - static_cast<unsigned>(is_right));
  for (std::size_t i = 0; i < size; ++i) {
    chosen.span()[i] =
        static_cast<std::uint8_t>((candidate.view()[i] & mask) | (chosen.view()[i] & ~mask));
  }
  return chosen;
}

Result<SecretBytes> unwrap_gcm(const Jwk& key, const json::Object& joint, ByteView encrypted_key) {
  TRY(const Bytes iv, bytes_member(joint, "iv", malformed_member("iv")));
  TRY(const Bytes tag, bytes_member(joint, "tag", malformed_member("tag")));
  if (iv.size() != kGcmIv || tag.size() != kGcmTag) return decrypt_failed();
  SecretBytes cek(encrypted_key.size());
  if (!crypto::gcm_decrypt(key.symmetric(), iv, {}, encrypted_key, tag, cek.span().data()).ok())
    return decrypt_failed();
  return cek;
}

Result<SecretBytes> unwrap_pbes2(const Jwk& key, JweAlg alg, const json::Object& joint,
                                 ByteView encrypted_key) {
  TRY(const Bytes salt, bytes_member(joint, "p2s", malformed_member("p2s")));
  const auto iterations = joint.find("p2c")->if_int();
  const SecretBytes kek = password_key(key, alg, salt, static_cast<std::uint32_t>(*iterations));
  return crypto::aes_unwrap(kek.view(), encrypted_key);
}

Result<Wrapped> wrap_gcm(const Jwk& key, ByteView cek, Random& random) {
  std::array<std::uint8_t, kGcmIv> iv;
  std::array<std::uint8_t, kGcmTag> tag;
  random.fill(iv);
  Wrapped wrapped;
  wrapped.encrypted_key.resize(cek.size());
  TRY(crypto::gcm_encrypt(key.symmetric(), iv, {}, cek, wrapped.encrypted_key.data(), tag.data()));
  wrapped.members.set("tag", base64::url_encode(tag));
  wrapped.members.set("iv", base64::url_encode(iv));
  return wrapped;
}

Result<Wrapped> wrap_pbes2(const Jwk& key, const EncryptOptions& options, ByteView cek,
                           Random& random) {
  std::array<std::uint8_t, 16> salt;
  random.fill(salt);
  const SecretBytes kek = password_key(key, options.alg, salt, options.pbes2_iterations);
  Wrapped wrapped;
  wrapped.members.set("p2s", base64::url_encode(salt));
  wrapped.members.set("p2c", std::int64_t{options.pbes2_iterations});
  TRY(wrapped.encrypted_key, crypto::aes_wrap(kek.view(), cek));
  return wrapped;
}

}  // namespace

bool is_direct(JweAlg alg) {
  return alg == JweAlg::kDir || alg == JweAlg::kEcdhEs;
}

Result<SecretBytes> agree_content_key(const Jwk& key, const EncryptOptions& options,
                                      json::Object& members) {
  if (options.alg == JweAlg::kDir) return SecretBytes(key.symmetric());
  TRY(const auto sender, crypto::EcdhSender::make(*key.public_key()));
  return agree_as_sender(sender, options, {}, members);
}

Result<Wrapped> wrap_content_key(const Jwk& key, const EncryptOptions& options, ByteView cek,
                                 Random& random) {
  const JweAlgInfo& row = info(options.alg);
  Wrapped wrapped;
  switch (row.family) {
    case JweFamily::kRsa: {
      TRY(wrapped.encrypted_key, crypto::rsa_encrypt(*key.public_key(), row.padding, cek));
      return wrapped;
    }
    case JweFamily::kKeyWrap: {
      TRY(wrapped.encrypted_key, crypto::aes_wrap(key.symmetric(), cek));
      return wrapped;
    }
    case JweFamily::kEcdh: {
      TRY(const auto sender, crypto::EcdhSender::make(*key.public_key()));
      TRY(const SecretBytes kek, agree_as_sender(sender, options, {}, wrapped.members));
      TRY(wrapped.encrypted_key, crypto::aes_wrap(kek.view(), cek));
      return wrapped;
    }
    case JweFamily::kGcmKeyWrap:
      return wrap_gcm(key, cek, random);
    case JweFamily::kPbes2:
      return wrap_pbes2(key, options, cek, random);
    case JweFamily::kDirect:
      break;
  }
  return Error{Code::kInternal, "jwe_alg_not_allowed", "the algorithm wraps no key"};
}

Status check_parameters(JweAlg alg, const json::Object& joint, const DecryptOptions& options) {
  const JweFamily family = info(alg).family;
  if (family == JweFamily::kEcdh) {
    for (const std::string_view member : {"apu", "apv"}) {
      if (joint.find(member)) {
        TRY(bytes_member(joint, member, malformed_member(member)));
      }
    }
  }
  if (family == JweFamily::kGcmKeyWrap) {
    TRY(bytes_member(joint, "iv", malformed_member("iv")));
    TRY(bytes_member(joint, "tag", malformed_member("tag")));
  }
  if (family == JweFamily::kPbes2) {
    const json::Value* count = joint.find("p2c");
    if (!count || !count->is_integer()) return malformed_member("p2c");
    const auto iterations = count->if_int();
    if (!iterations || *iterations < std::int64_t{options.min_pbes2_iterations} ||
        *iterations > std::int64_t{options.max_pbes2_iterations}) {
      return Error{Code::kDenied, "jwe_pbes2_iterations",
                   "the iteration count is outside the limits"};
    }
    TRY(const Bytes salt, bytes_member(joint, "p2s", malformed_member("p2s")));
    if (salt.size() < kMinSalt || salt.size() > kMaxSalt) return malformed_member("p2s");
  }
  return Done{};
}

Result<SecretBytes> unwrap_content_key(const Jwk& key, JweAlg alg, JweEnc enc,
                                       const json::Object& joint, ByteView encrypted_key) {
  if (is_direct(alg) != encrypted_key.empty()) return decrypt_failed();
  Result<SecretBytes> cek;
  switch (info(alg).family) {
    case JweFamily::kDirect:
      cek = SecretBytes(key.symmetric());
      break;
    case JweFamily::kKeyWrap:
      cek = crypto::aes_unwrap(key.symmetric(), encrypted_key);
      break;
    case JweFamily::kGcmKeyWrap:
      cek = unwrap_gcm(key, joint, encrypted_key);
      break;
    case JweFamily::kPbes2:
      cek = unwrap_pbes2(key, alg, joint, encrypted_key);
      break;
    case JweFamily::kRsa:
      if (!key.private_key()) return decrypt_failed();
      cek = alg == JweAlg::kRsa15
                ? unwrap_rsa15(*key.private_key(), enc, encrypted_key)
                : crypto::rsa_decrypt(*key.private_key(), info(alg).padding, encrypted_key);
      break;
    case JweFamily::kEcdh: {
      TRY(SecretBytes agreed, agree_as_recipient(key, alg, enc, joint));
      if (alg == JweAlg::kEcdhEs) return agreed;
      cek = crypto::aes_unwrap(agreed.view(), encrypted_key);
      break;
    }
  }
  if (!cek.ok() || cek->size() != key_size(enc)) return decrypt_failed();
  return cek;
}

}  // namespace signet::jose
