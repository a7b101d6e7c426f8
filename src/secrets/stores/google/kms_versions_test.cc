// New versions of keys in Cloud KMS.

#include "secrets/stores/google/kms_store.h"
#include "secrets/stores/google/kms_test_support.h"

namespace signet::secrets::google {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A key ring with one key of one version, and a store that may make more of them.
struct VersionSetting {
  FakeGoogle google;
  std::shared_ptr<Store> store;

  explicit VersionSetting(std::string_view more = R"(,"create_keys":true)") {
    google.keys["k"] = {ec_version("EC_SIGN_P256_SHA256", crypto::KeyKind::kEcP256)};
    store = kms_store_over(google, more);
  }
  Status make(std::string_view after, std::string_view alias = "k") {
    return now(dynamic_cast<VersionMaker&>(*store).make_version(Alias(alias), std::string(after)));
  }
  std::vector<FakeKeyVersion>& versions() { return google.keys["k"]; }
  void add_version() {
    FakeKeyVersion like_the_first = versions().front();
    versions().push_back(std::move(like_the_first));
  }
  std::size_t made() const {
    std::size_t posts = 0;
    for (const auto& request : google.http->sent())
      posts += request.method == "POST" && request.url.ends_with("/cryptoKeyVersions") ? 1 : 0;
    return posts;
  }
  std::vector<std::string> served() { return versions_of(now(store->fetch(Alias("k")))); }
  /// The same once there is a version after the first one.
  std::vector<std::string> served_with_a_successor() {
    EXPECT_THAT(make("1"), is_ok());
    return served();
  }
};

TEST(GoogleKmsVersions, a_new_version_is_made_and_served_at_once) {
  VersionSetting s;
  EXPECT_THAT(s.served(), ElementsAre("1"));
  ASSERT_THAT(s.make("1"), is_ok());
  const auto request = s.google.http->sent().back();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url,
            "https://cloudkms.googleapis.com/v1/projects/p/locations/l/keyRings/r/cryptoKeys/k/"
            "cryptoKeyVersions");
  EXPECT_EQ(request.body, "{}");
  EXPECT_THAT(s.served(), ElementsAre("2", "1")) << "the list that was kept is not used";
}

TEST(GoogleKmsVersions, none_is_made_where_a_newer_one_is_there_already) {
  VersionSetting s;
  ASSERT_THAT(s.make("1"), is_ok());
  ASSERT_THAT(s.make("1"), is_ok());
  EXPECT_EQ(s.made(), 1U);
  ASSERT_THAT(s.make("2"), is_ok());
  EXPECT_EQ(s.made(), 2U);
}

TEST(GoogleKmsVersions, one_that_is_still_generated_is_waited_for) {
  VersionSetting s;
  s.google.made_state = "PENDING_GENERATION";
  EXPECT_THAT(s.make("1"), fails("version_pending"));
  EXPECT_THAT(s.make("1"), fails("version_pending"));
  EXPECT_THAT(s.make("1"), fails_with_code(Code::kUnavailable));
  EXPECT_EQ(s.made(), 1U);
  EXPECT_THAT(s.served(), ElementsAre("1"));
  s.versions()[1].state = "ENABLED";
  EXPECT_THAT(s.served_with_a_successor(), ElementsAre("2", "1"));
  EXPECT_EQ(s.made(), 1U);
}

TEST(GoogleKmsVersions, after_one_that_failed_none_is_made_until_somebody_made_one) {
  VersionSetting s;
  s.google.made_state = "GENERATION_FAILED";
  EXPECT_THAT(s.make("1"), fails("version_pending"));
  EXPECT_THAT(s.make("1"), fails("google_kms_generation_failed"));
  EXPECT_EQ(s.made(), 1U) << "each one is paid for";
  s.add_version();
  EXPECT_THAT(s.make("1"), is_ok());
  EXPECT_EQ(s.made(), 1U);
}

