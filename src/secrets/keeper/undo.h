#pragma once
// What a list of aliases was before its last change.

#include <vector>

#include "secrets/secret_id.h"
#include "storage/storage.h"

namespace signet::secrets {

/// The change of storage that remembers it.
storage::PutDocument remember_before(const RealmName& realm, const StoreName& store,
                                     const SecretId& id, const std::vector<Alias>& before,
                                     const std::vector<Alias>& after);

}  // namespace signet::secrets
