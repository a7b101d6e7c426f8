#include "realms/configured_documents.h"

#include "config/test_config.h"

namespace signet::realms {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string wrong_with(std::string_view text) {
  return config::to_text(check_documents(config::test::loaded(text)));
}

TEST(ConfiguredDocuments, each_fault_is_told_with_its_line_and_setting) {
  const std::string text = wrong_with(R"(
realms:
  - name: root
    scopes: ["x y"]
    clients:
      - client_id: api
        secret: short
        scopes: ["a b"]
        grant_types: [password]
      - client_id: jwt
        token_endpoint_auth_method: client_secret_jwt
        secret: fewer than 32 bytes
    resource_servers:
      - {name: orders, uri: nowhere}
    inject_policies:
      - {name: "a/b", client_id: api}
)");
  for (const char* line :
       {"signet.yaml:4: realms[0].scopes: 'x y' is not a scope token",
        "signet.yaml:8: realms[0].clients[0].scopes: 'a b' is not a scope token",
        "signet.yaml:9: realms[0].clients[0].grant_types: 'password' is not a grant",
        "signet.yaml:7: realms[0].clients[0].secret: a client secret has 8 to 512 bytes",
        "signet.yaml:12: realms[0].clients[1].secret: client_secret_jwt needs a secret of at least",
        "signet.yaml:14: realms[0].resource_servers[0].uri: must be an absolute URI",
        "signet.yaml:16: realms[0].inject_policies[0].name: must be 1 to 64 letters"})
    EXPECT_THAT(text, HasSubstr(line));
  EXPECT_THAT(text, testing::Not(HasSubstr("fewer than 32")));
}

TEST(ConfiguredDocuments, a_secret_that_no_method_would_use_is_told_and_not_shown) {
  const std::string text = wrong_with(R"(
realms:
  - name: root
    clients:
      - {client_id: public, token_endpoint_auth_method: none, grant_types: [], secret: a-secret}
      - {client_id: private, secret: a-secret}
)");
  EXPECT_EQ(text,
            "signet.yaml:5: realms[0].clients[0].secret: client 'public': "
            "token_endpoint_auth_method none uses no secret: leave it out, or choose a method "
            "that does\n");
}

TEST(ConfiguredDocuments, a_contradiction_is_told_where_the_document_begins) {
  EXPECT_THAT(wrong_with("realms:\n"
                         "  - name: root\n"
                         "    clients:\n"
                         "      - {client_id: a, token_endpoint_auth_method: private_key_jwt}\n"),
              HasSubstr("signet.yaml:4: realms[0].clients[0]: client 'a': private_key_jwt needs"));
}

TEST(ConfiguredDocuments, what_only_the_storage_can_know_is_left_to_it) {
  EXPECT_THAT(wrong_with(R"(
realms:
  - name: root
    clients: [{client_id: stored-with-its-secret}]
    resource_servers:
      - {name: Identity Provider, default: true}
      - {name: Renamed, access_token: {encryption: as_realm}}
      - name: exported
        access_token:
          encryption: resource_server_key
          key_encryption_algorithm: dir
          jwks: {keys: [{kty: oct, kid: one}]}
    inject_policies: [{name: gateway, client_id: stored-elsewhere}]
)"),
              IsEmpty());
}

}  // namespace
}  // namespace signet::realms
