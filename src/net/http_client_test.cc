// What goes out and what comes back.

#include "net/http_client.h"

#include "net/fake_http_client.h"
#include "net/http_client_test_support.h"

namespace signet::net::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(HttpClient, sends_what_it_is_given_and_reads_the_answer) {
  Peer peer([](const SeenRequest&) {
    return Reply{
        "HTTP/1.1 201 Created\r\nETag: \"7\"\r\nX-Two: a\r\nx-two: b\r\n"
        "Content-Length: 2\r\n\r\n{}"};
  });
  auto request = request_to(peer.url("/a/../b%2fc/?d=e%20f&g"), "PUT", "body");
  request.headers = {{"Authorization", "Bearer t"}, {"X-Empty", ""}, {"Content-Type", "text/x"}};
  const auto response = send(client(), request);
  ASSERT_THAT(response, is_ok());
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->header("etag"), "\"7\"");
  EXPECT_EQ(response->header("X-TWO"), "a");
  EXPECT_EQ(response->headers.size(), 4u);
  EXPECT_EQ(response->header("absent"), "");
  EXPECT_EQ(response->body, "{}");
  const SeenRequest seen = peer.seen().at(0);
  EXPECT_EQ(seen.line(), "PUT /a/../b%2fc/?d=e%20f&g HTTP/1.1");
  EXPECT_EQ(seen.body, "body");
  EXPECT_TRUE(seen.has("\r\nHost: 127.0.0.1:" + std::to_string(peer.port()) + "\r\n"));
  for (const char* line : {"\r\nAuthorization: Bearer t\r\n", "\r\nContent-Type: text/x\r\n",
                           "\r\nX-Empty:\r\n", "\r\nContent-Length: 4\r\n"})
    EXPECT_TRUE(seen.has(line)) << seen.head;
  for (const char* none : {"Expect", "Cookie", "Accept-Encoding", "Proxy-"})
    EXPECT_FALSE(seen.has(none)) << seen.head;
}

TEST(HttpClient, sends_every_method_with_and_without_a_body) {
  Peer peer([](const SeenRequest& seen) { return Reply::ok(seen.line() + "|" + seen.body); });
  const auto http = client();
  for (const char* method : {"GET", "DELETE", "POST", "PUT", "PATCH", "LIST"}) {
    for (const char* body : {"", "x"}) {
      const auto response = send(http, request_to(peer.url(), method, body));
      ASSERT_THAT(response, is_ok()) << method;
      EXPECT_EQ(response->body, std::string(method) + " / HTTP/1.1|" + body);
    }
  }
  EXPECT_TRUE(peer.seen().at(4).has("Content-Length: 0\r\n"));
  EXPECT_FALSE(peer.seen().at(4).has("Content-Type"));
}

TEST(HttpClient, a_head_request_has_no_body) {
  Peer peer(
      [](const SeenRequest&) { return Reply{"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"}; });
  const auto response = send(client(), request_to(peer.url(), "HEAD"));
  ASSERT_THAT(response, is_ok());
  EXPECT_EQ(response->header("Content-Length"), "1000");
  EXPECT_EQ(response->body, "");
}

TEST(HttpClient, large_bodies_go_both_ways) {
  const std::string large(3 << 20, 'x');
  Peer peer([](const SeenRequest& seen) { return Reply::ok(seen.body); });
  auto request = request_to(peer.url(), "POST", large);
  request.max_body = large.size();
  const auto response = send(client(), request);
  ASSERT_THAT(response, is_ok());
  EXPECT_TRUE(response->body == large);
}

TEST(HttpClient, more_body_than_the_limit_is_refused_announced_or_not) {
  Peer peer([](const SeenRequest& seen) {
    if (seen.has("/announced")) return Reply::ok("12345");
    if (seen.has("/endless")) return Reply{"HTTP/1.1 200 OK\r\n\r\n12345", true};
    return Reply{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n"};
  });
  const auto http = client();
  for (const char* path : {"/announced", "/endless", "/chunked"}) {
    auto request = request_to(peer.url(path));
    request.max_body = 5;
    const auto response = send(http, request);
    ASSERT_THAT(response, is_ok()) << path;
    EXPECT_EQ(response->body, "12345");
    request.max_body = 4;
    const auto refused = send(http, request);
    ASSERT_THAT(refused, fails("outbound_too_large")) << path;
    EXPECT_EQ(refused.error().code, Code::kInvalid);
  }
}

TEST(HttpClient, more_headers_than_the_limit_are_refused) {
  std::string many, long_ones;
  for (int i = 0; i < 250; ++i)
    many += "A: b\r\n";
  for (int i = 0; i < 20; ++i)
    long_ones += "A: " + std::string(4000, 'x') + "\r\n";
  Peer peer(
      [&](const SeenRequest& seen) { return Reply::ok("", seen.has("/many") ? many : long_ones); });
  const auto http = client();
  EXPECT_THAT(send(http, request_to(peer.url("/many"))), fails("outbound_too_large"));
  EXPECT_THAT(send(http, request_to(peer.url("/long"))), fails("outbound_too_large"));
}

TEST(HttpClient, a_redirect_is_an_answer_and_cookies_are_not_kept) {
  Peer peer([&](const SeenRequest&) {
    return Reply{
        "HTTP/1.1 302 Found\r\nLocation: /else\r\nSet-Cookie: a=b\r\n"
        "Content-Length: 0\r\n\r\n"};
  });
  const auto http = client();
  const auto response = send(http, request_to(peer.url()));
  ASSERT_THAT(response, is_ok());
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(response->header("Location"), "/else");
  ASSERT_THAT(send(http, request_to(peer.url())), is_ok());
  ASSERT_EQ(peer.seen().size(), 2u);
  EXPECT_FALSE(peer.seen().at(1).has("Cookie"));
}

TEST(HttpClient, interim_answers_and_trailers_are_passed_over) {
  Peer peer([](const SeenRequest&) {
    return Reply{
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n"
        "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nA: trailer\r\nB: c\r\n\r\n"};
  });
  const auto response = send(client(), request_to(peer.url()));
  ASSERT_THAT(response, is_ok());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->header("A"), "b");
  EXPECT_EQ(response->header("Link"), "");
  EXPECT_EQ(response->header("B"), "");
  EXPECT_EQ(response->body, "hi");
}

