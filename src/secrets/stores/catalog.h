#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "secrets/stores/store.h"

namespace signet::secrets {

/// One kind of store: its row in the catalogue.
struct StoreType {
  std::string_view
      name;  ///< "filesystem", "environment", "keystore", "local_certificate", "memory"
  Ordering ordering;
  std::string_view summary;  ///< one sentence for the docs
  /// Makes a store from its settings (JSON object of the configuration; unknown members refused
  /// with the nearest known name). Does not touch the outside yet. kConfig
  /// "store_settings_invalid".
  Result<std::shared_ptr<Store>> (*make)(StoreName name, const json::Object& settings,
                                         StoreContext context);
  /// Setting names with a sentence each, for docs and error messages.
  std::vector<std::pair<std::string_view, std::string_view>> settings;
};

const std::vector<StoreType>& store_types();
const StoreType* find_store_type(std::string_view name);
/// The same with words for the operator: kConfig "store_type_unknown".
Result<const StoreType*> store_type(std::string_view name);

}  // namespace signet::secrets
