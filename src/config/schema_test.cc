#include "config/test_config.h"

namespace signet::config {
namespace {

using test::loaded;
using test::problems_of;
using testing::HasSubstr;

TEST(Schema, reports_all_problems_together_with_place_and_remedy) {
  const std::string text = problems_of(
      "server:\n"
      "  adress: x\n"
      "  hsts: yes\n"
      "keys:\n"
      "  publish_ahead: 0\n"
      "realms:\n"
      "  - name: root\n"
      "    acess_token: {}\n");
  EXPECT_EQ(text,
            "signet.yaml:2: server.adress: unknown setting 'adress', did you mean 'address'?\n"
            "signet.yaml:3: server.hsts: 'yes' is not a boolean, write true or false\n"
            "signet.yaml:5: keys.publish_ahead: 0 is below the minimum PT1S, raise it\n"
            "signet.yaml:8: realms[0].acess_token: unknown setting 'acess_token', did you mean "
            "'access_token'?\n");
}

TEST(Schema, a_quoted_word_is_a_text_and_never_a_number_or_a_boolean) {
  EXPECT_THAT(problems_of("server: {port: '8080'}\n"), HasSubstr("is not an integer"));
  EXPECT_THAT(problems_of("server: {hsts: 'true'}\n"), HasSubstr("is not a boolean"));
  EXPECT_THAT(problems_of("server: {port: 0x10}\n"), HasSubstr("is not an integer"));
  EXPECT_THAT(problems_of("server: {port: 010}\n"), HasSubstr("is not an integer"));
  EXPECT_EQ(loaded("data_dir: 123\n").data_dir, "123");
  EXPECT_EQ(loaded("data_dir: true\n").data_dir, "true");
}

TEST(Schema, the_wrong_shape_is_named) {
  EXPECT_THAT(problems_of("server: 8080\n"), HasSubstr("is a single value, not a group"));
  EXPECT_THAT(problems_of("server: {port: [1]}\n"), HasSubstr("is a list, not a integer"));
  EXPECT_THAT(problems_of("secret_stores: {a: b}\n"), HasSubstr("is an object, not a list"));
  EXPECT_THAT(problems_of("server: {cors_origins: here}\n"), HasSubstr("write a list"));
}

TEST(Schema, a_list_that_lost_its_items_does_not_open_what_it_closed) {
  for (const char* list : {"scopes", "grant_types"})
    EXPECT_THAT(
        problems_of("realms:\n  - name: root\n    clients:\n      - client_id: a\n        " +
                    std::string(list) + ":\n        # - read\n"),
        HasSubstr(std::string("realms[0].clients[0].") + list +
                  ": has no value, write [] for none, or leave it out"));
  EXPECT_EQ(
      problems_of("realms: [{name: root, scopes: , clients: [{client_id: a, scopes: []}]}]\n"),
      "accepted");
}

TEST(Schema, ed_dsa_may_be_written_by_its_new_name_wherever_an_algorithm_may) {
  for (const char* alg : {"EdDSA", "Ed25519"}) {
    const std::string access = "access_token: {signing_algorithm: " + std::string(alg) + "}";
    EXPECT_EQ(
        problems_of("realms:\n  - name: root\n    " + access +
                    "\n    clients: [{client_id: a, token_endpoint_auth_signing_alg: " + alg +
                    ", " + access + "}]\n    resource_servers: [{name: orders, " + access + "}]\n"),
        "accepted")
        << alg;
  }
  EXPECT_THAT(problems_of("realms: [{name: root, access_token: {signing_algorithm: ed25519}}]\n"),
              HasSubstr("signing_algorithm"));
}

TEST(Schema, what_is_required_is_asked_for) {
  EXPECT_THAT(problems_of("server: {tls: {certificate: a.pem}}\n"),
              HasSubstr("server.tls.private_key: is missing"));
  EXPECT_THAT(problems_of("secret_stores: [{type: memory}]\n"),
              HasSubstr("secret_stores[0].name: is missing"));
}

TEST(Schema, a_secret_value_is_never_quoted) {
  EXPECT_THAT(problems_of("realms: [{name: root, clients: [{client_id: a, secret: [hunter2]}]}]\n"),
              testing::Not(HasSubstr("hunter2")));
}

TEST(Schema, fills_defaults_only_where_the_server_owns_the_row) {
  const ServerConfig config = loaded("realms: [{name: root, access_token: {lifetime: 15m}}]\n");
  EXPECT_EQ(config.server.port, 8080);
  EXPECT_EQ(config.keys.publish_ahead, Seconds(600));
  EXPECT_EQ(config.server.limits.header_bytes, 16U * 1024);
  EXPECT_FALSE(config.server.tls);
  ASSERT_EQ(config.realms.size(), 1U);
  EXPECT_EQ(json::dump(config.realms[0].document),
            R"({"name":"root","access_token":{"lifetime":900}})");
}

}  // namespace
}  // namespace signet::config
