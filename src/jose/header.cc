#include "jose/header.h"

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"

namespace signet::jose {
namespace {

// RFC 7515 §4.1 and RFC 7516 §4.1: names that crit must not list.
constexpr std::string_view kRegistered[] = {"alg", "enc", "zip",      "jku", "jwk", "kid",  "x5u",
                                            "x5c", "x5t", "x5t#S256", "typ", "cty", "crit", "epk",
                                            "apu", "apv", "iv",       "tag", "p2s", "p2c"};
constexpr std::string_view kTexts[] = {"kid", "typ", "cty", "jku", "x5u", "x5t", "x5t#S256"};
constexpr std::size_t kMaxCrit = 8;

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Result<json::Object> decode_header(std::string_view encoded, const Limits& limits,
                                   const HeaderFaults& faults) {
  if (encoded.size() > base64::url_size(limits.max_header))
    return Error{Code::kInvalid, faults.malformed, "the header is larger than allowed"};
  TRY(const Bytes text, base64::url_decode(encoded));
  auto members = json::parse_object(
      as_text(text), {.max_bytes = limits.max_header, .max_depth = limits.max_depth});
  if (members.ok() || members.error().reason == std::string_view("json_duplicate_member"))
    return members;
  return Error{Code::kInvalid, faults.malformed, "header: " + members.error().detail};
}

Status check_member_types(const json::Object& members, const HeaderFaults& faults) {
  for (const auto& [name, value] : members) {
    bool is_right = true;
    if (contains(kTexts, name)) {
      is_right = value.is_string();
    } else if (name == "jwk") {
      is_right = value.is_object();
    } else if (name == "x5c") {
      const json::Array* chain = value.if_array();
      is_right = chain && !chain->empty() &&
                 std::all_of(chain->begin(), chain->end(),
                             [](const json::Value& item) { return item.is_string(); });
    }
    if (!is_right) {
      return Error{Code::kInvalid, faults.malformed,
                   "header member " + quoted(name) + " has a wrong type"};
    }
  }
  return Done{};
}

Status check_crit(const json::Object& protected_members,
                  std::span<const std::string_view> understood, const HeaderFaults& faults) {
  const json::Value* value = protected_members.find("crit");
  if (!value) return Done{};
  const Error malformed{Code::kInvalid, faults.crit_malformed, "crit is not as RFC 7515 says"};
  const json::Array* names = value->if_array();
  if (!names || names->empty() || names->size() > kMaxCrit) return malformed;
  std::vector<std::string_view> seen;
  for (const json::Value& item : *names) {
    const std::string* name = item.if_string();
    if (!name || contains(seen, *name) || contains(kRegistered, *name)) return malformed;
    seen.push_back(*name);
  }
  for (const std::string_view name : seen) {
    if (!contains(understood, name))
      return Error{Code::kInvalid, faults.crit_unknown, "crit names " + quoted(name)};
    if (!protected_members.find(name)) return malformed;
  }
  return Done{};
}

bool is_candidate(const Key& key, bool has_kid, std::string_view kid, KidMatching matching) {
  if (!has_kid || key.kid() == kid) return true;
  return matching == KidMatching::kIfKeyHasOne && key.kid().empty();
}

bool join_headers(std::initializer_list<const json::Object*> parts, json::Object& joint) {
  for (const json::Object* part : parts) {
    if (!part) continue;
    for (const auto& [name, value] : *part) {
      if (joint.find(name)) return false;
      joint.append_unchecked(name, value);
    }
  }
  return true;
}

Error more_informative(Error a, Error b, std::span<const std::string_view> order) {
  const auto rank = [&](const Error& error) {
    const auto found = std::find(order.begin(), order.end(), error.reason);
    // A reason that the list does not know came from further down than any it knows.
    return found - order.begin();
  };
  return rank(b) > rank(a) ? std::move(b) : std::move(a);
}

}  // namespace signet::jose
