#include "app/stores.h"

#include <algorithm>

#include "crypto/pkcs12.h"
#include "secrets/keeper/store_calls.h"
#include "secrets/stores/local/local_test_support.h"
#include "secrets/stores/store_test_support.h"

namespace signet::app {
namespace {

using secrets::TempFolder;
using test::fails;
using test::is_ok;
using testing::IsEmpty;
using testing::Not;

// A P-256 key under the password "changeit" (openssl pkcs8 -topk8 -v2 aes-256-cbc).
constexpr std::string_view kLockedPem = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiCBOB1YSYtYQICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEEHio7+2zrJQLZnq+EeCY5wEgZB1
eI4KahZIxbXsZdntcpSOfYeSJNU+WXZZbXddFH5AWiPhXtI7o++EsDSNPJKVJHzB
eKvc2YEc8nvck+q7VWFrRrXK9m4uozmmmresgjQDlGBTapv//n6us3THKKB3LaCU
oSbtcACJ5O0zm2bdsjELHvxnbF2VtIsEd7ALlgbg+fzuas9aUVX1sVUdL4yM7D4=
-----END ENCRYPTED PRIVATE KEY-----
)";
constexpr std::string_view kSigningId = "am.services.oauth2.oidc.signing.ES256";
constexpr std::string_view kPemPasswordId = "am.global.services.secret.pem.decryption";

config::StoreConfig store_in(std::string_view name, const TempFolder& folder,
                             std::string_view format) {
  config::StoreConfig store;
  store.name = name;
  store.type = "filesystem";
  store.settings.set("directory", folder.str());
  store.settings.set("format", format);
  return store;
}

config::StoreConfig keystore_named(std::string_view name) {
  config::StoreConfig store;
  store.name = name;
  store.type = "keystore";
  store.settings.set("file", "/none/keystore.p12");
  return store;
}

config::RealmConfig realm_with(std::vector<config::StoreConfig> stores) {
  config::RealmConfig realm;
  realm.name = "customers";
  realm.secret_stores = std::move(stores);
  return realm;
}

std::vector<secrets::ConfiguredStore> made_of(const config::ServerConfig& config) {
  secrets::StoreContext context = secrets::test_context();
  context.encoding_keys = secrets::local_sealing_keys({"k1"});
  auto made = make_stores(config, context);
  EXPECT_THAT(made, is_ok());
  return made ? std::move(made->stores) : std::vector<secrets::ConfiguredStore>();
}

TEST(MakeStores, a_realms_pem_is_opened_with_the_password_of_a_global_store_alone) {
  const TempFolder own, pems, shared;
  own.write(std::string(kPemPasswordId), "changeit");
  pems.write(std::string(kSigningId), kLockedPem);
  config::ServerConfig config;
  config.secret_stores = {store_in("shared", shared, "PLAIN")};
  config.realms = {realm_with({store_in("own", own, "PLAIN"), store_in("pems", pems, "PEM")})};
  const auto fetched = [&] {
    return async::run_now(made_of(config).at(2).store->fetch(Alias(kSigningId)));
  };
  EXPECT_THAT(fetched(), fails("pem_password_missing")) << "the realm's is none";
  shared.write(std::string(kPemPasswordId), "changeit");
  EXPECT_THAT(fetched(), is_ok());
}

TEST(MakeStores, a_keystore_of_which_no_mappings_are_told_has_the_default_ones_that_it_can_serve) {
  config::ServerConfig config;
  config.secret_stores = {keystore_named("silent"), keystore_named("none")};
  config.secret_stores[1].has_mappings = true;
  const auto stores = made_of(config);
  ASSERT_EQ(stores.size(), 2U);
  EXPECT_THAT(stores[0].mappings, Not(IsEmpty()));
  EXPECT_TRUE(stores[0].may_lack_mapped);
  EXPECT_THAT(stores[1].mappings, IsEmpty());
  EXPECT_FALSE(stores[1].may_lack_mapped);
}

TEST(MakeStores, a_realms_default_mappings_leave_out_the_keys_of_the_whole_server) {
  config::ServerConfig config;
  config.secret_stores = {keystore_named("global")};
  config.realms = {realm_with({keystore_named("own")})};
  const auto stores = made_of(config);
  ASSERT_EQ(stores.size(), 2U);
  const auto count_global = [](const secrets::ConfiguredStore& store) {
    return std::count_if(
        store.mappings.begin(), store.mappings.end(),
        [](const secrets::Mapping& mapping) { return mapping.id.str().starts_with("am.global."); });
  };
  EXPECT_GT(count_global(stores[0]), 0);
  EXPECT_EQ(count_global(stores[1]), 0);
  EXPECT_THAT(stores[1].mappings, Not(IsEmpty()));
}

std::string keystore_with(const std::string& alias, std::string_view password) {
  const auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256).value();
  crypto::SelfSignedSpec spec;
  spec.common_name = alias;
  spec.not_before = from_unix_seconds(1'700'000'000);
  spec.not_after = from_unix_seconds(1'800'000'000);
  spec.serial = Bytes(16, 1);
  const auto certificate = crypto::self_sign(key, spec).value();
  const auto store = crypto::write_pkcs12(key, {certificate}, alias, as_bytes(password));
  EXPECT_THAT(store, is_ok());
  return store ? to_text(store->view()) : "";
}

/// The kid of the one key behind the alias, as the keeper is answered.
std::string kid_behind(const secrets::ConfiguredStore& store, std::string_view alias) {
  const auto answered = async::run_now(secrets::ask_secrets(store.store, Alias(alias)));
  EXPECT_THAT(answered, is_ok());
  return answered && answered->size() == 1 ? answered->front().key->kid() : "";
}

TEST(MakeStores, a_kid_is_chosen_alike_for_a_keystore_a_file_and_a_local_key) {
  const TempFolder texts, files, pems, keys;
  texts.write("storepass", "changeit");
  files.write("k.p12", keystore_with("login", "changeit"));
  pems.write(std::string(kSigningId), secrets::pem_of("P-256"));
  config::ServerConfig config;
  config::StoreConfig keystore, local;
  keystore.name = "keystore";
  keystore.type = "keystore";
  keystore.settings.set("file", (files / "k.p12").string());
  keystore.settings.set("storePassword", "storepass");
  keystore.kids = {{"Login", "login-1"}};  // keystores take it in any case
  local.name = "local";
  local.type = "local_certificate";
  local.settings.set("directory", keys.str() + "/keys");
  local.settings.set("key", "P-256");
  local.settings.set("aliases", json::Array{"a", "b"});
  local.kids = {{"a", "local-1"}};
  config::StoreConfig volume = store_in("pems", pems, "PEM");
  volume.kids = {{std::string(kSigningId), "file-1"}};
  config.secret_stores = {store_in("texts", texts, "PLAIN"), keystore, volume};
  config.realms = {realm_with({local})};

  const auto stores = made_of(config);
  ASSERT_EQ(stores.size(), 4U);
  EXPECT_EQ(kid_behind(stores[1], "login"), "login-1");
  EXPECT_EQ(kid_behind(stores[2], kSigningId), "file-1");
  EXPECT_EQ(kid_behind(stores[3], "a"), "local-1");
  const std::string other = kid_behind(stores[3], "b");
  EXPECT_FALSE(other.empty());
  EXPECT_NE(other, "local-1") << "it has none, so it keeps its thumbprint";
}

TEST(MakeStores, the_local_store_is_mapped_unless_somebody_says_that_it_is_not) {
  const TempFolder folder;
  config::ServerConfig config;
  config.data_dir = folder.str();
  EXPECT_THAT(made_of(config).at(0).mappings, Not(IsEmpty())) << "nothing is configured";
  config::StoreConfig local;
  local.name = "local";
  local.type = "local_certificate";
  local.settings.set("directory", folder.str() + "/keys");
  config.secret_stores = {local};
  EXPECT_THAT(made_of(config).at(0).mappings, Not(IsEmpty()));
  EXPECT_FALSE(made_of(config).at(0).may_lack_mapped) << "it makes its keys";
  config.secret_stores[0].has_mappings = true;
  EXPECT_THAT(made_of(config).at(0).mappings, IsEmpty());
}

}  // namespace
}  // namespace signet::app
