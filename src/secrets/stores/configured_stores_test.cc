#include "secrets/stores/configured_stores.h"

#include "config/test_config.h"
#include "secrets/stores/store_test_support.h"

namespace signet::secrets {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string wrong_stores(std::string_view text) {
  return config::to_text(check_stores(config::test::loaded(text), {}));
}

TEST(ConfiguredStores, each_fault_is_told_with_its_line_and_setting) {
  const std::string text = wrong_stores(R"(
secret_stores:
  - {name: pems, type: filesytem}
  - name: certificate
    type: local_certificate
  - name: cloud
    type: google_kms
    settings: {project: p, location: l, keyRing: r}
    mappings:
      am.services.oauth2.stateless.signing.ES256: [one, two]
realms:
  - name: root
    secret_stores:
      - {name: env, type: environment, settings: {prefix: x}}
)");
  for (const char* line :
       {"signet.yaml:3: secret_stores[0].type: there is no type 'filesytem', did you mean "
        "'filesystem'?",
        "signet.yaml:4: secret_stores[1].settings: store 'certificate': 'directory' is required",
        "signet.yaml:14: realms[0].secret_stores[0].settings: store 'env': unknown setting "
        "'prefix'",
        "secret_stores[2].mappings.am.services.oauth2.stateless.signing.ES256: "})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(ConfiguredStores, kids_that_cannot_be_are_told_with_their_line_and_setting) {
  const std::string text = wrong_stores(R"(
secret_stores:
  - name: files
    type: keystore
    settings: {file: /none/such.p12}
    kids:
      one: login-1
      two: login-1
      three: two words
  - name: cloud
    type: google_kms
    settings: {project: p, location: l, keyRing: r}
    kids: {signing: cloud-1}
realms:
  - name: root
    secret_stores:
      - name: pems
        type: filesystem
        settings: {directory: /pems, format: PEM, versionSuffix: .v}
        kids: {am.services.oauth2.stateless.signing.ES256: file-1}
)");
  for (const char* line :
       {"signet.yaml:8: secret_stores[0].kids.two: the kid 'login-1' is that of 'one' already",
        "signet.yaml:9: secret_stores[0].kids.three: the kid holds something else",
        "signet.yaml:13: secret_stores[1].kids: one alias of this store is several keys",
        "signet.yaml:20: realms[0].secret_stores[0].kids: one alias of this store is several keys"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(ConfiguredStores, an_alias_of_a_keystore_in_two_cases_is_told_as_one) {
  const std::string text = wrong_stores(R"(
secret_stores:
  - name: files
    type: keystore
    settings: {file: /none/such.p12}
    mappings:
      am.services.oauth2.stateless.signing.ES256: [one, ONE]
    kids: {one: login-1, ONE: login-2}
)");
  EXPECT_THAT(text, HasSubstr("alias 'one' stands there twice"));
  EXPECT_THAT(text, HasSubstr("is the alias 'one' again"));
}

TEST(ConfiguredStores, kids_of_aliases_that_may_come_later_are_well_configured) {
  EXPECT_THAT(wrong_stores(R"(
secret_stores:
  - name: files
    type: keystore
    settings: {file: /none/such.p12}
    kids: {later: login-1}
  - name: pems
    type: filesystem
    settings: {directory: /none/such, format: PEM}
    kids: {am.services.oauth2.stateless.signing.ES256: login-1}
)"),
              IsEmpty())
      << "two stores may say the same kid: whether it is of one key is seen when they are asked";
}

TEST(ConfiguredStores, what_is_wrong_with_a_url_is_told_without_its_password) {
  const std::pair<const char*, const char*> settings[] = {
      {"aws_kms", "endpoint_url"},
      {"aws_secrets_manager", "endpoint_url"},
      {"azure_key_vault", "vault"},
      {"azure_key_vault", "authority"},
      {"azure_key_vault_certificate", "certificate_url"},
      {"azure_key_vault_keys", "vault"},
      {"google_kms", "endpoint"},
      {"google_secret_manager", "endpoint"},
      {"vault_kv", "address"},
      {"vault_transit", "address"},
  };
  for (const auto& [type, setting] : settings) {
    for (const char* url : {"https://user:canary@host:8200", "http://user:canary@host/?a",
                            "http://host.example/?canary"}) {
      const std::string text =
          wrong_stores(std::string("secret_stores:\n  - {name: cloud, type: ") + type +
                       ", settings: {" + setting + ": \"" + url + "\"}}\n");
      EXPECT_THAT(text, HasSubstr(std::string("'") + setting + "'")) << type << ' ' << url;
      EXPECT_THAT(text, Not(HasSubstr("canary"))) << type << ' ' << url;
    }
  }
}

TEST(ConfiguredStores, a_store_that_is_out_of_reach_is_well_configured) {
  EXPECT_THAT(wrong_stores(R"(
secret_stores:
  - {name: pems, type: filesystem, settings: {directory: /none/such}}
  - {name: files, type: keystore, settings: {file: /none/such.p12}}
  - {name: variables, type: environment}
)"),
              IsEmpty());
}

}  // namespace
}  // namespace signet::secrets
