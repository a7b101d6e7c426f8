#include "secrets/stores/azure/key_vault_store.h"

#include "base/base64.h"
#include "crypto/pkcs12.h"
#include "secrets/stores/azure/fake_key_vault.h"
#include "secrets/stores/store_contract.h"

namespace signet::secrets::azure {
namespace {

using net::FakeHttpClient;

struct SecretsSetting {
  std::shared_ptr<FakeKeyVault> vault = std::make_shared<FakeKeyVault>();
  std::shared_ptr<FakeHttpClient> http = std::make_shared<FakeHttpClient>(
      [vault = vault](const net::OutboundRequest& request) { return (*vault)(request); });
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  StoreContext context = test_context();

  SecretsSetting() {
    context.http = http;
    context.clock = clock;
    context.environment = {{"AZURE_TENANT_ID", "tenant-1"},
                           {"AZURE_CLIENT_ID", "client-1"},
                           {"AZURE_CLIENT_SECRET", "canary-client-secret"}};
    vault->secrets["pw"] = {{"v1", "canary-old", "", 100}, {"v2", "canary-new", "", 200}};
  }
  std::shared_ptr<Store> store(std::string_view more = "") {
    return make_store("azure_key_vault",
                      settings(R"({"vault":"https://v.vault.azure.net")" + std::string(more) + "}"),
                      context);
  }
  std::vector<std::string> fetched(const std::shared_ptr<Store>& store, std::string_view alias) {
    std::vector<std::string> texts;
    const auto secrets = now(store->fetch(Alias(alias)));
    EXPECT_THAT(secrets, is_ok());
    if (!secrets) return texts;
    for (const Secret& secret : *secrets)
      texts.push_back(secret.version + "=" + text_of(secret));
    return texts;
  }
  std::size_t tokens_sent_to(std::string_view prefix) const {
    std::size_t count = 0;
    for (const auto& request : http->sent())
      count += request.url.starts_with(prefix) && !FakeKeyVault::authorization(request).empty();
    return count;
  }
  std::size_t requests(std::string_view part) const {
    std::size_t count = 0;
    for (const auto& request : http->sent())
      count += request.url.find(part) != std::string::npos;
    return count;
  }
};

using Texts = std::vector<std::string>;

TEST(AzureKeyVault, passes_the_exam_of_all_stores) {
  SecretsSetting s;
  Exam exam;
  exam.store = s.store();
  exam.known = Alias("pw");
  exam.unknown = Alias("none");
  exam.canaries = {"canary-old", "canary-new", "canary-client-secret", "access-token-1"};
  exam.breakages = {
      [&] {
        s.vault->instead = [](const auto&) { return FakeKeyVault::refused(403, "Forbidden"); };
      },
      [&] {
        s.vault->instead = [](const auto&) { return FakeHttpClient::response(200, "not json"); };
      },
      [&] { s.vault->instead = [](const auto&) { return FakeHttpClient::response(500, "oops"); }; },
      [&] { s.http->answer_with({}); },
  };
  pass_exam(exam);
}

TEST(AzureKeyVault, the_newest_usable_version_is_active_and_older_ones_are_valid) {
  SecretsSetting s;
  const auto moment = unix_seconds(s.clock->now());
  auto& versions = s.vault->secrets["pw"];
  versions.push_back({"off", "x", "", 300, false});
  versions.push_back({"ended", "x", "", 310, true, 0, moment});
  versions.push_back({"later", "x", "", 320, true, moment + 60});
  const auto store = s.store();
  EXPECT_EQ(s.fetched(store, "pw"), (Texts{"v2=canary-new", "v1=canary-old"}));
  s.clock->advance(Seconds(60));
  EXPECT_EQ(s.fetched(store, "pw"), (Texts{"later=x", "v2=canary-new", "v1=canary-old"}));
  EXPECT_EQ(s.fetched(s.store(R"(,"versions":1)"), "pw"), (Texts{"later=x"}));
}

TEST(AzureKeyVault, versions_made_in_one_second_have_one_order_for_all) {
  SecretsSetting s;
  s.vault->secrets["pw"] = {{"b", "2", "", 100}, {"c", "3", "", 100}, {"a", "1", "", 100}};
  EXPECT_EQ(s.fetched(s.store(), "pw"), (Texts{"c=3", "b=2", "a=1"}));
}

TEST(AzureKeyVault, a_version_is_read_once) {
  SecretsSetting s;
  const auto store = s.store();
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(s.fetched(store, "pw").size(), 2U);
  EXPECT_EQ(s.requests("/secrets/pw/v1?"), 1U);
  EXPECT_EQ(s.requests("/oauth2/v2.0/token"), 1U);
}

TEST(AzureKeyVault, certificates_are_read_by_their_content_type) {
  SecretsSetting s;
  const std::string pem = pem_of("P-256");
  const auto made = secrets_of_pem(as_bytes(pem), std::nullopt);
  ASSERT_THAT(made, is_ok());
  const Secret& key = made->front();
  const auto pfx = crypto::write_pkcs12(*key.key->jwk().private_key(), key.certificates, "x", {});
  ASSERT_THAT(pfx, is_ok());
  s.vault->secrets["pfx"] = {{"v1", base64::encode(pfx->view()), "application/x-pkcs12"}};
  s.vault->secrets["pem"] = {{"v1", pem, "application/x-pem-file"}};
  s.vault->secrets["hmac"] = {{"v1", base64::encode(Bytes(64, 7)), "text/plain"}};
  const auto store = s.store(R"(,"value_format":"BASE64_HMAC_KEY")");
  for (const char* alias : {"pfx", "pem"}) {
    const auto secrets = now(store->fetch(Alias(alias)));
    ASSERT_THAT(secrets, is_ok()) << alias;
    ASSERT_EQ(secrets->size(), 1U);
    EXPECT_EQ(secrets->front().kid, key.kid);
    EXPECT_EQ(secrets->front().certificates.size(), 1U);
  }
  EXPECT_EQ(now(store->fetch(Alias("hmac")))->at(0).kind, SecretKind::kSymmetric);
}

TEST(AzureKeyVault, a_version_that_cannot_be_read_is_a_warning_while_another_one_can) {
  SecretsSetting s;
  s.vault->secrets["pw"].push_back({"v3", "!!", "application/x-pkcs12", 300});
  const auto store = s.store();
  EXPECT_EQ(s.fetched(store, "pw"), (Texts{"v2=canary-new", "v1=canary-old"}));
  ASSERT_EQ(store->warnings().size(), 1U);
  EXPECT_NE(store->warnings()[0].find("v3"), std::string::npos);
  s.vault->secrets["pw"] = {s.vault->secrets["pw"].back()};
  EXPECT_THAT(now(store->fetch(Alias("pw"))), fails("value_not_base64"));
}

TEST(AzureKeyVault, without_the_right_to_list_the_current_version_is_served_with_a_warning) {
  SecretsSetting s;
  s.vault->may_list = false;
  const auto store = s.store();
  EXPECT_EQ(s.fetched(store, "pw"), (Texts{"v2=canary-new"}));
  EXPECT_EQ(s.fetched(store, "none"), Texts{});
  ASSERT_EQ(store->warnings().size(), 1U);
  EXPECT_NE(store->warnings()[0].find("secrets/list"), std::string::npos);
  EXPECT_THAT(now(store->aliases()), fails("azure_list_denied"));
  EXPECT_THAT(now(store->probe()), is_ok());
}

TEST(AzureKeyVault, each_answer_has_its_error) {
  struct Row {
    int status;
    std::string code, inner;
    const char* reason;
    Code whose;
  };
  const std::vector<Row> rows = {
      {400, "BadParameter", "", "azure_request_refused", Code::kConfig},
      {403, "Forbidden", "ForbiddenByFirewall", "azure_firewall", Code::kDenied},
      {409, "Conflict", "ObjectIsDeletedButRecoverable", "azure_soft_deleted", Code::kConfig},
      {409, "ConflictError", "", "azure_conflict", Code::kConflict},
      {429, "Throttled", "", "azure_throttled", Code::kUnavailable},
      {500, "InternalServerError", "", "azure_unavailable", Code::kUnavailable},
      {503, "ServiceUnavailable", "", "azure_unavailable", Code::kUnavailable},
  };
  for (const Row& row : rows) {
    SecretsSetting s;
    s.vault->instead = [&](const auto&) {
      return FakeKeyVault::refused(row.status, row.code, row.inner);
    };
    const auto fetched = now(s.store()->fetch(Alias("pw")));
    EXPECT_THAT(fetched, fails(row.reason)) << row.status;
    EXPECT_THAT(fetched, fails_with_code(row.whose)) << row.status;
    EXPECT_NE(fetched.error().detail.find("the-store"), std::string::npos);
    EXPECT_THAT(now(s.store()->probe()), fails(row.reason)) << row.status;
  }
  SecretsSetting s;
  s.vault->instead = [](const auto&) { return FakeKeyVault::refused(403, "Forbidden"); };
  EXPECT_THAT(now(s.store()->fetch(Alias("pw"))), fails("azure_access_denied"));
}

TEST(AzureKeyVault, no_token_goes_to_a_vault_that_asks_for_another_domain_or_tenant) {
  struct Row {
    const char* challenge;
    const char* reason;
  };
  const std::vector<Row> rows = {
      {R"(Bearer authorization="https://login.microsoftonline.com/tenant-1", resource="https://evil.example")",
       "azure_challenge_foreign"},
      {R"(Bearer authorization="https://login.microsoftonline.com/tenant-1", resource="https://azure.net")",
       "azure_challenge_foreign"},
      {R"(Bearer authorization="https://login.microsoftonline.com/tenant-1", scope="https://management.azure.com/.default")",
       "azure_challenge_foreign"},
      {R"(Bearer authorization="https://login.microsoftonline.com/tenant-2", resource="https://vault.azure.net")",
       "azure_tenant_differs"},
      {R"(Bearer resource="https://vault.azure.net")", "azure_challenge_invalid"},
      {R"(Basic realm="x")", "azure_challenge_invalid"},
      {"", "azure_challenge_invalid"},
  };
  for (const Row& row : rows) {
    SecretsSetting s;
    s.vault->challenge = row.challenge;
    EXPECT_THAT(now(s.store()->fetch(Alias("pw"))), fails(row.reason)) << row.challenge;
    EXPECT_EQ(s.tokens_sent_to("https://v.vault"), 0U);
    EXPECT_EQ(s.requests("/oauth2/v2.0/token"), 0U);
  }
  SecretsSetting s;
  s.vault->challenge =
      R"(Bearer authorization="https://login.windows.net/tenant-1", scope="https://vault.azure.net/.default")";
  EXPECT_THAT(now(s.store()->fetch(Alias("pw"))), is_ok());
}

TEST(AzureKeyVault, what_answers_without_asking_for_a_token_is_no_vault) {
  SecretsSetting s;
  s.http->answer_with([](const auto&) { return FakeHttpClient::response(200, "{}"); });
  EXPECT_THAT(now(s.store()->probe()), fails("azure_challenge_invalid"));
  EXPECT_EQ(s.tokens_sent_to("https://"), 0U);
}

TEST(AzureKeyVault, no_token_follows_the_next_page_to_another_host) {
  for (const char* elsewhere :
       {"https://evil.example/x?api-version=7.4", "https://v.vault.azure.net.evil.example/"}) {
    SecretsSetting s;
    s.vault->instead = [&](const auto&) {
      return FakeHttpClient::response(
          200, R"({"value":[],"nextLink":")" + std::string(elsewhere) + "\"}");
    };
    EXPECT_THAT(now(s.store()->fetch(Alias("pw"))), fails("azure_challenge_foreign"));
    EXPECT_EQ(s.requests("evil"), 0U);
  }
}

TEST(AzureKeyVault, a_token_that_is_refused_is_got_anew_once) {
  SecretsSetting s;
  const auto store = s.store();
  EXPECT_EQ(s.fetched(store, "pw").size(), 2U);
  s.vault->token = s.vault->good_token = "access-token-2";
  EXPECT_EQ(s.fetched(store, "pw").size(), 2U);
  EXPECT_EQ(s.requests("/oauth2/v2.0/token"), 2U);
  s.vault->good_token = "another";
  EXPECT_THAT(now(store->fetch(Alias("pw"))), fails("azure_token_refused"));
  EXPECT_EQ(s.requests("/oauth2/v2.0/token"), 3U);
}

TEST(AzureKeyVault, a_vault_that_asks_for_peace_gets_it) {
  SecretsSetting s;
  const auto store = s.store();
  EXPECT_EQ(s.fetched(store, "pw").size(), 2U);
  s.vault->instead = [](const auto&) {
    auto answer = FakeKeyVault::refused(429, "Throttled");
    answer.headers.emplace_back("Retry-After", "7");
    return answer;
  };
  EXPECT_THAT(now(store->fetch(Alias("pw"))), fails("azure_throttled"));
  s.vault->instead = {};
  const std::size_t before = s.http->sent().size();
  EXPECT_THAT(now(store->fetch(Alias("pw"))), fails("azure_throttled"));
  EXPECT_EQ(s.http->sent().size(), before);
  s.clock->advance(Seconds(7));
  EXPECT_EQ(s.fetched(store, "pw").size(), 2U);
}

TEST(AzureKeyVault, names_that_cannot_be_are_unknown_and_never_part_of_a_url) {
  SecretsSetting s;
  const auto store = s.store();
  for (const char* name : {"", "a/b", "../keys/x", "a?b", "a b", "a%2e"})
    EXPECT_EQ(s.fetched(store, name), Texts{}) << name;
  EXPECT_TRUE(s.http->sent().empty());
}

TEST(AzureKeyVault, settings_that_cannot_work_are_refused) {
  const std::string environmentless = R"(,"tenant_id":"t","client_id":"c","client_secret":"a.b")";
  const std::vector<std::pair<std::string, bool>> rows = {
      {R"("vault":"https://v.vault.azure.net")", true},
      {R"("vault":"https://v.vault.azure.net/")", true},
      {R"("vault":"https://v.vault.azure.cn")", true},
      {R"("vault":"https://hsm.managedhsm.azure.net")", true},
      {R"("vault":"https://v.vault.example","vault_domain":"vault.example")", true},
      {R"("vault":"http://127.0.0.1:8080","vault_domain":"127.0.0.1")", true},
      {R"("vault":"http://v.vault.azure.net")", false},
      {R"("vault":"https://v.vault.azure.net.evil.example")", false},
      {R"("vault":"https://evilvault.azure.net")", false},
      {R"("vault":"https://v.vault.azure.net/secrets/x")", false},
      {R"("vault":"https://u:p@v.vault.azure.net")", false},
      {R"("vault":"https://v.vault.example","vault_domain":"other.example")", false},
      {R"("vault":"https://v.vault.azure.net","authority":"http://login.example")", false},
      {R"("vault":"https://v.vault.azure.net","credential":"none")", false},
      {R"("vault":"https://v.vault.azure.net","value_format":"XML")", false},
      {R"("vault":"https://v.vault.azure.net","versions":0)", false},
      {R"("credential":"auto")", false},
  };
  for (const auto& [text, works] : rows) {
    const Status made = try_make("azure_key_vault", settings("{" + text + environmentless + "}"));
    EXPECT_EQ(made.ok(), works) << text;
    if (!made) {
      EXPECT_THAT(made, fails("store_settings_invalid"));
    }
  }
  EXPECT_THAT(try_make("azure_key_vault", settings(R"({"vault":"https://v.vault.azure.net",
                                    "credential":"client_secret"})")),
              fails("store_settings_invalid"));
}

}  // namespace
}  // namespace signet::secrets::azure
