#include "secrets/stores/google/access_tokens.h"

#include "http/form_view.h"
#include "jose/jws.h"
#include "secrets/stores/google/google_test_support.h"

namespace signet::secrets::google {
namespace {

std::string account_document() {
  const std::string pem = pem_of("RSA-2048");
  const std::string key = pem.substr(0, pem.find("-----BEGIN CERT"));
  json::Object document;
  document.set("type", "service_account");
  document.set("client_email", "signet@p.iam.gserviceaccount.com");
  document.set("private_key_id", "key-1");
  document.set("private_key", key);
  document.set("token_uri", "https://oauth2.googleapis.com/token");
  return json::dump(document);
}

constexpr std::string_view kUser = R"({"type":"authorized_user","client_id":"id",
    "client_secret":"canary-secret","refresh_token":"canary+refresh"})";

std::string field(const OutboundRequest& request, std::string_view name) {
  std::string scratch(request.body.size(), '\0');
  const auto form = http::FormView::parse(request.body, scratch);
  return std::string(form.value().find(name).value_or(""));
}

/// Tokens from a file of this content.
struct World {
  explicit World(const std::string& document) {
    folder.write("credentials.json", document);
    CredentialSettings settings;
    settings.file = (folder / "credentials.json").string();
    tokens = std::make_shared<AccessTokens>(settings, google.context(clock));
  }
  TempFolder folder;
  FakeGoogle google;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<AccessTokens> tokens;
};

