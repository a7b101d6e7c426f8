#include "secrets/stores/azure/credential.h"

#include "base/base64.h"
#include "http/form_view.h"
#include "jose/jwt.h"
#include "net/fake_http_client.h"
#include "secrets/stores/store_test_support.h"
#include "secrets/stores/value_format.h"

namespace signet::secrets::azure {
namespace {

using net::FakeHttpClient;

constexpr std::string_view kResource = "https://vault.azure.net";

struct CredentialSetting {
  std::shared_ptr<FakeHttpClient> http = std::make_shared<FakeHttpClient>();
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  StoreContext context = test_context();
  json::Object own;

  CredentialSetting() {
    context.http = http;
    context.clock = clock;
    give(R"({"expires_in":3600,"access_token":"token-1"})");
  }
  void give(std::string body, int status = 200) {
    http->answer_with([=](const auto&) { return FakeHttpClient::response(status, body); });
  }
  Result<CredentialSettings> read() {
    const StoreName name("s");
    SettingsReader reader(name, own, credential_settings());
    CredentialSettings read = read_credential(reader, context.environment);
    TRY(reader.done());
    return read;
  }
  std::unique_ptr<Credential> credential() {
    auto settings = read();
    EXPECT_THAT(settings, is_ok());
    return std::make_unique<Credential>(*settings, context);
  }
  std::string token(Credential& credential) {
    const auto token = now(credential.token(std::string(kResource)));
    EXPECT_THAT(token, is_ok());
    return token ? to_text((*token)->view()) : token.error().reason;
  }
  net::OutboundRequest request() { return http->sent().back(); }
  std::string header(std::string_view wanted) {
    const net::OutboundRequest last = request();
    for (const auto& [name, value] : last.headers)
      if (name == wanted) return value;
    return "absent";
  }
  std::string field(std::string_view name) {
    const std::string body = request().body;
    std::string scratch(body.size(), '\0');
    const auto form = http::FormView::parse(body, scratch);
    EXPECT_THAT(form, is_ok());
    return std::string(form ? form->find(name).value_or("absent") : "absent");
  }
};

TEST(AzureCredential, a_client_secret_goes_to_the_authority_of_the_settings) {
  CredentialSetting s;
  s.context.environment = {{"AZURE_TENANT_ID", "tenant-1"},
                           {"AZURE_CLIENT_ID", "client-1"},
                           {"AZURE_CLIENT_SECRET", "s&cret=+"}};
  EXPECT_EQ(s.token(*s.credential()), "token-1");
  EXPECT_EQ(s.request().method, "POST");
  EXPECT_EQ(s.request().url, "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token");
  EXPECT_EQ(s.field("grant_type"), "client_credentials");
  EXPECT_EQ(s.field("client_id"), "client-1");
  EXPECT_EQ(s.field("client_secret"), "s&cret=+");
  EXPECT_EQ(s.field("scope"), "https://vault.azure.net/.default");

  s.own = settings(R"({"tenant_id":"t2","client_id":"c2","client_secret":"my.secret",
                       "authority":"https://login.chinacloudapi.cn/"})");
  s.context.password = knows_password("from a store");
  EXPECT_EQ(s.token(*s.credential()), "token-1");
  EXPECT_EQ(s.request().url, "https://login.chinacloudapi.cn/t2/oauth2/v2.0/token");
  EXPECT_EQ(s.field("client_secret"), "from a store");
}

TEST(AzureCredential, a_certificate_signs_an_assertion) {
  const TempFolder folder;
  const std::string pem = pem_of("RSA-2048");
  folder.write("app.pem", pem);
  CredentialSetting s;
  s.context.environment = {{"AZURE_TENANT_ID", "tenant-1"},
                           {"AZURE_CLIENT_ID", "client-1"},
                           {"AZURE_CLIENT_CERTIFICATE_PATH", folder.str() + "/app.pem"}};
  EXPECT_EQ(s.token(*s.credential()), "token-1");
  EXPECT_EQ(s.field("client_secret"), "absent");
  EXPECT_EQ(s.field("client_assertion_type"),
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  const auto own = secrets_of_pem(as_bytes(pem), std::nullopt).value();
  const std::vector<jose::KeyPtr> keys = {
      jose::Key::local(jose::Jwk::from_public(*own.front().key->jwk().public_key()))};
  jose::VerifyOptions options;
  options.keys = keys;
  jose::ClaimRules rules;
  rules.now = s.clock->now();
  rules.issuer = "client-1";
  rules.audience_any_of = {"https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token"};
  rules.require_jti = true;
  const auto assertion = jose::verify_jwt(s.field("client_assertion"), options, rules);
  ASSERT_THAT(assertion, is_ok());
  EXPECT_EQ(assertion->header.alg, jose::JwsAlg::kPs256);
  EXPECT_EQ(assertion->claims.subject, "client-1");
  EXPECT_EQ(*assertion->header.members.find("x5t#S256")->if_string(),
            base64::url_encode(own.front().certificates[0].thumbprint(crypto::Hash::kSha256)));
}

TEST(AzureCredential, a_workloads_token_is_read_anew_for_each_login) {
  const TempFolder folder;
  folder.write("token", "first\n", 0644);
  CredentialSetting s;
  s.context.environment = {{"AZURE_TENANT_ID", "tenant-1"},
                           {"AZURE_CLIENT_ID", "client-1"},
                           {"AZURE_FEDERATED_TOKEN_FILE", folder.str() + "/token"}};
  const auto credential = s.credential();
  EXPECT_EQ(s.token(*credential), "token-1");
  EXPECT_EQ(s.field("client_assertion"), "first");
  folder.write("token", "second", 0644);
  s.clock->advance(Seconds(3590));
  EXPECT_EQ(s.token(*credential), "token-1");
  EXPECT_EQ(s.field("client_assertion"), "second");
  std::filesystem::remove(folder / "token");
  s.clock->advance(Seconds(3600));
  EXPECT_THAT(now(credential->token(std::string(kResource))), fails("azure_credential_unreadable"));
}

TEST(AzureCredential, a_managed_identity_asks_the_metadata_service) {
  CredentialSetting s;
  s.give(R"({"expires_on":"1700000600","access_token":"token-2","client_id":"x"})");
  EXPECT_EQ(s.token(*s.credential()), "token-2");
  EXPECT_EQ(s.request().url,
            "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01"
            "&resource=https%3A%2F%2Fvault.azure.net");
  EXPECT_EQ(s.header("Metadata"), "true");
  s.own = settings(R"({"client_id":"user-assigned"})");
  EXPECT_EQ(s.token(*s.credential()), "token-2");
  EXPECT_NE(s.request().url.find("&client_id=user-assigned"), std::string::npos);
}

TEST(AzureCredential, a_token_whose_end_is_nonsense_is_not_kept) {
  CredentialSetting s;
  s.give(R"({"expires_on":"-9223372036854775808","access_token":"token-2"})");
  const auto credential = s.credential();
  EXPECT_EQ(s.token(*credential), "token-2");
  s.give(R"({"expires_on":"9223372036854775807","access_token":"token-3"})");
  EXPECT_EQ(s.token(*credential), "token-3");
  s.give(R"({"expires_on":"1700000600","access_token":"token-4"})");
  EXPECT_EQ(s.token(*credential), "token-3");
}

TEST(AzureCredential, app_service_has_an_endpoint_and_a_header_of_its_own) {
  CredentialSetting s;
  s.context.environment = {{"IDENTITY_ENDPOINT", "http://127.0.0.1:41741/msi/token"},
                           {"IDENTITY_HEADER", "canary-header"}};
  EXPECT_EQ(s.token(*s.credential()), "token-1");
  EXPECT_EQ(s.request().url,
            "http://127.0.0.1:41741/msi/token?api-version=2019-08-01"
            "&resource=https%3A%2F%2Fvault.azure.net");
  EXPECT_EQ(s.header("X-IDENTITY-HEADER"), "canary-header");
  EXPECT_EQ(s.header("Metadata"), "absent");
  s.context.environment["IDENTITY_ENDPOINT"] = "http://evil.example/msi/token";
  EXPECT_THAT(s.read(), fails("store_settings_invalid"));
  s.context.environment = {{"IDENTITY_ENDPOINT", "http://127.0.0.1:1/x"},
                           {"IMDS_ENDPOINT", "http://127.0.0.1:2"}};
  EXPECT_THAT(s.read(), fails("store_settings_invalid"));
}

TEST(AzureCredential, a_token_is_kept_until_five_minutes_before_its_end) {
  CredentialSetting s;
  const auto credential = s.credential();
  EXPECT_EQ(s.token(*credential), "token-1");
  s.give(R"({"expires_in":"3600","access_token":"token-2"})");
  s.clock->advance(Seconds(3299));
  EXPECT_EQ(s.token(*credential), "token-1");
  s.clock->advance(Seconds(1));
  EXPECT_EQ(s.token(*credential), "token-2");
}

TEST(AzureCredential, a_good_token_outlives_a_failing_login) {
  CredentialSetting s;
  const auto credential = s.credential();
  EXPECT_EQ(s.token(*credential), "token-1");
  s.give("down", 503);
  s.clock->advance(Seconds(3500));
  EXPECT_EQ(s.token(*credential), "token-1");
  s.clock->advance(Seconds(100));
  EXPECT_THAT(now(credential->token(std::string(kResource))), fails("azure_login_unavailable"));
}

TEST(AzureCredential, each_failure_of_a_login_has_its_error) {
  struct Row {
    int status;
    const char* body;
    const char* reason;
  };
  const std::vector<Row> rows = {
      {401, R"({"error":"invalid_client","error_description":"AADSTS7000215: no.\r\nTrace ID: x"})",
       "azure_login_refused"},
      {400, R"({"error":"invalid_request","error_description":"Identity not found"})",
       "azure_login_refused"},
      {429, "", "azure_login_unavailable"},
      {500, "<html>", "azure_login_unavailable"},
      {200, "<html>", "azure_login_unavailable"},
      {200, "{}", "azure_login_unavailable"},
      {200, R"({"access_token":"x"})", "azure_login_unavailable"},
      {302, "", "azure_login_unavailable"},
  };
  for (const Row& row : rows) {
    CredentialSetting s;
    s.give(row.body, row.status);
    const auto token = now(s.credential()->token(std::string(kResource)));
    EXPECT_THAT(token, fails(row.reason)) << row.body;
    EXPECT_EQ(token.error().detail.find("Trace"), std::string::npos);
  }
  CredentialSetting s;
  s.http->answer_with({});
  EXPECT_THAT(now(s.credential()->token(std::string(kResource))), fails("azure_login_unavailable"));
}

}  // namespace
}  // namespace signet::secrets::azure
