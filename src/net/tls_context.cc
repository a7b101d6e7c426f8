#include "net/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/text.h"

namespace signet::net {
namespace {

constexpr const char* kTls12Suites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

Error invalid(const std::string& what) {
  std::string detail = what;
  if (const unsigned long code = ::ERR_get_error(); code != 0) {
    char text[200];
    ::ERR_error_string_n(code, text, sizeof text);
    detail.append(": ").append(text);
  }
  ::ERR_clear_error();
  return {Code::kConfig, "tls_config_invalid", std::move(detail)};
}

// The handshake proves that the client holds the key; whether anybody trusts the certificate is the
// endpoint's to say (RFC 8705 §2.2 has self-signed ones).
int take_any_certificate(X509_STORE_CTX*, void*) {
  return 1;
}

// Without one OpenSSL asks at the terminal, and a server that has none waits there or fails without
// a word.
int refuse_password(char*, int, int, void* was_asked) {
  if (was_asked != nullptr) *static_cast<bool*>(was_asked) = true;
  return -1;
}

/// Sets the key of the context.
Status use_private_key(SSL_CTX* context, const std::string& file) {
  bool was_asked = false;
  ::SSL_CTX_set_default_passwd_cb_userdata(context, &was_asked);
  const bool is_used = ::SSL_CTX_use_PrivateKey_file(context, file.c_str(), SSL_FILETYPE_PEM) == 1;
  // Asio's context deletes what it finds there when it ends.
  ::SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (is_used) return Done{};
  if (!was_asked) return invalid("cannot use the private key " + quoted(file, 200));
  ::ERR_clear_error();
  return Error{Code::kConfig, "tls_key_encrypted",
               "the private key " + quoted(file, 200) +
                   " is encrypted, and nobody is there who could type its password; store it"
                   " without one, readable by the server alone: openssl pkey -in OLD -out NEW"};
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
  static constexpr unsigned char kOurs[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  const int found = ::SSL_select_next_proto(&chosen, out_size, kOurs, sizeof kOurs, in, in_size);
  *out = chosen;
  // A client that speaks none of our protocols is told so (RFC 7301 §3.2; ALPACA).
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

Result<std::shared_ptr<boost::asio::ssl::context>> make_tls_context(const TlsOptions& options) {
  ::ERR_clear_error();
  auto context = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_server);
  SSL_CTX* raw = context->native_handle();
  ::SSL_CTX_set_min_proto_version(raw, options.allow_tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
  ::SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  ::SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  static constexpr unsigned char kContext[] = "signet";
  if (::SSL_CTX_set_cipher_list(raw, kTls12Suites) != 1 ||
      ::SSL_CTX_set1_groups_list(raw, "X25519:P-256:P-384") != 1 ||
      ::SSL_CTX_set_session_id_context(raw, kContext, sizeof kContext - 1) != 1) {
    return invalid("this OpenSSL lacks what TLS needs");
  }
  ::SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  if (options.request_client_certificate) {
    ::SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
    ::SSL_CTX_set_cert_verify_callback(raw, take_any_certificate, nullptr);
  }
  ::SSL_CTX_set_default_passwd_cb(raw, refuse_password);
  if (::SSL_CTX_use_certificate_chain_file(raw, options.certificate_chain_pem.c_str()) != 1) {
    return invalid("cannot use the certificate chain " +
                   quoted(options.certificate_chain_pem, 200));
  }
  TRY(use_private_key(raw, options.private_key_pem));
  if (::SSL_CTX_check_private_key(raw) != 1) {
    return invalid("the private key is not that of the certificate");
  }
  return context;
}

}  // namespace signet::net
