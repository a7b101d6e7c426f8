#include "crypto/java_keys.h"

#include <nettle/md5.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"

namespace signet::crypto {
namespace {

constexpr std::size_t kSha1 = 20;
constexpr std::size_t kSaltHalf = 4;
constexpr std::size_t kTripleDesKey = 24;

Error malformed_java_key(const char* what) {
  return Error{Code::kInvalid, "key_malformed", what};
}
Error wrong_password() {
  return Error{Code::kDenied, "key_password_wrong", "the password does not open it"};
}

using Salt = std::array<std::uint8_t, 2 * kSaltHalf>;

// Where both halves of the salt are equal, the JDK reverses the first: a, b, c, d becomes d, c, b,
// a. Older ones erred and made it d, a, b, d; what they sealed opens only with the same error.
Salt reversed(Salt salt) {
  std::reverse(salt.begin(), salt.begin() + kSaltHalf);
  return salt;
}
Salt reversed_wrongly(const Salt& salt) {
  return {salt[3], salt[0], salt[1], salt[3], salt[4], salt[5], salt[6], salt[7]};
}

void derive_half(ByteView half, std::uint32_t iterations, ByteView password, std::uint8_t* out16) {
  ::md5_ctx ctx;
  ::md5_init(&ctx);
  ::md5_update(&ctx, half.size(), half.data());
  ::md5_update(&ctx, password.size(), password.data());
  ::md5_digest(&ctx, MD5_DIGEST_SIZE, out16);
  for (std::uint32_t i = 1; i < iterations; ++i) {
    ::md5_update(&ctx, MD5_DIGEST_SIZE, out16);
    ::md5_update(&ctx, password.size(), password.data());
    ::md5_digest(&ctx, MD5_DIGEST_SIZE, out16);
  }
  wipe(&ctx, sizeof ctx);
}

Result<SecretBytes> open_with(const Salt& salt, ByteView sealed, std::uint32_t iterations,
                              ByteView password) {
  SecretBytes derived(2 * MD5_DIGEST_SIZE);
  const ByteView halves(salt);
  derive_half(halves.first(kSaltHalf), iterations, password, derived.span().data());
  derive_half(halves.last(kSaltHalf), iterations, password,
              derived.span().data() + MD5_DIGEST_SIZE);
  auto plain = des_ede3_cbc_decrypt(derived.view().first(kTripleDesKey),
                                    derived.view().subspan(kTripleDesKey), sealed);
  if (!plain) return wrong_password();
  return plain;
}

}  // namespace

Result<SecretBytes> open_jks_sealed(ByteView sealed, ByteView password) {
  if (sealed.size() <= 2 * kSha1) return malformed_java_key("a sealed key that is too short");
  const ByteView salt = sealed.first(kSha1), check = sealed.last(kSha1);
  const ByteView cipher = sealed.subspan(kSha1, sealed.size() - 2 * kSha1);
  // password ‖ the digest before; each link of the chain overwrites the last one.
  SecretBytes link(password.size() + kSha1);
  std::uint8_t* const turn = link.span().data() + password.size();
  if (!password.empty()) std::memcpy(link.span().data(), password.data(), password.size());
  std::memcpy(turn, salt.data(), kSha1);
  SecretBytes plain(cipher);
  for (std::size_t at = 0; at < plain.size(); at += kSha1) {
    SecretBytes stream(kSha1);
    digest(Hash::kSha1, link.view(), stream.span().data());
    std::memcpy(turn, stream.view().data(), kSha1);
    const std::size_t end = std::min(plain.size(), at + kSha1);
    for (std::size_t i = at; i < end; ++i)
      plain.span()[i] ^= turn[i - at];
  }
  const Bytes is = Hasher(Hash::kSha1).update(password).update(plain.view()).finish();
  if (!constant_time_equal(is, check)) return wrong_password();
  return plain;
}

Result<SecretBytes> open_jceks_sealed(ByteView sealed, ByteView salt8, std::uint32_t iterations,
                                      ByteView password) {
  if (salt8.size() != 2 * kSaltHalf || iterations == 0) {
    return malformed_java_key("a salt that is not of 8 bytes, or no iterations");
  }
  Salt salt{};
  std::copy(salt8.begin(), salt8.end(), salt.begin());
  const bool are_equal =
      std::equal(salt.begin(), salt.begin() + kSaltHalf, salt.begin() + kSaltHalf);
  if (!are_equal) return open_with(salt, sealed, iterations, password);
  auto plain = open_with(reversed(salt), sealed, iterations, password);
  if (plain) return plain;
  return open_with(reversed_wrongly(salt), sealed, iterations, password);
}

}  // namespace signet::crypto
