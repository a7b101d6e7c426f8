#include "oauth/endpoints/key_set_cache.h"

#include "oauth/endpoints/key_set_test_support.h"

namespace signet::oauth {
namespace {

using signet::test::fails;
using signet::test::is_ok;
using test::CacheWorld;
using test::response;
using test::set_of;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(KeySetCache, a_set_is_loaded_once_and_then_there_without_waiting) {
  CacheWorld world;
  world.publish({"a", "b"});
  EXPECT_EQ(world.now(), nullptr);
  EXPECT_EQ(world.requests(), 0U);
  const auto loaded = world.load();
  ASSERT_THAT(loaded, is_ok());
  EXPECT_THAT(CacheWorld::kids_of(*loaded), ElementsAre("a", "b"));
  EXPECT_EQ((*loaded)->fresh_until - (*loaded)->fetched, Seconds(300));
  EXPECT_EQ(world.now(), *loaded);
  EXPECT_EQ(*world.load(), *loaded);
  EXPECT_EQ(world.requests(), 1U);
}

TEST(KeySetCache, one_url_is_one_source) {
  CacheWorld world;
  EXPECT_EQ(world.cache->source(test::kUrl), world.source);
  EXPECT_NE(world.cache->source("https://rs.example/keys?tenant=2"), world.source);
  EXPECT_EQ(world.cache->size(), 2U);
}

TEST(KeySetCache, a_set_is_read_again_ahead_of_its_age_while_it_serves) {
  CacheWorld world;
  world.publish({"a"});
  ASSERT_THAT(world.load(), is_ok());
  world.publish({"b"});
  world.clock->advance(Seconds(134));  // not before 45 % of the age
  EXPECT_THAT(world.kids(), ElementsAre("a"));
  EXPECT_EQ(world.requests(), 1U);
  world.clock->advance(Seconds(137));  // and not after 90 %
  world.is_held = true;
  EXPECT_THAT(world.kids(), ElementsAre("a"));
  EXPECT_THAT(world.kids(), ElementsAre("a"));
  EXPECT_EQ(world.held.size(), 1U);  // one reading for all
  world.release();
  EXPECT_THAT(world.kids(), ElementsAre("b"));
  EXPECT_EQ(world.requests(), 2U);
}

TEST(KeySetCache, a_set_that_nobody_asked_for_in_its_time_is_not_used_unseen) {
  CacheWorld world;
  world.publish({"a"});
  ASSERT_THAT(world.load(), is_ok());
  world.publish({"b"});
  world.clock->advance(Seconds(301));
  EXPECT_EQ(world.now(), nullptr);
  EXPECT_THAT(CacheWorld::kids_of(*world.load()), ElementsAre("b"));
}

TEST(KeySetCache, the_publisher_says_how_long_within_our_limits) {
  const std::pair<const char*, Seconds> cases[] = {
      {"max-age=600", Seconds(600)}, {"max-age=5", Seconds(30)},
      {"no-store", Seconds(30)},     {"no-cache", Seconds(30)},
      {"public", Seconds(300)},      {"max-age=9999999", Seconds(86400)},
  };
  for (const auto& [header, expected] : cases) {
    CacheWorld world;
    world.publish({"a"}, {{"Cache-Control", header}});
    const auto set = world.load();
    ASSERT_THAT(set, is_ok());
    EXPECT_EQ((*set)->fresh_until - (*set)->fetched, expected) << header;
  }
}

TEST(KeySetCache, an_unchanged_set_keeps_its_keys_and_becomes_fresh) {
  CacheWorld world;
  world.publish({"a"}, {{"ETag", "\"1\""}, {"Last-Modified", "Tue, 14 Nov 2023 22:00:00 GMT"}});
  const auto before = world.load();
  world.answer([](const auto&) { return response(304, "", {{"Cache-Control", "max-age=1000"}}); });
  world.clock->advance(Seconds(301));
  const auto after = world.load();
  ASSERT_THAT(after, is_ok());
  EXPECT_EQ((*after)->keys, (*before)->keys);
  EXPECT_EQ((*after)->fresh_until, world.clock->now() + Seconds(1000));
  // And the next one is asked for under the same condition.
  world.clock->advance(Seconds(1001));
  ASSERT_THAT(world.load(), is_ok());
  const auto sent = world.client->sent();
  ASSERT_EQ(sent.size(), 3U);
  for (const std::size_t i : {1U, 2U}) {
    EXPECT_THAT(sent[i].headers, testing::Contains(testing::Pair("If-None-Match", "\"1\"")));
    EXPECT_THAT(sent[i].headers, testing::Contains(testing::Pair("If-Modified-Since",
                                                                 "Tue, 14 Nov 2023 22:00:00 GMT")));
  }
}

TEST(KeySetCache, the_same_text_keeps_the_keys_and_what_was_prepared_in_them) {
  CacheWorld world;
  world.publish({"a"});
  const auto before = world.load();
  world.clock->advance(Seconds(301));
  EXPECT_EQ((*world.load())->keys, (*before)->keys);
}

TEST(KeySetCache, an_etag_of_another_set_is_not_believed) {
  CacheWorld world;
  world.publish({"a"}, {{"ETag", "\"1\""}});
  ASSERT_THAT(world.load(), is_ok());
  world.answer([](const test::OutboundRequest& request) {
    const bool has_condition = request.headers.size() > 1;
    return has_condition ? response(304, "", {{"ETag", "\"2\""}}) : response(200, set_of({"b"}));
  });
  world.clock->advance(Seconds(301));
  EXPECT_THAT(CacheWorld::kids_of(*world.load()), ElementsAre("b"));
  EXPECT_EQ(world.requests(), 3U);
}

TEST(KeySetCache, sec_142_a_new_kid_is_used_within_the_age_and_at_once_after_a_miss) {
  CacheWorld world;
  world.publish({"old"});
  ASSERT_THAT(world.load(), is_ok());
  world.publish({"old", "new"});
  // Just read: a set without the key that is looked for brings no storm of requests.
  EXPECT_THAT(CacheWorld::kids_of(*world.miss()), ElementsAre("old"));
  EXPECT_EQ(world.requests(), 1U);
  world.clock->advance(Seconds(30));
  EXPECT_THAT(CacheWorld::kids_of(*world.miss()), ElementsAre("old", "new"));
  EXPECT_THAT(CacheWorld::kids_of(*world.miss()), ElementsAre("old", "new"));
  EXPECT_EQ(world.requests(), 2U);
  world.publish({"new"});
  world.clock->advance(Seconds(271));  // the overlap is over at the publisher
  world.now();
  EXPECT_THAT(world.kids(), ElementsAre("new"));
}

TEST(KeySetCache, those_that_nobody_keeps_are_forgotten_for_new_ones) {
  KeySetSettings settings;
  settings.max_sets = 3;
  CacheWorld world(settings);
  for (int i = 0; i < 5; ++i)
    EXPECT_NE(world.cache->source("https://rs.example/" + std::to_string(i)), nullptr);
  EXPECT_EQ(world.cache->size(), 3U);
  EXPECT_EQ(world.cache->source(test::kUrl), world.source);
  world.clock->advance(Seconds(10));
  const auto kept = world.cache->source("https://rs.example/kept");
  EXPECT_EQ(world.cache->size(), 2U);
  EXPECT_EQ(world.cache->source("https://rs.example/kept"), kept);
}

TEST(KeySetCache, status_shows_no_secret_of_a_url) {
  CacheWorld world;
  EXPECT_EQ(world.status().url, "https://rs.example/keys");
  CacheWorld other;
  other.source = other.cache->source("https://user:password@rs.example/");
  const auto failed = other.load();
  EXPECT_THAT(failed, fails("key_set_url_invalid"));
  EXPECT_THAT(failed.error().detail, testing::Not(HasSubstr("password")));
  for (const auto& status : other.cache->status())
    EXPECT_THAT(status.url, testing::Not(HasSubstr("password")));
  EXPECT_THAT(other.cache->check_url("https://user:password@rs.example/"),
              fails("key_set_url_invalid"));
  EXPECT_THAT(other.cache->check_url("http://rs.example/"), fails("key_set_url_invalid"));
  EXPECT_THAT(other.cache->check_url("https://rs.example/"), is_ok());
}

TEST(KeySetCache, readings_are_counted_by_their_outcome) {
  CacheWorld world;
  world.publish({"a"});
  ASSERT_THAT(world.reload(), is_ok());
  world.fail();
  EXPECT_THAT(world.reload(), fails("key_set_status"));
  const auto outcomes = world.cache->meter().outcomes();
  EXPECT_EQ(outcomes[0], 1U);
  EXPECT_EQ(outcomes[1 + static_cast<std::size_t>(Code::kUnavailable)], 1U);
}

}  // namespace
}  // namespace signet::oauth
