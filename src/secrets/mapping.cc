#include "secrets/mapping.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"

namespace signet::secrets {
namespace {

constexpr std::size_t kMaxAlias = 512;
constexpr std::size_t kMaxAliases = 64;

Error malformed(std::string detail) {
  return {Code::kInvalid, "mapping_malformed", std::move(detail)};
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

}  // namespace

Result<Mapping> Mapping::make(SecretId id, std::vector<Alias> aliases, bool store_is_versioned) {
  if (id.str().empty()) return malformed("a mapping names a secret ID");
  if (aliases.empty()) return malformed("a mapping of " + id.str() + " has at least one alias");
  if (aliases.size() > kMaxAliases)
    return malformed("a mapping of " + id.str() + " has at most 64 aliases");
  std::set<Alias> seen;
  for (const auto& alias : aliases) {
    if (alias.empty() || alias.str().size() > kMaxAlias || !is_utf8(alias.view()) ||
        has_control_character(alias.view())) {
      return malformed("not a usable alias: " + quoted(alias.view()));
    }
    if (!seen.insert(alias).second)
      return malformed("alias " + quoted(alias.view()) + " stands there twice");
  }
  if (store_is_versioned && aliases.size() != 1) {
    return Error{Code::kInvalid, "mapping_one_alias",
                 "the versions of this store take the place of an alias list: " + id.str() +
                     " takes exactly one alias"};
  }
  return Mapping{std::move(id), std::move(aliases)};
}

Result<Mapping> Mapping::from_json(const json::Object& object, bool store_is_versioned) {
  for (const auto& [name, value] : object) {
    // "_id", "_rev" and "_type" are what REST clients send along.
    if (name != "secretId" && name != "aliases" && !name.starts_with('_'))
      return malformed("unknown member " + quoted(name));
  }
  const json::Value* id = object.find("secretId");
  const json::Value* aliases = object.find("aliases");
  if (id == nullptr || id->if_string() == nullptr) return malformed("secretId is a text");
  if (aliases == nullptr || aliases->if_array() == nullptr)
    return malformed("aliases is a list of texts");
  TRY(auto parsed, SecretId::parse(*id->if_string()));
  std::vector<Alias> list;
  for (const auto& value : *aliases->if_array()) {
    if (value.if_string() == nullptr) return malformed("aliases is a list of texts");
    list.emplace_back(*value.if_string());
  }
  return make(std::move(parsed), std::move(list), store_is_versioned);
}

json::Object Mapping::to_json() const {
  json::Array list;
  for (const auto& alias : aliases)
    list.emplace_back(alias.str());
  json::Object object;
  object.set("secretId", id.str());
  object.set("aliases", std::move(list));
  return object;
}

std::vector<SharedAlias> aliases_of_two_purposes(const std::vector<Mapping>& mappings) {
  struct Uses {
    const SecretId* signing = nullptr;
    const SecretId* encryption = nullptr;
  };
  std::map<Alias, Uses> uses;
  for (const auto& mapping : mappings) {
    const SecretIdRow* row = find_row(mapping.id);
    if (row == nullptr) continue;
    for (const auto& alias : mapping.aliases) {
      Uses& use = uses[alias];
      if (row->purpose == Purpose::kSigning && use.signing == nullptr) use.signing = &mapping.id;
      if ((row->purpose == Purpose::kEncryption || row->purpose == Purpose::kDecryption) &&
          use.encryption == nullptr) {
        use.encryption = &mapping.id;
      }
    }
  }
  std::vector<SharedAlias> shared;
  for (const auto& [alias, use] : uses) {
    if (use.signing != nullptr && use.encryption != nullptr)
      shared.push_back({alias, *use.signing, *use.encryption});
  }
  return shared;
}

Status refuse_two_purposes(const std::vector<Mapping>& mappings, bool allow) {
  if (allow) return Done{};
  const auto shared = aliases_of_two_purposes(mappings);
  if (shared.empty()) return Done{};
  return Error{Code::kInvalid, "mapping_two_purposes",
               "alias " + quoted(shared.front().alias.view()) + " would sign for " +
                   shared.front().signing.str() + " and decrypt for " +
                   shared.front().encryption.str() + ": one key has one purpose"};
}

}  // namespace signet::secrets
