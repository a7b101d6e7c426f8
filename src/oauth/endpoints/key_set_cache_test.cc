#include "oauth/endpoints/key_set_cache.h"

#include <thread>

#include "net/http_client_test_support.h"
#include "oauth/endpoints/key_set_test_support.h"
#include "resource_servers/key_set.h"

namespace signet::oauth {
namespace {

using signet::test::fails;
using signet::test::is_ok;
using test::CacheWorld;
using test::response;
using test::set_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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

Task<std::vector<Result<RemoteKeySetPtr>>> herd(CacheWorld& world, std::size_t size) {
  const async::Executor executor = co_await async::current_executor();
  std::vector<Result<RemoteKeySetPtr>> results;
  async::OneShot<Done> all;
  for (std::size_t i = 0; i < size; ++i) {
    std::function<void(Result<RemoteKeySetPtr>)> done = [&results, &all,
                                                         size](Result<RemoteKeySetPtr> result) {
      results.push_back(std::move(result));
      if (results.size() == size) all.complete(Done{});
    };
    async::start<RemoteKeySetPtr>(executor, world.cache->load(world.source), std::move(done));
  }
  async::OneShot<Done> turn;  // those who were started before are waiting when this one resumes
  turn.complete(Done{});
  CO_TRY(co_await turn.wait());
  EXPECT_EQ(world.held.size(), 1U);
  for (auto& task : std::exchange(world.held, {}))
    async::start<Done>(executor, std::move(task));
  CO_TRY(co_await all.wait());
  co_return results;
}

TEST(KeySetCache, sec_143_a_herd_waits_for_one_reading) {
  CacheWorld world;
  world.is_held = true;
  world.publish({"a"});
  const auto results = async::run_now(herd(world, 100));
  ASSERT_THAT(results, is_ok());
  ASSERT_EQ(results->size(), 100U);
  for (const auto& result : *results) {
    ASSERT_THAT(result, is_ok());
    EXPECT_EQ(*result, *results->front());
  }
  EXPECT_EQ(world.requests(), 1U);
}

TEST(KeySetCache, sec_143_a_herd_at_a_dead_url_is_told_together) {
  CacheWorld world;
  world.is_held = true;
  const auto results = async::run_now(herd(world, 100));
  ASSERT_THAT(results, is_ok());
  for (const auto& result : *results)
    EXPECT_THAT(result, fails("key_set_unreachable"));
  EXPECT_EQ(world.requests(), 1U);
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

/// Answers where the test lets it.
class HeldClient : public net::HttpClient {
 public:
  Task<net::OutboundResponse> send(net::OutboundRequest request) override {
    if (request.url.find("hang") != std::string::npos) co_return co_await held.wait();
    co_return response(200, set_of({"a"}));
  }
  async::OneShot<net::OutboundResponse> held;
};

TEST(KeySetCache, sec_143_a_url_that_hangs_holds_up_nobody_else) {
  const auto client = std::make_shared<HeldClient>();
  KeySetCache cache(client, std::make_shared<SystemClock>(), std::make_shared<SystemRandom>(),
                    test::check_set, {});
  const auto hanging = cache.source("https://hang.example/");
  Result<RemoteKeySetPtr> result;
  std::thread waits([&] { result = async::run_now(cache.load(hanging)); });
  for (int i = 0; i < 50; ++i) {
    const auto other = cache.source("https://rs" + std::to_string(i) + ".example/");
    EXPECT_THAT(async::run_now(cache.load(other)), is_ok());
  }
  client->held.complete(Error{Code::kTimeout, "outbound_timeout", ""});
  waits.join();
  EXPECT_THAT(result, fails("key_set_timeout"));
}

TEST(KeySetCache, many_threads_share_one_source) {
  const auto client = std::make_shared<HeldClient>();
  const auto clock = std::make_shared<SystemClock>();
  KeySetCache cache(client, clock, std::make_shared<SystemRandom>(), test::check_set, {});
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto source = cache.source("https://rs.example/");
      for (int n = 0; n < 20; ++n) {
        const bool is_there = cache.now(*source, clock->now()) != nullptr;
        good += is_there || async::run_now(cache.load(source)).ok() ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(good, 160);
  EXPECT_EQ(cache.meter().outcomes()[0], 1U);
}

TEST(KeySetCache, its_end_ends_what_is_under_way) {
  net::test::Peer peer([](const net::test::SeenRequest&) { return net::test::Reply::silence(); });
  KeySetSettings settings;
  settings.allow_http = true;
  settings.timeout = Milliseconds(20'000);
  KeySetCache cache(net::test::client(), std::make_shared<SystemClock>(),
                    std::make_shared<SystemRandom>(), test::check_set, settings);
  const auto source = cache.source(peer.url());
  Result<RemoteKeySetPtr> result;
  std::thread waits([&] { result = async::run_now(cache.load(source)); });
  peer.wait_for(1);
  cache.stop();
  waits.join();
  EXPECT_THAT(result, fails("key_set_stopped"));
  EXPECT_THAT(async::run_now(cache.load(source)), fails("key_set_stopped"));
  EXPECT_FALSE(cache.status().at(0).is_out);
}

}  // namespace
}  // namespace signet::oauth
