#include "secrets/stores/google/kms_store.h"

#include "secrets/stores/google/kms_test_support.h"

namespace signet::secrets::google {
namespace {

using crypto::KeyKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(GoogleKmsStore, passes_the_exam_of_all_stores) {
  FakeGoogle google;
  google.keys["known"] = {ec_version("EC_SIGN_P256_SHA256", KeyKind::kEcP256)};
  const auto clock = std::make_shared<ManualClock>();
  Exam exam;
  exam.store = kms_store_over(google, R"(,"versionCacheDuration":0)", clock);
  exam.known = Alias("known");
  exam.unknown = Alias("unknown");
  exam.canaries = {"canary"};
  exam.breakages = {
      [&] { google.denied = {"list"}; },
      [&] { google.valid_token = "another-canary"; },
      [&] {
        google.instead = [](const OutboundRequest&) -> std::optional<Result<OutboundResponse>> {
          return net::FakeHttpClient::response(200, "canary, and no JSON");
        };
      },
      [&] {
        google.instead = [](const OutboundRequest&) -> std::optional<Result<OutboundResponse>> {
          return Error{Code::kTimeout, "outbound_timeout", "https://h:443"};
        };
      },
  };
  pass_exam(exam);
}

TEST(GoogleKmsStore, algorithms_that_jose_has_not_are_refused_with_the_name) {
  for (const char* algorithm :
       {"EC_SIGN_SECP256K1_SHA256", "RSA_SIGN_RAW_PKCS1_2048", "RSA_DECRYPT_OAEP_4096_SHA512",
        "HMAC_SHA1", "HMAC_SHA224", "GOOGLE_SYMMETRIC_ENCRYPTION", "AES_256_GCM",
        "PQ_SIGN_ML_DSA_65", "EXTERNAL_SYMMETRIC_ENCRYPTION", "x"}) {
    FakeGoogle google;
    google.keys["k"] = {mac_version(algorithm)};
    const auto refused = now(kms_store_over(google)->fetch(Alias("k")));
    EXPECT_THAT(refused, fails("google_kms_algorithm_unsupported")) << algorithm;
    EXPECT_THAT(refused, fails_with_code(Code::kUnsupported));
    EXPECT_NE(refused.error().detail.find(algorithm), std::string::npos);
  }
}

TEST(GoogleKmsStore, the_newest_enabled_version_is_active) {
  FakeGoogle google;
  google.keys["k"] =
      std::vector<FakeKeyVersion>(11, ec_version("EC_SIGN_P256_SHA256", KeyKind::kEcP256));
  google.keys["k"][1].state = "DISABLED";
  google.keys["k"][10].state = "PENDING_GENERATION";
  const auto clock = std::make_shared<ManualClock>();
  const auto store = kms_store_over(google, "", clock);
  EXPECT_THAT(versions_of(now(store->fetch(Alias("k")))),
              ElementsAre("10", "9", "8", "7", "6", "5", "4", "3", "1"));
  google.keys["k"][10].state = "ENABLED";
  google.keys["k"][9].state = "DESTROY_SCHEDULED";
  EXPECT_EQ(versions_of(now(store->fetch(Alias("k")))).front(), "10") << "the list is kept a while";
  clock->advance(Seconds(31));
  EXPECT_THAT(versions_of(now(store->fetch(Alias("k")))),
              ElementsAre("11", "9", "8", "7", "6", "5", "4", "3", "1"));
}

TEST(GoogleKmsStore, the_list_of_versions_is_asked_for_where_somebody_wants_it_now) {
  FakeGoogle google;
  google.keys["k"] = {ec_version("EC_SIGN_P256_SHA256", KeyKind::kEcP256)};
  const auto store = kms_store_over(google);
  EXPECT_THAT(versions_of(now(store->fetch(Alias("k")))), ElementsAre("1"));
  google.keys["k"].push_back(ec_version("EC_SIGN_P256_SHA256", KeyKind::kEcP256));
  EXPECT_THAT(versions_of(now(store->fetch(Alias("k")))), ElementsAre("1"));
  EXPECT_EQ(google.count("/cryptoKeyVersions?"), 1U);
  store->forget_cached();
  EXPECT_THAT(versions_of(now(store->fetch(Alias("k")))), ElementsAre("2", "1"));
  EXPECT_EQ(google.count("/cryptoKeyVersions?"), 2U);
  EXPECT_THAT(versions_of(now(store->fetch(Alias("k")))), ElementsAre("2", "1"));
  EXPECT_EQ(google.count("/cryptoKeyVersions?"), 2U);
  EXPECT_EQ(google.count("/publicKey"), 2U) << "once of each version, which never changes";
}

TEST(GoogleKmsStore, a_version_of_no_use_is_left_out_with_a_warning) {
  FakeGoogle google;
  google.keys["k"] = {ec_version("EC_SIGN_P256_SHA256", KeyKind::kEcP256),
                      mac_version("HMAC_SHA1")};
  const auto store = kms_store_over(google);
  EXPECT_THAT(versions_of(now(store->fetch(Alias("k")))), ElementsAre("1"));
  EXPECT_THAT(store->warnings(), SizeIs(1));
}

TEST(GoogleKmsStore, public_keys_are_asked_for_once) {
  FakeGoogle google;
  google.keys["k"] = {ec_version("EC_SIGN_P256_SHA256", KeyKind::kEcP256)};
  const auto clock = std::make_shared<ManualClock>();
  const auto store = kms_store_over(google, R"(,"publicKeyCacheDuration":100)", clock);
  for (int i = 0; i < 5; ++i)
    EXPECT_THAT(now(store->fetch(Alias("k"))), is_ok());
  EXPECT_EQ(google.count("/publicKey"), 1U);
  EXPECT_EQ(google.count("/cryptoKeyVersions?"), 1U);
  clock->advance(Seconds(101));
  EXPECT_THAT(now(store->fetch(Alias("k"))), is_ok());
  EXPECT_EQ(google.count("/publicKey"), 2U);
}

TEST(GoogleKmsStore, unknown_keys_are_an_empty_list_and_odd_names_are_refused) {
  FakeGoogle google;
  const auto store = kms_store_over(google);
  EXPECT_THAT(now(store->fetch(Alias("none"))).value(), IsEmpty());
  for (const std::string_view alias : {"k/cryptoKeyVersions/1", "..", "a b", ""})
    EXPECT_THAT(now(store->fetch(Alias(alias))), fails("google_name_invalid")) << alias;
}

TEST(GoogleKmsStore, every_wrong_setting_is_told) {
  for (const std::string_view wrong :
       {R"({"location":"l","keyRing":"r"})", R"({"project":"p","keyRing":"r"})",
        R"({"project":"p","location":"l"})", R"({"project":"p","location":"l/x","keyRing":"r"})",
        R"({"project":"p","location":"l","keyRing":"r/x"})",
        R"({"project":"p","location":"l","keyRing":"r","publicKeyCacheMaxSize":-1})",
        R"({"project":"p","location":"l","keyRing":"r","endpoint":"ftp://x"})"})
    EXPECT_THAT(try_make("google_kms", settings(wrong)), fails("store_settings_invalid")) << wrong;
}

}  // namespace
}  // namespace signet::secrets::google
