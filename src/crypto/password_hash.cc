#include <sodium.h>

#include <charconv>
#include <cstring>

#include "base/text.h"
#include "crypto/kdf.h"

namespace signet::crypto {
namespace {

// OWASP's smallest recommended setting: 19 MiB, two passes, one lane.
constexpr unsigned long long kPasses = 2;
constexpr std::size_t kMemoryKib = 19456;
// What a stored hash may ask for, so that a planted one cannot take the process down.
constexpr std::uint32_t kMostPasses = 10;
constexpr std::uint32_t kMostMemoryKib = 256 * 1024;
constexpr std::uint32_t kMostLanes = 16;
constexpr std::size_t kLongestPassword = 4096;

std::uint32_t parameter(std::string_view text, std::string_view name) {
  std::uint32_t value = 0;
  if (!text.starts_with(name)) return UINT32_MAX;
  text.remove_prefix(name.size());
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : UINT32_MAX;
}

// libsodium does not take a null pointer for an empty password.
const char* characters(ByteView password) {
  return password.empty() ? "" : reinterpret_cast<const char*>(password.data());
}

bool is_bounded(std::string_view phc) {
  const auto fields = split(phc, '$');
  if (fields.size() != 6 || !fields[0].empty() || fields[1] != "argon2id" || fields[2] != "v=19") {
    return false;
  }
  const auto costs = split(fields[3], ',');
  return costs.size() == 3 && parameter(costs[0], "m=") <= kMostMemoryKib &&
         parameter(costs[1], "t=") <= kMostPasses && parameter(costs[2], "p=") <= kMostLanes;
}

}  // namespace

Result<std::string> argon2id_hash(ByteView password) {
  std::array<char, crypto_pwhash_STRBYTES> out{};
  if (password.size() > kLongestPassword) {
    return Error{Code::kInvalid, "password_too_long", "passwords are 4096 bytes at the most"};
  }
  if (::crypto_pwhash_str_alg(out.data(), characters(password), password.size(), kPasses,
                              kMemoryKib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return Error{Code::kUnavailable, "password_hash_failed", "not enough memory for Argon2id"};
  }
  return std::string(out.data());
}

bool argon2id_verify(std::string_view phc, ByteView password) {
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (phc.size() >= text.size() || password.size() > kLongestPassword || !is_bounded(phc)) {
    return false;
  }
  std::memcpy(text.data(), phc.data(), phc.size());
  return ::crypto_pwhash_str_verify(text.data(), characters(password), password.size()) == 0;
}

}  // namespace signet::crypto
