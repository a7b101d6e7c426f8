#pragma once
// From the bytes of one request head to a Request, strictly: whatever two parsers might read
// differently is refused (sec_203, RFC 9112 §11.2).

#include <cstddef>
#include <string_view>

#include "http/message.h"
#include "net/http_server.h"

namespace signet::net {

/// What the connection has to know about a request besides its texts.
struct HeadFacts {
  int refusal = 0;  ///< the status to refuse it with (then close), or 0
  bool keep_alive = false;
  bool is_http10 = false;
  bool is_chunked = false;
  bool expects_continue = false;
  std::size_t content_length = 0;
};

/// `head` is a whole head with its empty line that http::HeadScanner has passed. Fills all of `out`
/// but body, peer, request_id and the TLS fields; its texts are views into `head`.
HeadFacts parse_head(std::string_view head, const ServerLimits& limits, http::Request& out);

}  // namespace signet::net
