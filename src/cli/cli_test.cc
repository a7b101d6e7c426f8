#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/base64.h"
#include "cli/difference.h"
#include "cli/run.h"
#include "cli/time_text.h"
#include "support/matchers.h"
#include "support/vectors.h"

namespace signet::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A world of strings, an admin API of canned answers, and a folder of files.
class Cli : public testing::Test {
 protected:
  struct Sent {
    std::string line;  // "PUT /admin/..."
    std::string body;
    net::LocalHeaders headers;
  };

  Cli() {
    folder_ = std::filesystem::temp_directory_path() /
              ("signet_cli_" + std::to_string(::getpid()) + "_" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    token_ = file("token", "admin-token\n");
  }
  ~Cli() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& content) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path) << content;
    ::chmod(path.c_str(), 0600);
    return path;
  }

  int run(std::vector<std::string> arguments, const std::string& input = "") {
    std::istringstream in(input);
    std::ostringstream out, err;
    World world{in,
                out,
                err,
                environment,
                clock,
                std::make_shared<SeededRandom>(1),
                [this](Seconds time) {
                  slept.push_back(time.count());
                  clock->advance(time);
                },
                [this](const net::LocalRequest& request) { return answer(request); },
                "1.2.3"};
    arguments.insert(arguments.begin(), "signet");
    std::vector<const char*> argv;
    for (const auto& argument : arguments)
      argv.push_back(argument.c_str());
    const int code = cli::run(static_cast<int>(argv.size()), argv.data(), world);
    output = out.str();
    errors = err.str();
    return code;
  }
  int admin(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.end(), {"--url", "http://127.0.0.1:1", "--token-file", token_});
    return run(std::move(arguments), input);
  }

  Result<net::LocalResponse> answer(const net::LocalRequest& request) {
    const std::string line = request.method + ' ' + request.url.substr(request.url.find('/', 8));
    sent.push_back({line, request.body, request.headers});
    auto found = answers.find(line);
    net::LocalResponse response;
    if (found == answers.end()) {
      response.status = 404;
      response.body =
          R"({"title":"Not Found","status":404,"code":"not_found","detail":"no such thing"})";
      return response;
    }
    response.status = found->second.first;
    response.body = found->second.second;
    if (auto next = later.find(line); next != later.end()) {
      found->second = next->second;
      later.erase(next);
    }
    return response;
  }

  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    for (const auto& one : sent)
      all.push_back(one.line);
    return all;
  }

  std::filesystem::path folder_;
  std::string token_, output, errors;
  config::Environment environment;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::map<std::string, std::pair<int, std::string>> answers, later;
  std::vector<Sent> sent;
  std::vector<std::int64_t> slept;
};

// RFC 7515 appendix A.1 and A.3.
constexpr const char* kHmacKey =
    R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})";
constexpr const char* kHmacToken =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6"
    "Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr const char* kEcKey =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",)"
    R"("d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"})";

// ------------------------------------------------------------------ usage

TEST_F(Cli, a_command_that_is_not_understood_is_exit_code_2) {
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"nonsense"}), 2);
  EXPECT_THAT(errors, HasSubstr("there is no command 'nonsense' here"));
  EXPECT_EQ(run({"realm", "lst"}), 2);
  EXPECT_THAT(errors, HasSubstr("there is no command 'lst' here"));
  for (const auto& line : std::vector<std::vector<std::string>>{{"--nonsense"},
                                                                {"--nonsense=x"},
                                                                {"realm", "--nonsense"},
                                                                {"--nonsense", "realm", "list"},
                                                                {"realm", "list", "--nonsense"}}) {
    EXPECT_EQ(run(line), 2);
    EXPECT_THAT(errors, HasSubstr("there is no option '--nonsense' here"));
  }
  EXPECT_THAT(sent, IsEmpty());
  EXPECT_EQ(run({"realm", "list", "more"}), 2);
  EXPECT_THAT(errors, HasSubstr("not expected: more"));
  EXPECT_EQ(run({"realm"}), 2);
  EXPECT_EQ(run({"jose", "verify"}), 2);
  EXPECT_EQ(run({"jose", "verify", "--key", "/nonexistent"}), 2);
  EXPECT_THAT(errors, HasSubstr("file_unreadable"));
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_THAT(output, HasSubstr("secrets"));
}

