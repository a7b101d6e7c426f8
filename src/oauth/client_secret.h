#pragma once
// Client secrets at rest (sec_045).

#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "jose/algorithms.h"

namespace signet::oauth {

enum class SecretForm : std::uint8_t {
  kNone,
  kFast,    ///< "sha256$salt$hash": for secrets that the server made itself, 256 random bits
  kSlow,    ///< Argon2id: for secrets that a person may have chosen; checked on the blocking pool
  kSealed,  ///< kept reversibly, because the client's algorithm needs the value (client_secret_jwt)
};
SecretForm form_of(std::string_view stored);

/// Of a secret, in bytes.
inline constexpr std::size_t kShortestSecret = 8, kLongestSecret = 512;
/// Secrets shorter than this may have been chosen by a person and are hashed slowly. Which hash is
/// computed for a presented secret depends on its length alone, so that an unknown client and a
/// wrong secret take the same time (sec_044).
inline constexpr std::size_t kFastSecretFrom = 32;

/// Whether a secret that somebody chose may be one; `mac` is the HMAC algorithm of the assertions
/// that are checked with it (client_secret_jwt). "client_secret_length",
/// "client_secret_malformed", "client_secret_well_known".
Status check_client_secret(std::string_view secret, std::optional<jose::JwsAlg> mac = {});

/// 256 random bits as base64url, 43 characters.
std::string make_client_secret(Random& random);
/// The same where it is the key of HMACs (client_secret_jwt): 64 characters, as HS512 needs.
std::string make_mac_secret(Random& random);
/// The form for secrets of make_client_secret(). A guess is as hard as guessing the 256 bits, so a
/// fast hash is enough and a login flood costs nothing (F25).
std::string hash_fast(std::string_view secret, Random& random);
Result<std::string> hash_slow(std::string_view secret);
/// Constant-time. False for another form.
bool verify_fast(std::string_view stored, ByteView secret);
bool verify_slow(std::string_view stored, ByteView secret);

}  // namespace signet::oauth
