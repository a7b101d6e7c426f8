#include "net/local_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "support/matchers.h"

namespace signet::net {
namespace {

using test::fails;
using testing::HasSubstr;
namespace asio = boost::asio;

// Accepts one connection, reads a head, writes what it was told, closes.
class OneShot {
 public:
  explicit OneShot(std::string answer)
      : acceptor_(io_, {asio::ip::make_address("127.0.0.1"), 0}),
        thread_([this, answer = std::move(answer)] {
          asio::ip::tcp::socket socket(io_);
          boost::system::error_code ec;
          acceptor_.accept(socket, ec);
          asio::read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n", ec);
          if (answer.empty()) asio::read_until(socket, asio::dynamic_buffer(head), "never", ec);
          asio::write(socket, asio::buffer(answer), ec);
          socket.shutdown(asio::ip::tcp::socket::shutdown_both, ec);
        }) {}
  ~OneShot() { join(); }
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + path;
  }
  std::string head;

 private:
  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_;
  std::thread thread_;
};

LocalRequest get(std::string url) {
  LocalRequest request;
  request.url = std::move(url);
  return request;
}

TEST(LocalClient, sends_a_request_and_reads_the_answer) {
  OneShot server("HTTP/1.1 201 Created\r\nETag: \"7\"\r\nContent-Length: 2\r\n\r\n{}");
  LocalRequest request = get(server.url("/a?b=c"));
  request.method = "PUT";
  request.headers = {{"Authorization", "Bearer t"}};
  request.body = "x";
  const auto response = call(request);
  ASSERT_THAT(response, test::is_ok());
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->header("etag"), "\"7\"");
  EXPECT_EQ(response->body, "{}");
  server.join();
  EXPECT_THAT(server.head, HasSubstr("PUT /a?b=c HTTP/1.1\r\n"));
  EXPECT_THAT(server.head, HasSubstr("Authorization: Bearer t\r\n"));
  EXPECT_THAT(server.head, HasSubstr("Content-Length: 1\r\n"));
}

TEST(LocalClient, names_host_and_port_of_a_server_that_is_not_there) {
  std::string url;
  {
    OneShot gone("x");
    url = gone.url("/");
    (void)call(get(url));
  }
  const auto response = call(get(url));
  ASSERT_THAT(response, fails("local_unreachable"));
  EXPECT_THAT(response.error().detail, HasSubstr("cannot connect to 127.0.0.1:"));
}

TEST(LocalClient, gives_up_on_a_server_that_never_answers) {
  OneShot server("");
  LocalRequest request = get(server.url("/"));
  request.timeout = Milliseconds(50);
  EXPECT_THAT(call(request), fails("local_timeout"));
}

TEST(LocalClient, refuses_answers_that_are_not_http_or_too_large) {
  {
    OneShot server("SSH-2.0-nonsense\r\n\r\n");
    EXPECT_THAT(call(get(server.url("/"))), fails("local_bad_response"));
  }
  {
    OneShot server("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    LocalRequest request = get(server.url("/"));
    request.max_body = 10;
    EXPECT_THAT(call(request), fails("local_bad_response"));
  }
  {
    OneShot server("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
    EXPECT_THAT(call(get(server.url("/"))), fails("local_bad_response"));
  }
}

TEST(LocalClient, speaks_http_only_and_lets_no_header_be_forged) {
  EXPECT_THAT(call(get("https://127.0.0.1/")), fails("local_https"));
  EXPECT_THAT(call(get("http://127.0.0.1.example.com/")), fails("local_url_invalid"));
  EXPECT_THAT(call(get("file:///etc/passwd")), fails("local_url_invalid"));
  LocalRequest request = get("http://127.0.0.1:1/");
  request.headers = {{"X", "a\r\nY: b"}};
  EXPECT_THAT(call(request), fails("local_url_invalid"));
}

TEST(LocalClient, knows_what_loopback_is) {
  EXPECT_TRUE(is_loopback_url("http://127.0.0.1:8081/x"));
  EXPECT_TRUE(is_loopback_url("http://localhost"));
  EXPECT_TRUE(is_loopback_url("http://[::1]:8081"));
  EXPECT_FALSE(is_loopback_url("http://127.0.0.1.example.com/"));
  EXPECT_FALSE(is_loopback_url("http://127.0.0.1x/"));
  EXPECT_FALSE(is_loopback_url("http://127.0.0.1.5/"));
  EXPECT_FALSE(is_loopback_url("http://10.0.0.1/"));
}

}  // namespace
}  // namespace signet::net