TEST_F(Cli, sec_218_the_admin_token_leaves_this_machine_over_http_only_when_told) {
  EXPECT_EQ(run({"realm", "list", "--url", "http://10.0.0.1:8081", "--token-file", token_}), 1);
  EXPECT_THAT(errors, HasSubstr("unsafe_plain_http"));
  EXPECT_THAT(sent, IsEmpty());
  answers["GET /admin/realms?limit=100"] = {200, R"({"realms":[]})"};
  EXPECT_EQ(run({"realm", "list", "--url", "http://10.0.0.1:8081", "--token-file", token_,
                 "--unsafe-plain-http"}),
            0);
}

TEST_F(Cli, a_realms_name_never_reaches_beyond_its_segment_of_the_path) {
  answers["DELETE /admin/realms/staging%3F/clients/c"] = {204, ""};
  EXPECT_EQ(admin({"client", "delete", "c", "--realm", "staging?", "--yes"}), 0) << errors;
  for (const char* name : {"r%6fot", "a#b", "/a", "a/b", "a b"})
    admin({"realm", "delete", name, "--yes"});
  EXPECT_THAT(lines(), ElementsAre("DELETE /admin/realms/staging%3F/clients/c",
                                   "DELETE /admin/realms/r%256fot", "DELETE /admin/realms/a%23b",
                                   "DELETE /admin/realms/~a", "DELETE /admin/realms/a~b",
                                   "DELETE /admin/realms/a%20b"));
}

// ------------------------------------------------------------------ jose

TEST_F(Cli, jose_verify_prints_the_payload_only_when_it_holds) {
  const std::string key = file("key.json", kHmacKey);
  EXPECT_EQ(run({"jose", "verify", "--key", key}, std::string(kHmacToken) + "\n"), 0) << errors;
  EXPECT_THAT(output, HasSubstr("\"iss\":\"joe\""));
  std::string forged = kHmacToken;
  forged[forged.size() - 5] ^= 1;
  EXPECT_EQ(run({"jose", "verify", "--key", key}, forged), 1);
  EXPECT_EQ(output, "");
  EXPECT_THAT(errors, HasSubstr("jws_signature_invalid"));
  EXPECT_EQ(run({"jose", "verify", "--key", key, "--alg", "HS512"}, kHmacToken), 1);
  EXPECT_EQ(run({"jose", "verify", "--key", key, "--alg", "none"}, kHmacToken), 2);
}

TEST_F(Cli, jose_refuses_input_beyond_its_limit) {
  const std::string key = file("key.json", kHmacKey);
  EXPECT_EQ(run({"jose", "verify", "--key", key}, std::string((16 << 20) + 1, 'a')), 1);
  EXPECT_THAT(errors, HasSubstr("input_too_large"));
}

TEST_F(Cli, jose_signs_and_verifies_every_serialization) {
  const std::string key = file("key.json", kEcKey);
  for (const char* format : {"compact", "flattened", "general"}) {
    EXPECT_EQ(run({"jose", "sign", "--key", key, "--alg", "ES256", "--format", format}, "hello"), 0)
        << errors;
    const std::string token = output;
    EXPECT_EQ(run({"jose", "verify", "--key", key}, token), 0) << format << errors;
    EXPECT_EQ(output, "hello");
  }
  EXPECT_EQ(run({"jose", "sign", "--key", key}, "hello"), 2);
  EXPECT_EQ(run({"jose", "sign", "--key", key, "--alg", "RS256"}, "hello"), 1);
}

