#include "secrets/stores/catalog.h"

#include "base/text.h"
#include "secrets/stores/aws/store_types.h"
#include "secrets/stores/azure/certificate_slot.h"
#include "secrets/stores/azure/key_vault_store.h"
#include "secrets/stores/azure/keys_store.h"
#include "secrets/stores/environment/environment_store.h"
#include "secrets/stores/filesystem/filesystem_store.h"
#include "secrets/stores/google/kms_store.h"
#include "secrets/stores/google/secret_manager_store.h"
#include "secrets/stores/google/shared_certificate_type.h"
#include "secrets/stores/keystore/keystore_store.h"
#include "secrets/stores/local/local_store.h"
#include "secrets/stores/memory/memory_store.h"
#include "secrets/stores/pkcs11/pkcs11_store.h"
#include "secrets/stores/vault/kv_store.h"
#include "secrets/stores/vault/transit_store.h"

namespace signet::secrets {

const std::vector<StoreType>& store_types() {
  static const std::vector<StoreType> types = {
      filesystem_store_type(),
      environment_store_type(),
      keystore_store_type(),
      local_store_type(),
      memory_store_type(),
      aws::secrets_manager_store_type(),
      aws::shared_certificate_store_type(),
      aws::kms_store_type(),
      google::secret_manager_store_type(),
      google::kms_store_type(),
      google::shared_certificate_store_type(),
      azure::key_vault_store_type(),
      azure::keys_store_type(),
      azure::certificate_store_type(),
      vault::kv_store_type(),
      vault::transit_store_type(),
      vault::shared_certificate_store_type(),
      pkcs11_store_type(),
  };
  return types;
}

const StoreType* find_store_type(std::string_view name) {
  for (const StoreType& type : store_types()) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

Result<const StoreType*> store_type(std::string_view name) {
  if (const StoreType* type = find_store_type(name)) return type;
  std::vector<std::string> known;
  for (const StoreType& type : store_types())
    known.emplace_back(type.name);
  const std::string near = nearest(std::string(name), known);
  return Error{Code::kConfig, "store_type_unknown",
               "there is no type " + quoted(name) +
                   (near.empty() ? "; known: " + join(known, ", ")
                                 : ", did you mean " + quoted(near) + "?")};
}

}  // namespace signet::secrets
