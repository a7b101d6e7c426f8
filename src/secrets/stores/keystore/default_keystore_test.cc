#include "secrets/stores/keystore/default_keystore.h"

#include <set>

#include "secrets/stores/store_test_support.h"

namespace signet::secrets {
namespace {

TEST(DefaultKeystore, serves_every_secret_id_that_has_a_default_alias) {
  SystemRandom random;
  const auto made = make_default_keystore(CertificateTerms{}, from_unix_seconds(1'750'000'000),
                                          random, as_bytes("changeit"));
  ASSERT_THAT(made, is_ok());
  const TempFolder folder;
  folder.write("k.p12", as_text(made->view()));
  StoreContext context = test_context();
  context.password = knows_password("changeit");
  const auto store = make_store(
      "keystore",
      settings(R"({"file":")" + (folder / "k.p12").string() + R"(","storePassword":"storepass"})"),
      std::move(context));
  EXPECT_EQ(now(store->aliases())->size(), default_keystore_keys().size());
  for (const SecretIdRow& row : registry()) {
    const auto id = SecretId::parse(row.name);
    if (!id || row.default_alias.empty()) continue;
    const auto secrets = now(store->fetch(Alias(row.default_alias)));
    ASSERT_THAT(secrets, is_ok()) << row.name;
    ASSERT_EQ(secrets->size(), 1U) << row.name;
    EXPECT_THAT(check_fits(*id, secrets->front()), is_ok()) << row.name;
  }
  EXPECT_THAT(store->warnings(), ::testing::IsEmpty());

  // Mappings that were copied from AM's documents serve too.
  for (const char* name : {"am.services.oauth2.stateless.token.encryption",
                           "am.global.services.saml2.client.storage.jwt.encryption"}) {
    const auto other = now(store->fetch(Alias("directentest")));
    ASSERT_THAT(other, is_ok());
    ASSERT_EQ(other->size(), 1U);
    EXPECT_THAT(check_fits(SecretId::literal(name), other->front()), is_ok()) << name;
    const auto usual = now(store->fetch(Alias("directenctest")));
    ASSERT_THAT(usual, is_ok());
    EXPECT_NE(other->front().kid, usual->front().kid) << "a key of its own";
  }
}

TEST(DefaultKeystore, refuses_a_password_that_pkcs12_cannot_hold) {
  SystemRandom random;
  EXPECT_THAT(make_default_keystore(CertificateTerms{}, from_unix_seconds(1'750'000'000), random,
                                    as_bytes(std::string_view("a\0b", 3))),
              fails("keystore_bad_password"));
}

TEST(DefaultKeystore, the_default_mappings_of_a_keystore_are_about_its_keys) {
  const auto store = make_store("keystore", settings(R"({"file":"/none"})"), test_context());
  const auto mapper = std::dynamic_pointer_cast<DefaultMapper>(store);
  ASSERT_TRUE(mapper);
  EXPECT_TRUE(mapper->may_lack_defaults());
  std::set<std::string> made, mapped;
  for (const DefaultKey& key : default_keystore_keys())
    made.insert(std::string(key.alias));
  for (const Mapping& mapping : mapper->default_mappings()) {
    ASSERT_EQ(mapping.aliases.size(), 1U);
    EXPECT_TRUE(made.contains(mapping.aliases.front().str())) << mapping.id;
    mapped.insert(mapping.id.str());
  }
  EXPECT_TRUE(mapped.contains("am.services.oauth2.oidc.signing.EDDSA"));
  for (const SecretIdRow& row : registry()) {
    if (row.default_alias.empty()) continue;
    EXPECT_TRUE(mapped.contains(std::string(row.name))) << row.name;
  }
}

}  // namespace
}  // namespace signet::secrets