TEST_F(Cli, jose_encrypts_and_decrypts_with_what_is_allowed) {
  const std::string key = file("key.json", kEcKey);
  ASSERT_EQ(run({"jose", "encrypt", "--key", key, "--alg", "ECDH-ES+A128KW", "--enc", "A128GCM"},
                "secret"),
            0)
      << errors;
  const std::string token = output;
  EXPECT_EQ(run({"jose", "decrypt", "--key", key}, token), 0) << errors;
  EXPECT_EQ(output, "secret");
  EXPECT_EQ(run({"jose", "decrypt", "--key", key, "--enc", "A256GCM"}, token), 1);
  EXPECT_EQ(run({"jose", "decrypt", "--key", key, "--alg", "ECDH-ES"}, token), 1);
}

TEST_F(Cli, jose_takes_a_password_for_pbes2_only_when_allowed) {
  const std::string password = file("password", "correct horse battery staple\n");
  ASSERT_EQ(run({"jose", "encrypt", "--password-file", password, "--alg", "PBES2-HS256+A128KW",
                 "--enc", "A128GCM"},
                "secret"),
            0)
      << errors;
  const std::string token = output;
  EXPECT_EQ(run({"jose", "decrypt", "--password-file", password}, token), 1);
  EXPECT_EQ(run({"jose", "decrypt", "--password-file", password, "--allow-pbes2"}, token), 0)
      << errors;
  EXPECT_EQ(output, "secret");
}