TEST(AccessTokens, a_service_account_sends_the_signed_assertion_of_rfc_7523) {
  World world(account_document());
  const auto token = now(world.tokens->get());
  ASSERT_THAT(token, is_ok());
  EXPECT_EQ(as_text((*token)->view()), "canary-token");

  ASSERT_EQ(world.google.http->sent().size(), 1U);
  const OutboundRequest request = world.google.http->sent()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://oauth2.googleapis.com/token");
  EXPECT_EQ(field(request, "grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");

  const std::string document =
      to_text(Folder::open(world.folder.str())->read("credentials.json", {}).value()->view());
  const auto account = std::get<ServiceAccountKey>(parse_credentials(as_bytes(document)).value());
  const jose::KeyPtr keys[] = {account.key};
  jose::VerifyOptions options;
  options.keys = keys;
  const auto verified = jose::verify_compact(field(request, "assertion"), options);
  ASSERT_THAT(verified, is_ok());
  EXPECT_EQ(verified->header.kid, "key-1");
  const auto claims = json::parse_object(as_text(verified->payload)).value();
  EXPECT_EQ(*claims.find("iss")->if_string(), "signet@p.iam.gserviceaccount.com");
  EXPECT_EQ(*claims.find("aud")->if_string(), "https://oauth2.googleapis.com/token");
  EXPECT_EQ(*claims.find("scope")->if_string(), kCloudPlatformScope);
  EXPECT_EQ(claims.find("iat")->if_int(), 1'700'000'000);
  EXPECT_EQ(claims.find("exp")->if_int(), 1'700'003'600);
}

TEST(AccessTokens, a_user_sends_the_refresh_token_form_encoded) {
  World world{std::string(kUser)};
  ASSERT_THAT(now(world.tokens->get()), is_ok());
  const OutboundRequest request = world.google.http->sent().at(0);
  EXPECT_EQ(field(request, "grant_type"), "refresh_token");
  EXPECT_EQ(field(request, "refresh_token"), "canary+refresh");
  EXPECT_EQ(field(request, "client_secret"), "canary-secret");
}

TEST(AccessTokens, a_federated_identity_exchanges_the_token_of_a_file) {
  World world("{}");
  world.folder.write("subject", "canary-subject\n", 0644);
  world.folder.write("credentials.json",
                     R"({"type":"external_account","audience":"//iam.googleapis.com/x",
      "subject_token_type":"urn:ietf:params:oauth:token-type:jwt",
      "token_url":"https://sts.googleapis.com/v1/token",
      "credential_source":{"file":")" +
                         (world.folder / "subject").string() + "\"}}",
                     0644);
  ASSERT_THAT(now(world.tokens->get()), is_ok());
  const OutboundRequest request = world.google.http->sent().at(0);
  EXPECT_EQ(request.url, "https://sts.googleapis.com/v1/token");
  EXPECT_EQ(field(request, "grant_type"), "urn:ietf:params:oauth:grant-type:token-exchange");
  EXPECT_EQ(field(request, "subject_token"), "canary-subject");
  EXPECT_EQ(field(request, "audience"), "//iam.googleapis.com/x");
}

TEST(AccessTokens, a_federated_identity_may_act_as_a_service_account) {
  World world(R"({"type":"external_account","audience":"a","subject_token_type":"t",
      "token_url":"https://sts.googleapis.com/v1/token",
      "service_account_impersonation_url":"https://iamcredentials.googleapis.com/v1/x:generate",
      "credential_source":{"url":"http://169.254.169.254/id","headers":{"X":"1"},
        "format":{"type":"json","subject_token_field_name":"access_token"}}})");
  world.google.instead =
      [](const OutboundRequest& request) -> std::optional<Result<OutboundResponse>> {
    if (request.url == "http://169.254.169.254/id")
      return net::FakeHttpClient::response(200, R"({"access_token":"subject"})");
    if (request.url.ends_with(":generate"))
      return net::FakeHttpClient::response(200, R"({"accessToken":"impersonated"})");
    return std::nullopt;
  };
  const auto token = now(world.tokens->get());
  ASSERT_THAT(token, is_ok());
  EXPECT_EQ(as_text((*token)->view()), "impersonated");
  const auto sent = world.google.http->sent();
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_EQ(field(sent[1], "subject_token"), "subject");
  EXPECT_EQ(sent[2].body,
            R"({"scope":["https://www.googleapis.com/auth/cloud-platform"],"lifetime":"3600s"})");
}

TEST(AccessTokens, without_a_file_the_metadata_server_is_asked_where_the_environment_says) {
  FakeGoogle google;
  StoreContext context = google.context();
  const auto ask = [&] {
    return now(std::make_shared<AccessTokens>(CredentialSettings(), context)->get());
  };
  ASSERT_THAT(ask(), is_ok());
  EXPECT_EQ(google.http->sent().back().url,
            "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/"
            "token");
  context.environment["GCE_METADATA_HOST"] = "127.0.0.1:8080";
  ASSERT_THAT(ask(), is_ok());
  EXPECT_EQ(google.http->sent().back().url.find("http://127.0.0.1:8080/computeMetadata/"), 0U);
  context.environment["GCE_METADATA_HOST"] = "evil/path";
  EXPECT_THAT(ask(), fails("google_credentials_invalid"));
}

TEST(AccessTokens, who_answers_without_the_flavor_is_no_metadata_server) {
  FakeGoogle google;
  google.instead = [](const OutboundRequest&) -> std::optional<Result<OutboundResponse>> {
    return net::FakeHttpClient::response(200, R"({"access_token":"x","expires_in":60})");
  };
  const auto tokens = std::make_shared<AccessTokens>(CredentialSettings(), google.context());
  EXPECT_THAT(now(tokens->get()), fails("google_credentials_missing"));
}

TEST(AccessTokens, the_environment_and_gclouds_file_are_looked_at_in_that_order) {
  const TempFolder folder;
  folder.write("named.json", std::string(kUser));
  folder.write("application_default_credentials.json",
               R"({"type":"authorized_user","client_id":"gcloud","client_secret":"s",
                   "refresh_token":"r"})");
  FakeGoogle google;
  StoreContext context = google.context();
  context.environment["CLOUDSDK_CONFIG"] = folder.str();
  const auto ask = [&] {
    return now(std::make_shared<AccessTokens>(CredentialSettings(), context)->get());
  };
  ASSERT_THAT(ask(), is_ok());
  EXPECT_EQ(field(google.http->sent().back(), "client_id"), "gcloud");
  context.environment["GOOGLE_APPLICATION_CREDENTIALS"] = (folder / "named.json").string();
  ASSERT_THAT(ask(), is_ok());
  EXPECT_EQ(field(google.http->sent().back(), "client_id"), "id");
  context.environment["GOOGLE_APPLICATION_CREDENTIALS"] = (folder / "none.json").string();
  EXPECT_THAT(ask(), fails("google_credentials_missing"));
}

TEST(AccessTokens, a_token_is_kept_and_renewed_before_it_ends) {
  World world{std::string(kUser)};
  for (int i = 0; i < 5; ++i)
    ASSERT_THAT(now(world.tokens->get()), is_ok());
  EXPECT_EQ(world.google.http->sent().size(), 1U);
  world.clock->advance(Seconds(3600 - 226));
  ASSERT_THAT(now(world.tokens->get()), is_ok());
  EXPECT_EQ(world.google.http->sent().size(), 1U);
  world.clock->advance(Seconds(2));
  ASSERT_THAT(now(world.tokens->get()), is_ok());
  EXPECT_EQ(world.google.http->sent().size(), 2U);
}

TEST(AccessTokens, a_failed_renewal_does_not_hurt_while_the_token_is_good) {
  World world{std::string(kUser)};
  ASSERT_THAT(now(world.tokens->get()), is_ok());
  world.google.instead = [](const OutboundRequest&) -> std::optional<Result<OutboundResponse>> {
    return FakeGoogle::failure(503, "UNAVAILABLE");
  };
  world.clock->advance(Seconds(3500));
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(now(world.tokens->get()), is_ok());
  EXPECT_EQ(world.google.http->sent().size(), 2U) << "one try in ten seconds";
  world.clock->advance(Seconds(11));
  EXPECT_THAT(now(world.tokens->get()), is_ok());
  EXPECT_EQ(world.google.http->sent().size(), 3U);
  world.clock->advance(Seconds(90));
  EXPECT_THAT(now(world.tokens->get()), fails("google_unavailable"));
}

/// Answers when it is told to.
class SlowHttp : public net::HttpClient {
 public:
  Task<OutboundResponse> send(OutboundRequest) override {
    ++asked;
    async::OneShot<Done> gate = open;
    (void)co_await gate.wait();
    co_return net::FakeHttpClient::response(200, R"({"access_token":"x","expires_in":3600})");
  }
  async::OneShot<Done> open;
  std::atomic<int> asked{0};
};

TEST(AccessTokens, many_who_ask_at_once_cause_one_renewal) {
  const TempFolder folder;
  folder.write("c.json", std::string(kUser));
  auto http = std::make_shared<SlowHttp>();
  StoreContext context = test_context();
  context.http = http;
  CredentialSettings settings;
  settings.file = (folder / "c.json").string();
  const auto tokens = std::make_shared<AccessTokens>(settings, context);
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      if (now(tokens->get())) ++good;
    });
  }
  http->open.complete(Done{});
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(good, 4);
  EXPECT_EQ(http->asked, 1);
}

