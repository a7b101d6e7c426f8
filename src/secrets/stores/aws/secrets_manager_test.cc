#include "secrets/stores/aws/secrets_manager.h"

#include "secrets/stores/aws/aws_test_support.h"
#include "secrets/stores/aws/secrets_manager_store.h"
#include "secrets/stores/shared/shared_certificate.h"
#include "secrets/stores/store_contract.h"
#include "support/at_once.h"

namespace signet::secrets::aws {
namespace {

const Alias kSecret("app/key");

struct Mapped {
  AwsWorld world;
  SecretsManagerSettings settings;
  std::shared_ptr<Store> store() {
    return std::make_shared<SecretsManagerStore>(StoreName("aws"), settings, world.access());
  }
};

// ------------------------------------------------------------------ mapped secrets

TEST(SecretsManagerStore, passes_the_exam_of_all_stores) {
  Mapped mapped;
  const std::string pem = pem_of("P-256");
  mapped.world.aws.put(kSecret.str(), pem);
  Exam exam;
  exam.store = mapped.store();
  exam.known = kSecret;
  exam.unknown = Alias("none");
  exam.canaries = {pem.substr(30, 40), kSecretKey};
  exam.change = [&] {
    mapped.world.aws.put(kSecret.str(), pem_of("P-256"));
    mapped.world.aws.clock->advance(std::chrono::minutes(1));
  };
  const auto later = [&] { mapped.world.aws.clock->advance(std::chrono::minutes(1)); };
  exam.breakages = {
      [&, canary = pem.substr(30, 40)] {
        mapped.world.aws.put(kSecret.str(), "-----BEGIN PRIVATE KEY-----\n" + canary);
        later();
      },
      [&] {
        mapped.world.aws.denied.insert("GetSecretValue");
        later();
      },
      [&] {
        mapped.world.http->answer_with(
            [](const OutboundRequest&) { return FakeHttpClient::response(500, "oops"); });
        later();
      },
      [&] {
        mapped.world.http->answer_with({});
        later();
      },
  };
  pass_exam(exam);
}

TEST(SecretsManagerStore, sec_118_the_current_version_is_active_and_the_previous_one_valid) {
  Mapped mapped;
  const std::string old_pem = pem_of("P-256");
  const std::string new_pem = pem_of("P-256");
  mapped.world.aws.put(kSecret.str(), old_pem);
  const auto store = mapped.store();
  const auto before = now(store->fetch(kSecret));
  ASSERT_EQ(before->size(), 1U);
  mapped.world.aws.put(kSecret.str(), new_pem);
  mapped.world.aws.clock->advance(std::chrono::minutes(1));
  const auto after = now(store->fetch(kSecret));
  ASSERT_EQ(after->size(), 2U);
  EXPECT_EQ((*after)[1].kid, (*before)[0].kid);
  EXPECT_NE((*after)[0].kid, (*before)[0].kid);
  EXPECT_EQ((*after)[0].version, "version-2");
  EXPECT_EQ((*after)[1].version, "version-1");
}

TEST(SecretsManagerStore, sec_118_a_pending_version_is_no_key_until_it_is_current) {
  Mapped mapped;
  mapped.world.aws.put(kSecret.str(), pem_of("P-256"));
  const auto store = mapped.store();
  const auto fetch = [&] {
    mapped.world.aws.clock->advance(std::chrono::seconds(31));  // reread_seconds, by default 30
    std::vector<std::string> kids;
    const auto secrets = now(store->fetch(kSecret));
    EXPECT_THAT(secrets, is_ok());
    for (const Secret& secret : *secrets)
      kids.push_back(secret.kid.str());
    return kids;
  };
  const auto before = fetch();
  ASSERT_EQ(before.size(), 1U);
  mapped.world.aws.put_pending(kSecret.str(), pem_of("P-256"));
  EXPECT_EQ(fetch(), before);
  mapped.world.aws.put_pending(kSecret.str(), "a rotation that went wrong");
  EXPECT_EQ(fetch(), before);
  EXPECT_TRUE(store->warnings().empty()) << "it is not even read";
  mapped.world.aws.put_pending(kSecret.str(), pem_of("P-256"));
  mapped.world.aws.finish_rotation(kSecret.str());
  const auto after = fetch();
  ASSERT_EQ(after.size(), 2U) << "within the time of one reading";
  EXPECT_NE(after[0], before[0]);
  EXPECT_EQ(after[1], before[0]) << "which verifies on";
  for (const OutboundRequest& request : mapped.world.http->sent())
    EXPECT_EQ(request.body.find("AWSPENDING"), std::string::npos);
}

TEST(SecretsManagerStore, sec_119_values_of_64_kilobytes_are_read_whole_as_text_and_as_bytes) {
  for (const bool is_binary : {false, true}) {
    Mapped mapped;
    std::string large;
    while (large.size() < 64 * 1024)  // AWS takes no more
      large += "a secret text, ";
    large.resize(64 * 1024);
    mapped.world.aws.put("large", large, is_binary);
    const auto fetched = now(mapped.store()->fetch(Alias("large")));
    ASSERT_THAT(fetched, is_ok());
    EXPECT_EQ(text_of(fetched->front()), large);
  }
}

TEST(SecretsManagerStore, reads_every_form_and_texts) {
  Mapped mapped;
  const auto fetch = [&](const std::string& value, bool is_binary = false) {
    mapped.world.aws.secrets.clear();
    mapped.world.aws.put("x", value, is_binary);
    return now(mapped.store()->fetch(Alias("x")));
  };
  EXPECT_EQ(fetch(pem_of("RSA-2048"))->front().kind, SecretKind::kKeyPair);
  EXPECT_EQ(fetch(base64::encode(as_bytes(pem_of("P-256"))))->front().kind, SecretKind::kKeyPair);
  EXPECT_EQ(fetch(pem_of("P-256"), true)->front().kind, SecretKind::kKeyPair);
  EXPECT_EQ(fetch(pem_of("HMAC-512"))->front().kind, SecretKind::kSymmetric);
  EXPECT_EQ(text_of(fetch("hunter2")->front()), "hunter2");
  EXPECT_EQ(text_of(fetch(R"({"user":"u"})")->front()), R"({"user":"u"})");
  EXPECT_EQ(text_of(fetch("{not json")->front()), "{not json");
  EXPECT_THAT(fetch("-----BEGIN PRIVATE KEY-----\nbroken"), fails_with_code(Code::kConfig));
  mapped.settings.format = ValueFormat::kBase64HmacKey;
  EXPECT_EQ(fetch(base64::encode(Bytes(32, 7)))->front().kind, SecretKind::kSymmetric);
  EXPECT_THAT(fetch("!"), fails("value_not_base64"));
}

TEST(SecretsManagerStore, a_previous_version_that_cannot_be_read_is_left_out_with_a_warning) {
  Mapped mapped;
  mapped.world.aws.put(kSecret.str(), "-----BEGIN PRIVATE KEY-----\nbroken");
  mapped.world.aws.put(kSecret.str(), pem_of("P-256"));
  const auto store = mapped.store();
  const auto secrets = now(store->fetch(kSecret));
  ASSERT_THAT(secrets, is_ok());
  EXPECT_EQ(secrets->size(), 1U);
  ASSERT_EQ(store->warnings().size(), 1U);
  EXPECT_NE(store->warnings()[0].find("AWSPREVIOUS"), std::string::npos);
}

TEST(SecretsManagerStore, a_denial_names_the_right_and_is_no_empty_answer) {
  Mapped mapped;
  mapped.world.aws.denied.insert("GetSecretValue:missing");
  const auto fetched = now(mapped.store()->fetch(Alias("none")));
  ASSERT_THAT(fetched, fails("aws_access_denied"));
  EXPECT_NE(fetched.error().detail.find("secretsmanager:GetSecretValue"), std::string::npos);
  EXPECT_THAT(now(mapped.store()->probe()), is_ok()) << "it answers, and knows us";
}

TEST(SecretsManagerStore, asks_again_only_after_a_while) {
  Mapped mapped;
  mapped.world.aws.put(kSecret.str(), pem_of("P-256"));
  const auto store = mapped.store();
  EXPECT_EQ(now(store->fingerprint()).value(), "");
  for (int i = 0; i < 5; ++i)
    EXPECT_THAT(now(store->fetch(kSecret)), is_ok());
  EXPECT_FALSE(now(store->fingerprint())->empty());
  EXPECT_EQ(mapped.world.http->sent().size(), 2U);
  mapped.world.aws.clock->advance(std::chrono::minutes(1));
  EXPECT_EQ(now(store->fingerprint()).value(), "") << "it may have changed";
  EXPECT_EQ(mapped.world.http->sent().size(), 2U) << "fetch() asks";
  EXPECT_THAT(now(store->fetch(kSecret)), is_ok());
  EXPECT_EQ(mapped.world.http->sent().size(), 4U);
  EXPECT_FALSE(now(store->fingerprint())->empty());
}

TEST(SecretsManagerStore, a_secret_that_breaks_takes_no_other_one_with_it) {
  Mapped mapped;
  mapped.world.aws.put(kSecret.str(), pem_of("P-256"));
  mapped.world.aws.put("app/other", pem_of("P-384"));
  const auto store = mapped.store();
  ASSERT_THAT(now(store->fetch(kSecret)), is_ok());
  ASSERT_THAT(now(store->fetch(Alias("app/other"))), is_ok());
  mapped.world.aws.put("app/other", "-----BEGIN PRIVATE KEY-----\nbroken");
  mapped.world.aws.clock->advance(std::chrono::minutes(1));
  EXPECT_EQ(now(store->fingerprint()).value(), "");
  EXPECT_THAT(now(store->fetch(kSecret)), is_ok());
  EXPECT_THAT(now(store->fetch(Alias("app/other"))), fails("pem_malformed"));
}

TEST(SecretsManagerStore, a_secret_that_cannot_be_asked_for_takes_no_other_one_with_it) {
  Mapped mapped;
  mapped.world.aws.put(kSecret.str(), pem_of("P-256"));
  mapped.world.aws.put("app/other", pem_of("P-384"));
  const auto store = mapped.store();
  ASSERT_THAT(now(store->fetch(kSecret)), is_ok());
  ASSERT_THAT(now(store->fetch(Alias("app/other"))), is_ok());
  mapped.world.http->answer_with([&](const OutboundRequest& request) -> Result<OutboundResponse> {
    if (request.body.find("app/other") != std::string::npos)
      return FakeHttpClient::response(500, "oops");
    return mapped.world.aws.answer(request);
  });
  for (int hour = 0; hour < 30; ++hour) {
    mapped.world.aws.clock->advance(std::chrono::hours(1));
    EXPECT_THAT(now(store->fingerprint()), is_ok());
    EXPECT_THAT(now(store->fetch(kSecret)), is_ok());
    const auto away = now(store->fetch(Alias("app/other")));
    ASSERT_THAT(away, fails("aws_unavailable"));
    EXPECT_NE(away.error().detail.find("app/other"), std::string::npos);
  }
}

TEST(SecretsManagerStore, a_secret_that_nobody_asks_for_any_more_is_forgotten) {
  Mapped mapped;
  mapped.world.aws.put(kSecret.str(), pem_of("P-256"));
  mapped.world.aws.put("app/other", pem_of("P-384"));
  const auto store = mapped.store();
  ASSERT_THAT(now(store->fetch(Alias("app/other"))), is_ok());
  mapped.world.aws.clock->advance(std::chrono::minutes(1));
  ASSERT_THAT(now(store->fetch(kSecret)), is_ok());
  EXPECT_EQ(now(store->fingerprint()).value(), "") << "the other one may have changed";
  mapped.world.aws.clock->advance(std::chrono::hours(1));
  ASSERT_THAT(now(store->fetch(kSecret)), is_ok());
  EXPECT_EQ(now(store->fingerprint()).value(), "");
  const auto without = now(store->fingerprint());
  ASSERT_THAT(without, is_ok());
  EXPECT_FALSE(without->empty());
  EXPECT_EQ(now(store->fingerprint()).value(), *without);
}

TEST(SecretsManagerStore, makes_no_keys) {
  Mapped mapped;
  EXPECT_FALSE(std::dynamic_pointer_cast<KeyMaker>(mapped.store()));
}

// ------------------------------------------------------------------ the shared certificate

struct Shared {
  AwsWorld world;
  std::shared_ptr<Store> instance(std::string name = "indicium/openid-server-test") {
    SharedCertificateSettings mine;
    mine.key = parse_key_spec("P-256").value();
    const AccessPtr access = world.access();
    auto client = std::make_shared<Client>(kSecretsManager, access);
    return make_shared_certificate_store(StoreName("shared"), mine,
                                         make_slot(client, access, std::move(name), ""),
                                         world.context, access->pause);
  }
  std::string kid(const std::shared_ptr<Store>& store) {
    const auto secrets = now(store->fetch(Alias("certificate")));
    return secrets && !secrets->empty() ? secrets->front().kid.str() : secrets.error().reason;
  }
  /// What the document's policy (secret:<prefix>-*) makes of a missing secret.
  void with_the_documents_policy() { world.aws.denied.insert("GetSecretValue:missing"); }
};

TEST(AwsSharedCertificate, sec_116_is_made_under_the_documents_policy_and_under_a_wider_one) {
  for (const bool is_documents : {true, false}) {
    Shared shared;
    if (is_documents) shared.with_the_documents_policy();
    const std::string kid = shared.kid(shared.instance());
    EXPECT_EQ(kid.size(), 43U) << kid;
    EXPECT_EQ(shared.kid(shared.instance()), kid);
    const auto& stored = shared.world.aws.secrets.at("indicium/openid-server-test");
    const auto secrets = secrets_of_pem(as_bytes(stored.at("AWSCURRENT").text), std::nullopt);
    ASSERT_THAT(secrets, is_ok());
    EXPECT_EQ(secrets->front().kid.str(), kid);
    std::set<std::string> operations;
    for (const OutboundRequest& request : shared.world.http->sent())
      operations.insert(header_of(request, "X-Amz-Target"));
    EXPECT_EQ(operations, (std::set<std::string>{"secretsmanager.CreateSecret",
                                                 "secretsmanager.GetSecretValue"}))
        << "no other right is used";
  }
}

TEST(AwsSharedCertificate, sec_117_ten_instances_at_once_end_with_one) {
  Shared shared;
  shared.with_the_documents_policy();
  constexpr int kInstances = 10;
  std::vector<std::string> kids(kInstances);
  std::vector<std::shared_ptr<Store>> instances;
  for (int i = 0; i < kInstances; ++i)
    instances.push_back(shared.instance());
  signet::test::at_once(kInstances, [&](int i) { kids[i] = shared.kid(instances[i]); });
  EXPECT_EQ(std::set<std::string>(kids.begin(), kids.end()).size(), 1U);
  EXPECT_EQ(kids[0].size(), 43U) << kids[0];
}

TEST(AwsSharedCertificate, a_policy_that_denies_all_stops_it_and_names_the_right) {
  Shared shared;
  shared.world.aws.denied = {"GetSecretValue", "CreateSecret"};
  const auto fetched = now(shared.instance()->fetch(Alias("certificate")));
  ASSERT_THAT(fetched, fails("aws_access_denied"));
  for (const char* word : {"secretsmanager:CreateSecret", "'indicium/openid-server-test'",
                           "eu-west-1", "AWS Secrets Manager", "'shared'"})
    EXPECT_NE(fetched.error().detail.find(word), std::string::npos) << word;
  EXPECT_TRUE(shared.world.aws.secrets.empty());
}

TEST(AwsSharedCertificate, sec_120_an_existing_secret_that_may_not_be_read_stops_it) {
  Shared shared;
  shared.world.aws.put("indicium/openid-server-test", pem_of("P-256"));
  shared.world.aws.denied = {"GetSecretValue"};
  EXPECT_EQ(shared.kid(shared.instance()), "shared_certificate_unreadable");
}

TEST(AwsSharedCertificate, a_secret_that_is_scheduled_for_deletion_stops_it) {
  Shared shared;
  const std::string words =
      "You can't perform this operation on the secret because it was marked "
      "for deletion.";
  shared.world.aws.next.push_back(refusal(400, "InvalidRequestException", words));
  const auto fetched = now(shared.instance()->fetch(Alias("certificate")));
  ASSERT_THAT(fetched, fails("aws_request_refused"));
  EXPECT_NE(fetched.error().detail.find("marked for deletion"), std::string::npos);
  EXPECT_TRUE(shared.world.aws.secrets.empty());
  shared.with_the_documents_policy();
  shared.world.aws.next.push_back(refusal(400, "AccessDeniedException"));
  shared.world.aws.next.push_back(refusal(400, "InvalidRequestException", words));
  EXPECT_EQ(shared.kid(shared.instance()), "aws_request_refused");
}

TEST(AwsSharedCertificate, sec_119_nothing_but_a_clear_answer_leads_to_a_key) {
  const std::vector<OutboundResponse> answers = {
      FakeHttpClient::response(500),
      FakeHttpClient::response(200, "garbage"),
      FakeHttpClient::response(200, "{}"),
      FakeHttpClient::response(302),
      refusal(400, "ThrottlingException"),
      refusal(400, "UnrecognizedClientException"),
      refusal(400, "InvalidSignatureException"),
      refusal(403, "SomethingNew"),
      FakeHttpClient::response(200, R"({"SecretBinary":"not base64!"})")};
  for (const OutboundResponse& answer : answers) {
    Shared shared;
    shared.world.http->answer_with([&](const OutboundRequest&) { return answer; });
    EXPECT_FALSE(now(shared.instance()->fetch(Alias("certificate")))) << answer.body;
    for (const OutboundRequest& request : shared.world.http->sent())
      EXPECT_EQ(header_of(request, "X-Amz-Target"), "secretsmanager.GetSecretValue");
  }
  Shared unreachable;
  unreachable.world.http->answer_with({});
  EXPECT_EQ(unreachable.kid(unreachable.instance()), "outbound_unreachable");
}

TEST(AwsSharedCertificate, sec_119_a_wrong_region_is_told_and_makes_no_key) {
  Shared shared;
  shared.world.aws.region = "us-east-1";
  const auto refused = now(shared.instance()->fetch(Alias("certificate")));
  ASSERT_THAT(refused, fails("aws_credentials_refused"));
  EXPECT_NE(refused.error().detail.find("scoped to a valid region"), std::string::npos);
  EXPECT_NE(refused.error().detail.find("in eu-west-1"), std::string::npos)
      << refused.error().detail;
  EXPECT_TRUE(shared.world.aws.secrets.empty());
  for (const OutboundRequest& request : shared.world.http->sent())
    EXPECT_EQ(header_of(request, "X-Amz-Target"), "secretsmanager.GetSecretValue");
  shared.world.settings.region = "us-east-1";
  EXPECT_EQ(shared.kid(shared.instance()).size(), 43U) << "in the right one it is made";
}

TEST(AwsSharedCertificate, takes_what_others_put_there) {
  Shared shared;
  shared.world.aws.put("indicium/openid-server-test",
                       R"({"certificate":")" + base64::encode(as_bytes(pem_of("P-256"))) + "\"}");
  EXPECT_EQ(shared.kid(shared.instance()).size(), 43U);
  EXPECT_TRUE(shared.world.aws.created_with.empty());
}

TEST(AwsSharedCertificate, is_configured_by_its_type) {
  Shared shared;
  const auto store =
      make_store("aws_shared_certificate",
                 settings(R"({"secret_name":"a/b","region":"eu-west-1","key":"P-256"})"),
                 shared.world.context);
  EXPECT_EQ(shared.kid(store).size(), 43U);
  EXPECT_TRUE(shared.world.aws.secrets.contains("a/b"));
  for (const std::string_view bad :
       {"{}", R"({"secret_name":"a b"})", R"({"secret_name":"a","key":"HMAC-256"})",
        R"({"secret_name":"a","region":"x.y"})", R"({"secret_name":"a","alias":"../x"})",
        R"({"secret_name":"a","endpoint_url":"http://elsewhere"})",
        R"({"secret_name":"a","value_password":"not an id"})",
        R"({"secret_name":"a","secretname":"b"})"}) {
    EXPECT_THAT(try_make("aws_shared_certificate", settings(bad)), fails("store_settings_invalid"))
        << bad;
  }
}

}  // namespace
}  // namespace signet::secrets::aws
