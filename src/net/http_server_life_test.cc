// Time, failure and the end: deferred answers, slow peers, stopping.

#include <atomic>
#include <thread>

#include "net/raw_client.h"
#include "support/matchers.h"

namespace signet::net {
namespace {

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

Task<Done> fill_when(async::OneShot<std::string> shot, http::Response& response) {
  CO_TRY(response.body, co_await shot.wait());
  co_return Done{};
}
Task<Done> fail_with(Error error) {
  co_return error;
}
Task<Done> throw_bug() {
  throw std::runtime_error("bug");
  co_return Done{};
}

TEST(DeferredAnswer, comes_from_another_thread) {
  std::vector<std::thread> bringers;
  TestServer server([&](Exchange& exchange) {
    async::OneShot<std::string> shot;
    exchange.wait_for(fill_when(shot, exchange.response()));
    bringers.emplace_back(
        [shot, path = std::string(exchange.request().path)]() mutable { shot.complete(path); });
  });
  {
    RawClient client(server.port());
    client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(client.receive().body, "/1");
    EXPECT_EQ(client.receive().body, "/2");
  }
  for (auto& bringer : bringers)
    bringer.join();
}

TEST(DeferredAnswer, a_failed_task_gives_500_or_503_and_tells_nothing) {
  TestServer server([](Exchange& exchange) {
    const std::string_view path = exchange.request().path;
    exchange.response().body = "half an answer";
    if (path == "/later") exchange.wait_for(fail_with({Code::kUnavailable, "pool_full", "secret"}));
    if (path == "/slow") exchange.wait_for(fail_with({Code::kTimeout, "slow", "secret"}));
    if (path == "/ours") exchange.wait_for(fail_with({Code::kInternal, "bug", "secret"}));
    if (path == "/throws") exchange.wait_for(throw_bug());
  });
  RawClient client(server.port());
  const auto ask = [&](const std::string& path) {
    return client.ask("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
  };
  for (const char* path : {"/later", "/slow"}) {
    const auto response = ask(path);
    EXPECT_EQ(response.status, 503);
    EXPECT_TRUE(response.has("Retry-After: 1\r\n"));
    EXPECT_EQ(response.body, "Service Unavailable\n");
  }
  EXPECT_EQ(ask("/ours").body, "Internal Server Error\n");
  EXPECT_EQ(ask("/throws").status, 500);
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST(SlowClient, sec_205_is_closed_while_it_idles_heads_or_bodies) {
  TestServer server(echo, [](ListenOptions& o) {
    o.limits.head_timeout = o.limits.body_timeout = o.limits.idle_timeout = Milliseconds(50);
  });
  RawClient silent(server.port()), head(server.port()), body(server.port()), idle(server.port());
  head.send("GET / HTTP/1.1\r\nHost:");
  body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(idle.ask(kGet).status, 200);
  EXPECT_EQ(head.receive().status, 408);
  EXPECT_EQ(body.receive().status, 408);
  for (RawClient* client : {&silent, &head, &body, &idle}) {
    EXPECT_TRUE(client->is_closed_by_server());
  }
  EXPECT_EQ(server.stats().timeouts_total, 3u);
}

TEST(SlowClient, sec_205_that_does_not_read_is_closed) {
  TestServer server([](Exchange& e) { e.response().body.assign(8 << 20, 'x'); },
                    [](ListenOptions& o) { o.limits.write_timeout = Milliseconds(50); });
  RawClient client(server.port(), 4096);
  client.send(kGet);
  while (server.stats().connections_open == 0 && server.stats().connections_total == 0) {
    std::this_thread::yield();
  }
  while (server.stats().connections_open > 0)
    std::this_thread::yield();
  EXPECT_EQ(server.stats().timeouts_total, 1u);
}

TEST(SlowClient, that_reads_in_the_end_gets_the_whole_answer) {
  const std::string large(4 << 20, 'x');
  TestServer server([&](Exchange& e) { e.response().body = large; });
  RawClient client(server.port(), 4096);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(client.ask(kGet).body == large);
  }
}

TEST(Stop, f_19_loses_no_request_under_load) {
  for (int round = 0; round < 5; ++round) {
    TestServer server(echo, {}, 2);
    std::atomic<int> answered{0}, lost{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&] {
        for (;;) {
          RawClient client(server.port());
          if (!client.connected()) return;
          for (bool open = true; open;) {
            const auto response = client.ask(kGet);
            if (response.status == 200) {
              ++answered;
            } else {
              ++lost;
              return;
            }
            open = !response.has("Connection: close");
          }
        }
      });
    }
    while (answered < 200)
      std::this_thread::yield();
    server.server().stop(Milliseconds(5000));
    for (auto& client : clients)
      client.join();
    EXPECT_EQ(server.stats().connections_open, 0u);
    EXPECT_LE(lost, 0);
  }
}

TEST(Stop, finishes_a_request_of_which_the_first_byte_has_come) {
  TestServer server(echo);
  RawClient client(server.port());
  EXPECT_EQ(client.ask(kGet).status, 200);
  client.send("GET /late HT");
  std::thread stopper([&] { server.server().stop(Milliseconds(10'000)); });
  while (RawClient(server.port()).connected())
    std::this_thread::yield();
  const auto response = client.ask("TP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.has("Connection: close"));
  stopper.join();
}

TEST(Stop, closes_idle_connections_and_does_not_wait_for_them) {
  TestServer server(echo);
  RawClient client(server.port()), fresh(server.port());
  EXPECT_EQ(client.ask(kGet).status, 200);
  server.server().stop(Milliseconds(600'000));
  EXPECT_TRUE(client.is_closed_by_server());
  EXPECT_TRUE(fresh.is_closed_by_server());
}

TEST(Stop, drops_a_slow_client_and_an_endless_task_at_the_deadline) {
  async::OneShot<std::string> never;
  std::atomic<bool> entered{false};
  TestServer server([&](Exchange& exchange) {
    exchange.wait_for(fill_when(never, exchange.response()));
    entered = true;
  });
  RawClient slow(server.port()), waiting(server.port());
  slow.send("GET / HT");
  waiting.send(kGet);
  while (!entered)
    std::this_thread::yield();
  server.server().stop(Milliseconds(20));
  EXPECT_TRUE(slow.is_closed_by_server());
  EXPECT_TRUE(waiting.is_closed_by_server());
  never.complete(std::string("too late"));
}

TEST(DeferredAnswer, a_task_whose_client_has_been_cut_off_ends_in_peace) {
  async::OneShot<std::string> late;
  std::atomic<bool> entered{false};
  TestServer server([&](Exchange& exchange) {
    exchange.wait_for(fill_when(late, exchange.response()));
    entered = true;
  });
  {
    RawClient client(server.port());
    client.send(kGet);
    while (!entered)
      std::this_thread::yield();
  }
  late.complete(std::string("nobody reads this"));
  while (server.stats().connections_open > 0)
    std::this_thread::yield();
}

TEST(Stop, without_start_and_twice_is_nothing) {
  Server server(2);
  ListenOptions options;
  options.handler = echo;
  ASSERT_TRUE(server.listen(options).ok());
  server.stop(Milliseconds(10));
  server.stop(Milliseconds(10));
}

}  // namespace
}  // namespace signet::net
