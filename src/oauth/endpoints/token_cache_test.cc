#include "oauth/endpoints/token_cache.h"

#include "oauth/endpoints/test_world.h"

namespace signet::oauth {
namespace {

TokenCache::Key key(std::uint8_t n) {
  TokenCache::Key made{};
  made[1] = n;  // the same shard for all
  return made;
}

ReadyRecordPtr record(const std::string& body) {
  auto made = std::make_shared<ReadyRecord>();
  made->active_body = body;
  return made;
}

const Instant kNow = from_unix_seconds(1'700'000'000);

TEST(TokenCache, sec_058_a_revoked_token_is_gone_at_once) {
  TokenCache cache;
  cache.put(key(1), record("one"), kNow, cache.revocations(key(1)));
  ASSERT_TRUE(cache.find(key(1), kNow));
  cache.revoke(key(1));
  EXPECT_FALSE(cache.find(key(1), kNow));
}

TEST(TokenCache, sec_058_what_was_read_before_a_revocation_is_not_put_after_it) {
  TokenCache cache;
  const std::uint64_t before = cache.revocations(key(1));
  cache.revoke(key(1));
  cache.put(key(1), record("one"), kNow, before);
  EXPECT_FALSE(cache.find(key(1), kNow));
}

TEST(TokenCache, forgets_after_its_age_and_when_the_clock_is_set_back) {
  TokenCache cache;
  cache.put(key(1), record("one"), kNow, 0);
  EXPECT_TRUE(cache.find(key(1), kNow + TokenCache::kMaxAge));
  EXPECT_FALSE(cache.find(key(1), kNow + TokenCache::kMaxAge + Milliseconds(1)));
  EXPECT_FALSE(cache.find(key(1), kNow - Milliseconds(1)));
}

TEST(TokenCache, holds_no_more_than_it_was_given_room_for) {
  TokenCache cache(32);  // two in each shard
  for (std::uint8_t n = 1; n <= 3; ++n)
    cache.put(key(n), record("x"), kNow, 0);
  EXPECT_FALSE(cache.find(key(1), kNow));
  EXPECT_TRUE(cache.find(key(2), kNow));
  EXPECT_TRUE(cache.find(key(3), kNow));
}

TEST(TokenCache, takes_what_was_read_later) {
  TokenCache cache;
  cache.put(key(1), record("one"), kNow, 0);
  cache.put(key(1), record("two"), kNow + Milliseconds(900), 0);
  const auto found = cache.find(key(1), kNow + Milliseconds(1500));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->active_body, "two");
}

TEST(TokenCache, sec_058_a_token_introspected_a_moment_ago_is_inactive_after_its_revocation) {
  test::World world;
  world.realm("root", R"(,"access_token":{"format":"opaque"})");
  world.client("c1");
  const std::string token = world.issue("c1");
  EXPECT_TRUE(world.is_active(token, "c1"));
  EXPECT_TRUE(world.is_active(token, "c1"));
  EXPECT_EQ(world.post("/oauth2/token/revoke", "token=" + token, "c1").status(), 200);
  EXPECT_FALSE(world.is_active(token, "c1"));
}

}  // namespace
}  // namespace signet::oauth
