#include "secrets/stores/aws/credential_chain.h"

#include "secrets/stores/aws/aws_test_support.h"
#include "support/at_once.h"

namespace signet::secrets::aws {
namespace {

using Environment = std::map<std::string, std::string>;

constexpr std::string_view kStsAnswer =
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>"
    "<SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-token</SessionToken>"
    "<Expiration>2023-11-14T23:13:20Z</Expiration></Credentials></AssumeRoleResult>"
    "</AssumeRoleResponse>";
// An hour after the start of ManualClock.
constexpr std::string_view kAnHour = "2023-11-14T23:13:20Z";

std::string agent_answer(std::string_view id, std::string_view expires = kAnHour) {
  return R"({"Code":"Success","AccessKeyId":")" + std::string(id) +
         R"(","SecretAccessKey":"s","Token":"t","Expiration":")" + std::string(expires) + "\"}";
}

struct Chain {
  AwsWorld world;
  TempFolder folder;
  std::shared_ptr<CredentialChain> chain;

  explicit Chain(Environment environment, FakeHttpClient::Answer answer = {},
                 AccessSettings settings = {}) {
    world.context.environment = std::move(environment);
    world.context.environment.try_emplace("HOME", folder.str());
    world.http->answer_with(std::move(answer));
    world.settings = std::move(settings);
    chain = std::make_shared<CredentialChain>(world.access());
  }
  Result<CredentialsPtr> get() { return now(chain->get()); }
  std::string id() {
    const auto found = get();
    return found ? (*found)->access_key_id : found.error().reason;
  }
  std::vector<OutboundRequest> sent() { return world.http->sent(); }
};

TEST(CredentialChain, the_environment_comes_first) {
  Chain one({{"AWS_ACCESS_KEY_ID", "AKID"},
             {"AWS_SECRET_ACCESS_KEY", "secret"},
             {"AWS_SESSION_TOKEN", "token"},
             {"AWS_PROFILE", "other"},
             {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"}});
  const auto found = one.get();
  ASSERT_THAT(found, is_ok());
  EXPECT_EQ((*found)->access_key_id, "AKID");
  EXPECT_EQ(as_text((*found)->secret_access_key.view()), "secret");
  EXPECT_EQ((*found)->session_token, "token");
  EXPECT_EQ(Chain(Environment{{"AWS_ACCESS_KEY_ID", "AKID"}}).id(), "aws_credentials_partial");
}

TEST(CredentialChain, profiles_are_read_from_both_files) {
  Chain one({});
  one.folder.write(".aws/credentials",
                   "[default]\naws_access_key_id = A1\naws_secret_access_key=s # mine\n"
                   "[other]\naws_access_key_id=A2\naws_secret_access_key=s\n");
  one.folder.write(".aws/config",
                   "# comment\n[default]\nregion = eu-west-3\naws_access_key_id = NO\n"
                   "[profile other]\nregion=us-west-2\ns3 =\n  max = 1\n[sso-session x]\na=b\n");
  EXPECT_EQ(one.id(), "A1");
  EXPECT_EQ(now(one.chain->region()).value(), "eu-west-3");

  Chain named({{"AWS_PROFILE", "other"}, {"HOME", one.folder.str()}});
  EXPECT_EQ(named.id(), "A2");
  EXPECT_EQ(now(named.chain->region()).value(), "us-west-2");

  AccessSettings by_setting;
  by_setting.profile = "default";
  Chain set({{"AWS_PROFILE", "other"},
             {"AWS_SHARED_CREDENTIALS_FILE", one.folder.str() + "/.aws/credentials"},
             {"AWS_CONFIG_FILE", one.folder.str() + "/.aws/config"}},
            {}, by_setting);
  EXPECT_EQ(set.id(), "A1");

  EXPECT_EQ(Chain(Environment{{"AWS_PROFILE", "none"}, {"HOME", one.folder.str()}}).id(),
            "aws_profile_missing");
}

TEST(CredentialChain, profiles_that_a_server_cannot_follow_are_refused_in_words) {
  Chain one({});
  one.folder.write(".aws/credentials", "[default]\ncredential_process = /bin/x\n");
  EXPECT_EQ(one.id(), "aws_profile_unsupported");
  one.folder.write(".aws/credentials", "[default]\nsso_session = x\n");
  EXPECT_EQ(one.id(), "aws_profile_unsupported");
  one.folder.write(".aws/credentials", "[default]\naws_access_key_id = A\n");
  EXPECT_EQ(one.id(), "aws_profile_incomplete");
  one.folder.write(".aws/credentials", "[default\n");
  EXPECT_EQ(one.id(), "aws_profile_malformed");
  one.folder.write(".aws/credentials",
                   "[default]\nrole_arn=a\nsource_profile=b\n[b]\nrole_arn=c\n"
                   "source_profile=default\n");
  EXPECT_EQ(one.id(), "aws_profile_incomplete") << "a circle";
}

TEST(CredentialChain, a_profile_may_assume_a_role_with_another_profile) {
  Chain one({{"AWS_REGION", "eu-west-1"}}, [](const OutboundRequest&) {
    return FakeHttpClient::response(200, std::string(kStsAnswer));
  });
  one.folder.write(".aws/config",
                   "[default]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=base\n"
                   "external_id = e&1\n");
  one.folder.write(".aws/credentials",
                   "[base]\naws_access_key_id=AKIDEXAMPLE\naws_secret_access_key=" + kSecretKey);
  EXPECT_EQ(one.id(), "ASIAROLE");
  const auto sent = one.sent();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].url, "https://sts.eu-west-1.amazonaws.com/");
  EXPECT_NE(sent[0].body.find("Action=AssumeRole&"), std::string::npos);
  EXPECT_NE(sent[0].body.find("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"), std::string::npos);
  EXPECT_NE(sent[0].body.find("ExternalId=e%261"), std::string::npos);
  EXPECT_FALSE(one.world.aws.check_signature(sent[0])) << "signed by the other profile";
}

TEST(CredentialChain, a_web_identity_is_exchanged_unsigned) {
  Chain one({{"AWS_WEB_IDENTITY_TOKEN_FILE", ""}}, [](const OutboundRequest&) {
    return FakeHttpClient::response(200, std::string(kStsAnswer));
  });
  one.folder.write("token", "eyJ.a+b/c=.d\n");
  Chain two({{"AWS_WEB_IDENTITY_TOKEN_FILE", one.folder.str() + "/token"},
             {"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"},
             {"AWS_ROLE_SESSION_NAME", "pod"}},
            [](const OutboundRequest&) {
              return FakeHttpClient::response(200, std::string(kStsAnswer));
            });
  const auto found = two.get();
  ASSERT_THAT(found, is_ok());
  EXPECT_EQ((*found)->session_token, "role-token");
  EXPECT_EQ((*found)->expires, two.world.aws.clock->now() + std::chrono::hours(1));
  const auto sent = two.sent();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(header_of(sent[0], "Authorization"), "");
  EXPECT_NE(sent[0].body.find("WebIdentityToken=eyJ.a%2Bb%2Fc%3D.d"), std::string::npos);
  EXPECT_NE(sent[0].body.find("RoleSessionName=pod"), std::string::npos);

  EXPECT_EQ(Chain(Environment{{"AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere"}}).id(),
            "aws_credentials_partial");
  EXPECT_EQ(
      Chain(Environment{{"AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere"}, {"AWS_ROLE_ARN", "r"}}).id(),
      "aws_file_unreadable");
  Chain refused(
      {{"AWS_WEB_IDENTITY_TOKEN_FILE", one.folder.str() + "/token"}, {"AWS_ROLE_ARN", "r"}},
      [](const OutboundRequest&) {
        return FakeHttpClient::response(
            403,
            "<ErrorResponse><Error><Code>AccessDenied</Code>"
            "<Message>Not authorized</Message></Error></ErrorResponse>");
      });
  EXPECT_EQ(refused.id(), "aws_access_denied");
}

TEST(CredentialChain, a_container_is_asked_with_its_token) {
  Chain one({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/1"}},
            [](const OutboundRequest&) {
              return FakeHttpClient::response(200, agent_answer("ASIATASK"));
            });
  EXPECT_EQ(one.id(), "ASIATASK");
  EXPECT_EQ(one.sent()[0].url, "http://169.254.170.2/v2/credentials/1");

  one.folder.write("token", "Bearer x");
  const std::string file = one.folder.str() + "/token";
  const std::string url = "http://169.254.170.23/v1/credentials";
  Chain pod({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url},
             {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "not this one"},
             {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file}},
            [](const OutboundRequest&) {
              return FakeHttpClient::response(200, agent_answer("ASIAPOD"));
            });
  EXPECT_EQ(pod.id(), "ASIAPOD");
  EXPECT_EQ(header_of(pod.sent()[0], "Authorization"), "Bearer x");

  one.folder.write("token", "Bearer x\r\nHost: evil");
  EXPECT_EQ(Chain(Environment{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url},
                              {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file}})
                .id(),
            "aws_container_token_invalid");
}

TEST(CredentialChain, only_this_machine_and_the_agents_are_asked_without_tls) {
  const auto answer = [](const OutboundRequest&) {
    return FakeHttpClient::response(200, agent_answer("ASIA"));
  };
  for (const char* good :
       {"https://agent.example.com/c", "http://localhost:8080/c", "http://127.1.2.3/c",
        "http://[::1]/c", "http://169.254.170.2/c", "http://[fd00:ec2::23]/c"}) {
    EXPECT_EQ(Chain(Environment{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", good}}, answer).id(), "ASIA")
        << good;
  }
  for (const char* bad :
       {"http://agent.example.com/c", "http://169.254.169.254/c", "http://10.0.0.1/c", "ftp://x/",
        "http://127.0.0.1.example.com/c", "http://localhost.example.com/", "nonsense"}) {
    Chain chain({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", bad}}, answer);
    EXPECT_EQ(chain.id(), "aws_container_uri_denied") << bad;
    EXPECT_TRUE(chain.sent().empty()) << bad;
  }
  EXPECT_EQ(Chain(Environment{{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil/"}}).id(),
            "aws_container_uri_denied");
}

OutboundResponse imds(const OutboundRequest& request, const std::string& credentials) {
  if (request.method == "PUT") {
    EXPECT_EQ(header_of(request, "x-aws-ec2-metadata-token-ttl-seconds"), "21600");
    return FakeHttpClient::response(200, "imds-token");
  }
  EXPECT_EQ(header_of(request, "x-aws-ec2-metadata-token"), "imds-token");
  if (request.url.ends_with("/iam/security-credentials/")) {
    return FakeHttpClient::response(200, "the-role\n");
  }
  if (request.url.ends_with("/iam/security-credentials/the-role")) {
    return FakeHttpClient::response(200, credentials);
  }
  if (request.url.ends_with("/placement/region")) {
    return FakeHttpClient::response(200, "eu-north-1");
  }
  return FakeHttpClient::response(404);
}

TEST(CredentialChain, an_instance_is_asked_last_and_with_a_session_token_alone) {
  Chain one({},
            [](const OutboundRequest& request) { return imds(request, agent_answer("ASIAEC2")); });
  EXPECT_EQ(one.id(), "ASIAEC2");
  EXPECT_EQ(now(one.chain->region()).value(), "eu-north-1");
  EXPECT_EQ(one.sent()[0].url, "http://169.254.169.254/latest/api/token");
  EXPECT_LE(one.sent()[0].timeout, Milliseconds(1000));

  Chain six({{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"}},
            [](const OutboundRequest& request) { return imds(request, agent_answer("ASIA6")); });
  EXPECT_EQ(six.id(), "ASIA6");
  EXPECT_EQ(six.sent()[0].url, "http://[fd00:ec2::254]/latest/api/token");

  Chain first_version({}, [](const OutboundRequest& request) {
    return FakeHttpClient::response(request.method == "PUT" ? 404 : 200, "the-role");
  });
  EXPECT_EQ(first_version.id(), "aws_credentials_unavailable");
  EXPECT_EQ(first_version.sent().size(), 1U) << "version 1 is not tried";
}

TEST(CredentialChain, answers_of_agents_that_are_none_are_errors) {
  const std::string error = R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"no"})";
  for (const std::string& body :
       {error, std::string("<html>"), std::string("{}"), agent_answer("A", "tomorrow")}) {
    Chain one({}, [body](const OutboundRequest& request) { return imds(request, body); });
    EXPECT_EQ(one.id(), "aws_credentials_malformed") << body;
  }
  EXPECT_EQ(Chain(Environment{{"AWS_EC2_METADATA_DISABLED", "true"}}).id(),
            "aws_credentials_missing");
  EXPECT_EQ(Chain({}).id(), "outbound_unreachable");
}

TEST(CredentialChain, refreshes_before_the_end_and_keeps_the_old_ones_while_that_fails) {
  std::atomic<int> calls{0};
  std::atomic<bool> works{true};
  Chain one({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"}},
            [&](const OutboundRequest&) -> Result<OutboundResponse> {
              const int call = ++calls;
              if (!works) return Error{Code::kTimeout, "outbound_timeout", "late"};
              const Instant end = one.world.aws.clock->now() + std::chrono::hours(1);
              return FakeHttpClient::response(
                  200, agent_answer("ASIA" + std::to_string(call), to_rfc3339(end)));
            });
  EXPECT_EQ(one.id(), "ASIA1");
  EXPECT_EQ(one.id(), "ASIA1");
  one.world.aws.clock->advance(std::chrono::minutes(49));
  EXPECT_EQ(one.id(), "ASIA1");
  one.world.aws.clock->advance(std::chrono::minutes(2));
  EXPECT_EQ(one.id(), "ASIA2");
  works = false;
  one.world.aws.clock->advance(std::chrono::minutes(55));
  EXPECT_EQ(one.id(), "ASIA2");
  const int tried = calls;
  EXPECT_EQ(one.id(), "ASIA2");
  EXPECT_EQ(calls, tried) << "not again within a minute";
  one.world.aws.clock->advance(std::chrono::hours(2));
  EXPECT_EQ(one.id(), "ASIA2") << "extended";
  works = true;
  one.world.aws.clock->advance(std::chrono::minutes(2));
  EXPECT_NE(one.id(), "ASIA2");
}

TEST(CredentialChain, one_refresh_serves_all_who_wait) {
  std::atomic<int> calls{0};
  constexpr int kCallers = 8;
  Chain one({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"}}, [&](const OutboundRequest&) {
    ++calls;
    return FakeHttpClient::response(200, agent_answer("ASIA"));
  });
  signet::test::at_once(kCallers, [&](int) { EXPECT_EQ(one.id(), "ASIA"); });
  EXPECT_EQ(calls, 1);
}

TEST(CredentialChain, the_region_is_found_in_order) {
  AccessSettings settings;
  settings.region = "eu-central-1";
  const Environment both = {{"AWS_REGION", "a-1"}, {"AWS_DEFAULT_REGION", "b-1"}};
  EXPECT_EQ(now(Chain(both, {}, settings).chain->region()).value(), "eu-central-1");
  EXPECT_EQ(now(Chain(both).chain->region()).value(), "a-1");
  EXPECT_EQ(now(Chain(Environment{{"AWS_DEFAULT_REGION", "b-1"}}).chain->region()).value(), "b-1");
  EXPECT_THAT(now(Chain(Environment{{"AWS_EC2_METADATA_DISABLED", "true"}}).chain->region()),
              fails("aws_region_missing"));
  EXPECT_THAT(now(Chain(Environment{{"AWS_REGION", "evil.example.com/"}}).chain->region()),
              fails("aws_region_missing"));
}

TEST(AwsAccess, endpoints_follow_the_partition_and_overrides_are_safe) {
  EXPECT_EQ(aws_endpoint("kms", "eu-west-1"), "https://kms.eu-west-1.amazonaws.com");
  EXPECT_EQ(aws_endpoint("kms", "cn-north-1"), "https://kms.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(aws_endpoint("kms", "us-gov-west-1"), "https://kms.us-gov-west-1.amazonaws.com");
  EXPECT_THAT(check_endpoint("https://vpce-1.example.com"), is_ok());
  EXPECT_THAT(check_endpoint("http://127.0.0.1:5000"), is_ok());
  EXPECT_THAT(check_endpoint("http://vpce-1.example.com"), fails("store_settings_invalid"));
  EXPECT_THAT(check_endpoint("file:///etc/passwd"), fails("store_settings_invalid"));
}

TEST(AwsWire, failures_are_read_in_each_place_where_they_stand) {
  EXPECT_STREQ(failure_of(400, "", R"({"__type":"x.y#ResourceNotFoundException"})").reason,
               "aws_not_found");
  EXPECT_STREQ(failure_of(400, "AccessDeniedException:http://x", "").reason, "aws_access_denied");
  EXPECT_STREQ(failure_of(503, "", "<html>").reason, "aws_unavailable");
  EXPECT_STREQ(failure_of(429, "", "").reason, "aws_throttled");
  EXPECT_STREQ(failure_of(400, "", "garbage").reason, "aws_request_refused");
  EXPECT_STREQ(failure_of(400, "", R"({"__type":"New","message":"m"})").reason,
               "aws_request_refused");
  const Error told = failure_of(400, "", "{\"__type\":\"A\\nB\",\"Message\":\"line\\nfeed\"}");
  EXPECT_EQ(told.detail.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace signet::secrets::aws
