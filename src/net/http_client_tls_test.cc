// TLS, and the ways through a proxy.

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "net/http_client_test_support.h"
#include "net/raw_client.h"

namespace signet::net::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

struct Certificates {
  fs::path path;
  Certificates() {
    std::string name = (fs::temp_directory_path() / "signet_outbound_XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Certificates() { fs::remove_all(path); }
  std::string file(const std::string& name) const { return (path / name).string(); }

  bool run(const std::string& arguments) const {
    const std::string command =
        "cd " + path.string() + " && openssl " + arguments + " >/dev/null 2>&1";
    return std::system(command.c_str()) == 0;
  }
  bool make_ca(const std::string& name) const {
    return run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" +
               name + " -keyout " + name + ".key -out " + name + ".pem");
  }
  /// A leaf of a CA for a name as subjectAltName writes it.
  bool make(const std::string& name, const std::string& ca, const std::string& alternative) const {
    std::ofstream(file(name + ".ext")) << "subjectAltName=" << alternative << "\n";
    return run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=leaf -keyout " +
               name + ".key -out " + name + ".csr") &&
           run("x509 -req -in " + name + ".csr -CA " + ca + ".pem -CAkey " + ca +
               ".key -CAcreateserial -days 2 -extfile " + name + ".ext -out " + name + ".pem");
  }
};

class HttpClientTls : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    files_ = new Certificates;
    ASSERT_TRUE(files_->make_ca("ca") && files_->make_ca("other"));
    ASSERT_TRUE(files_->make("good", "ca", "DNS:localhost,IP:127.0.0.1,DNS:service.test"));
    ASSERT_TRUE(files_->make("elsewhere", "ca", "DNS:elsewhere.test"));
  }
  static void TearDownTestSuite() {
    delete files_;
    files_ = nullptr;
  }
  static std::unique_ptr<TestServer> server(const std::string& certificate) {
    return std::make_unique<TestServer>(echo, [&](ListenOptions& options) {
      options.tls = TlsOptions{files_->file(certificate + ".pem"),
                               files_->file(certificate + ".key"), false, true};
    });
  }
  static std::string url(const TestServer& server, const std::string& host = "localhost") {
    return "https://" + host + ":" + std::to_string(server.port()) + "/path";
  }
  static HttpClientSettings trusting(const std::string& ca) {
    HttpClientSettings settings;
    settings.ca_file = files_->file(ca + ".pem");
    return settings;
  }
  static Certificates* files_;
};
Certificates* HttpClientTls::files_ = nullptr;

TEST_F(HttpClientTls, a_certificate_of_the_own_authority_is_trusted_and_the_connection_kept) {
  const auto peer = server("good");
  const auto http = client(trusting("ca"));
  for (int i = 0; i < 5; ++i) {
    const auto response = send(http, request_to(url(*peer), "POST", "x"));
    ASSERT_THAT(response, is_ok());
    EXPECT_EQ(response->body, "/path||x");
  }
  EXPECT_EQ(peer->stats().connections_total, 1u);
  EXPECT_THAT(send(http, request_to(url(*peer, "127.0.0.1"))), is_ok());
}

TEST_F(HttpClientTls, another_authority_or_another_name_is_unreachable_with_the_reason) {
  const auto good = server("good"), elsewhere = server("elsewhere");
  const auto stranger = send(client(trusting("other")), request_to(url(*good)));
  ASSERT_THAT(stranger, fails("outbound_unreachable"));
  EXPECT_EQ(stranger.error().code, Code::kUnavailable);
  EXPECT_THAT(stranger.error().detail, HasSubstr("certificate"));
  EXPECT_THAT(stranger.error().detail, Not(HasSubstr("path")));
  const auto system = send(client(), request_to(url(*good)));
  EXPECT_THAT(system, fails("outbound_unreachable"));
  const auto renamed = send(client(trusting("ca")), request_to(url(*elsewhere)));
  ASSERT_THAT(renamed, fails("outbound_unreachable"));
  EXPECT_THAT(renamed.error().detail, HasSubstr("localhost"));
}

TEST_F(HttpClientTls, a_peer_without_tls_is_unreachable) {
  Peer plain([](const SeenRequest&) { return Reply{"junk", true}; });
  EXPECT_THAT(send(client(trusting("ca")),
                   request_to("https://localhost:" + std::to_string(plain.port()) + "/")),
              testing::AnyOf(fails("outbound_unreachable"), fails("outbound_timeout")));
}

TEST_F(HttpClientTls, a_ca_file_that_is_none_is_told_at_the_start) {
  EXPECT_THAT(make_http_client(trusting("absent")), fails("outbound_ca_invalid"));
  std::ofstream(files_->file("junk.pem")) << "junk";
  EXPECT_THAT(make_http_client(trusting("junk")), fails("outbound_ca_invalid"));
}