TEST_F(Cli, jose_thumbprint_is_that_of_rfc_7638) {
  const std::string key = file(
      "key.json",
      R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB"})");
  EXPECT_EQ(run({"jose", "thumbprint", "--key", key}), 0) << errors;
  EXPECT_EQ(output, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs\n");
}

// ------------------------------------------------------------------ tokens

TEST_F(Cli, token_decode_shows_and_says_that_it_proves_nothing) {
  EXPECT_EQ(run({"token", "decode"}, kHmacToken), 0);
  EXPECT_THAT(output, HasSubstr("\"verified\": false"));
  EXPECT_THAT(errors, HasSubstr("Not verified"));
  EXPECT_EQ(run({"token", "decode"}, "a.b"), 1);
  EXPECT_EQ(run({"token", "decode"}, "!.e30.x"), 1);
}

TEST_F(Cli, token_verify_checks_signature_times_and_issuer) {
  const std::string key = file("key.json", kEcKey);
  ASSERT_EQ(run({"jose", "sign", "--key", key, "--alg", "ES256"},
                R"({"iss":"https://a","aud":"api","exp":1700000600})"),
            0);
  const std::string token = output;
  EXPECT_EQ(
      run({"token", "verify", "--jwks", key, "--issuer", "https://a", "--audience", "api"}, token),
      0)
      << errors;
  EXPECT_THAT(output, HasSubstr("\"verified\": true"));
  EXPECT_EQ(run({"token", "verify", "--jwks", key, "--issuer", "https://b"}, token), 1);
  EXPECT_THAT(errors, HasSubstr("jwt_issuer"));
  EXPECT_EQ(run({"token", "verify", "--jwks", key, "--audience", "other"}, token), 1);
  clock->advance(Seconds(3600));
  EXPECT_EQ(run({"token", "verify", "--jwks", key}, token), 1);
  EXPECT_THAT(errors, HasSubstr("jwt_expired"));
  EXPECT_EQ(run({"token", "verify", "--jwks", "http://10.0.0.1/jwks"}, token), 1);
  EXPECT_THAT(errors, HasSubstr("unsafe_plain_http"));
}

// ------------------------------------------------------------------ the admin API

TEST_F(Cli, lists_are_tables_for_people_and_json_when_asked) {
  answers["GET /admin/realms?limit=100"] = {
      200, R"({"realms":[{"name":"root","revision":3},{"name":"a\u001b[31m","revision":12}]})"};
  EXPECT_EQ(admin({"realm", "list"}), 0) << errors;
  EXPECT_EQ(output, "REALM   REVISION\nroot    3\na?[31m  12\n");
  EXPECT_EQ(sent[0].headers[0],
            (std::pair<std::string, std::string>("Authorization", "Bearer admin-token")));
  EXPECT_EQ(admin({"realm", "list", "--output", "json"}), 0);
  EXPECT_THAT(output, HasSubstr("\"revision\": 12"));
}

TEST_F(Cli, a_list_is_asked_for_until_its_end) {
  answers["GET /admin/realms?limit=100"] = {
      200, R"({"realms":[{"name":"a b","revision":1}],"next":"a b"})"};
  answers["GET /admin/realms?limit=100&after=a+b"] = {
      200, R"({"realms":[{"name":"c","revision":2}],"next":null})"};
  EXPECT_EQ(admin({"realm", "list"}), 0) << errors;
  EXPECT_EQ(output, "REALM  REVISION\na b    1\nc      2\n");
  EXPECT_EQ(admin({"realm", "list", "--output", "json"}), 0);
  EXPECT_THAT(output, testing::AllOf(HasSubstr("\"a b\""), HasSubstr("\"c\"")));
}

TEST_F(Cli, the_servers_reason_is_the_commands_reason) {
  answers["POST /admin/secrets/activate"] = {
      409,
      R"({"title":"Conflict","status":409,"code":"activation_too_early","detail":"117 seconds left"})"};
  EXPECT_EQ(admin({"secrets", "activate", "am.x", "new", "--store", "pems"}), 1);
  EXPECT_EQ(errors, "signet: activation_too_early: 117 seconds left\n");
  EXPECT_EQ(sent[0].body, R"({"realm":"","store":"pems","id":"am.x","alias":"new","force":false})");
}

TEST_F(Cli, client_create_reads_the_secret_from_standard_input_and_never_from_the_line) {
  answers["PUT /admin/realms/root/clients/api"] = {
      201, R"({"revision":1,"client":{"client_id":"api"}})"};
  EXPECT_EQ(admin({"client", "create", "api", "--secret-stdin", "--scope", "read", "--scope",
                   "write", "--lifetime", "10m"},
                  "correct horse\n"),
            0)
      << errors;
  EXPECT_EQ(
      sent[0].body,
      R"({"client_id":"api","access_token":{"lifetime":600},"scopes":["read","write"],"secret":"correct horse"})");
  EXPECT_EQ(admin({"client", "create", "api", "--secret", "x"}), 2);
}

TEST_F(Cli, client_update_changes_only_what_was_said_and_only_the_revision_it_saw) {
  answers["GET /admin/realms/root/clients/api"] = {
      200, R"({"revision":7,"client":{"client_id":"api","scopes":["read"],"has_secret":true}})"};
  answers["PUT /admin/realms/root/clients/api"] = {
      200, R"({"revision":8,"client":{"client_id":"api"}})"};
  EXPECT_EQ(admin({"client", "update", "api", "--disable"}), 0) << errors;
  EXPECT_EQ(sent[1].body, R"({"client_id":"api","scopes":["read"],"enabled":false})");
  EXPECT_EQ(sent[1].headers[0], (std::pair<std::string, std::string>("If-Match", "\"7\"")));
}

TEST_F(Cli, a_client_whose_id_no_path_can_hold_is_asked_for_in_base64url) {
  answers["DELETE /admin/realms/root/clients/~aHR0cHM6Ly9hLmV4YW1wbGUv"] = {204, ""};
  EXPECT_EQ(admin({"client", "delete", "https://a.example/", "--yes"}), 0) << errors;
  answers["DELETE /admin/realms/root/clients/~fmE"] = {204, ""};
  EXPECT_EQ(admin({"client", "delete", "~a", "--yes"}), 0) << errors;
}

TEST_F(Cli, deleting_wants_to_be_told_twice) {
  EXPECT_EQ(admin({"realm", "delete", "a"}), 2);
  EXPECT_THAT(sent, IsEmpty());
  answers["DELETE /admin/realms/a~b"] = {204, ""};
  EXPECT_EQ(admin({"realm", "delete", "a/b", "--yes"}), 0) << errors;
}

TEST_F(Cli, only_public_halves_of_a_clients_keys_are_sent) {
  answers["PUT /admin/realms/root/clients/api"] = {
      201, R"({"revision":1,"client":{"client_id":"api"}})"};
  EXPECT_EQ(admin({"client", "create", "api", "--jwks", file("key.json", kEcKey)}), 0) << errors;
  EXPECT_THAT(sent[0].body, HasSubstr("\"crv\":\"P-256\""));
  EXPECT_THAT(sent[0].body, Not(HasSubstr("\"d\"")));
  EXPECT_EQ(admin({"client", "create", "api", "--jwks", file("oct.json", kHmacKey)}), 1);
}

TEST_F(Cli, rotate_waits_for_each_step_until_the_server_agrees) {
  answers["POST /admin/secrets/rotate"] = {
      200,
      R"({"plan":[{"step":"publish","alias":"n","kid":"k","not_before":"2023-11-14T22:13:20Z","done":true},)"
      R"({"step":"activate","alias":"n","kid":"k","not_before":"2023-11-14T22:13:45Z","done":false},)"
      R"({"step":"retire","alias":"o","kid":"j","not_before":null,"done":false}]})"};
  answers["POST /admin/secrets/activate"] = {200, R"({"ring":{}})"};
  answers["POST /admin/secrets/retire"] = {409,
                                           R"({"code":"retirement_too_early","detail":"9 s"})"};
  later["POST /admin/secrets/retire"] = {200, R"({"ring":{}})"};
  EXPECT_EQ(admin({"secrets", "rotate", "am.x", "--store", "s", "--wait"}), 0) << errors;
  EXPECT_THAT(lines(), ElementsAre("POST /admin/secrets/rotate", "POST /admin/secrets/activate",
                                   "POST /admin/secrets/retire", "POST /admin/secrets/retire"));
  EXPECT_THAT(slept, ElementsAre(10, 10, 5, 10));
  EXPECT_THAT(output, HasSubstr("publish   n      k    2023-11-14T22:13:20Z  yes"));
}

TEST_F(Cli, rotate_asks_again_while_a_new_version_is_not_ready_and_only_if_it_is_to_wait) {
  answers["POST /admin/secrets/rotate"] = {503, R"({"code":"version_pending","detail":"soon"})"};
  EXPECT_EQ(admin({"secrets", "rotate", "am.x", "--store", "s"}), 1);
  EXPECT_THAT(errors, HasSubstr("soon"));
  later["POST /admin/secrets/rotate"] = {
      200,
      R"({"plan":[{"step":"publish","alias":"n","kid":"k","not_before":"2023-11-14T22:13:20Z","done":true}]})"};
  sent.clear();
  EXPECT_EQ(admin({"secrets", "rotate", "am.x", "--store", "s", "--wait"}), 0) << errors;
  EXPECT_THAT(lines(), ElementsAre("POST /admin/secrets/rotate", "POST /admin/secrets/rotate"));
  EXPECT_THAT(slept, ElementsAre(10));
}

TEST_F(Cli, rotate_dry_run_only_prints_the_plan) {
  answers["POST /admin/secrets/rotate"] = {
      200, R"({"plan":[{"step":"activate","alias":"n","kid":"k","not_before":"x","done":false}]})"};
  EXPECT_EQ(admin({"secrets", "rotate", "am.x", "--store", "s", "--dry-run"}), 0);
  EXPECT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].body, R"({"realm":"","store":"s","id":"am.x","dry_run":true})");
}

// ------------------------------------------------------------------ apply

constexpr const char* kRealms = R"(
realms:
  - name: root
    access_token: {lifetime: 15m}
    clients:
      - {client_id: api, secret: correct horse, scopes: [write, read]}
      - {client_id: new}
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
  ASSERT_THAT(shown, test::is_ok()) << output;
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
  EXPECT_THAT(sent.back().line + sent[2].body, HasSubstr("\"secret\":\"correct-horse\""));
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

TEST(Difference, counts_what_means_the_same_as_the_same) {
  const auto running = json::parse_object(
      R"({"client_id":"a","scopes":["b","a"],"enabled":true,"may_introspect":"own","future":1})");
  const auto wanted = json::parse_object(R"({"client_id":"a","scopes":["a","b"],"audience":[]})");
  const auto changes = differences(*running, *wanted, config::client_schema());
  ASSERT_THAT(changes, test::is_ok());
  EXPECT_THAT(*changes, IsEmpty());
}

TEST(Difference, a_client_that_may_ask_for_nothing_is_not_one_that_may_ask_for_everything) {
  const auto closed = json::parse_object(R"({"client_id":"a","scopes":[],"grant_types":[]})");
  const auto open = json::parse_object(R"({"client_id":"a"})");
  const auto to_text_of = [](const json::Object& running, const json::Object& wanted) {
    std::string all;
    const auto changes = differences(running, wanted, config::client_schema());
    for (const auto& change : changes.value())
      all += to_text(change) + '\n';
    return all;
  };
  EXPECT_EQ(to_text_of(*open, *closed),
            "~ grant_types: [\"client_credentials\"] -> []\n+ scopes: []\n");
  EXPECT_EQ(to_text_of(*closed, *open),
            "~ grant_types: [] -> [\"client_credentials\"]\n- scopes: []\n");
  EXPECT_EQ(to_text_of(*closed, *closed), "");
}

TEST_F(Cli, export_keeps_the_empty_lists_that_close_a_client) {
  answers["GET /admin/stores"] = {200, R"({"stores":[]})"};
  answers["GET /admin/realms?limit=100"] = {200, R"({"realms":[{"name":"root"}],"next":null})"};
  answers["GET /admin/realms/root"] = {200, R"({"revision":1,"realm":{"name":"root"}})"};
  answers["GET /admin/realms/root/resource-servers?limit=100"] = {200,
                                                                  R"({"resource_servers":[]})"};
  answers["GET /admin/realms/root/clients?limit=100"] = {
      200,
      R"({"clients":[{"revision":1,"client":{"client_id":"a","scopes":[],"grant_types":[],"audience":[]}}]})"};
  answers["GET /admin/realms/root/inject-policies?limit=100"] = {200, R"({"inject_policies":[]})"};
  EXPECT_EQ(admin({"export"}), 0) << errors;
  const auto read = json::parse_object(output);
  ASSERT_THAT(read, test::is_ok()) << output;
  const std::string whole = json::dump(*read);
  EXPECT_THAT(whole, HasSubstr(R"("scopes":[])"));
  EXPECT_THAT(whole, HasSubstr(R"("grant_types":[])"));
  EXPECT_THAT(whole, Not(HasSubstr("audience")));
}

TEST(Difference, names_what_comes_goes_and_changes) {
  const auto running = json::parse_object(R"({"client_id":"a","name":"x","scopes":["a"]})");
  const auto wanted = json::parse_object(R"({"client_id":"a","scopes":["b"],"audience":["c"]})");
  const auto changes = differences(*running, *wanted, config::client_schema());
  ASSERT_THAT(changes, test::is_ok());
  std::vector<std::string> texts;
  for (const auto& change : *changes)
    texts.push_back(to_text(change));
  EXPECT_THAT(texts,
              ElementsAre("- name: \"x\"", "~ scopes: [\"a\"] -> [\"b\"]", "+ audience: [\"c\"]"));
}

// ------------------------------------------------------------------ doctor, encode, config

TEST_F(Cli, doctor_finds_files_that_others_can_read) {
  const std::string config = file("signet.yaml", "data_dir: " + (folder_ / "data").string() + "\n");
  std::filesystem::create_directories(folder_ / "data");
  ::chmod((folder_ / "data").c_str(), 0700);
  file("data/admin.token", "t");
  file("data/master.key", base64::encode(SecretBytes(32).view()));
  EXPECT_EQ(run({"doctor", "--offline", "--config", config}), 0) << output << errors;
  EXPECT_THAT(output, HasSubstr("no back-up was confirmed"));
  EXPECT_EQ(run({"doctor", "--offline", "--config", config, "--confirm-backup"}), 0) << errors;
  EXPECT_THAT(output, HasSubstr("back-up confirmed"));
  file("data/master.key", "another");
  EXPECT_EQ(run({"doctor", "--offline", "--config", config}), 1);
  EXPECT_THAT(output, HasSubstr("is not the one that was backed up"));
  ::chmod((folder_ / "data/admin.token").c_str(), 0644);
  EXPECT_EQ(run({"doctor", "--offline", "--config", config}), 1);
  EXPECT_THAT(output, HasSubstr("admin.token is open to others: chmod 600"));
}

TEST_F(Cli, sec_123_doctor_names_sealing_keys_that_are_needed_and_those_that_are_missing) {
  const std::string config = file("signet.yaml", "data_dir: " + folder_.string() + "\n");
  ::chmod(folder_.c_str(), 0700);
  const auto sealing = [](const std::string& old) {
    return R"({"keys":[{"name":"k2","id":"22","known":true,"seals":true,"values":5},)" + old + "]}";
  };
  answers["GET /health/live"] = answers["GET /health/ready"] = {200, ""};
  answers["GET /admin/health"] = {200, R"({"status":"ok","stores":[],"checks":[]})"};
  answers["GET /admin/sealing"] = {
      200, sealing(R"({"name":"k1","known":true,"values":3,"may_be_removed":false,"why":"W"})")};
  EXPECT_EQ(admin({"doctor", "--config", config}), 0) << output << errors;
  EXPECT_THAT(output, HasSubstr("sealing key k1"));
  answers["GET /admin/sealing"] = {
      200, sealing(R"({"name":"k1","known":true,"values":0,"may_be_removed":true,"why":"W"})")};
  EXPECT_EQ(admin({"doctor", "--config", config}), 0) << output << errors;
  EXPECT_THAT(output, HasSubstr("may be removed: W"));
  answers["GET /admin/sealing"] = {
      200, sealing(R"({"name":null,"id":"77","known":false,"values":2,"why":"W"})")};
  EXPECT_EQ(admin({"doctor", "--config", config}), 1) << output << errors;
  EXPECT_THAT(output, HasSubstr("sealing key 77"));
  EXPECT_THAT(output, HasSubstr("2 values: W"));
}

TEST_F(Cli, encode_seals_under_the_servers_key_and_refuses_to_make_one) {
  const std::string config = file("signet.yaml", "data_dir: " + folder_.string() + "\n");
  EXPECT_EQ(run({"encode", "--config", config}, "value"), 2);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "master.key"));
  file("master.key", base64::encode(SecretBytes(32).view()) + "\n");
  EXPECT_EQ(run({"encode", "--config", config}, "value\n"), 0) << errors;
  EXPECT_TRUE(output.starts_with("SGN1.")) << output;
}

