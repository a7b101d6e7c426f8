// Publishers that lie, hang and lead astray (sec_143), and the way through redirects.

#include "oauth/endpoints/key_set_fetch.h"

#include "net/http_client_test_support.h"
#include "oauth/endpoints/key_set_test_support.h"

namespace signet::oauth {
namespace {

using net::test::Peer;
using net::test::Reply;
using net::test::SeenRequest;
using signet::test::fails;
using signet::test::is_ok;
using test::CacheWorld;
using test::OutboundRequest;
using test::public_set;
using test::response;
using test::set_of;
using testing::ElementsAre;

Result<net::OutboundResponse> lost(const char* reason, Code code = Code::kUnavailable) {
  return Error{code, reason, "https://rs.example:443: words"};
}
Result<net::OutboundResponse> redirect(const std::string& to, int status = 302) {
  return response(status, "", {{"Location", to}});
}

std::string private_set() {
  const auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256);
  json::Array keys;
  keys.emplace_back(jose::Jwk::from_private(*key).private_json());
  json::Object set;
  set.set("keys", std::move(keys));
  return json::dump(json::Value(std::move(set)));
}

/// A gzip stream, which nobody unpacks.
const std::string kGzip("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xed\xc1\x01\x0d\x00\x00", 16);

struct BadPublisher {
  const char* name;
  std::function<Result<net::OutboundResponse>(const OutboundRequest&)> answer;
  const char* reason;
};

const std::vector<BadPublisher>& bad_publishers() {
  static const std::vector<BadPublisher> all = {
      {"hangs", [](auto&) { return lost("outbound_timeout", Code::kTimeout); }, "key_set_timeout"},
      {"refuses the connection", [](auto&) { return lost("outbound_unreachable"); },
       "key_set_unreachable"},
      {"breaks off", [](auto&) { return lost("outbound_broken"); }, "key_set_unreachable"},
      {"is huge", [](auto&) { return lost("outbound_too_large", Code::kInvalid); },
       "key_set_too_large"},
      {"is at a private address",
       [](auto&) { return lost("outbound_address_denied", Code::kDenied); },
       "key_set_address_denied"},
      {"sends no JSON", [](auto&) { return response(200, "keys"); }, "key_set_malformed"},
      {"sends nothing", [](auto&) { return response(200); }, "key_set_malformed"},
      {"sends a page", [](auto&) { return response(200, "<!DOCTYPE html><html></html>"); },
       "key_set_malformed"},
      {"sends another document", [](auto&) { return response(200, R"({"issuer":"x"})"); },
       "key_set_malformed"},
      {"sends a list", [](auto&) { return response(200, "[]"); }, "key_set_malformed"},
      {"sends half a set", [](auto&) { return response(200, set_of({"a"}).substr(0, 30)); },
       "key_set_malformed"},
      {"nests deeply", [](auto&) { return response(200, std::string(10'000, '[')); },
       "key_set_malformed"},
      {"packs what it sends",
       [](auto&) {
         return response(200, kGzip, {{"Content-Encoding", "gzip"}});
       },
       "key_set_malformed"},
      {"packs and does not say so", [](auto&) { return response(200, kGzip); },
       "key_set_malformed"},
      {"sends an empty set", [](auto&) { return response(200, R"({"keys":[]})"); },
       "key_set_refused"},
      {"publishes a private key", [](auto&) { return response(200, private_set()); },
       "key_set_refused"},
      {"uses a reserved kid",
       [](auto&) {
         return response(200, set_of({"a", "7"}));
       },
       "key_set_refused"},
      {"is not found", [](auto&) { return response(404, set_of({"a"})); }, "key_set_status"},
      {"fails", [](auto&) { return response(500, set_of({"a"})); }, "key_set_status"},
      {"sends no content", [](auto&) { return response(204); }, "key_set_status"},
      {"has choices", [](auto&) { return response(300, set_of({"a"})); }, "key_set_status"},
      {"says unchanged to who knows nothing", [](auto&) { return response(304); },
       "key_set_status"},
      {"redirects to itself", [](auto& request) { return redirect(request.url); },
       "key_set_redirect"},
      {"redirects for ever", [](auto& request) { return redirect(request.url + "x"); },
       "key_set_redirect"},
      {"redirects nowhere", [](auto&) { return response(302); }, "key_set_redirect"},
      {"redirects to plain http", [](auto&) { return redirect("http://rs.example/keys"); },
       "key_set_redirect"},
      {"redirects to a file", [](auto&) { return redirect("file:///etc/passwd"); },
       "key_set_redirect"},
      {"redirects to gopher", [](auto&) { return redirect("gopher://127.0.0.1:6379/_x"); },
       "key_set_redirect"},
      {"redirects to a name with a password",
       [](auto&) { return redirect("https://user:password@rs.example/"); }, "key_set_redirect"},
      {"redirects to an odd number", [](auto&) { return redirect("https://0x7f000001/"); },
       "key_set_redirect"},
  };
  return all;
}

TEST(KeySetFetch, sec_143_whatever_a_bad_publisher_does_ends_with_its_reason) {
  for (const auto& bad : bad_publishers()) {
    CacheWorld world;
    world.answer(bad.answer);
    EXPECT_THAT(world.load(), fails(bad.reason)) << bad.name;
    EXPECT_LE(world.requests(), 4U) << bad.name;
    EXPECT_THAT(world.load().error().detail, testing::Not(testing::HasSubstr("tenant")));
    EXPECT_EQ(world.now(), nullptr) << bad.name;
    EXPECT_TRUE(world.status().is_out) << bad.name;
  }
}

TEST(KeySetFetch, sec_143_a_bad_publisher_takes_no_good_set_away) {
  for (const auto& bad : bad_publishers()) {
    if (std::string_view(bad.name) == "says unchanged to who knows nothing") continue;
    CacheWorld world;
    world.publish({"a"}, {{"ETag", "\"1\""}});
    ASSERT_THAT(world.load(), is_ok());
    world.answer(bad.answer);
    EXPECT_THAT(world.reload(), fails(bad.reason)) << bad.name;
    world.clock->advance(Seconds(3600));
    EXPECT_THAT(world.kids(), ElementsAre("a")) << bad.name;
  }
}

TEST(KeySetFetch, plain_http_is_refused_and_nothing_sent) {
  CacheWorld world;
  world.publish({"a"});
  for (const char* url : {"http://rs.example/", "file:///etc/passwd", "", "https://",
                          "https://rs.example/#keys", "rs.example/keys"}) {
    world.source = world.cache->source(url);
    EXPECT_THAT(world.load(), fails("key_set_url_invalid")) << url;
  }
  EXPECT_EQ(world.requests(), 0U);
}

TEST(KeySetFetch, redirects_are_followed_by_their_limit_and_the_time_runs_on) {
  for (const int status : {301, 302, 303, 307, 308}) {
    CacheWorld world;
    world.answer([&](const OutboundRequest& request) -> Result<net::OutboundResponse> {
      world.clock->advance(Milliseconds(500));
      if (request.url == test::kUrl) return redirect("https://keys.example/a#part", status);
      if (request.url == "https://keys.example/a") return redirect("../b", status);
      if (request.url == "https://keys.example/b") return redirect("//keys.example/c", status);
      return response(200, set_of({"a"}));
    });
    EXPECT_THAT(world.load(), is_ok());
    const auto sent = world.client->sent();
    ASSERT_EQ(sent.size(), 4U);
    EXPECT_EQ(sent[3].url, "https://keys.example/c");
    EXPECT_EQ(sent[0].timeout, Milliseconds(3000));
    EXPECT_EQ(sent[3].timeout, Milliseconds(1500));
    EXPECT_EQ(sent[3].max_body, std::size_t{256} << 10);
  }
}

TEST(KeySetFetch, sec_143_redirects_have_no_time_of_their_own) {
  CacheWorld world;
  world.answer([&](const OutboundRequest& request) {
    world.clock->advance(Milliseconds(1500));
    return redirect(request.url + "x");
  });
  EXPECT_THAT(world.load(), fails("key_set_timeout"));
  EXPECT_EQ(world.requests(), 2U);
}

TEST(KeySetFetch, a_condition_is_told_only_to_the_url_that_it_came_from) {
  CacheWorld world;
  world.answer([](const OutboundRequest& request) -> Result<net::OutboundResponse> {
    if (request.url == test::kUrl) return redirect("https://keys.example/");
    return response(200, set_of({"a"}), {{"ETag", "\"1\""}});
  });
  ASSERT_THAT(world.reload(), is_ok());
  ASSERT_THAT(world.reload(), is_ok());
  const auto sent = world.client->sent();
  ASSERT_EQ(sent.size(), 4U);
  EXPECT_EQ(sent[2].headers.size(), 1U);
  EXPECT_THAT(sent[3].headers, testing::Contains(testing::Pair("If-None-Match", "\"1\"")));
}

TEST(KeySetFetch, a_malformed_etag_is_not_sent_back) {
  CacheWorld world;
  world.publish({"a"}, {{"ETag", "1"}, {"Last-Modified", "yesterday"}});
  ASSERT_THAT(world.reload(), is_ok());
  ASSERT_THAT(world.reload(), is_ok());
  EXPECT_EQ(world.client->sent()[1].headers.size(), 1U);
}

TEST(KeySetFetch, expires_counts_where_there_is_no_max_age) {
  CacheWorld world;
  world.publish({"a"}, {{"Date", "Tue, 14 Nov 2023 22:13:20 GMT"},
                        {"Expires", "Tue, 14 Nov 2023 22:14:20 GMT"}});
  const auto set = world.load();
  ASSERT_THAT(set, is_ok());
  EXPECT_EQ((*set)->fresh_until - (*set)->fetched, Seconds(60));
}

// The same with the real client, on loopback.

struct RealWorld {
  explicit RealWorld(net::HttpClientSettings outbound = {},
                     Milliseconds timeout = Milliseconds(20'000)) {
    KeySetSettings settings;
    settings.allow_http = true;
    settings.timeout = timeout;
    cache = std::make_unique<KeySetCache>(
        net::test::client(std::move(outbound)), std::make_shared<SystemClock>(),
        std::make_shared<SystemRandom>(), test::check_set, settings);
  }
  Result<RemoteKeySetPtr> load(const std::string& url) {
    return async::run_now(cache->load(cache->source(url)));
  }
  std::unique_ptr<KeySetCache> cache;
};

net::HttpClientSettings only_public(std::vector<std::string> exempt = {}) {
  net::HttpClientSettings out;
  out.only_public_addresses = true;
  out.allowed_private_hosts = std::move(exempt);
  return out;
}

TEST(KeySetFetch, sec_143_sec_211_no_socket_is_opened_to_an_address_that_is_not_public) {
  Peer peer([](const SeenRequest&) { return Reply::ok(set_of({"a"})); });
  RealWorld world(only_public());
  const std::string port = std::to_string(peer.port());
  for (const char* host : {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1",
                           "169.254.169.254", "0.0.0.0", "[fe80::1]", "[fd00::1]"}) {
    EXPECT_THAT(world.load("http://" + std::string(host) + ":" + port + "/"),
                fails("key_set_address_denied"))
        << host;
  }
  for (const char* host : {"2130706433", "0x7f.1", "127.1", "0177.0.0.1"})
    EXPECT_FALSE(world.load("http://" + std::string(host) + ":" + port + "/").ok()) << host;
  EXPECT_EQ(peer.connections(), 0U);
}

TEST(KeySetFetch, sec_143_sec_211_a_redirect_to_a_private_address_is_denied) {
  Peer inner([](const SeenRequest&) { return Reply::ok(set_of({"a"})); });
  for (const char* host : {"127.0.0.2", "localhost", "[::1]", "169.254.169.254"}) {
    Peer outer([&](const SeenRequest&) {
      return Reply{"HTTP/1.1 302 Found\r\nLocation: http://" + std::string(host) + ":" +
                   std::to_string(inner.port()) + "/\r\nContent-Length: 0\r\n\r\n"};
    });
    RealWorld world(only_public({"127.0.0.1"}));
    EXPECT_THAT(world.load(outer.url()), fails("key_set_address_denied")) << host;
    EXPECT_EQ(outer.seen().size(), 1U);
  }
  EXPECT_EQ(inner.connections(), 0U);
}

TEST(KeySetFetch, a_private_host_that_is_allowed_is_asked) {
  Peer peer([](const SeenRequest&) { return Reply::ok(public_set(), "ETag: \"1\"\r\n"); });
  RealWorld world(only_public({"127.0.0.1"}));
  EXPECT_THAT(world.load(peer.url()), is_ok());
}

TEST(KeySetFetch, sec_143_a_publisher_that_hangs_is_left_in_time) {
  Peer peer([](const SeenRequest&) { return Reply::silence(); });
  RealWorld world({}, Milliseconds(50));
  EXPECT_THAT(world.load(peer.url()), fails("key_set_timeout"));
}

TEST(KeySetFetch, sec_143_ten_megabytes_are_not_read) {
  Peer peer([](const SeenRequest& request) {
    return request.has("/announced")
               ? Reply::ok(std::string(10 << 20, ' '))
               : Reply{"HTTP/1.1 200 OK\r\n\r\n" + std::string(10 << 20, ' '), true};
  });
  RealWorld world;
  EXPECT_THAT(world.load(peer.url("/announced")), fails("key_set_too_large"));
  EXPECT_THAT(world.load(peer.url("/endless")), fails("key_set_too_large"));
}

TEST(KeySetFetch, sec_143_an_answer_that_breaks_off_is_no_set) {
  Peer peer([](const SeenRequest&) {
    return Reply{"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + set_of({"a"}), true};
  });
  RealWorld world;
  EXPECT_THAT(world.load(peer.url()), fails("key_set_unreachable"));
}

}  // namespace
}  // namespace signet::oauth
