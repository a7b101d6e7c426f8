// What the JWKS says of its copies while the other instances do not hear of this one.

#include "oauth/endpoints/test_outage_storage.h"
#include "oauth/endpoints/test_world.h"

namespace signet::oauth::test {
namespace {

using signet::test::is_ok;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kJwks = "/oauth2/connect/jwk_uri";
constexpr const char* kRpJwks = "/oauth2/connect/rp/jwk_uri";
constexpr const char* kNoCopies = "public, max-age=0, must-revalidate";

/// One of several instances, which can be cut off from what they share.
class JwksCopies : public testing::Test {
 protected:
  JwksCopies() {
    storage = std::make_shared<OutageStorage>(world.storage);
    world.storage = storage;
    world.keeping.instance.id = "here";
    world.start();
    world.realm("root");
    pass(secrets::RotationPolicy::kFirstStart);
  }
  void pass(Seconds time) {
    const Seconds interval = world.keeping.refresh_every;
    for (Seconds done{0}; done < time; done += interval) {
      world.clock->advance(interval);
      EXPECT_EQ(async::run_now(world.keeper->refresh()).ok(), !storage->is_down);
    }
  }
  std::string cache_control(const char* path) {
    return std::string(world.get(path).response().header("Cache-Control"));
  }

  World world{[](World& w) {
    w.add_key("rp", crypto::KeyKind::kEcP256,
              "am.services.oauth2.oidc.rp.jwt.authenticity.signing");
  }};
  std::shared_ptr<OutageStorage> storage;
};

TEST_F(JwksCopies, are_not_to_be_kept_when_the_others_may_go_on_without_this_instance) {
  const auto before = world.get(kJwks);
  ASSERT_EQ(before.status(), 200);
  const std::string etag(before.response().header("ETag"));
  storage->is_down = true;
  pass(Seconds(10));
  for (const char* path : {kJwks, kRpJwks})
    EXPECT_THAT(cache_control(path), Not(HasSubstr("max-age=0"))) << "one beat failed";
  pass(Seconds(10));
  const auto cut = world.get(kJwks);
  EXPECT_EQ(cut.status(), 200) << "never empty, and tokens go on";
  EXPECT_EQ(cut.response().header("Cache-Control"), kNoCopies);
  EXPECT_EQ(cut.response().header("ETag"), etag);
  EXPECT_EQ(cut.response().body, before.response().body);
  EXPECT_EQ(cache_control(kRpJwks), kNoCopies);
  const auto again = world.get(kJwks, {{"If-None-Match", etag}});
  EXPECT_EQ(again.status(), 304);
  EXPECT_EQ(again.response().header("Cache-Control"), kNoCopies) << "or a kept copy would live on";
  EXPECT_THAT(cache_control("/oauth2/.well-known/openid-configuration"),
              Not(HasSubstr("max-age=0")))
      << "it holds no keys";
}

TEST_F(JwksCopies, may_be_kept_again_when_it_was_read_what_the_others_did_meanwhile) {
  for (const char* path : {kJwks, kRpJwks})
    ASSERT_EQ(world.get(path).status(), 200);
  storage->is_down = true;
  pass(Seconds(60));
  ASSERT_EQ(cache_control(kJwks), kNoCopies);
  storage->is_down = false;
  ASSERT_THAT(async::run_now(world.keeper->beat()), is_ok());
  EXPECT_EQ(cache_control(kJwks), kNoCopies) << "keys may sign by now that it lacks";
  ASSERT_THAT(async::run_now(world.keeper->refresh()), is_ok());
  for (const char* path : {kJwks, kRpJwks})
    EXPECT_THAT(cache_control(path), Not(HasSubstr("max-age=0")));
}

}  // namespace
}  // namespace signet::oauth::test
