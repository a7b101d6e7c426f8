#include "secrets/keeper/mapping_document.h"

#include "base/json.h"

namespace signet::secrets {

std::string mapping_document_id(const StoreName& store, const SecretId& id) {
  return store.str() + "/" + id.str();
}

storage::PutDocument put_mapping(const RealmName& realm, const StoreName& store, const SecretId& id,
                                 const std::vector<Alias>& aliases, std::int64_t expected) {
  storage::PutDocument put;
  put.document.kind = kMappingKind;
  put.document.realm = realm;
  put.document.id = mapping_document_id(store, id);
  put.document.text = json::dump(json::Value(Mapping{id, aliases}.to_json()));
  put.expected = expected;
  return put;
}

Result<Mapping> mapping_in(const storage::Document& document, bool is_versioned) {
  TRY(const auto object, json::parse_object(document.text));
  const json::Value* aliases = object.find("aliases");
  const json::Value* id = object.find("secretId");
  if (aliases != nullptr && aliases->if_array() != nullptr && aliases->if_array()->empty() &&
      id != nullptr && id->if_string() != nullptr) {
    TRY(auto parsed, SecretId::parse(*id->if_string()));
    return Mapping{std::move(parsed), {}};
  }
  return Mapping::from_json(object, is_versioned);
}

Result<std::vector<Alias>> aliases_in(const storage::Document& document) {
  TRY(const auto object, json::parse_object(document.text));
  std::vector<Alias> aliases;
  const json::Value* list = object.find("aliases");
  if (list == nullptr || list->if_array() == nullptr)
    return Error{Code::kInternal, "mapping_malformed", "a stored mapping has no aliases"};
  for (const auto& value : *list->if_array()) {
    if (value.if_string() != nullptr) aliases.emplace_back(*value.if_string());
  }
  return aliases;
}

}  // namespace signet::secrets