TEST(AccessTokens, a_file_with_a_key_must_be_private) {
  World world{std::string(kUser)};
  world.folder.write("credentials.json", std::string(kUser), 0644);
  EXPECT_THAT(now(world.tokens->get()), fails("secret_file_permissions"));
}

TEST(Credentials, what_is_wrong_with_a_document_is_told_without_repeating_it) {
  const struct {
    std::string document;
    const char* reason;
  } kRows[] = {
      {"canary", "google_credentials_invalid"},
      {R"({"type":"service_account","private_key":"canary"})", "google_credentials_invalid"},
      {R"({"type":"service_account","client_email":"a","private_key":"canary"})",
       "google_credentials_invalid"},
      {R"({"type":"authorized_user","client_id":"a","client_secret":"canary"})",
       "google_credentials_invalid"},
      {R"({"type":"authorized_user","client_id":"a","client_secret":"canary","refresh_token":"x",
          "token_uri":"http://tokens.example.com/"})",
       "google_url_invalid"},
      {R"({"type":"external_account_authorized_user"})", "google_credentials_unsupported"},
      {R"({"type":"service_account","universe_domain":"other.example"})",
       "google_credentials_unsupported"},
      {R"({"type":"external_account","audience":"a","subject_token_type":"t",
          "token_url":"https://s/","credential_source":{"environment_id":"aws1"}})",
       "google_credentials_unsupported"},
      {R"({"type":"external_account","audience":"a","subject_token_type":"t",
          "token_url":"https://s/"})",
       "google_credentials_invalid"},
  };
  for (const auto& row : kRows) {
    const auto parsed = parse_credentials(as_bytes(row.document));
    EXPECT_THAT(parsed, fails(row.reason)) << row.document;
    EXPECT_EQ(parsed.error().detail.find("canary"), std::string::npos);
  }
}

}  // namespace
}  // namespace signet::secrets::google
