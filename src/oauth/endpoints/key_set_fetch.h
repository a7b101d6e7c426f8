#pragma once
// One reading of a key set that somebody else publishes by URL: hops, limits, conditions. What the
// keys are is not looked at here.

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "net/http_client.h"

namespace signet::oauth {

/// How key sets are fetched and for how long they serve.
struct KeySetSettings {
  Milliseconds timeout{3000};        ///< of one reading, all hops together
  std::size_t max_body = 256 << 10;  ///< bytes
  unsigned max_redirects = 3;
  bool allow_http = false;   ///< for tests and laptops
  Seconds default_age{300};  ///< of a set that came without Cache-Control and Expires
  Seconds min_age{30}, max_age{86400};
  Seconds last_good{86400};  ///< how long beyond its age a set serves while fetching fails
  Milliseconds retry_first{2000}, retry_most{60'000};
  /// At most so many readings of URLs that failed before are under way at once, so that the
  /// connections are not all taken by those that hang.
  std::size_t max_retries = 128;
  std::size_t max_sets = 100'000;
};

/// By what a publisher tells whether its set changed (RFC 9110 §8.8), and which URL, after
/// redirects, said so. Empty where it gave none.
struct KeySetValidators {
  std::string url, etag, last_modified;
};

struct KeySetAnswer {
  bool is_unchanged = false;         ///< 304; there is no text
  net::OutboundResponse answer;      ///< its body is the text, which may hold secrets
  std::optional<Seconds> freshness;  ///< as the publisher says
  KeySetValidators validators;
};

using SendRequest = std::function<Task<net::OutboundResponse>(net::OutboundRequest)>;

/// Whether a set may be published there: "key_set_url_invalid".
Status check_key_set_url(std::string_view url, bool allow_http);

/// Reads the URL within the limits of `settings`. The whole takes Settings::timeout at most.
///
/// kConfig: "key_set_url_invalid"; "key_set_address_denied" (it is not a public one, first or after
/// a redirect); "key_set_redirect" (too many, nowhere, or to plain http); "key_set_too_large";
/// "key_set_malformed" (a content coding that was not asked for). kTimeout: "key_set_timeout".
/// kUnavailable: "key_set_stopped" (the server is ending), "key_set_unreachable" (name, connection,
/// TLS, an answer that breaks off) and "key_set_status" (neither 200, nor a redirect, nor 304 to a
/// condition). Errors name scheme, host and port, never path or query.
Task<KeySetAnswer> fetch_key_set(SendRequest send, std::shared_ptr<const Clock> clock,
                                 KeySetSettings settings, std::string url, KeySetValidators known);

/// The age at which a set is read again, within the limits.
Seconds key_set_age(const KeySetSettings& settings, std::optional<Seconds> freshness);

}  // namespace signet::oauth