TEST_F(Cli, config_check_says_everything_and_show_hides_secrets) {
  const std::string bad = file("bad.yaml", "server: {prot: 1}\nkeys: {lease: 1}\n");
  EXPECT_EQ(run({"config", "check", "--config", bad}), 1);
  EXPECT_THAT(errors, HasSubstr("bad.yaml:1: server.prot"));
  EXPECT_THAT(errors, HasSubstr("bad.yaml:2: keys.lease"));
  const std::string good = file(
      "good.yaml",
      "realms: [{name: root, clients: [{client_id: a, secret: correct horse-correct horse}]}]\n");
  EXPECT_EQ(run({"config", "check", "--config", good}), 0);
  EXPECT_EQ(run({"config", "show", "--config", good}), 0);
  EXPECT_THAT(output, HasSubstr("(hidden)"));
  EXPECT_THAT(output, Not(HasSubstr("correct horse")));
}

// ------------------------------------------------------------------ man, completion, version

TEST_F(Cli, man_and_completion_come_from_the_tree) {
  EXPECT_EQ(run({"man"}), 0);
  EXPECT_THAT(output, HasSubstr(".SS signet secrets rotate ID"));
  EXPECT_THAT(output, HasSubstr("\n.B \\-\\-version\n"));
  EXPECT_THAT(output, Not(HasSubstr("reference")));
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_EQ(run({"completion", shell}), 0);
    EXPECT_THAT(output, HasSubstr("thumbprint")) << shell;
    EXPECT_THAT(output, HasSubstr("version")) << shell;
  }
}

