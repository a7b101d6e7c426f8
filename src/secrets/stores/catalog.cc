#include "secrets/stores/catalog.h"

#include "secrets/stores/environment/environment_store.h"
#include "secrets/stores/filesystem/filesystem_store.h"
#include "secrets/stores/keystore/keystore_store.h"
#include "secrets/stores/local/local_store.h"
#include "secrets/stores/memory/memory_store.h"
#include "secrets/stores/pkcs11/pkcs11_store.h"

namespace signet::secrets {

const std::vector<StoreType>& store_types() {
  static const std::vector<StoreType> types = {
      filesystem_store_type(), environment_store_type(), keystore_store_type(),
      local_store_type(),      memory_store_type(),      pkcs11_store_type(),
  };
  return types;
}

const StoreType* find_store_type(std::string_view name) {
  for (const StoreType& type : store_types()) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

}  // namespace signet::secrets
