#include "secrets/stores/google/secret_manager_store.h"

#include "base/base64.h"
#include "base/crc32c.h"
#include "crypto/cipher.h"
#include "secrets/stores/google/google_test_support.h"

namespace signet::secrets::google {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::shared_ptr<Store> secrets_of(
    FakeGoogle& google, std::string_view more = "",
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>()) {
  return make_store("google_secret_manager",
                    settings(R"({"project":"p")" + std::string(more) + "}"),
                    google.context(std::move(clock)));
}

std::vector<std::string> texts(const Result<std::vector<Secret>>& secrets) {
  EXPECT_THAT(secrets, is_ok());
  std::vector<std::string> found;
  if (secrets) {
    for (const Secret& secret : *secrets)
      found.push_back(text_of(secret));
  }
  return found;
}

std::vector<std::string> fetched(const std::shared_ptr<Store>& store, std::string_view alias) {
  return texts(now(store->fetch(Alias(alias))));
}

TEST(GoogleSecretManagerStore, passes_the_exam_of_all_stores) {
  FakeGoogle google;
  google.secrets["known"] = {{"canary-old"}, {"canary-new"}};
  Exam exam;
  exam.store = secrets_of(google);
  exam.known = Alias("known");
  exam.unknown = Alias("unknown");
  exam.canaries = {"canary"};
  exam.breakages = {
      [&] {
        google.denied = {"list", "access"};
      },
      [&] {
        google.denied = {};
        google.tamper = [](const OutboundRequest&, json::Object& object) {
          if (json::Value* payload = object.find("payload"))
            payload->if_object()->set("dataCrc32c", "1");
        };
      },
      [&] {
        google.tamper = {};
        google.instead = [](const OutboundRequest&) -> std::optional<Result<OutboundResponse>> {
          return net::FakeHttpClient::response(200, "canary, and no JSON");
        };
      },
      [&] {
        google.instead = [](const OutboundRequest&) -> std::optional<Result<OutboundResponse>> {
          return Error{Code::kUnavailable, "outbound_unreachable", "https://h:443"};
        };
      },
  };
  pass_exam(exam);
}

TEST(GoogleSecretManagerStore, the_newest_enabled_version_is_active_and_older_ones_are_valid) {
  FakeGoogle google;
  google.secrets["s"] = {{"one"}, {"two", "DISABLED"}, {"three"}, {"four"}};
  const auto store = secrets_of(google);
  EXPECT_EQ(store->ordering(), Ordering::kByStore);
  EXPECT_THAT(fetched(store, "s"), ElementsAre("four", "three", "one"));
  const auto secrets = now(store->fetch(Alias("s")));
  EXPECT_EQ(secrets->at(0).version, "4");
  EXPECT_EQ(secrets->at(2).version, "1");
}

TEST(GoogleSecretManagerStore, a_disabled_newest_version_is_no_outage) {
  FakeGoogle google;
  google.secrets["s"] = {{"one"}, {"two"}, {"three", "DISABLED"}, {"four", "DESTROYED"}};
  EXPECT_THAT(fetched(secrets_of(google), "s"), ElementsAre("two", "one"));
}

TEST(GoogleSecretManagerStore, a_version_that_is_disabled_is_gone_at_the_next_fetch) {
  FakeGoogle google;
  google.secrets["s"] = {{"one"}, {"two"}, {"three"}};
  const auto store = secrets_of(google);
  EXPECT_THAT(fetched(store, "s"), SizeIs(3));
  google.secrets["s"][0].state = "DISABLED";
  EXPECT_THAT(fetched(store, "s"), ElementsAre("three", "two"));
  google.secrets["s"][2].state = "DISABLED";
  EXPECT_THAT(fetched(store, "s"), ElementsAre("two"));
}

TEST(GoogleSecretManagerStore, a_new_version_shows_at_once_and_the_list_is_asked_for_rarely) {
  FakeGoogle google;
  google.secrets["s"] = {{"one"}};
  const auto clock = std::make_shared<ManualClock>();
  const auto store = secrets_of(google, "", clock);
  for (int i = 0; i < 5; ++i)
    EXPECT_THAT(fetched(store, "s"), ElementsAre("one"));
  EXPECT_EQ(google.count("/versions?"), 1U);
  google.secrets["s"].push_back({"two"});
  EXPECT_THAT(fetched(store, "s"), ElementsAre("two", "one"));
  EXPECT_EQ(google.count("/versions?"), 2U);
  clock->advance(Seconds(601));
  EXPECT_THAT(fetched(store, "s"), ElementsAre("two", "one"));
  EXPECT_EQ(google.count("/versions?"), 3U);
}

TEST(GoogleSecretManagerStore, an_older_version_enabled_again_shows_when_the_list_expires) {
  FakeGoogle google;
  google.secrets["s"] = {{"one", "DISABLED"}, {"two"}};
  const auto clock = std::make_shared<ManualClock>();
  const auto store = secrets_of(google, R"(,"expiryDurationSeconds":60)", clock);
  EXPECT_THAT(fetched(store, "s"), ElementsAre("two"));
  google.secrets["s"][0].state = "ENABLED";
  clock->advance(Seconds(61));
  EXPECT_THAT(fetched(store, "s"), ElementsAre("two", "one"));
}

TEST(GoogleSecretManagerStore, an_older_version_enabled_again_shows_where_somebody_wants_it_now) {
  FakeGoogle google;
  google.secrets["s"] = {{"one", "DISABLED"}, {"two"}};
  const auto store = secrets_of(google);
  EXPECT_THAT(fetched(store, "s"), ElementsAre("two"));
  google.secrets["s"][0].state = "ENABLED";
  EXPECT_THAT(fetched(store, "s"), ElementsAre("two"));
  store->forget_cached();
  EXPECT_THAT(fetched(store, "s"), ElementsAre("two", "one"));
  EXPECT_EQ(google.count("/versions?"), 2U);
}

TEST(GoogleSecretManagerStore, without_the_right_to_list_the_newest_version_is_served) {
  FakeGoogle google;
  google.secrets["s"] = {{"one"}, {"two"}};
  google.denied = {"list"};
  const auto store = secrets_of(google);
  EXPECT_THAT(fetched(store, "s"), ElementsAre("two"));
  EXPECT_THAT(store->warnings(), SizeIs(1));
  EXPECT_THAT(now(store->probe()), is_ok());
  EXPECT_THAT(now(store->aliases()), fails("google_list_denied"));
  EXPECT_THAT(fetched(store, "s"), ElementsAre("two"));
  EXPECT_EQ(google.count("/versions?"), 1U) << "a no is remembered";
}

TEST(GoogleSecretManagerStore, without_the_right_to_list_a_disabled_newest_version_is_told) {
  FakeGoogle google;
  google.secrets["s"] = {{"one"}, {"two", "DISABLED"}};
  google.denied = {"list"};
  const auto refused = now(secrets_of(google)->fetch(Alias("s")));
  EXPECT_THAT(refused, fails("google_newest_disabled"));
  EXPECT_THAT(refused, fails_with_code(Code::kConfig));
  EXPECT_NE(refused.error().detail.find("secretmanager.versions.list"), std::string::npos);
}

TEST(GoogleSecretManagerStore, a_secret_without_versions_is_as_none) {
  FakeGoogle google;
  google.secrets["s"] = {};
  EXPECT_THAT(fetched(secrets_of(google), "s"), IsEmpty());
}

TEST(GoogleSecretManagerStore, bytes_that_arrive_changed_are_asked_for_again_and_never_used) {
  FakeGoogle google;
  google.secrets["s"] = {{"one"}};
  int left = 2;
  google.tamper = [&](const OutboundRequest&, json::Object& object) {
    json::Value* payload = object.find("payload");
    if (payload && left-- > 0) payload->if_object()->set("data", "b25m");
  };
  const auto store = secrets_of(google);
  EXPECT_THAT(fetched(store, "s"), ElementsAre("one"));
  left = 3;
  const auto refused = now(store->fetch(Alias("s")));
  EXPECT_THAT(refused, fails("google_integrity_failed"));
  EXPECT_THAT(refused, fails_with_code(Code::kUnavailable));
}

TEST(GoogleSecretManagerStore, an_answer_about_another_secret_is_not_used) {
  for (const std::string name :
       {"projects/123/secrets/other/versions/1", "projects/123/secrets/s/versions/1/x",
        "projects/123/secrets/s/versions/latest", "s"}) {
    FakeGoogle google;
    google.secrets["s"] = {{"one"}};
    google.tamper = [name](const OutboundRequest&, json::Object& object) {
      if (object.find("payload")) object.set("name", name);
    };
    EXPECT_THAT(now(secrets_of(google)->fetch(Alias("s"))), fails("google_integrity_failed"))
        << name;
  }
}

TEST(GoogleSecretManagerStore, kids_tell_secret_and_version_or_the_version_alone) {
  FakeGoogle google;
  google.secrets["s"] = {{pem_of("P-256")}, {pem_of("P-256")}};
  const auto kids = [&](std::string_view more) {
    const auto secrets = now(secrets_of(google, more)->fetch(Alias("s")));
    EXPECT_THAT(secrets, is_ok());
    std::vector<std::string> found;
    for (const Secret& secret : *secrets) {
      EXPECT_EQ(secret.key->kid(), secret.kid.str());
      EXPECT_EQ(secret.kind, SecretKind::kKeyPair);
      EXPECT_THAT(secret.certificates, SizeIs(1));
      found.push_back(secret.kid.str());
    }
    return found;
  };
  EXPECT_THAT(kids(R"(,"secretFormat":"PEM")"),
              ElementsAre("secrets/s/versions/2", "secrets/s/versions/1"));
  EXPECT_THAT(kids(R"(,"secretFormat":"PEM","stableIdVersionOnly":true)"), ElementsAre("2", "1"));
}

TEST(GoogleSecretManagerStore, a_jwk_that_names_itself_keeps_its_name) {
  FakeGoogle google;
  google.secrets["s"] = {
      {R"({"kty":"oct","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"})"},
      {R"({"kty":"oct","kid":"mine","k":"AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"})"}};
  const auto secrets = now(secrets_of(google, R"(,"secretFormat":"JWK")")->fetch(Alias("s")));
  ASSERT_THAT(secrets, is_ok());
  EXPECT_EQ(secrets->at(0).kid.str(), "mine");
  EXPECT_EQ(secrets->at(1).kid.str(), "secrets/s/versions/1");
}

TEST(GoogleSecretManagerStore, a_version_that_cannot_be_read_is_left_out_with_a_warning) {
  FakeGoogle google;
  google.secrets["s"] = {{pem_of("P-256")}, {"no pem, but a canary"}};
  const auto store = secrets_of(google, R"(,"secretFormat":"PEM")");
  EXPECT_THAT(now(store->fetch(Alias("s"))).value(), SizeIs(1));
  ASSERT_THAT(store->warnings(), SizeIs(1));
  EXPECT_NE(store->warnings()[0].find("secret 's', version 2: "), std::string::npos);
  EXPECT_EQ(store->warnings()[0].find("canary"), std::string::npos);
  google.secrets["s"][0].state = "DISABLED";
  EXPECT_THAT(now(store->fetch(Alias("s"))), fails("pem_malformed"));
}

TEST(GoogleSecretManagerStore, regional_secrets_are_asked_for_where_they_are) {
  FakeGoogle google;
  google.secrets["s"] = {{"one"}};
  EXPECT_THAT(fetched(secrets_of(google, R"(,"location":"europe-west3")"), "s"),
              ElementsAre("one"));
  EXPECT_EQ(google.http->sent().back().url.find(
                "https://secretmanager.europe-west3.rep.googleapis.com/v1/projects/p/locations/"
                "europe-west3/secrets/s/versions"),
            0U);
}

TEST(GoogleSecretManagerStore, a_token_that_is_refused_is_renewed_once) {
  FakeGoogle google;
  google.secrets["s"] = {{"one"}};
  const auto store = secrets_of(google);
  EXPECT_THAT(fetched(store, "s"), ElementsAre("one"));
  google.valid_token = "another";
  EXPECT_THAT(fetched(store, "s"), ElementsAre("one"));
  EXPECT_EQ(google.count("/token"), 2U);
  google.instead = [](const OutboundRequest& request) -> std::optional<Result<OutboundResponse>> {
    if (request.url.ends_with("/token")) return std::nullopt;
    return FakeGoogle::failure(401, "UNAUTHENTICATED");
  };
  EXPECT_THAT(now(store->fetch(Alias("s"))), fails("google_unauthenticated"));
}

TEST(GoogleSecretManagerStore, a_lost_answer_is_asked_for_once_more_and_a_busy_service_is_not) {
  FakeGoogle google;
  google.secrets["s"] = {{"one"}};
  int lost = 1;
  google.instead = [&](const OutboundRequest& request) -> std::optional<Result<OutboundResponse>> {
    if (request.url.ends_with("/token") || lost-- <= 0) return std::nullopt;
    return Error{Code::kUnavailable, "outbound_broken", "hung up"};
  };
  const auto store = secrets_of(google);
  EXPECT_THAT(fetched(store, "s"), ElementsAre("one"));
  google.instead = [](const OutboundRequest&) -> std::optional<Result<OutboundResponse>> {
    return FakeGoogle::failure(429, "RESOURCE_EXHAUSTED");
  };
  const std::size_t before = google.http->sent().size();
  EXPECT_THAT(now(store->fetch(Alias("s"))), fails("google_quota"));
  EXPECT_EQ(google.http->sent().size(), before + 1);
}

TEST(GoogleSecretManagerStore, values_encrypted_by_cloud_kms_are_decrypted_there) {
  FakeGoogle google;
  const auto key = crypto::PrivateKey::generate(crypto::KeyKind::kRsa, 2048).value();
  google.keys["k"] = {{"RSA_DECRYPT_OAEP_2048_SHA256", key}};
  const Bytes ciphertext =
      crypto::rsa_encrypt(key.public_key(), crypto::RsaPadding::kOaepSha256, as_bytes("a password"))
          .value();
  google.secrets["s"] = {{base64::encode(ciphertext)}, {"*"}, {"bm9uZQ=="}};
  const auto store = secrets_of(google,
                                R"(,"secretFormat":"GOOGLE_KMS_ENCRYPTED","kmsDecryptionKey":
      "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1")");
  EXPECT_THAT(fetched(store, "s"), ElementsAre("a password"));
  EXPECT_THAT(store->warnings(), SizeIs(2));
}

TEST(GoogleSecretManagerStore, names_that_leave_their_path_are_refused) {
  FakeGoogle google;
  const auto store = secrets_of(google);
  for (const std::string_view alias : {"a/b", "../x", "a?b", "projects/p/secrets/s", "a:access"})
    EXPECT_THAT(now(store->fetch(Alias(alias))), fails("google_name_invalid")) << alias;
  EXPECT_TRUE(google.http->sent().empty());
}

TEST(GoogleSecretManagerStore, every_wrong_setting_is_told) {
  for (const std::string_view wrong :
       {R"({})", R"({"project":"a/b"})", R"({"project":"p","location":"a.b"})",
        R"({"project":"p","secretFormat":"PEN"})", R"({"project":"p","expiryDurationSeconds":-1})",
        R"({"project":"p","endpoint":"http://example.com"})",
        R"({"project":"p","endpoint":"https://example.com/path"})",
        R"({"project":"p","secretFormat":"GOOGLE_KMS_ENCRYPTED"})",
        R"({"project":"p","kmsDecryptionKey":"projects/p/locations/l/keyRings/r/cryptoKeys/k"})",
        R"({"project":"p","secretFormat":"GOOGLE_KMS_ENCRYPTED","kmsDecryptionKey":"k"})",
        R"({"project":"p","credentials_file":"/x","serviceAccount":"a@b"})",
        R"({"project":"p","serviceAccount":"a/b"})"})
    EXPECT_THAT(try_make("google_secret_manager", settings(wrong)), fails("store_settings_invalid"))
        << wrong;
  EXPECT_THAT(try_make("google_secret_manager",
                       settings(R"({"project":"p","endpoint":"http://127.0.0.1:1234"})")),
              is_ok());
}

TEST(GoogleSecretManagerStore, without_a_way_out_the_store_says_so) {
  const auto store =
      make_store("google_secret_manager", settings(R"({"project":"p"})"), test_context());
  EXPECT_THAT(now(store->fetch(Alias("s"))), fails("google_http_missing"));
}

}  // namespace
}  // namespace signet::secrets::google
