#pragma once
// What JWS and JWE headers have in common, for the sources of this room.

#include <array>
#include <span>

#include "base/json.h"
#include "jose/jws.h"

namespace signet::jose {

/// The reasons of one kind of token.
struct HeaderFaults {
  const char* malformed;
  const char* crit_unknown;
  const char* crit_malformed;
};

/// Decodes base64url and parses a JSON object within the limits: "base64url_invalid",
/// `faults.malformed`, "json_duplicate_member".
Result<json::Object> decode_header(std::string_view encoded, const Limits& limits,
                                   const HeaderFaults& faults);

/// Types of the registered members: kid, typ, cty, jku, x5u, x5t, x5t#S256 are texts, jwk is an
/// object, x5c an array of texts. Nothing in them is ever trusted or fetched (RFC 8725 §3.10).
Status check_member_types(const json::Object& members, const HeaderFaults& faults);

/// RFC 7515 §4.1.11: a non-empty list of different names, none registered by JWS or JWE themselves,
/// all present in `protected_members` and understood.
Status check_crit(const json::Object& protected_members,
                  std::span<const std::string_view> understood, const HeaderFaults& faults);

/// Whether a token may be tried with this key: `has_kid` tells if it names one at all.
bool is_candidate(const Key& key, bool has_kid, std::string_view kid, KidMatching matching);

/// Splits at dots into exactly N parts; false for any other count.
template <std::size_t N>
bool split_parts(std::string_view text, std::array<std::string_view, N>& parts) {
  for (std::size_t i = 0; i + 1 < N; ++i) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) return false;
    parts[i] = text.substr(0, dot);
    text.remove_prefix(dot + 1);
  }
  parts[N - 1] = text;
  return text.find('.') == std::string_view::npos;
}

/// The union of header parts whose names are disjoint (RFC 7515 §7.2.1); null parts are skipped.
/// False where a name occurs twice.
bool join_headers(std::initializer_list<const json::Object*> parts, json::Object& joint);

/// Of two failures the one that says more, by place in `order` (least informative first).
Error more_informative(Error a, Error b, std::span<const std::string_view> order);

}  // namespace signet::jose