TEST_F(HttpClientTls, https_goes_through_a_proxy_by_a_tunnel_that_sees_no_header_of_ours) {
  const auto target = server("good");
  Peer proxy([&](const SeenRequest&) {
    Reply reply{"HTTP/1.1 200 Connected\r\nX-Proxy: yes\r\n\r\n"};
    reply.tunnel_to = target->port();
    return reply;
  });
  auto settings = trusting("ca");
  settings.proxy = "http://al:p%40ss@127.0.0.1:" + std::to_string(proxy.port());
  const auto http = client(settings);
  for (int i = 0; i < 3; ++i) {
    auto request = request_to("https://service.test/path");
    request.headers = {{"Authorization", "Bearer t"}};
    const auto response = send(http, request);
    ASSERT_THAT(response, is_ok());
    EXPECT_EQ(response->body, "/path||");
    EXPECT_EQ(response->header("X-Proxy"), "");
  }
  ASSERT_EQ(proxy.seen().size(), 1u);
  const SeenRequest seen = proxy.seen().at(0);
  EXPECT_EQ(seen.line(), "CONNECT service.test:443 HTTP/1.1");
  EXPECT_TRUE(seen.has("Proxy-Authorization: Basic YWw6cEBzcw==\r\n")) << seen.head;
  EXPECT_FALSE(seen.has("\r\nAuthorization"));
}

TEST_F(HttpClientTls, the_certificate_behind_a_tunnel_is_verified_too) {
  const auto target = server("elsewhere");
  Peer proxy([&](const SeenRequest&) {
    Reply reply{"HTTP/1.1 200 Connected\r\n\r\n"};
    reply.tunnel_to = target->port();
    return reply;
  });
  auto settings = trusting("ca");
  settings.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  EXPECT_THAT(send(client(settings), request_to("https://service.test/")),
              fails("outbound_unreachable"));
}

TEST(HttpClientProxy, http_goes_through_the_proxy_of_the_given_environment) {
  Peer proxy([](const SeenRequest& seen) { return Reply::ok(seen.line()); });
  HttpClientSettings settings;
  settings.environment = {{"HTTP_PROXY", "http://127.0.0.1:" + std::to_string(proxy.port())},
                          {"NO_PROXY", "inside.invalid"}};
  const auto http = client(settings);
  const auto response = send(http, request_to("http://service.test/a?b"));
  ASSERT_THAT(response, is_ok());
  EXPECT_EQ(response->body, "GET http://service.test/a?b HTTP/1.1");
  EXPECT_THAT(send(http, request_to("http://inside.invalid/")), fails("outbound_unreachable"));
  EXPECT_EQ(proxy.seen().size(), 1u);
}

TEST(HttpClientProxy, the_environment_of_the_process_is_not_asked) {
  Peer proxy([](const SeenRequest&) { return Reply::ok("proxied"); });
  const std::string value = "http://127.0.0.1:" + std::to_string(proxy.port());
  for (const char* name : {"http_proxy", "all_proxy", "ALL_PROXY"})
    ASSERT_EQ(::setenv(name, value.c_str(), 1), 0);
  EXPECT_THAT(send(client(), request_to("http://nobody.invalid/")), fails("outbound_unreachable"));
  for (const char* name : {"http_proxy", "all_proxy", "ALL_PROXY"})
    ::unsetenv(name);
  EXPECT_EQ(proxy.connections(), 0u);
}

TEST(HttpClientProxy, the_address_of_the_proxy_may_be_private_and_that_of_the_target_not) {
  Peer proxy([](const SeenRequest&) { return Reply::ok(""); });
  HttpClientSettings settings;
  settings.only_public_addresses = true;
  settings.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  const auto http = client(settings);
  EXPECT_THAT(send(http, request_to("http://service.test/")), is_ok());
  EXPECT_THAT(send(http, request_to("http://10.0.0.1/")), fails("outbound_address_denied"));
  EXPECT_EQ(proxy.seen().size(), 1u);
}

TEST(HttpClientProxy, a_proxy_that_refuses_or_is_not_there_is_named) {
  Peer proxy([](const SeenRequest&) {
    return Reply{"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", true};
  });
  HttpClientSettings settings;
  settings.proxy = "http://u:hidden@127.0.0.1:" + std::to_string(proxy.port());
  const auto refused = send(client(settings), request_to("https://service.test/"));
  ASSERT_THAT(refused, fails("outbound_unreachable"));
  EXPECT_THAT(refused.error().detail, HasSubstr("407"));
  settings.proxy = "http://u:hidden@127.0.0.1:" + std::to_string(dead_port());
  const auto absent = send(client(settings), request_to("https://service.test/"));
  ASSERT_THAT(absent, fails("outbound_unreachable"));
  EXPECT_THAT(absent.error().detail, HasSubstr("proxy"));
  EXPECT_THAT(absent.error().detail, Not(HasSubstr("hidden")));
  settings.proxy = "socks5://hidden";
  EXPECT_THAT(make_http_client(settings), fails("outbound_proxy_invalid"));
}

}  // namespace
}  // namespace signet::net::test
