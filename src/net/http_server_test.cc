#include <thread>

#include "net/raw_client.h"
#include "support/matchers.h"

namespace signet::net {
namespace {

using test::fails;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kGetPath = "GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(HttpServer, answers_one_request_after_another_on_one_connection) {
  TestServer server(echo);
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    const auto response = client.ask(kGetPath);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "/a|b=c|");
  }
  EXPECT_EQ(client.ask("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyz").body,
            "/p||xyz");
  EXPECT_EQ(server.stats().requests_total, 4u);
  EXPECT_EQ(server.stats().connections_total, 1u);
}

TEST(HttpServer, answers_pipelined_requests_in_order) {
  TestServer server(echo);
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 50; ++i) {
    all += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab";
  }
  client.send(all);
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(client.receive().body, "/" + std::to_string(i) + "||ab");
}

TEST(HttpServer, does_not_mind_how_the_bytes_arrive) {
  TestServer server(echo);
  RawClient client(server.port());
  const std::string_view requests =
      "\r\nPOST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
      "POST /y HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\ndefg";
  for (const char c : requests)
    client.send({&c, 1});
  EXPECT_EQ(client.receive().body, "/x||abc");
  EXPECT_EQ(client.receive().body, "/y||defg");
}

TEST(HttpServer, takes_a_large_body_and_gives_one_back) {
  TestServer server(echo);
  RawClient client(server.port());
  const std::string body(256 * 1024, 'x');
  for (int i = 0; i < 2; ++i) {
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body);
    EXPECT_EQ(client.receive().body, "/||" + body);
  }
}

TEST(HttpServer, says_continue_to_a_client_that_waits_for_it) {
  TestServer server(echo);
  RawClient client(server.port());
  const auto first =
      client.ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(first.status, 100);
  EXPECT_EQ(client.ask("ab").body, "/||ab");
}

struct LimitCase {
  std::string request;
  int status;
};