TEST_F(Cli, the_version_is_asked_for_as_a_command_or_as_an_option) {
  EXPECT_EQ(run({"version"}), 0);
  EXPECT_EQ(output, "signet 1.2.3\n");
  ASSERT_EQ(run({"version", "--output", "json"}), 0);
  const std::string as_json = output;
  EXPECT_THAT(as_json, HasSubstr(R"("version": "1.2.3")"));
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_EQ(output, "signet 1.2.3\n");
  EXPECT_EQ(run({"--version", "--output", "json"}), 0);
  EXPECT_EQ(output, as_json);
  EXPECT_EQ(run({"realm", "delete", "root", "--yes", "--version"}), 0);
  EXPECT_EQ(output, "signet 1.2.3\n");
  EXPECT_THAT(sent, IsEmpty()) << "as with --help, the command itself is not run";
}

TEST_F(Cli, the_documentation_names_every_command) {
  const std::string doc = test::read_file("docs/cli.md");
  ASSERT_EQ(run({"man"}), 0);
  std::istringstream man(output);
  for (std::string line; std::getline(man, line);) {
    if (!line.starts_with(".SS ")) continue;
    std::string command;
    std::istringstream words(line.substr(4));
    for (std::string word; words >> word;) {
      if (word != std::string(word.size(), ' ') &&
          std::isupper(static_cast<unsigned char>(word[0])))
        break;
      command += (command.empty() ? "" : " ") + word;
    }
    std::erase(command, '\\');  // roff writes a hyphen as "\-"
    EXPECT_THAT(doc, HasSubstr("`" + command)) << command;
  }
}

