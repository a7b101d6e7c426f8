// Many who ask for key sets at once.

#include <thread>

#include "net/http_client_test_support.h"
#include "oauth/endpoints/key_set_test_support.h"

namespace signet::oauth {
namespace {

using signet::test::fails;
using signet::test::is_ok;
using test::CacheWorld;
using test::response;
using test::set_of;

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
