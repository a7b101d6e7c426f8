// Time, numbers and the end: reuse, limits, timeouts, destruction.

#include "net/http_client_test_support.h"

namespace signet::net::test {
namespace {

namespace asio = boost::asio;

// Sends so many at once and returns what came of each.
std::vector<Result<OutboundResponse>> send_all(const std::shared_ptr<HttpClient>& http,
                                               std::vector<OutboundRequest> requests) {
  asio::io_context io;
  std::vector<Result<OutboundResponse>> results;
  for (auto& request : requests) {
    async::start<OutboundResponse>(
        io.get_executor(), http->send(std::move(request)),
        [&](Result<OutboundResponse> result) { results.push_back(std::move(result)); });
  }
  io.run();
  return results;
}

TEST(HttpClientLife, a_connection_is_used_again) {
  Peer peer([](const SeenRequest& seen) { return Reply::ok(seen.body); });
  const auto http = client();
  for (int i = 0; i < 10; ++i)
    ASSERT_THAT(send(http, request_to(peer.url(), i % 2 ? "POST" : "GET", i % 2 ? "x" : "")),
                is_ok());
  EXPECT_EQ(peer.connections(), 1u);
}

TEST(HttpClientLife, two_hundred_at_once_share_the_connections_of_a_host) {
  Peer peer([](const SeenRequest& seen) { return Reply::ok(seen.line()); });
  HttpClientSettings settings;
  settings.max_connections_per_host = 4;
  const auto http = client(settings);
  std::vector<OutboundRequest> requests;
  for (int i = 0; i < 200; ++i)
    requests.push_back(request_to(peer.url("/" + std::to_string(i))));
  const auto results = send_all(http, std::move(requests));
  ASSERT_EQ(results.size(), 200u);
  for (const auto& result : results)
    EXPECT_THAT(result, is_ok());
  EXPECT_LE(peer.connections(), 4u);
}

TEST(HttpClientLife, the_limit_over_all_hosts_holds_and_nobody_starves) {
  Peer one([](const SeenRequest&) { return Reply::ok("1"); });
  Peer two([](const SeenRequest&) { return Reply::ok("2"); });
  HttpClientSettings settings;
  settings.max_connections = 1;
  const auto http = client(settings);
  std::vector<OutboundRequest> requests;
  for (int i = 0; i < 20; ++i)
    requests.push_back(request_to(i % 2 ? one.url() : two.url()));
  for (const auto& result : send_all(http, std::move(requests)))
    EXPECT_THAT(result, is_ok());
  EXPECT_EQ(one.seen().size(), 10u);
  EXPECT_EQ(two.seen().size(), 10u);
}

TEST(HttpClientLife, a_full_host_does_not_hold_up_another) {
  Peer silent([](const SeenRequest&) { return Reply::silence(); });
  Peer peer([](const SeenRequest&) { return Reply::ok(""); });
  HttpClientSettings settings;
  settings.max_connections_per_host = 1;
  auto http = client(settings);
  asio::io_context io;
  for (int i = 0; i < 3; ++i)
    async::start<OutboundResponse>(io.get_executor(), http->send(request_to(silent.url())));
  io.poll();
  EXPECT_THAT(send(http, request_to(peer.url())), is_ok());
  http.reset();
  io.run();
}

TEST(HttpClientLife, a_peer_that_never_answers_ends_in_a_timeout_for_those_in_the_queue_too) {
  Peer peer([](const SeenRequest&) { return Reply::silence(); });
  HttpClientSettings settings;
  settings.max_connections_per_host = 1;
  const auto http = client(settings);
  std::vector<OutboundRequest> requests;
  for (int i = 0; i < 3; ++i) {
    requests.push_back(request_to(peer.url("/secret")));
    requests.back().timeout = Milliseconds(50);
  }
  const auto results = send_all(http, std::move(requests));
  ASSERT_EQ(results.size(), 3u);
  for (const auto& result : results) {
    ASSERT_THAT(result, fails("outbound_timeout"));
    EXPECT_EQ(result.error().code, Code::kTimeout);
    EXPECT_THAT(result.error().detail, testing::Not(testing::HasSubstr("secret")));
  }
}

TEST(HttpClientLife, an_answer_that_stops_half_way_ends_in_a_timeout) {
  Peer peer([](const SeenRequest&) {
    return Reply{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"};
  });
  auto request = request_to(peer.url());
  request.timeout = Milliseconds(50);
  EXPECT_THAT(send(client(), request), fails("outbound_timeout"));
}

TEST(HttpClientLife, a_request_with_a_body_is_never_sent_twice) {
  Peer peer([](const SeenRequest& seen) {
    if (seen.has("/first")) return Reply::ok("");
    return Reply{"", true};  // taken, and then the connection ends without an answer
  });
  const auto http = client();
  ASSERT_THAT(send(http, request_to(peer.url("/first"))), is_ok());
  EXPECT_THAT(send(http, request_to(peer.url("/create"), "POST", "x")), fails("outbound_broken"));
  EXPECT_EQ(peer.seen().size(), 2u);
  EXPECT_EQ(peer.connections(), 1u);
}

TEST(HttpClientLife, an_empty_post_is_never_sent_twice_either) {
  Peer peer([](const SeenRequest& seen) {
    if (seen.has("/first")) return Reply::ok("");
    return Reply{"", true};
  });
  const auto http = client();
  ASSERT_THAT(send(http, request_to(peer.url("/first"))), is_ok());
  EXPECT_THAT(send(http, request_to(peer.url("/create"), "POST")), fails("outbound_broken"));
  EXPECT_EQ(peer.seen().size(), 2u);
}

TEST(HttpClientLife, a_get_goes_out_anew_where_the_kept_connection_was_closed) {
  Peer peer([](const SeenRequest& seen) {
    if (seen.connection == 1 && seen.has("/second")) return Reply{"", true};
    return Reply::ok("");
  });
  const auto http = client();
  ASSERT_THAT(send(http, request_to(peer.url("/first"))), is_ok());
  EXPECT_THAT(send(http, request_to(peer.url("/second"))), is_ok());
  EXPECT_EQ(peer.connections(), 2u);
}

TEST(HttpClientLife, destruction_fails_what_is_under_way_and_what_waits) {
  Peer peer([](const SeenRequest&) { return Reply::silence(); });
  HttpClientSettings settings;
  settings.max_connections_per_host = 2;
  auto http = client(settings);
  asio::io_context io;
  std::vector<Result<OutboundResponse>> results;
  for (int i = 0; i < 5; ++i) {
    async::start<OutboundResponse>(
        io.get_executor(), http->send(request_to(peer.url())),
        [&](Result<OutboundResponse> result) { results.push_back(std::move(result)); });
  }
  io.poll();
  peer.wait_for(2);
  http.reset();
  io.run();
  ASSERT_EQ(results.size(), 5u);
  for (const auto& result : results) {
    ASSERT_THAT(result, fails("outbound_stopped"));
    EXPECT_EQ(result.error().code, Code::kUnavailable);
  }
}

TEST(HttpClientLife, a_task_that_starts_after_the_end_fails) {
  auto http = client();
  auto task = http->send(request_to("http://127.0.0.1:1/"));
  http.reset();
  EXPECT_THAT(async::run_now(std::move(task)), fails("outbound_stopped"));
}

TEST(HttpClientLife, private_addresses_are_refused_however_they_are_named) {
  Peer peer([](const SeenRequest&) { return Reply::ok(""); });
  HttpClientSettings settings;
  settings.only_public_addresses = true;
  const auto http = client(settings);
  const std::string port = ":" + std::to_string(peer.port()) + "/secret";
  for (const char* host : {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1",
                           "169.254.169.254", "0.0.0.0", "[64:ff9b::7f00:1]", "[fd00::1]"}) {
    const auto response = send(http, request_to(std::string("http://") + host + port));
    ASSERT_THAT(response, fails("outbound_address_denied")) << host;
    EXPECT_EQ(response.error().code, Code::kDenied);
    EXPECT_THAT(response.error().detail, testing::Not(testing::HasSubstr("secret")));
  }
  EXPECT_EQ(peer.connections(), 0u);
}

TEST(HttpClientLife, a_host_on_the_list_may_be_private) {
  Peer peer([](const SeenRequest&) { return Reply::ok(""); });
  HttpClientSettings settings;
  settings.only_public_addresses = true;
  settings.allowed_private_hosts = {"LOCALHOST"};
  const auto http = client(settings);
  EXPECT_THAT(send(http, request_to(peer.url("/", "localhost"))), is_ok());
  EXPECT_THAT(send(http, request_to(peer.url())), fails("outbound_address_denied"));
}

}  // namespace
}  // namespace signet::net::test
