#pragma once
// Mappings as storage keeps them: one document for each store and secret ID, which wins over the
// configured mapping.

#include <string>
#include <vector>

#include "secrets/keeper/kinds.h"
#include "secrets/mapping.h"
#include "storage/storage.h"

namespace signet::secrets {

/// The id of the document, unique in a realm.
std::string mapping_document_id(const StoreName& store, const SecretId& id);

/// Writes it over the revision that was read (0: it must not be there); without aliases the ID is
/// unmapped, whatever the configuration says.
storage::PutDocument put_mapping(const RealmName& realm, const StoreName& store, const SecretId& id,
                                 const std::vector<Alias>& aliases, std::int64_t expected);

/// The mapping in a document; one without aliases unmaps. Fails as Mapping::from_json() does.
Result<Mapping> mapping_in(const storage::Document& document, bool is_versioned);
/// Its aliases alone, for a list that is changed next. "json_malformed", "mapping_malformed".
Result<std::vector<Alias>> aliases_in(const storage::Document& document);

}  // namespace signet::secrets
