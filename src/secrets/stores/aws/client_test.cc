#include "secrets/stores/aws/client.h"

#include "secrets/stores/aws/aws_test_support.h"

namespace signet::secrets::aws {
namespace {

struct Calls {
  AwsWorld world;
  std::shared_ptr<Client> client;

  Result<json::Object> get() {
    if (!client) client = std::make_shared<Client>(kSecretsManager, world.access());
    json::Object arguments;
    arguments.set("SecretId", "s");
    arguments.set("VersionStage", "AWSCURRENT");
    return now(client->call("GetSecretValue", std::move(arguments)));
  }
  std::size_t sent() { return world.http->sent().size(); }
};

TEST(AwsClient, sends_what_aws_takes) {
  Calls calls;
  calls.world.aws.put("s", "value");
  const auto answer = calls.get();
  ASSERT_THAT(answer, is_ok());
  EXPECT_EQ(text_member(*answer, "SecretString"), "value");
  const OutboundRequest request = calls.world.http->sent().front();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://secretsmanager.eu-west-1.amazonaws.com/");
  EXPECT_EQ(header_of(request, "X-Amz-Target"), "secretsmanager.GetSecretValue");
  EXPECT_EQ(header_of(request, "Content-Type"), "application/x-amz-json-1.1");
  EXPECT_EQ(request.body, R"({"SecretId":"s","VersionStage":"AWSCURRENT"})");
}

TEST(AwsClient, sec_119_failures_that_pass_are_tried_three_times_with_waits) {
  for (const auto& [status, body] :
       std::vector<std::pair<int, std::string>>{{400, R"({"__type":"ThrottlingException"})"},
                                                {429, ""},
                                                {500, "<html>"},
                                                {503, R"({"__type":"InternalServiceError"})"},
                                                {200, "garbage"},
                                                {200, "[]"}}) {
    Calls calls;
    calls.world.aws.put("s", "value");
    for (int i = 0; i < 2; ++i)
      calls.world.aws.next.push_back(FakeHttpClient::response(status, body));
    EXPECT_THAT(calls.get(), is_ok()) << status << body;
    EXPECT_EQ(calls.sent(), 3U);
    EXPECT_EQ(calls.world.waits, 2);
    for (int i = 0; i < 3; ++i)
      calls.world.aws.next.push_back(FakeHttpClient::response(status, body));
    EXPECT_THAT(calls.get(), fails_with_code(Code::kUnavailable)) << status << body;
  }
}

TEST(AwsClient, what_must_not_be_done_twice_is_asked_again_only_where_nothing_was_done) {
  Calls calls;
  const auto once = [&] {
    calls.client = std::make_shared<Client>(kKms, calls.world.access());
    return now(calls.client->call_once("CreateKey", json::Object()));
  };
  calls.world.aws.next.push_back(FakeHttpClient::response(503, "lost"));
  EXPECT_THAT(once(), fails("aws_unavailable"));
  EXPECT_EQ(calls.sent(), 1U);
  calls.world.aws.next.push_back(refusal(400, "ThrottlingException"));
  calls.world.aws.next.push_back(FakeHttpClient::response(200, R"({"KeyMetadata":{}})"));
  EXPECT_THAT(once(), is_ok());
  EXPECT_EQ(calls.sent(), 3U);
}

TEST(AwsClient, an_operation_without_an_answer_answers_an_empty_body) {
  for (const char* body : {"", "null"}) {
    Calls calls;
    calls.world.aws.next.push_back(FakeHttpClient::response(200, body));
    const auto answer = calls.get();
    ASSERT_THAT(answer, is_ok()) << body;
    EXPECT_EQ(answer->find("SecretString"), nullptr);
    EXPECT_EQ(calls.sent(), 1U);
  }
}

TEST(AwsClient, refusals_are_not_tried_again) {
  for (const char* exception : {"AccessDeniedException", "ResourceNotFoundException",
                                "InvalidRequestException", "DecryptionFailure", "Unheard"}) {
    Calls calls;
    calls.world.aws.next.push_back(refusal(400, exception));
    EXPECT_FALSE(calls.get()) << exception;
    EXPECT_EQ(calls.sent(), 1U) << exception;
    EXPECT_EQ(calls.world.waits, 0);
  }
}

TEST(AwsClient, learns_the_time_where_its_own_clock_is_wrong) {
  Calls calls;
  calls.world.aws.put("s", "value");
  auto wrong = std::make_shared<ManualClock>(calls.world.aws.clock->now() - std::chrono::hours(7));
  calls.world.context.clock = wrong;
  EXPECT_THAT(calls.get(), is_ok());
  EXPECT_EQ(calls.sent(), 2U);
  EXPECT_EQ(calls.client->clock_offset(), std::chrono::hours(7));
  EXPECT_THAT(calls.get(), is_ok());
  EXPECT_EQ(calls.sent(), 3U) << "it is remembered";
}

TEST(AwsClient, refused_credentials_are_looked_for_once_more) {
  const TempFolder folder;
  const auto write = [&](const std::string& id, const std::string& secret) {
    folder.write("credentials",
                 "[default]\naws_access_key_id=" + id + "\naws_secret_access_key=" + secret + "\n");
  };
  Calls calls;
  calls.world.aws.put("s", "value");
  calls.world.context.environment = {
      {"AWS_SHARED_CREDENTIALS_FILE", folder.str() + "/credentials"}};
  write("AKIDOLD", "old");
  EXPECT_THAT(calls.get(), fails("aws_credentials_refused"));
  EXPECT_EQ(calls.sent(), 2U);
  write(kKeyId, kSecretKey);
  EXPECT_THAT(calls.get(), is_ok()) << "new keys in the file, without a restart";
  write("AKIDNEW", "new");
  calls.world.aws.access_key = "AKIDNEW";
  calls.world.aws.secret_key = "new";
  EXPECT_THAT(calls.get(), is_ok());
}

TEST(AwsClient, goes_where_it_is_told) {
  Calls calls;
  calls.world.aws.put("s", "value");
  calls.world.context.environment["AWS_ENDPOINT_URL"] = "https://any.example.com";
  calls.world.context.environment["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = "http://127.0.0.1:5000";
  EXPECT_THAT(calls.get(), is_ok());
  EXPECT_EQ(calls.world.http->sent().back().url, "http://127.0.0.1:5000/");
  calls.client.reset();
  calls.world.settings.endpoint_url = "https://vpce.example.com:8443/base/";
  EXPECT_THAT(calls.get(), is_ok());
  EXPECT_EQ(calls.world.http->sent().back().url, "https://vpce.example.com:8443/base/");
  calls.client.reset();
  calls.world.settings.endpoint_url.clear();
  calls.world.context.environment["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = "http://elsewhere/";
  EXPECT_THAT(calls.get(), fails("store_settings_invalid"));
}

TEST(AwsClient, without_a_way_out_or_credentials_it_says_so) {
  Calls calls;
  calls.world.context.http.reset();
  EXPECT_THAT(calls.get(), fails("outbound_http_missing"));
  Calls poor;
  poor.world.context.environment = {{"AWS_EC2_METADATA_DISABLED", "true"}};
  EXPECT_THAT(poor.get(), fails("aws_credentials_missing"));
}

TEST(AwsClient, no_secret_is_in_an_error) {
  Calls calls;
  calls.world.aws.secret_key = "another";
  const auto refused = calls.get();
  ASSERT_THAT(refused, fails("aws_credentials_refused"));
  EXPECT_EQ(refused.error().detail.find(kSecretKey), std::string::npos);
}

}  // namespace
}  // namespace signet::secrets::aws
