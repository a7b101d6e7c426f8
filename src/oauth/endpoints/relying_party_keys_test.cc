// GET .../connect/rp/jwk_uri: the keys of a realm as a relying party.

#include "oauth/endpoints/test_world.h"

namespace signet::oauth::test {
namespace {

using signet::test::is_ok;

const std::string kRpSigning = "am.services.oauth2.oidc.rp.jwt.authenticity.signing";
const std::string kRpIdTokens = "am.services.oauth2.oidc.rp.idtoken.encryption";
const std::string kRpPath = "/oauth2/connect/rp/jwk_uri";

/// Two keys that sign requests, and two that ID tokens are encrypted to.
void add_keys(World& world) {
  world.add_key("sign-2", crypto::KeyKind::kEcP256, kRpSigning);
  world.add_key("sign-1", crypto::KeyKind::kRsa, kRpSigning);
  world.mapping(kRpSigning, {"sign-1", "sign-2"});
  world.add_key("open-2", crypto::KeyKind::kRsa, kRpIdTokens);
  world.add_key("open-1", crypto::KeyKind::kRsa, kRpIdTokens);
  world.mapping(kRpIdTokens, {"open-1", "open-2"});
}

class RelyingPartyKeys : public ::testing::Test {
 protected:
  RelyingPartyKeys() {
    world.realm("root");
    world.realm("alpha");
  }
  std::string kid(const char* alias) {
    return async::run_now(world.store->fetch(Alias(alias)))->front().kid.str();
  }
  /// "kid use" of each key.
  std::vector<std::string> published(const std::string& path) {
    std::vector<std::string> out;
    const json::Object set = world.get(path).json();
    const json::Value* keys = set.find("keys");
    if (keys == nullptr || keys->if_array() == nullptr) return out;
    for (const auto& key : *keys->if_array()) {
      std::string one = *key.get("kid")->if_string();
      one.append(" ").append(*key.get("use")->if_string());
      out.push_back(std::move(one));
    }
    return out;
  }
  World world{add_keys};
};

TEST_F(RelyingPartyKeys, are_all_that_sign_and_the_active_one_to_encrypt_to) {
  EXPECT_THAT(published(kRpPath),
              testing::UnorderedElementsAre(kid("sign-1") + " sig", kid("sign-2") + " sig",
                                            kid("open-1") + " enc"));
  const std::string body = world.get(kRpPath).response().body;
  for (const char* is_private : {R"("d":)", R"("p":)", R"("k":)"})
    EXPECT_EQ(body.find(is_private), std::string::npos) << "sec_126";
  const auto of_provider = world.get("/oauth2/connect/jwk_uri").response().body;
  for (const char* alias : {"sign-1", "sign-2", "open-1", "open-2"})
    EXPECT_EQ(of_provider.find(kid(alias)), std::string::npos) << alias;
}

TEST_F(RelyingPartyKeys, lie_under_the_path_of_each_realm) {
  const std::string of_alpha = "/oauth2/realms/root/realms/alpha/connect/rp/jwk_uri";
  EXPECT_EQ(published(of_alpha), published(kRpPath)) << "global ones";
  EXPECT_EQ(world.get("/oauth2/realms/root/realms/none/connect/rp/jwk_uri").status(), 404);
  EXPECT_EQ(world.post(kRpPath, "").status(), 405);
}

TEST_F(RelyingPartyKeys, are_served_with_the_cache_rules_of_the_jwks) {
  const auto first = world.get(kRpPath);
  ASSERT_EQ(first.status(), 200);
  EXPECT_EQ(first.response().header("Content-Type"), "application/jwk-set+json");
  EXPECT_EQ(first.response().header("Cache-Control"), "public, max-age=0, must-revalidate");
  world.clock->advance(secrets::RotationPolicy::kFirstStart);
  const auto later = world.get(kRpPath);
  EXPECT_EQ(later.response().header("Cache-Control").find("must-revalidate"),
            std::string_view::npos);
  const std::string etag(later.response().header("ETag"));
  EXPECT_EQ(world.get(kRpPath, {{"If-None-Match", etag}}).status(), 304);
}

TEST_F(RelyingPartyKeys, are_none_where_none_is_mapped_and_that_is_not_to_be_kept) {
  World other;
  other.realm("root");
  const auto answer = other.get(kRpPath);
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.response().body, R"({"keys":[]})");
  other.clock->advance(std::chrono::hours(24));
  EXPECT_EQ(other.get(kRpPath).response().header("Cache-Control"),
            "public, max-age=0, must-revalidate");
}

TEST_F(RelyingPartyKeys, are_not_called_none_while_their_store_was_not_read) {
  world.storage = *storage::open("memory:", *world.clock);
  world.store->fail_with(Error{Code::kUnavailable, "store_away", "nobody answers"});
  world.start();
  world.realm("root");
  EXPECT_EQ(world.get(kRpPath).status(), 503);
  EXPECT_EQ(world.get(kRpPath).response().header("Retry-After"), "1");
  world.store->fail_with(std::nullopt);
  ASSERT_THAT(async::run_now(world.keeper->refresh()), is_ok());
  EXPECT_EQ(published(kRpPath).size(), 3U);
}

}  // namespace
}  // namespace signet::oauth::test
