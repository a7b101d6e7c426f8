#include "secrets/stores/catalog.h"

#include <set>

#include "secrets/stores/store_test_support.h"

namespace signet::secrets {
namespace {

TEST(StoreCatalog, every_type_has_its_row_once) {
  std::set<std::string_view> names;
  for (const StoreType& type : store_types()) {
    EXPECT_TRUE(names.insert(type.name).second) << type.name;
    EXPECT_EQ(find_store_type(type.name), &type);
    EXPECT_TRUE(type.summary.ends_with('.')) << type.name;
  }
  EXPECT_EQ(names, (std::set<std::string_view>{
                       "aws_kms", "aws_secrets_manager", "aws_shared_certificate",
                       "azure_key_vault", "azure_key_vault_certificate", "azure_key_vault_keys",
                       "environment", "filesystem", "google_kms", "google_secret_manager",
                       "google_shared_certificate", "keystore", "local_certificate", "memory",
                       "pkcs11", "vault_kv", "vault_shared_certificate", "vault_transit"}));
  EXPECT_EQ(find_store_type("Filesystem"), nullptr);
}

TEST(StoreCatalog, every_type_refuses_a_setting_it_does_not_know) {
  for (const StoreType& type : store_types()) {
    json::Object with;
    with.set("no_such_setting", "x");
    EXPECT_THAT(try_make(type.name, with), fails("store_settings_invalid")) << type.name;
  }
}

TEST(StoreCatalog, making_a_store_touches_nothing) {
  const TempFolder folder;
  const std::string at = folder.str() + "/none";
  make_store("filesystem", settings(R"({"directory":")" + at + "\"}"));
  make_store("keystore", settings(R"({"file":")" + at + "\"}"));
  make_store("local_certificate", settings(R"({"directory":")" + at + "\"}"));
  EXPECT_FALSE(std::filesystem::exists(at));
}

}  // namespace
}  // namespace signet::secrets
