#include "oauth/client_secret.h"

#include "base/base64.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "secrets/secret.h"

namespace signet::oauth {
namespace {
constexpr std::string_view kFastPrefix = "sha256$";
constexpr std::size_t kSalt = 16;

Bytes salted(ByteView salt, ByteView secret) {
  crypto::Hasher hasher(crypto::Hash::kSha256);
  return hasher.update(salt).update(secret).finish();
}

std::string random_text(std::size_t size, Random& random) {
  SecretBytes bytes(size);
  random.fill(bytes.span());
  return base64::url_encode(bytes.view());
}
}  // namespace

SecretForm form_of(std::string_view stored) {
  if (stored.empty()) return SecretForm::kNone;
  if (stored.starts_with(kFastPrefix)) return SecretForm::kFast;
  if (stored.starts_with("$argon2id$")) return SecretForm::kSlow;
  return SecretForm::kSealed;
}

Status check_client_secret(std::string_view secret, std::optional<jose::JwsAlg> mac) {
  if (secret.size() < kShortestSecret || secret.size() > kLongestSecret)
    return Error{Code::kInvalid, "client_secret_length", "a client secret has 8 to 512 bytes"};
  if (!is_utf8(secret) || secret.find('\0') != secret.npos)
    return Error{Code::kInvalid, "client_secret_malformed", "a client secret is UTF-8 without NUL"};
  const std::size_t least = mac ? crypto::hash_size(jose::mac_hash(*mac)) : 0;
  if (secret.size() < least)
    return Error{Code::kInvalid, "client_secret_length",
                 "client_secret_jwt needs a secret of at least " + std::to_string(least) +
                     " bytes for " + std::string(jose::name(*mac)) + " (RFC 7518 §3.2)"};
  if (mac && secrets::is_found_in_the_wild(as_bytes(secret)))
    return Error{Code::kInvalid, "client_secret_well_known",
                 "this secret is in the lists that attackers try; have one made"};
  return Done{};
}

std::string make_client_secret(Random& random) {
  return random_text(32, random);
}

std::string make_mac_secret(Random& random) {
  return random_text(48, random);
}

std::string hash_fast(std::string_view secret, Random& random) {
  Bytes salt(kSalt);
  random.fill(salt);
  return std::string(kFastPrefix) + base64::url_encode(salt) + "$" +
         base64::url_encode(salted(salt, as_bytes(secret)));
}

Result<std::string> hash_slow(std::string_view secret) {
  return crypto::argon2id_hash(as_bytes(secret));
}

bool verify_fast(std::string_view stored, ByteView secret) {
  if (form_of(stored) != SecretForm::kFast) return false;
  const auto parts = split(stored, '$');
  if (parts.size() != 3) return false;
  const auto salt = base64::url_decode(parts[1]);
  const auto hash = base64::url_decode(parts[2]);
  return salt.ok() && hash.ok() && constant_time_equal(salted(*salt, secret), *hash);
}

bool verify_slow(std::string_view stored, ByteView secret) {
  return form_of(stored) == SecretForm::kSlow && crypto::argon2id_verify(stored, secret);
}

}  // namespace signet::oauth
