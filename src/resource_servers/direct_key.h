#pragma once
// Keys that encrypt tokens by `dir`, as storage keeps them: what the server needs to open its own
// token again, which names nothing but the key's kid. One document each, in its id the kid, the
// resource server and the key.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "jose/jwk.h"
#include "resource_servers/document.h"
#include "resource_servers/resource_server.h"

namespace signet::resource_servers {

inline constexpr std::string_view kDirectKeyKind = "resource_server_key";

/// More keys of one kid than these are never told apart: each look at a token would try them all.
inline constexpr std::size_t kMostOfOneKid = 64;

/// So many are looked at for one token: some were dropped and not forgotten yet.
inline constexpr std::size_t kMostDirectKeysRead = 4 * kMostOfOneKid;

/// kConflict "direct_kid_taken": `others` have the kid already.
Error direct_kid_taken(std::size_t others, std::string_view kid);

/// How long a key is kept that a resource server dropped, or that was taken from a URL: for a token
/// of the longest life, and as long again, in which an instance that has not heard of the change,
/// or need not look, may still make one.
inline constexpr Seconds kDirectKeyKept = 2 * kLongestTokenLife;

std::string direct_key_id(const jose::Jwk& key, std::string_view resource_server);
/// What the ids of all keys of one kid begin with. The kid is what stands before the first line
/// feed.
std::string direct_key_prefix(std::string_view kid);
/// Whether the id is that of a key that the resource server has, or had, under the kid.
bool is_direct_key_of(std::string_view id, std::string_view kid, std::string_view resource_server);

/// Where a stored key is sealed; null in a document that is none, and of a key that no token can
/// hold any more: nobody opens it.
json::Value* sealed_key_in(json::Object& document, Instant now);

struct DirectKey {
  std::string sealed_jwk;
  /// Until when a token may hold it, where the resource server has dropped it or publishes it by
  /// URL; then it may be forgotten.
  std::optional<Instant> until;

  static Result<DirectKey> seal(const jose::Jwk& key, std::optional<Instant> until,
                                const Seal& seal);
  /// kInternal "direct_key_malformed".
  static Result<DirectKey> from_text(std::string_view text);
  std::string to_text() const;
  /// Whether no token can hold it any more, by clocks that are at most `skew` apart.
  bool is_over(Instant now, Seconds skew = Seconds(0)) const {
    return until && *until + skew < now;
  }
  /// As a key that decrypts: what the resource server lets its senders do with it is left out.
  Result<jose::Jwk> open(const Unseal& unseal) const;
};

}  // namespace signet::resource_servers