TEST(GoogleKmsVersions, disabled_ones_are_no_successors) {
  VersionSetting s;
  s.add_version();
  s.versions()[1].state = "DISABLED";
  EXPECT_THAT(s.served_with_a_successor(), ElementsAre("3", "1"));
  EXPECT_EQ(s.made(), 1U);
}

TEST(GoogleKmsVersions, the_last_one_may_be_disabled_since_it_was_compromised) {
  VersionSetting s;
  s.versions()[0].state = "DISABLED";
  EXPECT_THAT(s.served_with_a_successor(), ElementsAre("2"));
}

TEST(GoogleKmsVersions, a_template_of_another_algorithm_makes_none) {
  VersionSetting s;
  s.google.templates["k"] = "EC_SIGN_P384_SHA384";
  const auto refused = s.make("1");
  EXPECT_THAT(refused, fails("google_kms_template_differs"));
  EXPECT_THAT(refused.error().detail, HasSubstr("EC_SIGN_P384_SHA384"));
  EXPECT_EQ(s.made(), 0U);
}

TEST(GoogleKmsVersions, mac_keys_get_versions_too) {
  VersionSetting s;
  s.versions() = {{"HMAC_SHA256", std::nullopt, Bytes(64, 7)}};
  EXPECT_THAT(s.served_with_a_successor(), ElementsAre("2", "1"));
}

TEST(GoogleKmsVersions, without_the_setting_none_is_asked_for) {
  VersionSetting s("");
  const auto refused = s.make("1");
  EXPECT_THAT(refused, fails("store_makes_no_keys"));
  EXPECT_THAT(refused.error().detail, HasSubstr("create_keys"));
  EXPECT_TRUE(s.google.http->sent().empty());
  EXPECT_THAT(try_make("google_kms", settings(R"({"project":"p","location":"l","keyRing":"r",)"
                                              R"("create_keys":"yes"})")),
              fails("store_settings_invalid"));
}

TEST(GoogleKmsVersions, a_missing_right_is_told_and_nothing_is_made) {
  for (const char* right : {"list", "get", "create"}) {
    VersionSetting s;
    s.google.denied = {right};
    EXPECT_THAT(s.make("1"), fails("google_denied")) << right;
    EXPECT_EQ(s.versions().size(), 1U);
    s.google.denied = {};
    EXPECT_THAT(s.make("1"), is_ok()) << right;
  }
}

TEST(GoogleKmsVersions, a_lost_answer_makes_no_second_one) {
  VersionSetting s;
  s.google.instead =
      [&](const OutboundRequest& request) -> std::optional<Result<OutboundResponse>> {
    if (request.method != "POST" || !request.url.ends_with("/cryptoKeyVersions"))
      return std::nullopt;
    s.add_version();
    return Error{Code::kUnavailable, "outbound_broken", "https://h:443"};
  };
  EXPECT_THAT(s.make("1"), fails("outbound_broken"));
  EXPECT_EQ(s.made(), 1U) << "a call that may have been heard is not repeated";
  EXPECT_THAT(s.make("1"), is_ok());
  EXPECT_EQ(s.versions().size(), 2U);
}

TEST(GoogleKmsVersions, answers_about_another_key_and_odd_names_are_refused) {
  VersionSetting s;
  s.google.tamper = [](const OutboundRequest& request, json::Object& object) {
    if (request.url.ends_with("/cryptoKeys/k")) object.set("name", "projects/p/x");
  };
  EXPECT_THAT(s.make("1"), fails("google_integrity_failed"));
  EXPECT_EQ(s.made(), 0U);
  EXPECT_THAT(s.make("1", "none"), fails("alias_unknown"));
  EXPECT_THAT(s.make("1", "k/x"), fails("google_name_invalid"));
  EXPECT_THAT(s.make("newest"), fails("version_invalid"));
}

}  // namespace
}  // namespace signet::secrets::google
