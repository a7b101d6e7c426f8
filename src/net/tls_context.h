#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "net/http_server.h"

namespace signet::net {

/// A server context for `options`, with the files read now: TLS 1.3, and 1.2 with forward secrecy
/// and AEAD only; no compression, no renegotiation (RFC 9325 §4). kConfig
/// "tls_config_invalid", "tls_key_encrypted".
Result<std::shared_ptr<boost::asio::ssl::context>> make_tls_context(const TlsOptions& options);

}  // namespace signet::net
