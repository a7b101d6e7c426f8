// Key sets that cannot be read: what serves meanwhile, and when they are asked for again.

#include "oauth/endpoints/key_set_test_support.h"
#include "resource_servers/key_set.h"

namespace signet::oauth {
namespace {

using signet::test::fails;
using signet::test::is_ok;
using test::CacheWorld;
using test::OutboundRequest;
using test::response;
using test::set_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(KeySetCache, sec_142_the_last_good_set_serves_up_to_its_limit_and_is_refused_then) {
  KeySetSettings settings;
  settings.last_good = Seconds(3600);
  CacheWorld world(settings);
  world.publish({"a"});
  ASSERT_THAT(world.load(), is_ok());
  world.fail();
  // A reading that fails ahead of the age changes nothing yet.
  world.clock->advance(Seconds(290));
  EXPECT_THAT(world.kids(), ElementsAre("a"));
  EXPECT_EQ(world.status().failures, 1U);
  EXPECT_FALSE(world.status().is_serving_last_good);
  // Beyond it nobody waits, and the alarm is up.
  world.clock->advance(Seconds(60));
  EXPECT_THAT(world.kids(), ElementsAre("a"));
  EXPECT_TRUE(world.status().is_serving_last_good);
  EXPECT_TRUE(world.status().is_wanted);
  EXPECT_THAT(world.load(), is_ok());
  for (int minute = 0; minute < 58; ++minute) {
    world.clock->advance(Seconds(60));
    EXPECT_THAT(world.kids(), ElementsAre("a"));
  }
  world.clock->advance(Seconds(300 + 3600 - 290 - 60 - 58 * 60));
  EXPECT_THAT(world.kids(), IsEmpty());
  EXPECT_THAT(world.load(), fails("key_set_status"));
  EXPECT_TRUE(world.status().is_out);
  EXPECT_EQ(world.status().keys, 0U);
  // And it is back as soon as the publisher is.
  world.publish({"b"});
  world.clock->advance(Seconds(60));
  EXPECT_THAT(CacheWorld::kids_of(*world.load()), ElementsAre("b"));
  EXPECT_EQ(world.status().failures, 0U);
  EXPECT_FALSE(world.status().is_out);
}

TEST(KeySetCache, sec_142_a_set_that_is_refused_never_replaces_a_good_one) {
  for (const std::string& bad : {set_of({"7"}), std::string(R"({"keys":[]})"), std::string("{}"),
                                 std::string("<html>"), set_of({"b"}).substr(0, 40)}) {
    CacheWorld world;
    world.publish({"a"});
    ASSERT_THAT(world.load(), is_ok());
    world.answer([&bad](const auto&) { return response(200, bad); });
    world.clock->advance(Seconds(299));
    world.now();
    world.clock->advance(Seconds(60));
    EXPECT_THAT(world.kids(), ElementsAre("a")) << bad;
    EXPECT_TRUE(world.status().is_serving_last_good) << bad;
  }
}

TEST(KeySetCache, what_is_no_set_is_told_apart_from_what_may_not_be_used) {
  const auto clock = std::make_shared<ManualClock>();
  const auto client = std::make_shared<test::FakeHttpClient>();
  const KeySetCache::Background at_once = [](Task<Done> task) {
    EXPECT_THAT(async::run_now(std::move(task)), is_ok());
  };
  KeySetCache cache(client, clock, std::make_shared<SeededRandom>(1),
                    resource_servers::parse_key_set, {}, at_once);
  const auto source = cache.source(test::kUrl);
  const auto reading = [&](const std::string& body) {
    client->answer_with([body](const auto&) { return response(200, body); });
    return async::run_now(cache.reload(source));
  };
  for (const char* none : {"", "<html>", "[]", "{}", R"({"keys":7})"})
    EXPECT_THAT(reading(none), fails("key_set_malformed")) << none;
  const std::string one_is_broken = R"({"keys":[{"kty":"oct","kid":"a","k":""}]})";
  for (const std::string& refused :
       {set_of({"7"}), set_of({"a", "a"}), std::string(R"({"keys":[]})"), one_is_broken})
    EXPECT_THAT(reading(refused), fails("key_set_refused")) << refused;
  EXPECT_THAT(reading(set_of({"a"})), is_ok());
}

TEST(KeySetCache, sec_122_a_shared_secret_that_came_by_plain_http_is_no_secret) {
  KeySetSettings settings;
  settings.allow_http = true;
  CacheWorld world(settings);
  world.source = world.cache->source("http://rs.example/keys");
  world.publish({"a"});
  const auto refused = world.load();
  ASSERT_THAT(refused, fails("key_set_refused"));
  EXPECT_THAT(refused.error().detail, HasSubstr("key_set_secret_in_clear"));
  // Nor where only the way to it was in the clear: whoever was on it could send us elsewhere.
  world.answer([text = test::set_of({"a"})](const OutboundRequest& request) {
    if (request.url.starts_with("https://")) return response(200, text);
    return response(302, "", {{"Location", "https://rs.example/keys"}});
  });
  EXPECT_THAT(world.reload(), fails("key_set_refused"));
  world.answer([text = test::public_set()](const auto&) { return response(200, text); });
  EXPECT_THAT(world.reload(), is_ok()) << "public keys need no secrecy";
  world.publish({"a"});
  EXPECT_THAT(world.reload(), fails("key_set_refused"));
  ASSERT_NE(world.now(), nullptr);
  EXPECT_FALSE(world.now()->keys.front()->jwk().is_symmetric()) << "the good set serves on";
  world.source = world.cache->source(test::kUrl);
  EXPECT_THAT(world.load(), is_ok()) << "by https";
}

TEST(KeySetCache, a_dead_url_is_asked_rarely_and_told_at_once) {
  CacheWorld world;
  world.fail();
  EXPECT_THAT(world.load(), fails("key_set_status"));
  for (int i = 0; i < 50; ++i)
    EXPECT_THAT(world.load(), fails("key_set_status"));
  EXPECT_THAT(world.load().error().detail, HasSubstr("asked again at 2023-"));
  EXPECT_THAT(world.miss(), fails("key_set_status"));
  EXPECT_EQ(world.requests(), 1U);
  world.clock->advance(Seconds(2));
  EXPECT_THAT(world.load(), fails("key_set_status"));
  EXPECT_EQ(world.requests(), 2U);
  // The pauses grow to a minute, less a random part.
  for (int minute = 0; minute < 60; ++minute) {
    for (int second = 0; second < 60; ++second) {
      world.clock->advance(Seconds(1));
      EXPECT_THAT(world.load(), fails("key_set_status"));
    }
  }
  EXPECT_GT(world.requests(), 60U);
  EXPECT_LT(world.requests(), 130U);
}

TEST(KeySetCache, an_operator_is_told_the_truth_at_once) {
  CacheWorld world;
  world.publish({"a"});
  ASSERT_THAT(world.reload(), is_ok());
  world.fail();
  EXPECT_THAT(world.reload(), fails("key_set_status"));
  EXPECT_THAT(world.kids(), ElementsAre("a"));
  world.publish({"b"});
  EXPECT_THAT(CacheWorld::kids_of(*world.reload()), ElementsAre("b"));
  EXPECT_EQ(world.requests(), 3U);
}

/// Loads `second` while a reading of the world's own source is under way.
Task<RemoteKeySetPtr> load_meanwhile(CacheWorld& world, KeySetCache::SourcePtr second) {
  const async::Executor executor = co_await async::current_executor();
  world.is_held = true;
  async::start<RemoteKeySetPtr>(executor, world.cache->load(world.source));
  async::OneShot<Done> turn;  // the one that was started before waits when this one resumes
  turn.complete(Done{});
  CO_TRY(co_await turn.wait());
  EXPECT_EQ(world.held.size(), 1U);
  world.is_held = false;
  Result<RemoteKeySetPtr> outcome = co_await world.cache->load(second);
  world.release();
  co_return outcome;
}

TEST(KeySetCache, what_failed_before_leaves_room_for_others) {
  KeySetSettings settings;
  settings.max_retries = 1;
  CacheWorld world(settings);
  const auto other = world.cache->source("https://other.example/keys");
  const auto third = world.cache->source("https://third.example/keys");
  world.fail();
  EXPECT_THAT(world.load(), fails("key_set_status"));
  EXPECT_THAT(async::run_now(world.cache->load(other)), fails("key_set_status"));
  world.clock->advance(Seconds(2));
  world.publish({"a"});
  // One that failed has to wait its turn, one that never did has not.
  EXPECT_THAT(async::run_now(load_meanwhile(world, other)), fails("key_set_status"));
  EXPECT_THAT(world.kids(), ElementsAre("a"));
  EXPECT_THAT(async::run_now(world.cache->load(other)), is_ok());
  world.clock->advance(Seconds(301));
  world.fail();
  EXPECT_THAT(async::run_now(load_meanwhile(world, third)), fails("key_set_status"));
  EXPECT_EQ(world.requests(), 6U);
}

}  // namespace
}  // namespace signet::oauth
