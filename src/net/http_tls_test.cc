#include <openssl/ssl.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "net/raw_client.h"
#include "support/matchers.h"

namespace signet::net {
namespace {

namespace fs = std::filesystem;
using test::fails;
using test::is_ok;

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "signet_tls_XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
  /// Makes NAME.pem and NAME.key with the openssl program.
  bool make(const std::string& name) const {
    const std::string file = (path / name).string();
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" +
        name + " -keyout " + file + ".key -out " + file + ".pem >/dev/null 2>&1";
    return std::system(command.c_str()) == 0;
  }
  std::string file(const std::string& name) const { return (path / name).string(); }
};

class TlsClient {
 public:
  TlsClient(std::uint16_t port, int min, int max, const std::string& own_certificate = "") {
    context_ = ::SSL_CTX_new(::TLS_client_method());
    ::SSL_CTX_set_min_proto_version(context_, min);
    ::SSL_CTX_set_max_proto_version(context_, max);
    if (!own_certificate.empty()) {
      ::SSL_CTX_use_certificate_chain_file(context_, (own_certificate + ".pem").c_str());
      ::SSL_CTX_use_PrivateKey_file(context_, (own_certificate + ".key").c_str(), SSL_FILETYPE_PEM);
    }
    bio_ = ::BIO_new_ssl_connect(context_);
    ::BIO_set_conn_hostname(bio_, ("127.0.0.1:" + std::to_string(port)).c_str());
    ::BIO_get_ssl(bio_, &ssl_);
  }
  ~TlsClient() {
    ::BIO_free_all(bio_);
    ::SSL_CTX_free(context_);
  }
  TlsClient(const TlsClient&) = delete;
  void suites(const char* names) {
    ::SSL_set_cipher_list(ssl_, names);
    ::SSL_set_ciphersuites(ssl_, "");
  }
  bool handshake() { return ::BIO_do_connect(bio_) == 1 && ::BIO_do_handshake(bio_) == 1; }
  std::string server_name() {
    X509* certificate = ::SSL_get1_peer_certificate(ssl_);
    char text[100] = {};
    ::X509_NAME_oneline(::X509_get_subject_name(certificate), text, sizeof text);
    ::X509_free(certificate);
    return text;
  }
  std::string ask(const std::string& request) {
    ::BIO_write(bio_, request.data(), static_cast<int>(request.size()));
    std::string all;
    char bytes[8192];
    while (all.find("\r\n\r\n") == std::string::npos) {
      const int n = ::BIO_read(bio_, bytes, sizeof bytes);
      if (n <= 0) break;
      all.append(bytes, static_cast<std::size_t>(n));
    }
    return all;
  }
  bool is_closed_by_server() {
    char byte;
    return ::BIO_read(bio_, &byte, 1) <= 0;
  }

 private:
  SSL_CTX* context_;
  BIO* bio_;
  SSL* ssl_ = nullptr;
};

const std::string kGetOverTls = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

void tell_certificate(Exchange& exchange) {
  const auto& request = exchange.request();
  exchange.response().body = std::string(request.is_tls ? "tls " : "plain ") +
                             std::to_string(request.client_certificate.size());
}

class Tls : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"server", "second", "client"})
      ASSERT_TRUE(folder_.make(name));
  }
  std::function<void(ListenOptions&)> with_tls(bool allow_tls12 = true) {
    return [this, allow_tls12](ListenOptions& o) {
      o.tls = TlsOptions{folder_.file("server.pem"), folder_.file("server.key"), true, allow_tls12};
    };
  }
  Folder folder_;
};

TEST_F(Tls, serves_1_2_and_1_3_and_nothing_older) {
  TestServer server(tell_certificate, with_tls());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(server.port(), version, version);
    ASSERT_TRUE(client.handshake());
    for (int i = 0; i < 3; ++i)
      EXPECT_THAT(client.ask(kGetOverTls), testing::EndsWith("tls 0"));
  }
  TlsClient old(server.port(), TLS1_VERSION, TLS1_1_VERSION);
  EXPECT_FALSE(old.handshake());
  TestServer strict(tell_certificate, with_tls(false));
  TlsClient twelve(strict.port(), TLS1_2_VERSION, TLS1_2_VERSION);
  EXPECT_FALSE(twelve.handshake());
}

