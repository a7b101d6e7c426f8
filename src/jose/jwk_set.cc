#include <algorithm>
#include <map>

#include "base/text.h"
#include "jose/jwk.h"
#include "jose/members.h"

namespace signet::jose {
namespace {

constexpr std::size_t kMaxText = 1024 * 1024;
constexpr std::size_t kMaxKeys = 256;
// Of RFC 7518 §6 and RFC 8037, and of kinds that came later. What else a private key has, it has
// beside one of them.
constexpr std::string_view kPrivateMembers[] = {"d", "k", "priv"};

Error duplicate_kid(const std::string& kid) {
  return {Code::kInvalid, "jwks_duplicate_kid", "two keys have the kid " + quoted(kid)};
}

/// One kid for two keys of one kind and use: which of them is meant would be chance. The same key
/// with two algs is none.
Status check_kids(const std::vector<Jwk>& keys) {
  const auto clash = [](const Jwk& a, const Jwk& b) {
    const bool same_kind = a.is_symmetric() == b.is_symmetric() &&
                           (a.is_symmetric() || a.public_key()->kind() == b.public_key()->kind());
    return same_kind && a.use() == b.use() &&
           (a.alg() == b.alg() || a.thumbprint() != b.thumbprint());
  };
  std::multimap<std::string_view, const Jwk*> by_kid;
  for (const Jwk& key : keys) {
    if (key.kid().empty()) continue;
    const auto [first, last] = by_kid.equal_range(key.kid());
    if (std::any_of(first, last, [&](const auto& other) { return clash(*other.second, key); }))
      return duplicate_kid(key.kid());
    by_kid.emplace(key.kid(), &key);
  }
  return Done{};
}

// For the operator, who is to mend that one: a set may hold many, and not all have a kid.
std::string in_words(const json::Object& members, std::size_t place, std::size_t all,
                     std::string_view why) {
  std::string out = "key " + std::to_string(place) + " of " + std::to_string(all);
  const json::Value* kid = members.find("kid");
  if (kid && kid->is_string()) out += " (kid " + quoted(*kid->if_string()) + ")";
  out += ": ";
  out += why;
  return out;
}

// After wipe_secret_members(): that leaves the members, and empties them.
JwkSet::Unsupported unsupported_key(const json::Object& members) {
  JwkSet::Unsupported out;
  if (const json::Value* kid = members.find("kid"))
    out.kid = kid->is_string() ? *kid->if_string() : json::dump(*kid);
  const json::Value* kty = members.find("kty");
  const bool is_shared_secret = kty && *kty == json::Value("oct");
  out.is_private_half =
      !is_shared_secret && std::any_of(std::begin(kPrivateMembers), std::end(kPrivateMembers),
                                       [&](auto name) { return members.find(name) != nullptr; });
  return out;
}

Status check_mixture(const std::vector<Jwk>& keys) {
  const auto is_secret = [](const Jwk& key) { return key.is_symmetric(); };
  const auto is_only_public = [](const Jwk& key) { return !key.is_private(); };
  const auto secret = std::find_if(keys.begin(), keys.end(), is_secret);
  const auto only_public = std::find_if(keys.begin(), keys.end(), is_only_public);
  if (secret == keys.end() || only_public == keys.end()) return Done{};
  return Error{Code::kInvalid, "jwks_mixed",
               "the set holds secrets beside public keys: kid " + quoted(secret->kid()) +
                   " beside kid " + quoted(only_public->kid())};
}

}  // namespace

Result<JwkSet> JwkSet::parse(std::string_view text) {
  const Error bad{Code::kInvalid, "jwks_malformed", "not a JWK set of at most 256 keys"};
  TRY(json::Object object, json::parse_object(text, {.max_bytes = kMaxText, .max_depth = 8}));
  json::Value* member = object.find("keys");
  json::Array* entries = member ? member->if_array() : nullptr;
  if (!entries || entries->size() > kMaxKeys) return bad;
  JwkSet set;
  bool is_well_formed = true;
  std::vector<std::string> broken_kids;
  std::size_t place = 0;
  for (json::Value& entry : *entries) {
    ++place;
    json::Object* members = entry.if_object();
    if (!members) {
      is_well_formed = false;
      continue;
    }
    auto key = Jwk::parse(*members);
    wipe_secret_members(*members);
    if (key.ok()) {
      set.keys.push_back(std::move(key).value());
      continue;
    }
    Error why = std::move(key).error();
    why.detail = in_words(*members, place, entries->size(), why.detail);
    if (why.is("jwk_unsupported")) {
      set.unsupported.push_back(unsupported_key(*members));
      set.unsupported.back().why = std::move(why.detail);
    } else {
      set.skipped.push_back(std::move(why));
      const json::Value* kid = members->find("kid");
      if (kid && kid->is_string()) broken_kids.push_back(*kid->if_string());
    }
  }
  if (!is_well_formed) return bad;
  TRY(check_mixture(set.keys));
  TRY(check_kids(set.keys));
  for (const Jwk& key : set.keys) {
    // A broken key must not leave its name to another one.
    if (std::find(broken_kids.begin(), broken_kids.end(), key.kid()) != broken_kids.end())
      return duplicate_kid(key.kid());
  }
  return set;
}

Result<JwkSet> JwkSet::parse_any(std::string_view text) {
  auto key = Jwk::parse(text);
  if (key.ok()) {
    JwkSet set;
    set.keys.push_back(std::move(key).value());
    return set;
  }
  auto set = parse(text);
  if (!set.ok() && set.error().reason == std::string_view("jwks_malformed"))
    return std::move(key).error();
  return set;
}

}  // namespace signet::jose
