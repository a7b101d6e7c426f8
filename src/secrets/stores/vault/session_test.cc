#include "secrets/stores/vault/session.h"

#include "secrets/stores/vault/fake_vault.h"

namespace signet::secrets::vault {
namespace {

struct SessionSetting : VaultSetting {
  json::Object own;

  SessionSetting() { vault->answers["GET x"] = {200, R"({"data":{}})"}; }
  Result<SessionSettings> read() {
    const StoreName name("s");
    SettingsReader reader(name, own, session_settings());
    SessionSettings read = read_session(reader, context.environment);
    TRY(reader.done());
    return read;
  }
  std::shared_ptr<Session> session() {
    auto settings = read();
    EXPECT_THAT(settings, is_ok());
    return std::make_shared<Session>(StoreName("s"), *settings, context);
  }
  void by_app_role() {
    own = settings(R"({"auth":"approle","role_id":"role-1","secret_id":"my.secret"})");
    context.password = knows_password("canary-secret-id");
  }
  Result<json::Object> call(const std::shared_ptr<Session>& session) {
    return now(session->call("GET", "x"));
  }
};

TEST(VaultSession, a_token_of_the_environment_is_looked_up_and_used) {
  SessionSetting s;
  s.own = settings(R"({"namespace":"team/a"})");
  const auto session = s.session();
  EXPECT_THAT(s.call(session), is_ok());
  EXPECT_THAT(s.call(session), is_ok());
  EXPECT_EQ(s.vault->lookups, 1);
  EXPECT_EQ(s.vault->last_namespace, "team/a");
  s.vault->tokens.clear();
  EXPECT_THAT(s.call(session), fails("vault_login_refused"));
}

TEST(VaultSession, an_app_role_logs_in_with_its_two_halves) {
  SessionSetting s;
  s.by_app_role();
  EXPECT_THAT(s.call(s.session()), is_ok());
  EXPECT_EQ(s.vault->login_body, R"({"role_id":"role-1","secret_id":"canary-secret-id"})");
  EXPECT_EQ(s.http->sent().front().url, "https://vault.example:8200/v1/auth/approle/login");
  s.vault->login_refused = true;
  const auto refused = s.call(s.session());
  EXPECT_THAT(refused, fails("vault_login_refused"));
  EXPECT_EQ(refused.error().detail.find("canary"), std::string::npos);
}

TEST(VaultSession, a_service_account_logs_in_with_its_token) {
  const TempFolder folder;
  folder.write("token", "jwt-1\n", 0644);
  SessionSetting s;
  s.own = settings(R"({"auth":"kubernetes","auth_mount":"k8s/eu","role":"signet","jwt_file":")" +
                   folder.str() + "/token\"}");
  EXPECT_THAT(s.call(s.session()), is_ok());
  EXPECT_EQ(s.vault->login_body, R"({"role":"signet","jwt":"jwt-1"})");
  EXPECT_EQ(s.http->sent().front().url, "https://vault.example:8200/v1/auth/k8s/eu/login");
}

TEST(VaultSession, a_token_file_is_read_again_when_its_token_is_dead) {
  const TempFolder folder;
  folder.write("sink", "token-0");
  SessionSetting s;
  s.own = settings(R"({"auth":"token_file","token_file":")" + folder.str() + "/sink\"}");
  const auto session = s.session();
  EXPECT_THAT(s.call(session), is_ok());
  s.vault->tokens = {"token-7"};
  EXPECT_THAT(s.call(session), fails("vault_login_refused"));
  folder.write("sink", "token-7\n");
  EXPECT_THAT(s.call(session), is_ok());
  std::filesystem::remove(folder / "sink");
  s.vault->tokens.clear();
  EXPECT_THAT(s.call(session), fails("vault_credential_unreadable"));
}

TEST(VaultSession, a_token_is_renewed_when_two_thirds_of_its_life_are_over) {
  SessionSetting s;
  s.by_app_role();
  const auto session = s.session();
  EXPECT_THAT(s.call(session), is_ok());
  s.clock->advance(Seconds(2399));
  EXPECT_THAT(s.call(session), is_ok());
  EXPECT_EQ(s.vault->renewals, 0);
  s.clock->advance(Seconds(1));
  EXPECT_THAT(s.call(session), is_ok());
  EXPECT_EQ(s.vault->renewals, 1);
  EXPECT_EQ(s.vault->logins, 1);
  s.vault->renewed_lease = 60;  // near the end of its longest life
  s.clock->advance(Seconds(2400));
  EXPECT_THAT(s.call(session), is_ok());
  EXPECT_EQ(s.vault->renewals, 2);
  EXPECT_EQ(s.vault->logins, 2);
}