TEST_F(Tls, sec_206_offers_no_suite_without_forward_secrecy_and_aead) {
  TestServer server(tell_certificate, with_tls());
  for (const char* suites :
       {"ECDHE-ECDSA-AES128-SHA256", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-CCM"}) {
    TlsClient client(server.port(), TLS1_2_VERSION, TLS1_2_VERSION);
    client.suites(suites);
    EXPECT_FALSE(client.handshake()) << suites;
  }
  TlsClient good(server.port(), TLS1_2_VERSION, TLS1_2_VERSION);
  good.suites("ECDHE-ECDSA-AES128-GCM-SHA256");
  EXPECT_TRUE(good.handshake());
}

TEST_F(Tls, hands_on_the_certificate_that_a_client_has_proven) {
  TestServer server(tell_certificate, with_tls());
  TlsClient client(server.port(), TLS1_3_VERSION, TLS1_3_VERSION, folder_.file("client"));
  ASSERT_TRUE(client.handshake());
  const std::string answer = client.ask(kGetOverTls);
  EXPECT_THAT(answer, testing::HasSubstr("tls "));
  EXPECT_THAT(answer, testing::Not(testing::EndsWith("tls 0")));
}

TEST_F(Tls, sec_206_reloads_certificates_without_dropping_anybody) {
  TestServer server(tell_certificate, with_tls());
  TlsClient before(server.port(), TLS1_3_VERSION, TLS1_3_VERSION);
  ASSERT_TRUE(before.handshake());
  EXPECT_EQ(before.server_name(), "/CN=server");
  std::ofstream(folder_.file("server.pem")) << "broken";
  EXPECT_THAT(server.server().reload_tls(), fails("tls_config_invalid"));
  EXPECT_THAT(before.ask(kGetOverTls), testing::HasSubstr("200 OK"));
  for (const char* end : {".pem", ".key"}) {
    fs::copy_file(folder_.file(std::string("second") + end),
                  folder_.file(std::string("server") + end), fs::copy_options::overwrite_existing);
  }
  EXPECT_THAT(server.server().reload_tls(), is_ok());
  for (std::string name; name != "/CN=second";) {  // the loops take it over in their own time
    TlsClient after(server.port(), TLS1_3_VERSION, TLS1_3_VERSION);
    ASSERT_TRUE(after.handshake());
    name = after.server_name();
  }
  EXPECT_THAT(before.ask(kGetOverTls), testing::HasSubstr("200 OK"));
}

TEST_F(Tls, closes_with_notice_and_counts_what_is_no_tls) {
  TestServer server(tell_certificate, with_tls());
  TlsClient client(server.port(), TLS1_3_VERSION, TLS1_3_VERSION);
  ASSERT_TRUE(client.handshake());
  client.ask("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(client.is_closed_by_server());
  RawClient plain(server.port());
  plain.send(kGetOverTls);
  plain.receive_all();
  EXPECT_EQ(server.stats().handshake_failures_total, 1u);
}

TEST_F(Tls, sec_205_a_handshake_that_stalls_is_cut_off) {
  TestServer server(tell_certificate, [&](ListenOptions& o) {
    with_tls()(o);
    o.limits.head_timeout = Milliseconds(50);
  });
  RawClient client(server.port());
  client.send("\x16\x03");
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(Tls, files_that_do_not_fit_are_told_at_listen) {
  const auto listen = [&](const std::string& chain, const std::string& key) {
    Server server(1);
    ListenOptions options;
    options.handler = tell_certificate;
    options.tls = TlsOptions{folder_.file(chain), folder_.file(key), false, true};
    return server.listen(options);
  };
  EXPECT_THAT(listen("absent.pem", "server.key"), fails("tls_config_invalid"));
  EXPECT_THAT(listen("server.pem", "absent.key"), fails("tls_config_invalid"));
  EXPECT_THAT(listen("server.pem", "second.key"), fails("tls_config_invalid"));
}

TEST_F(Tls, a_private_key_under_a_password_is_refused_and_nobody_is_asked_for_it) {
  for (const char* form : {"", " -traditional"}) {
    const std::string command = "openssl pkey -aes256 -passout pass:secret" + std::string(form) +
                                " -in " + folder_.file("server.key") + " -out " +
                                folder_.file("locked.key") + " >/dev/null 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0) << form;
    Server server(1);
    ListenOptions options;
    options.handler = tell_certificate;
    options.tls = TlsOptions{folder_.file("server.pem"), folder_.file("locked.key"), false, true};
    const auto listening = server.listen(std::move(options));
    EXPECT_THAT(listening, fails("tls_key_encrypted")) << form;
  }
}

}  // namespace
}  // namespace signet::net
