#include "secrets/stores/environment/environment_store.h"

#include "secrets/stores/store_contract.h"

namespace signet::secrets {
namespace {

std::shared_ptr<Store> environment_of(std::map<std::string, std::string> environment,
                                      std::string_view text = "{}",
                                      std::vector<OtherEnvironment> others = {}) {
  StoreContext context = test_context();
  context.other_environments = std::move(others);
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

const Alias kKeyAlias("am.services.oauth2.oidc.signing.ES256");

std::map<std::string, std::string> key_and_password() {
  return {{"AM_SERVICES_OAUTH2_OIDC_SIGNING_ES256", pem_of("P-256")},
          {"STOREPASS", "Y2hhbmdlaXQ="}};
}

std::string format_setting(const char* format) {
  return std::string(R"({"format":")") + format + "\"}";
}

TEST(EnvironmentStore, what_is_in_the_format_of_another_store_is_left_to_it) {
  const auto variables = key_and_password();
  for (const char* format : {"BASE64", "BASE64_HMAC_KEY", "JWK", "ENCRYPTED_PEM"}) {
    const auto other =
        environment_of(variables, format_setting(format), {{ValueFormat::kPem, false}});
    const auto none = now(other->fetch(kKeyAlias));
    ASSERT_THAT(none, is_ok()) << format;
    EXPECT_TRUE(none->empty()) << format;
    ASSERT_EQ(other->warnings().size(), 1U) << format;
    EXPECT_NE(other->warnings()[0].find("AM_SERVICES_OAUTH2_OIDC_SIGNING_ES256"),
              std::string::npos);
    EXPECT_EQ(other->warnings()[0].find("PRIVATE"), std::string::npos);
  }
  const auto pems =
      environment_of(variables, R"({"format":"PEM"})", {{ValueFormat::kBase64, false}});
  EXPECT_TRUE(now(pems->fetch(Alias("storepass")))->empty());
  EXPECT_EQ(now(pems->fetch(kKeyAlias))->size(), 1U);
  const auto broken =
      environment_of({{"AM_SERVICES_OAUTH2_OIDC_SIGNING_ES256", "-----BEGIN PRIVATE KEY-----\\n"}},
                     R"({"format":"PEM"})");
  EXPECT_THAT(now(broken->fetch(kKeyAlias)), fails("pem_malformed"));
}

TEST(EnvironmentStore, what_no_environment_store_can_take_is_refused_and_gives_way_to_nobody) {
  struct Case {
    const char* format;
    std::vector<OtherEnvironment> others;
    Alias alias;
    const char* variable;
    const char* reason;
  };
  const auto variables = key_and_password();
  const Alias password("storepass");
  const char* const key_variable = "AM_SERVICES_OAUTH2_OIDC_SIGNING_ES256";
  const std::vector<Case> cases = {
      // The default format, and a key.
      {"BASE64", {}, kKeyAlias, key_variable, "secret_wrong_kind"},
      {"JWK", {}, kKeyAlias, key_variable, "value_not_in_format"},
      {"PEM", {}, password, "STOREPASS", "value_not_in_format"},
      // There are others, but they read neither.
      {"JWK", {{ValueFormat::kJwk, false}}, kKeyAlias, key_variable, "value_not_in_format"},
      {"JWK", {{ValueFormat::kBase64, false}}, kKeyAlias, key_variable, "value_not_in_format"},
      {"PEM",
       {{ValueFormat::kGoogleKmsEncrypted, false}},
       password,
       "STOREPASS",
       "value_not_in_format"},
      {"PEM", {{ValueFormat::kBase64HmacKey, true}}, password, "STOREPASS", "value_not_in_format"},
  };
  for (const Case& one : cases) {
    const auto store = environment_of(variables, format_setting(one.format), one.others);
    const auto refused = now(store->fetch(one.alias));
    ASSERT_THAT(refused, fails(one.reason)) << one.format;
    EXPECT_EQ(refused.error().code, Code::kConfig);
    for (const std::string& named : {std::string("'the-store'"), one.alias.str(),
                                     std::string(one.variable), std::string(one.format)}) {
      EXPECT_NE(refused.error().detail.find(named), std::string::npos) << refused.error().detail;
    }
    for (const char* secret : {"PRIVATE", "Y2hhbmdlaXQ", "changeit"})
      EXPECT_EQ(refused.error().detail.find(secret), std::string::npos);
    EXPECT_TRUE(store->warnings().empty()) << "it is no warning";
  }
}

TEST(EnvironmentStore, a_realms_own_store_takes_a_key_of_its_realm_and_none_of_the_whole_server) {
  const Alias global("am.global.services.session.clientbased.signing");
  std::map<std::string, std::string> environment = key_and_password();
  environment["AM_GLOBAL_SERVICES_SESSION_CLIENTBASED_SIGNING"] = pem_of("P-256");
  environment["AM_GLOBAL_SERVICES_SECRET_PEM_DECRYPTION"] = "Y2hhbmdlaXQ=";
  const auto keys = environment_of(environment, R"({"format":"JWK"})", {{ValueFormat::kPem, true}});
  EXPECT_THAT(now(keys->fetch(kKeyAlias)), is_ok());
  EXPECT_THAT(now(keys->fetch(global)), fails("value_not_in_format"));
  const auto pems =
      environment_of(environment, R"({"format":"PEM"})", {{ValueFormat::kBase64, true}});
  EXPECT_THAT(now(pems->fetch(Alias("am.global.services.secret.pem.decryption"))),
              fails("value_not_in_format"))
      << "nor a password of the whole server";
}

TEST(EnvironmentStore, a_pem_keeps_its_lines) {
  const auto store = environment_of({{"AM_SERVICES_OAUTH2_OIDC_SIGNING_ES256", pem_of("P-256")}},
                                    R"({"format":"PEM"})");
  EXPECT_EQ(now(store->fetch(Alias("am.services.oauth2.oidc.signing.ES256")))->at(0).kind,
            SecretKind::kKeyPair);
}

}  // namespace
}  // namespace signet::secrets