TEST(VaultSession, what_cannot_be_renewed_is_got_anew) {
  SessionSetting s;
  s.by_app_role();
  s.vault->is_renewable = false;
  const auto session = s.session();
  EXPECT_THAT(s.call(session), is_ok());
  s.clock->advance(Seconds(2400));
  EXPECT_THAT(s.call(session), is_ok());
  EXPECT_EQ(s.vault->renewals, 0);
  EXPECT_EQ(s.vault->logins, 2);
}

TEST(VaultSession, a_revoked_token_is_replaced_and_a_denied_path_stays_denied) {
  SessionSetting s;
  s.by_app_role();
  const auto session = s.session();
  EXPECT_THAT(s.call(session), is_ok());
  s.vault->tokens.clear();
  s.vault->next_token = "token-2";
  EXPECT_THAT(s.call(session), is_ok());
  EXPECT_EQ(s.vault->logins, 2);
  s.vault->answers["GET x"] = {403, R"({"errors":["1 error occurred: permission denied"]})"};
  EXPECT_THAT(s.call(session), fails("vault_access_denied"));
  EXPECT_EQ(s.vault->logins, 2);
}

TEST(VaultSession, each_answer_has_its_error) {
  struct Row {
    int status;
    const char* reason;
    Code whose;
  };
  for (const Row& row : {Row{400, "vault_request_refused", Code::kConfig},
                         Row{404, "vault_not_found", Code::kNotFound},
                         Row{405, "vault_request_refused", Code::kConfig},
                         Row{412, "vault_unavailable", Code::kUnavailable},
                         Row{429, "vault_throttled", Code::kUnavailable},
                         Row{473, "vault_unavailable", Code::kUnavailable},
                         Row{500, "vault_unavailable", Code::kUnavailable},
                         Row{502, "vault_unavailable", Code::kUnavailable},
                         Row{503, "vault_sealed", Code::kUnavailable}}) {
    SessionSetting s;
    s.vault->answers["GET x"] = {row.status, R"({"errors":["Vault is what it is"]})"};
    const auto answer = s.call(s.session());
    EXPECT_THAT(answer, fails(row.reason)) << row.status;
    EXPECT_THAT(answer, fails_with_code(row.whose)) << row.status;
    EXPECT_NE(answer.error().detail.find("store 's'"), std::string::npos);
  }
  SessionSetting s;
  s.vault->answers["GET x"] = {200, "<html>"};
  EXPECT_THAT(s.call(s.session()), fails("vault_answer_malformed"));
  s.vault->instead = {503, R"({"errors":["Vault is sealed"]})"};
  EXPECT_THAT(s.call(s.session()), fails("vault_sealed"));
  s.http->answer_with({});
  EXPECT_THAT(s.call(s.session()), fails("outbound_unreachable"));
}

TEST(VaultSession, a_vault_that_is_sealed_is_left_alone_and_asked_again_later) {
  SessionSetting s;
  const auto session = s.session();
  EXPECT_THAT(s.call(session), is_ok());
  s.vault->instead = {503, R"({"errors":["Vault is sealed"]})"};
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(s.call(session), fails("vault_sealed"));
  const std::size_t before = s.http->sent().size();
  EXPECT_THAT(s.call(session), fails("vault_throttled"));
  EXPECT_EQ(s.http->sent().size(), before);
  s.vault->instead.reset();
  s.clock->advance(Seconds(30));
  EXPECT_THAT(s.call(session), is_ok());
}

TEST(VaultSession, settings_that_cannot_work_are_refused) {
  const std::vector<std::pair<const char*, bool>> rows = {
      {R"({})", true},
      {R"({"address":"http://127.0.0.1:8200"})", true},
      {R"({"address":"https://v.example/base/"})", true},
      {R"({"address":"http://vault.example"})", false},
      {R"({"address":"https://v.example/v1"})", false},
      {R"({"address":"https://v.example?x"})", false},
      {R"({"address":"vault"})", false},
      {R"({"namespace":"a//b"})", false},
      {R"({"auth":"ldap"})", false},
      {R"({"auth":"approle"})", false},
      {R"({"auth":"approle","role_id":"r","secret_id":"a.b","secret_id_file":"/x"})", false},
      {R"({"auth":"approle","role_id":"r","secret_id_file":"/x"})", true},
      {R"({"auth":"kubernetes"})", false},
      {R"({"auth":"kubernetes","role":"r"})", true},
      {R"({"auth":"token_file"})", false},
      {R"({"auth_mount":"../sys"})", false},
      {R"({"token":"hvs.-not-an-id"})", false},
  };
  for (const auto& [text, works] : rows) {
    SessionSetting s;
    s.own = settings(text);
    EXPECT_EQ(s.read().ok(), works) << text;
  }
  SessionSetting s;
  s.context.environment.clear();
  EXPECT_THAT(s.read(), fails("store_settings_invalid"));
}

}  // namespace
}  // namespace signet::secrets::vault
