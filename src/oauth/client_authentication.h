#pragma once
// Who is calling: reads the credentials of a request (exactly one method) and checks assertions.

#include <array>
#include <optional>
#include <string_view>

#include "http/form_view.h"
#include "jose/jwt.h"
#include "oauth/client.h"
#include "oauth/client_secret.h"
#include "oauth/refusal.h"

namespace signet::oauth {

inline constexpr std::string_view kJwtBearer =
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a request presented. The texts are views into the request or into `buffer`, which is wiped
/// at the end.
struct Credentials {
  enum class Kind : std::uint8_t { kNone, kBasic, kPost, kAssertion };
  Kind kind = Kind::kNone;
  std::string_view client_id;
  std::string_view secret;
  std::string_view assertion;

  /// The longest client_id and secret there are, each character of three when escaped.
  std::array<char, 3 * (255 + kLongestSecret) + 1> buffer;
  std::size_t used = 0;

  Credentials() = default;
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;
  ~Credentials();
};

/// Fills `out`. invalid_request for two methods at once or malformed parts, invalid_client for a
/// malformed Basic header or no client at all.
Answer<Done> read_credentials(std::string_view authorization_header,
                              std::size_t authorization_headers, const http::FormView& form,
                              Credentials& out);

/// Whether the client registered the method that the request used (sec_036).
Answer<Done> check_method(const Client& client, const Credentials& credentials);

struct AssertionRules {
  Instant now;
  std::string_view issuer;          ///< ours
  std::string_view token_endpoint;  ///< taken as audience only where the client is set so
  Seconds skew{60};
};
struct CheckedAssertion {
  std::string jwt_id;
  Instant expires;
};
/// RFC 7523 §3 with RFC 8725: signature by the client's own keys (or its secret), algorithm as
/// registered, iss = sub = client_id, aud ours alone, exp at most 30 minutes ahead, jti present.
/// Whether the jti was used before is the caller's to find out (UseOnce).
Answer<CheckedAssertion> check_assertion(const Client& client, std::string_view assertion,
                                         const jose::KeyPtr& secret_key,
                                         const AssertionRules& rules);

/// The one answer for every way a client can fail to prove itself (sec_044).
Refusal invalid_client(Error why);

}  // namespace signet::oauth
