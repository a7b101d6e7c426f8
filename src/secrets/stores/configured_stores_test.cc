#include "secrets/stores/configured_stores.h"

#include "config/test_config.h"
#include "secrets/stores/store_test_support.h"

namespace signet::secrets {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

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