TEST(HttpClient, broken_answers_are_told_as_such) {
  const std::string answers[] = {
      "",
      "junk\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
      "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "HTTP/1.1 200 OK\r\nContent-Le",
  };
  const auto http = client();
  for (const std::string& answer : answers) {
    Peer peer([&](const SeenRequest&) { return Reply{answer, true}; });
    const auto response = send(http, request_to(peer.url("/path?query")));
    ASSERT_THAT(response, fails("outbound_broken")) << answer;
    EXPECT_EQ(response.error().code, Code::kUnavailable);
    EXPECT_THAT(response.error().detail, HasSubstr("http://127.0.0.1:"));
    EXPECT_THAT(response.error().detail, Not(HasSubstr("path")));
    EXPECT_THAT(response.error().detail, Not(HasSubstr("query")));
  }
}

TEST(HttpClient, a_closed_port_and_an_unknown_name_are_unreachable) {
  const auto http = client();
  const auto refused =
      send(http, request_to("http://127.0.0.1:" + std::to_string(dead_port()) + "/secret"));
  ASSERT_THAT(refused, fails("outbound_unreachable"));
  EXPECT_THAT(refused.error().detail, HasSubstr("refused"));
  EXPECT_THAT(refused.error().detail, Not(HasSubstr("secret")));
  EXPECT_THAT(send(http, request_to("http://nobody.invalid/")), fails("outbound_unreachable"));
}

TEST(HttpClient, what_cannot_be_sent_is_refused_before_anything_goes_out) {
  Peer peer([](const SeenRequest&) { return Reply::ok(""); });
  FakeHttpClient fake([](const OutboundRequest&) { return FakeHttpClient::response(200); });
  const auto http = client();
  const auto refused = [&](const OutboundRequest& request, const char* reason) {
    const auto response = send(http, request);
    EXPECT_THAT(response, fails(reason));
    EXPECT_EQ(response.error().code, Code::kInvalid);
    EXPECT_THAT(response.error().detail, Not(HasSubstr("hidden")));
    EXPECT_THAT(async::run_now(fake.send(request)), fails(reason));
  };
  for (const char* url :
       {"", "hidden", "ftp://a.test/hidden", "file:///hidden", "http://u:hidden@a.test/",
        "http://a.test/#hidden", "http://a.test/hid den", "http:///hidden", "http://127.1/hidden",
        "http://0x7f000001/hidden", "http://2130706433/hidden", "http://127.0.0.1.a.test/h#hidden"})
    refused(request_to(url), "outbound_url_invalid");
  for (const HeaderList& headers : std::vector<HeaderList>{{{"A", "b\r\nC: hidden"}},
                                                           {{"A", std::string("b\0", 2)}},
                                                           {{"A", "b\n"}},
                                                           {{"A: b\r\nC", "hidden"}},
                                                           {{"", "hidden"}},
                                                           {{"A", "\xC3\xA4"}},
                                                           {{"Host", "hidden.test"}},
                                                           {{"content-length", "3"}},
                                                           {{"Transfer-Encoding", "chunked"}}}) {
    auto request = request_to(peer.url("/hidden"));
    request.headers = headers;
    refused(request, "outbound_header_invalid");
  }
  for (const char* method : {"", "GET /hidden HTTP/1.1\r\nA:", "CONNECT"})
    refused(request_to(peer.url(), method), "outbound_method_invalid");
  refused(request_to(peer.url(), "HEAD", "body"), "outbound_method_invalid");
  EXPECT_EQ(peer.connections(), 0u);
}

}  // namespace
}  // namespace signet::net::test