TEST(TimeText, reads_what_servers_write) {
  EXPECT_EQ(parse_time("2023-11-14T22:13:20Z"), from_unix_seconds(1'700'000'000));
  EXPECT_EQ(parse_time("2023-11-14T22:13:20.123456Z"),
            from_unix_seconds(1'700'000'000) + Milliseconds(123));
  EXPECT_FALSE(parse_time("2023-02-30T00:00:00Z"));
  EXPECT_FALSE(parse_time("2023-11-14 22:13:20Z"));
  EXPECT_FALSE(parse_time("2023-11-14T22:13:20"));
  EXPECT_EQ(parse_http_date("Tue, 14 Nov 2023 22:13:20 GMT"), from_unix_seconds(1'700'000'000));
  EXPECT_FALSE(parse_http_date("yesterday"));
  EXPECT_EQ(format_time(from_unix_seconds(1'700'000'000)), "2023-11-14T22:13:20Z");
}

TEST(Table, keeps_columns_and_disarms_terminals) {
  Table table({"a", "b"});
  table.add({"\xC3\xA9t\xC3\xA9", "1"});
  table.add({"x\x1b[2J", ""});
  EXPECT_EQ(table.text(), "A      B\n\xC3\xA9t\xC3\xA9    1\nx?[2J\n");
  EXPECT_EQ(printable("a\nb\r"), "a?b?");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "?31m");
}

}  // namespace
}  // namespace signet::cli