TEST(HttpServer, sec_204_holds_every_limit_and_closes) {
  TestServer server(echo, [](ListenOptions& o) {
    o.limits.max_head = 2000;
    o.limits.max_headers = 10;
    o.limits.max_target = 100;
    o.limits.max_body = 50;
  });
  std::string many;
  for (int i = 0; i < 10; ++i)
    many += "X: 1\r\n";
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
  for (const LimitCase& c : std::vector<LimitCase>{
           {"GET /" + std::string(100, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
           {"GET /" + std::string(5000, 'a'), 414},
           {start + "A: " + std::string(2000, 'a') + "\r\n\r\n", 431},
           {start + "A: " + std::string(9000, 'a'), 431},
           {start + many + "\r\n", 431},
           {start + "Content-Length: 51\r\n\r\n", 413},
           {start + "Content-Length: 51\r\nExpect: 100-continue\r\n\r\n", 413},
           {start + "Transfer-Encoding: chunked\r\n\r\n33\r\n", 413}}) {
    RawClient client(server.port());
    const auto response = client.ask(c.request);
    EXPECT_EQ(response.status, c.status) << c.request.substr(0, 60);
    EXPECT_TRUE(response.has("Connection: close"));
    client.finish_sending();
    EXPECT_TRUE(client.is_closed_by_server());
  }
  RawClient client(server.port());
  EXPECT_EQ(client.ask("GET /" + std::string(99, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n").status,
            200);
  EXPECT_EQ(client.ask(start + "Content-Length: 50\r\n\r\n" + std::string(50, 'a')).status, 200);
  EXPECT_EQ(client.ask(start + many.substr(6) + "\r\n").status, 200);
}

TEST(HttpServer, sends_no_body_where_there_is_none) {
  TestServer server([](Exchange& exchange) {
    echo(exchange);
    if (exchange.request().path == "/204") exchange.response().status = 204;
    if (exchange.request().path == "/304") exchange.response().status = 304;
  });
  RawClient client(server.port());
  client.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto head = client.receive(true);
  EXPECT_TRUE(head.has("Content-Length: 4\r\n"));
  for (const char* path : {"/204", "/304"}) {
    const auto none = client.ask("GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_FALSE(none.has("Content-Length"));
  }
  EXPECT_EQ(client.ask(kGetPath).body, "/a|b=c|");
}

TEST(HttpServer, sec_185_every_answer_carries_the_security_headers) {
  TestServer server(
      [](Exchange& exchange) {
        if (exchange.request().path != "/own") return;
        exchange.response().add("Cache-Control", "max-age=60");
        exchange.response().add("Content-Security-Policy", "default-src 'self'");
      },
      [](ListenOptions& o) { o.hsts = true; });
  RawClient client(server.port());
  const auto plain = client.ask(kGetPath);
  for (const char* line :
       {"X-Content-Type-Options: nosniff\r\n", "Referrer-Policy: no-referrer\r\n",
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n",
        "Cache-Control: no-store\r\n", "Strict-Transport-Security: max-age=", "\r\nDate: "}) {
    EXPECT_TRUE(plain.has(line)) << line;
  }
  EXPECT_FALSE(plain.has("Server:"));
  const auto own = client.ask("GET /own HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(own.has("Cache-Control: max-age=60\r\n"));
  EXPECT_FALSE(own.has("no-store"));
  EXPECT_FALSE(own.has("frame-ancestors"));
  EXPECT_TRUE(client.ask("bad\r\n\r\n").has("nosniff"));
}

TEST(HttpServer, takes_over_a_request_id_that_is_fit_for_a_log) {
  TestServer server([](Exchange& e) { e.response().body = e.request().request_id; });
  RawClient client(server.port());
  const auto ask = [&](const std::string& id) {
    return client.ask("GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: " + id + "\r\n\r\n");
  };
  EXPECT_EQ(ask("abc.1_2-3").body, "abc.1_2-3");
  EXPECT_TRUE(ask("abc").has("X-Request-Id: abc\r\n"));
  const std::string made = ask("a b").body;
  EXPECT_EQ(made.size(), 16u);
  EXPECT_NE(ask(std::string(65, 'a')).body, made);
}

TEST(HttpServer, sec_208_refuses_paths_with_two_readings) {
  TestServer server(echo);
  for (const char* path : {"/..;/admin", "/%2e%2e/admin", "//admin", "/a/../admin", "/a;x=1",
                           "/a%2fb", "/./a", "/a%00", "/a#b", "a", "*", "http:///a"}) {
    RawClient client(server.port());
    EXPECT_EQ(client.ask("GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n").status, 400)
        << path;
    EXPECT_TRUE(client.is_closed_by_server());
  }
}

TEST(HttpServer, takes_the_absolute_form_for_its_path_only) {
  TestServer server(echo);
  RawClient client(server.port());
  EXPECT_EQ(client.ask("GET http://H/a?b HTTP/1.1\r\nHost: h\r\n\r\n").body, "/a|b|");
  EXPECT_EQ(client.ask("GET http://h HTTP/1.1\r\nHost: h\r\n\r\n").body, "/||");
  EXPECT_EQ(client.ask("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").body, "*||");
  EXPECT_EQ(client.ask("GET http://other/a HTTP/1.1\r\nHost: h\r\n\r\n").status, 400);
}

TEST(HttpServer, speaks_http_1_0_and_1_1_only) {
  TestServer server(echo);
  RawClient one(server.port());
  EXPECT_TRUE(
      one.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").has("Connection: keep-alive"));
  EXPECT_TRUE(one.ask("GET / HTTP/1.0\r\n\r\n").has("Connection: close"));
  EXPECT_TRUE(one.is_closed_by_server());
  for (const char* version : {"2.0", "1.2", "0.9"}) {
    RawClient other(server.port());
    EXPECT_EQ(other.ask("GET / HTTP/" + std::string(version) + "\r\nHost: h\r\n\r\n").status, 505);
    EXPECT_TRUE(other.is_closed_by_server());
  }
}

TEST(HttpServer, sec_214_answers_cors_for_listed_origins_without_credentials) {
  TestServer server(echo, [](ListenOptions& o) { o.cors_origins = {"https://app.example"}; });
  RawClient client(server.port());
  const auto preflight = [&](const std::string& origin) {
    return client.ask("OPTIONS /token HTTP/1.1\r\nHost: h\r\nOrigin: " + origin +
                      "\r\nAccess-Control-Request-Method: POST\r\n\r\n");
  };
  const auto allowed = preflight("https://app.example");
  EXPECT_EQ(allowed.status, 204);
  EXPECT_TRUE(allowed.has("Access-Control-Allow-Origin: https://app.example\r\n"));
  EXPECT_TRUE(allowed.has("Vary: Origin\r\n"));
  EXPECT_FALSE(allowed.has("Credentials"));
  for (const char* origin : {"https://evil.example", "null", "https://app.example.evil", "*"}) {
    const auto refused = preflight(origin);
    EXPECT_EQ(refused.status, 403);
    EXPECT_FALSE(refused.has("Access-Control-Allow"));
  }
  EXPECT_NE(client
                .ask("OPTIONS / HTTP/1.1\r\nHost: h\r\nOrigin: https://app.example\r\n"
                     "Access-Control-Request-Method: POST\r\nAuthorization: Basic eA==\r\n\r\n")
                .status,
            204)
      << "a gateway asks, and no browser";
  const auto simple =
      client.ask("GET / HTTP/1.1\r\nHost: h\r\nOrigin: https://app.example\r\n\r\n");
  EXPECT_TRUE(simple.has("Access-Control-Allow-Origin: https://app.example\r\n"));
  EXPECT_FALSE(client.ask(kGetPath).has("Access-Control"));
}

TEST(HttpServer, sec_214_a_wildcard_origin_never_comes_with_credentials) {
  TestServer server(echo, [](ListenOptions& o) { o.cors_origins = {"*"}; });
  RawClient client(server.port());
  const auto any = client.ask("GET / HTTP/1.1\r\nHost: h\r\nOrigin: https://x\r\n\r\n");
  EXPECT_TRUE(any.has("Access-Control-Allow-Origin: *\r\n"));
  EXPECT_FALSE(any.has("Credentials"));
}

TEST(HttpServer, a_document_for_everybody_names_the_allowed_origin_once) {
  const auto shared = [](Exchange& exchange) {
    exchange.response().add("Access-Control-Allow-Origin", "*");
    echo(exchange);
  };
  TestServer server(shared, [](ListenOptions& o) { o.cors_origins = {"https://app.example"}; });
  RawClient client(server.port());
  for (const char* origin : {"https://app.example", "https://other.example"}) {
    const auto answer =
        client.ask("GET / HTTP/1.1\r\nHost: h\r\nOrigin: " + std::string(origin) + "\r\n\r\n");
    EXPECT_TRUE(answer.has("Access-Control-Allow-Origin: *\r\n"));
    EXPECT_FALSE(answer.has("Access-Control-Allow-Origin: " + std::string(origin)));
  }
}

TEST(HttpServer, a_handler_that_throws_costs_its_own_connection_only) {
  TestServer server([](Exchange& exchange) {
    if (exchange.request().path == "/bug") throw std::runtime_error("secret detail");
    if (exchange.request().path == "/odd") throw 17;
    echo(exchange);
  });
  for (const char* path : {"/bug", "/odd"}) {
    RawClient client(server.port());
    const auto response = client.ask("GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(response.status, 500);
    EXPECT_THAT(response.body, Not(HasSubstr("secret")));
    EXPECT_TRUE(client.is_closed_by_server());
  }
  RawClient other(server.port());
  EXPECT_EQ(other.ask(kGetPath).status, 200);
}

TEST(HttpServer, sec_212_a_response_that_would_be_split_becomes_a_500) {
  TestServer server([](Exchange& e) { e.response().add("Location", "/a\r\nSet-Cookie: x=1"); });
  RawClient client(server.port());
  const auto response = client.ask(kGetPath);
  EXPECT_EQ(response.status, 500);
  EXPECT_FALSE(response.has("Set-Cookie"));
}

TEST(HttpServer, refuses_connections_beyond_its_limit_and_serves_those_it_has) {
  TestServer server(echo, [](ListenOptions& o) { o.limits.max_connections = 1; });
  RawClient first(server.port());
  EXPECT_EQ(first.ask(kGetPath).status, 200);
  RawClient second(server.port());
  EXPECT_TRUE(second.is_closed_by_server());
  EXPECT_EQ(first.ask(kGetPath).status, 200);
  EXPECT_EQ(server.stats().connections_refused, 1u);
}

TEST(HttpServer, a_port_that_is_taken_is_told_at_listen) {
  TestServer server(echo);
  for (const std::size_t loops : {1, 3}) {
    Server other(loops);
    ListenOptions options;
    options.port = server.port();
    EXPECT_THAT(other.listen(options), fails("listen_failed"));
    options.address = "no address";
    EXPECT_THAT(other.listen(options), fails("listen_failed"));
  }
}

TEST(HttpServer, serves_on_several_loops) {
  TestServer server(echo, {}, 3);
  for (int i = 0; i < 20; ++i) {
    RawClient client(server.port());
    EXPECT_EQ(client.ask(kGetPath).status, 200);
  }
  EXPECT_EQ(server.stats().requests_total, 20u);
}

}  // namespace
}  // namespace signet::net
