#include "secrets/stores/environment/environment_store.h"

#include "secrets/stores/store_contract.h"

namespace signet::secrets {
namespace {

using ::testing::ElementsAre;

std::shared_ptr<Store> environment_of(std::map<std::string, std::string> environment,
                                      std::string_view text = "{}") {
  StoreContext context = test_context();
  context.environment = std::move(environment);
  return make_store("environment", settings(text), std::move(context));
}

TEST(EnvironmentStore, passes_the_exam_of_all_stores) {
  Exam exam;
  exam.store = environment_of({{"AM_GLOBAL_SERVICES_SECRET_PEM_DECRYPTION", "Y2FuYXJ5LTc3MTI="}});
  exam.known = Alias("am.global.services.secret.pem.decryption");
  exam.unknown = Alias("am.services.oauth2.oidc.signing.RSA");
  exam.canaries = {"canary-7712", "Y2FuYXJ5LTc3MTI="};
  pass_exam(exam);
}

TEST(EnvironmentStore, a_broken_value_tells_nothing) {
  const auto store = environment_of({{"STOREPASS", "canary-7712!"}});
  const auto broken = now(store->fetch(Alias("storepass")));
  EXPECT_THAT(broken, fails("value_not_base64"));
  EXPECT_EQ(broken.error().detail.find("canary"), std::string::npos);
  EXPECT_NE(broken.error().detail.find("STOREPASS"), std::string::npos);
}

TEST(EnvironmentStore, names_are_upper_case_with_underscores) {
  EXPECT_EQ(environment_name(SecretId::literal("am.services.oauth2.oidc.decryption.RSA.OAEP.256")),
            "AM_SERVICES_OAUTH2_OIDC_DECRYPTION_RSA_OAEP_256");
}

TEST(EnvironmentStore, the_format_is_base64_unless_another_is_set) {
  const std::map<std::string, std::string> environment = {{"STOREPASS", "Y2hhbmdlaXQ="}};
  EXPECT_EQ(text_of(now(environment_of(environment)->fetch(Alias("storepass")))->at(0)),
            "changeit");
  EXPECT_EQ(
      text_of(now(environment_of(environment, R"({"format":"plain"})")->fetch(Alias("storepass")))
                  ->at(0)),
      "Y2hhbmdlaXQ=");
}

TEST(EnvironmentStore, an_empty_variable_is_none) {
  EXPECT_TRUE(now(environment_of({{"STOREPASS", ""}})->fetch(Alias("storepass")))->empty());
  EXPECT_THAT(now(environment_of({})->fetch(Alias("a_b"))), fails("secret_id_invalid"));
}

TEST(EnvironmentStore, two_ids_in_one_variable_are_reported) {
  const auto store = environment_of({{"A_B", "Y2hhbmdlaXQ="}});
  EXPECT_THAT(now(store->fetch(Alias("a.b"))), is_ok());
  EXPECT_THAT(now(store->fetch(Alias("a.b"))), is_ok());
  EXPECT_TRUE(store->warnings().empty());
  EXPECT_THAT(now(store->fetch(Alias("A.B"))), is_ok());
  EXPECT_EQ(store->warnings().size(), 1U);
}

TEST(EnvironmentStore, what_is_in_the_format_of_another_store_is_left_to_it) {
  const std::string key_id = "am.services.oauth2.oidc.signing.ES256";
  const std::map<std::string, std::string> environment = {
      {"AM_SERVICES_OAUTH2_OIDC_SIGNING_ES256", pem_of("P-256")}, {"STOREPASS", "Y2hhbmdlaXQ="}};
  for (const char* format : {"BASE64", "BASE64_HMAC_KEY", "JWK", "ENCRYPTED_PEM"}) {
    const auto other = environment_of(environment, std::string(R"({"format":")") + format + "\"}");
    const auto none = now(other->fetch(Alias(key_id)));
    ASSERT_THAT(none, is_ok()) << format;
    EXPECT_TRUE(none->empty()) << format;
    ASSERT_EQ(other->warnings().size(), 1U) << format;
    EXPECT_NE(other->warnings()[0].find("AM_SERVICES_OAUTH2_OIDC_SIGNING_ES256"),
              std::string::npos);
    EXPECT_EQ(other->warnings()[0].find("PRIVATE"), std::string::npos);
  }
  const auto pems = environment_of(environment, R"({"format":"PEM"})");
  EXPECT_TRUE(now(pems->fetch(Alias("storepass")))->empty());
  EXPECT_EQ(now(pems->fetch(Alias(key_id)))->size(), 1U);
  const auto broken =
      environment_of({{"AM_SERVICES_OAUTH2_OIDC_SIGNING_ES256", "-----BEGIN PRIVATE KEY-----\\n"}},
                     R"({"format":"PEM"})");
  EXPECT_THAT(now(broken->fetch(Alias(key_id))), fails("pem_malformed"));
}

TEST(EnvironmentStore, a_pem_keeps_its_lines) {
  const auto store = environment_of({{"AM_SERVICES_OAUTH2_OIDC_SIGNING_ES256", pem_of("P-256")}},
                                    R"({"format":"PEM"})");
  EXPECT_EQ(now(store->fetch(Alias("am.services.oauth2.oidc.signing.ES256")))->at(0).kind,
            SecretKind::kKeyPair);
}

}  // namespace
}  // namespace signet::secrets
