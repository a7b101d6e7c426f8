#include "config/test_config.h"

namespace signet::config {
namespace {

using test::loaded;
using test::problems_of;
using testing::HasSubstr;

TEST(Indicium, its_setting_is_understood_in_its_own_file_in_ours_and_in_the_environment) {
  const std::string json =
      "{\n  // written by .NET\n  \"Logging\": {\"x\": [1,],},\n"
      "  \"OpenIDServerSigningSettings\": {\n    \"AwsSecretManager\": {\"SecretName\": \"a\"},\n  "
      "}\n}";
  const auto own = load(json, "/srv/appsettings.Production.json", {});
  ASSERT_TRUE(own.ok()) << to_text(own.error());
  ASSERT_TRUE(own->shared_signing);
  EXPECT_EQ(own->shared_signing->aws_secret_name, "a");
  const auto environment =
      load("", "signet.yaml", {{"OpenIDServerSigningSettings__AwsSecretManager__SecretName", "b"}});
  ASSERT_TRUE(environment.ok()) << to_text(environment.error());
  EXPECT_EQ(environment->shared_signing->aws_secret_name, "b");
  const ServerConfig azure =
      loaded("OpenIDServerSigningSettings: {KeyVaultCertificateUrl: 'https://v/c'}\n");
  EXPECT_EQ(azure.shared_signing->key_vault_certificate_url, "https://v/c");
  EXPECT_FALSE(loaded("").shared_signing);
}

TEST(Indicium, one_of_its_two_places_is_given) {
  EXPECT_THAT(problems_of("OpenIDServerSigningSettings: {}\n"), HasSubstr("needs exactly one of"));
  EXPECT_THAT(problems_of("OpenIDServerSigningSettings: {KeyVaultCertificateUrl: 'https://v/c', "
                          "AwsSecretManager: {SecretName: a}}\n"),
              HasSubstr("needs exactly one of"));
}

TEST(Indicium, other_members_are_tolerated_only_in_its_own_file) {
  const std::string json = R"({"Logging": {}, "OpenIDServerSigningSettings": {}})";
  EXPECT_THAT(problems_of(json, {}, "signet.json"), HasSubstr("unknown setting 'Logging'"));
  EXPECT_THAT(problems_of(json, {}, "appsettings.json"), HasSubstr("needs exactly one of"));
}

TEST(Indicium, names_are_taken_in_any_case_as_dotnet_takes_them) {
  for (const std::string filename : {"appsettings.json", "signet.json"}) {
    const auto read =
        load(R"({"openIdServerSigningSETTINGS": {"awsSecretManager": {"secretname": "a"}}})",
             filename, {});
    ASSERT_TRUE(read.ok()) << filename << ": " << to_text(read.error());
    ASSERT_TRUE(read->shared_signing);
    EXPECT_EQ(read->shared_signing->aws_secret_name, "a");
  }
  EXPECT_EQ(loaded("OpenIdServerSigningSettings: {keyVaultCertificateUrl: 'https://v/c'}\n")
                .shared_signing->key_vault_certificate_url,
            "https://v/c");
}

TEST(Indicium, colons_stand_between_names_as_dotnet_has_them) {
  for (const std::string json :
       {R"({"OpenIDServerSigningSettings:AwsSecretManager:SecretName": "a"})",
        R"({"openidserversigningsettings:AWSSECRETMANAGER": {"SecretName": "a"}})",
        R"({"OpenIDServerSigningSettings": {"AwsSecretManager:SecretName": "a"}})"}) {
    const auto read = load(json, "appsettings.json", {});
    ASSERT_TRUE(read.ok()) << json << ": " << to_text(read.error());
    ASSERT_TRUE(read->shared_signing) << json;
    EXPECT_EQ(read->shared_signing->aws_secret_name, "a") << json;
  }
  for (const std::string name : {"OpenIDServerSigningSettings:AwsSecretManager:SecretName",
                                 "openidserversigningsettings:AwsSecretManager__SECRETNAME"}) {
    const auto read = load("", "signet.yaml", {{name, "b"}});
    ASSERT_TRUE(read.ok()) << name << ": " << to_text(read.error());
    ASSERT_TRUE(read->shared_signing) << name;
    EXPECT_EQ(read->shared_signing->aws_secret_name, "b") << name;
  }
}

TEST(Indicium, what_dotnet_takes_for_one_name_is_given_once) {
  EXPECT_THAT(problems_of(R"({"OpenIDServerSigningSettings:AwsSecretManager:SecretName": "a",
                              "OpenIdServerSigningSettings": {"AwsSecretManager":
                                                              {"SecretName": "b"}}})",
                          {}, "appsettings.json"),
              HasSubstr("'SecretName' is given twice"));
  EXPECT_THAT(problems_of(R"({"OpenIDServerSigningSettings": {"AwsSecretManager": "a",
                              "AwsSecretManager:SecretName": "b"}})",
                          {}, "appsettings.json"),
              HasSubstr("given twice"));
  EXPECT_THAT(problems_of("", {{"OpenIDServerSigningSettings:AwsSecretManager:SecretName", "a"},
                               {"OpenIDServerSigningSettings__AwsSecretManager__SecretName", "b"}}),
              HasSubstr("to another value"));
}

TEST(Indicium, names_that_it_does_not_have_are_refused_however_deep_they_are) {
  EXPECT_THAT(
      problems_of(R"({"OpenIDServerSigningSettings:SecretNam": "a"})", {}, "appsettings.json"),
      HasSubstr("unknown setting 'SecretNam'"));
  std::string deep = "OpenIDServerSigningSettings";
  for (int i = 0; i < 100'000; ++i)
    deep += ":a";
  EXPECT_THAT(problems_of("{\"" + deep + "\": 1}", {}, "appsettings.json"),
              HasSubstr("unknown setting"));
}

TEST(Indicium, its_file_without_the_setting_is_passed_over_with_a_warning) {
  const std::string json = R"({"Logging": {}, "AllowedHosts": "*", "Kestrel:Limits": 1})";
  const auto read = load(json, "appsettings.json", {});
  ASSERT_TRUE(read.ok()) << to_text(read.error());
  EXPECT_FALSE(read->shared_signing);
  EXPECT_THAT(to_text(read->warnings), HasSubstr("holds no OpenIDServerSigningSettings"));
  const auto by_variable =
      load(json, "appsettings.json",
           {{"OpenIDServerSigningSettings__AwsSecretManager__SecretName", "b"}});
  ASSERT_TRUE(by_variable.ok()) << to_text(by_variable.error());
  EXPECT_EQ(by_variable->shared_signing->aws_secret_name, "b");
}

TEST(Indicium, a_file_of_its_name_with_settings_of_the_server_is_read_as_any_other) {
  EXPECT_THAT(problems_of(R"({"data_dir": "/x", "data_dri": 1})", {}, "appsettings.json"),
              HasSubstr("unknown setting 'data_dri'"));
}

}  // namespace
}  // namespace signet::config
