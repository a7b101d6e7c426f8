#include "cli/test_cli.h"
#include "support/matchers.h"

namespace signet::cli {
namespace {

using signet::test::is_ok;
using test::Cli;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kRealms = R"(
realms:
  - name: root
    access_token: {lifetime: 15m}
    clients:
      - {client_id: api, secret: correct horse, scopes: [write, read]}
      - {client_id: new, secret: battery staple}
)";

TEST_F(Cli, apply_shows_and_makes_the_difference) {
  const std::string path = file("realms.yaml", kRealms);
  answers["GET /admin/realms/root"] = {
      200,
      R"({"revision":4,"realm":{"name":"root","enabled":true,"access_token":{"lifetime":"PT10M"}}})"};
  answers["GET /admin/realms/root/clients/api"] = {
      200,
      R"({"revision":2,"client":{"client_id":"api","scopes":["read","write"],"has_secret":true}})"};
  answers["GET /admin/realms/root/clients?limit=100"] = {
      200,
      R"({"clients":[{"revision":2,"client":{"client_id":"api"}},{"revision":1,"client":{"client_id":"old"}}],"next":null})"};
  EXPECT_EQ(admin({"apply", path, "--dry-run"}), 2) << errors;
  EXPECT_EQ(output, "~ realm root\n    ~ access_token.lifetime: 600 -> 900\n+ client root/new\n");
  EXPECT_THAT(errors, HasSubstr("client root/old is in no file; --prune would delete it"));
  for (const auto& one : sent)
    EXPECT_TRUE(one.line.starts_with("GET ")) << one.line;

  EXPECT_EQ(admin({"apply", path, "--dry-run", "--output", "json"}), 2) << errors;
  const auto shown = json::parse_object(output);
  ASSERT_THAT(shown, is_ok()) << output;
  EXPECT_EQ(json::dump(*shown->find("differences")),
            R"([{"difference":"change","what":"realm root","settings":)"
            R"([{"setting":"access_token.lifetime","from":"600","to":"900"}]},)"
            R"({"difference":"create","what":"client root/new"}])");

  answers["PUT /admin/realms/root"] = {200, "{}"};
  answers["PUT /admin/realms/root/clients/new"] = {201, "{}"};
  answers["DELETE /admin/realms/root/clients/old"] = {204, ""};
  answers["GET /admin/realms?limit=100"] = {200, R"({"realms":[{"name":"root"}]})"};
  sent.clear();
  EXPECT_EQ(admin({"apply", path, "--prune"}), 0) << errors;
  EXPECT_THAT(output, HasSubstr("- client root/old\n"));
  EXPECT_THAT(lines(),
              testing::IsSupersetOf({"PUT /admin/realms/root", "PUT /admin/realms/root/clients/new",
                                     "DELETE /admin/realms/root/clients/old"}));
}

TEST_F(Cli, apply_prunes_what_a_realm_holds_before_the_realm) {
  const std::string path = file("r.yaml", "realms: [{name: root}]");
  answers["GET /admin/realms/root"] = {200, R"({"revision":1,"realm":{"name":"root"}})"};
  answers["GET /admin/realms?limit=100"] = {200, R"({"realms":[{"name":"a/b"},{"name":"root"}]})"};
  const std::string old = "/admin/realms/a~b";
  answers["GET " + old + "/clients?limit=100"] = {200,
                                                  R"({"clients":[{"client":{"client_id":"c"}}]})"};
  answers["GET " + old + "/inject-policies?limit=100"] = {
      200, R"({"inject_policies":[{"inject_policy":{"name":"p"}}]})"};
  answers["GET " + old + "/resource-servers?limit=100"] = {
      200,
      R"({"resource_servers":[{"resource_server":{"name":"s"}},{"resource_server":{"name":"i","built_in":true}}]})"};
  for (const char* below : {"/inject-policies/p", "/clients/c", "/resource-servers/s", ""})
    answers["DELETE " + old + below] = {204, ""};
  EXPECT_EQ(admin({"apply", path, "--prune"}), 0) << errors;
  std::vector<std::string> deleted;
  for (const auto& line : lines())
    if (line.starts_with("DELETE")) deleted.push_back(line.substr(7 + old.size()));
  EXPECT_THAT(deleted, ElementsAre("/inject-policies/p", "/clients/c", "/resource-servers/s", ""));
}

TEST_F(Cli, a_check_shows_what_is_in_no_file_in_root_and_in_stores_too) {
  const std::string path = file("r.yaml",
                                "realms: [{name: staging}]\n"
                                "secret_stores: [{name: named}]\n");
  answers["GET /admin/realms/staging"] = {200, R"({"revision":1,"realm":{"name":"staging"}})"};
  answers["GET /admin/realms?limit=100"] = {200,
                                            R"({"realms":[{"name":"root"},{"name":"staging"}]})"};
  const char* built_in =
      R"({"resource_servers":[{"revision":0,"resource_server":{"name":"Identity Provider","built_in":true}}]})";
  for (const char* realm : {"root", "staging"}) {
    const std::string below = std::string("GET /admin/realms/") + realm;
    answers[below + "/resource-servers?limit=100"] = {200, built_in};
    answers[below + "/clients?limit=100"] = {200, R"({"clients":[]})"};
    answers[below + "/inject-policies?limit=100"] = {200, R"({"inject_policies":[]})"};
  }
  answers["GET /admin/stores"] = {
      200,
      R"({"stores":[{"name":"local","realm":"","ordering":"by_mapping"},{"name":"env","realm":"","ordering":"self_naming"},{"name":"named","realm":"","ordering":"by_mapping"}]})"};
  const std::string mappings = "GET /admin/secrets/mappings?realm=&store=";
  answers[mappings + "local"] = {
      200, R"({"mappings":[{"secretId":"am.x","aliases":["a"],"default":true}]})"};
  answers[mappings + "named"] = {200, R"({"mappings":[]})"};
  EXPECT_EQ(admin({"apply", path, "--check"}), 0) << errors << output;
  EXPECT_EQ(output, "no differences\n") << "a fresh server";
  EXPECT_THAT(errors, IsEmpty());

  answers["GET /admin/realms/root/clients?limit=100"] = {
      200, R"({"clients":[{"client":{"client_id":"stray"}}]})"};
  answers[mappings + "local"] = {
      200,
      R"({"mappings":[{"secretId":"am.x","aliases":["b","a"]},{"secretId":"am.y","aliases":["a"],"default":true}]})"};
  answers[mappings + "named"] = {200, R"({"mappings":[{"secretId":"am.z","aliases":["c"]}]})"};
  EXPECT_EQ(admin({"apply", path, "--check"}), 3) << errors;
  EXPECT_EQ(output, "- client root/stray\n- mapping local/am.x\n- mapping named/am.z\n");
  EXPECT_EQ(admin({"apply", path, "--check", "--prune"}), 3) << errors;
  for (const auto& one : sent)
    EXPECT_TRUE(one.line.starts_with("GET ")) << one.line;

  sent.clear();
  EXPECT_EQ(admin({"apply", path, "--prune"}), 0) << errors;
  EXPECT_EQ(output, "no differences\n") << "files that do not name root prune nothing of it";
}

TEST_F(Cli, a_check_leaves_the_mappings_to_a_store_that_brings_them) {
  const std::string path = file("s.yaml",
                                "secret_stores: [{name: local, mappings: "
                                "{am.services.oauth2.stateless.signing.ES256: [a]}}]\n");
  answers["GET /admin/realms?limit=100"] = {200, R"({"realms":[{"name":"root"}]})"};
  answers["GET /admin/stores"] = {
      200, R"({"stores":[{"name":"local","realm":"","ordering":"by_mapping"}]})"};
  answers["GET /admin/secrets/mappings?realm=&store=local"] = {
      200,
      R"({"mappings":[{"secretId":"am.services.oauth2.stateless.signing.ES256","aliases":["a"]},{"secretId":"am.y","aliases":["a"],"default":true},{"secretId":"am.z","aliases":["a"]}]})"};
  answers["GET /admin/realms/root/resource-servers?limit=100"] = {200,
                                                                  R"({"resource_servers":[]})"};
  EXPECT_EQ(admin({"apply", path, "--check"}), 3) << errors;
  EXPECT_EQ(output, "- mapping local/am.z\n");
  EXPECT_THAT(errors, HasSubstr("realm root has no built-in resource server"));
}

TEST_F(Cli, apply_sends_a_secret_only_where_there_is_none) {
  const std::string path =
      file("r.yaml", "realms: [{name: root, clients: [{client_id: a, secret: correct-horse}]}]");
  answers["GET /admin/realms/root"] = {200, R"({"revision":1,"realm":{"name":"root"}})"};
  answers["GET /admin/realms/root/clients/a"] = {
      200, R"({"revision":2,"client":{"client_id":"a","has_secret":false}})"};
  answers["GET /admin/realms/root/clients?limit=100"] = {200, R"({"clients":[],"next":null})"};
  answers["PUT /admin/realms/root/clients/a"] = {200, "{}"};
  EXPECT_EQ(admin({"apply", path}), 0) << errors;
  EXPECT_EQ(output, "~ client root/a\n    + secret: (hidden)\n");
  EXPECT_THAT(sent.back().body, HasSubstr("\"secret\":\"correct-horse\""));
}

TEST_F(Cli, apply_does_nothing_where_a_planned_step_is_known_to_be_refused) {
  const std::string rsa = "am.services.oauth2.stateless.signing.RSA";
  const std::string path = file("r.yaml",
                                "realms:\n"
                                "  - name: newr3\n"
                                "    clients:\n"
                                "      - {client_id: nosec}\n"
                                "      - {client_id: other, secret: correct-horse-battery}\n"
                                "secret_stores:\n"
                                "  - name: local\n"
                                "    mappings:\n"
                                "      " +
                                    rsa + ": [es256test]\n");
  answers["GET /admin/secrets/mappings?realm=&store=local"] = {200, R"({"mappings":[]})"};
  answers["PUT /admin/secrets/mappings"] = {
      200,
      R"({"dry_run":true,"safe":false,"reason":"secret_wrong_kind","detail":"it is an EC key"})"};
  for (const bool is_dry : {true, false}) {
    sent.clear();
    std::vector<std::string> line = {"apply", path};
    if (is_dry) line.push_back("--dry-run");
    EXPECT_EQ(admin(line), 1);
    EXPECT_THAT(errors, HasSubstr("r.yaml:4: realms[0].clients[0]: client newr3/nosec: "
                                  "client_secret_missing: "));
    EXPECT_THAT(errors, testing::Not(HasSubstr("newr3/other")));
    EXPECT_THAT(errors,
                HasSubstr("r.yaml:9: secret_stores[0].mappings." + rsa + ": mapping local/" + rsa +
                          ": secret_wrong_kind: it is an EC key"));
    for (const auto& one : sent) {
      EXPECT_TRUE(one.line.starts_with("GET ") ||
                  one.body.find("\"dry_run\":true") != std::string::npos)
          << one.line;
    }
  }
}

TEST_F(Cli, apply_goes_on_where_waiting_mends_what_a_mapping_lacks) {
  const std::string path = file("r.yaml",
                                "secret_stores: [{name: local, mappings: "
                                "{am.services.oauth2.stateless.signing.ES256: [b, a]}}]\n");
  answers["GET /admin/secrets/mappings?realm=&store=local"] = {
      200,
      R"({"mappings":[{"secretId":"am.services.oauth2.stateless.signing.ES256","aliases":["a"]}]})"};
  answers["PUT /admin/secrets/mappings"] = {
      200, R"({"dry_run":true,"safe":false,"reason":"activation_too_early","detail":"wait"})"};
  EXPECT_EQ(admin({"apply", path, "--dry-run"}), 2) << errors;
  later["PUT /admin/secrets/mappings"] = {
      409, R"({"title":"Conflict","status":409,"code":"activation_too_early","detail":"wait"})"};
  EXPECT_EQ(admin({"apply", path}), 1);
  EXPECT_THAT(errors, HasSubstr("is not there yet: activation_too_early: wait"));
}

TEST_F(Cli, apply_plans_mappings_of_a_realm_that_is_yet_to_be_made) {
  const std::string path = file("r.yaml",
                                "realms: [{name: fresh, secret_stores: [{name: own, mappings: "
                                "{am.services.oauth2.stateless.signing.ES256: [a]}}]}]\n");
  EXPECT_EQ(admin({"apply", path, "--dry-run"}), 2) << errors;
  EXPECT_THAT(output,
              HasSubstr("+ mapping fresh/own/am.services.oauth2.stateless.signing.ES256\n"));
  EXPECT_THAT(errors, HasSubstr("of a realm that is only about to be made"));
}

TEST_F(Cli, apply_says_where_what_the_server_refuses_is_written) {
  const std::string path = file("r.yaml", "realms:\n  - name: fresh\n");
  answers["PUT /admin/realms/fresh"] = {
      409, R"({"title":"Conflict","status":409,"code":"realm_busy","detail":"try again"})"};
  EXPECT_EQ(admin({"apply", path}), 1);
  EXPECT_THAT(errors, HasSubstr("r.yaml:2: realms[0]: realm fresh: try again"));
}

TEST_F(Cli, apply_refuses_files_that_are_wrong_before_it_asks_the_server) {
  EXPECT_EQ(admin({"apply", file("a.yaml", "realms: [{name: root, acess_token: {}}]")}), 1);
  EXPECT_THAT(errors, HasSubstr("did you mean 'access_token'?"));
  EXPECT_EQ(admin({"apply", file("b.yaml", "realms: [{name: a}, {name: a}]")}), 2);
  EXPECT_EQ(admin({"apply", file("c.yaml", "server: {port: 1}")}), 1);
  EXPECT_EQ(admin({"apply", file("d.yaml",
                                 "realms:\n  - {name: root, enabled: false}\n"
                                 "  - name: x/../y\n    clients:\n"
                                 "      - {client_id: a, scopes: [\"b c\"]}\n")}),
            1);
  EXPECT_THAT(errors, HasSubstr("d.yaml:3: realms[1].name: must be path segments"));
  EXPECT_THAT(errors, HasSubstr("d.yaml:5: realms[1].clients[0].scopes: 'b c' is not a scope"));
  EXPECT_THAT(sent, IsEmpty());
}

}  // namespace
}  // namespace signet::cli
