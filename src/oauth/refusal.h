#pragma once
// oauth: the rules of OAuth 2.0, dry. Clients, their authentication, scopes, grants, documents
// about ourselves. The endpoints that load and commit are in oauth/endpoints.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace signet::oauth {

enum class OAuthError : std::uint8_t {
#define REFUSAL(name, code, status) name,
#include "oauth/refusals.def"
#undef REFUSAL
};
std::string_view wire_code(OAuthError error);
int http_status(OAuthError error);

/// For the client, in the protocol's own words; the operator's side of it is `cause`, which is
/// logged and never rendered.
struct Refusal {
  OAuthError error = OAuthError::kServerError;
  std::string description;
  std::optional<Error> cause;
  Seconds retry_after{1};  ///< told where waiting helps

  Refusal() = default;
  Refusal(OAuthError e, std::string text, std::optional<Error> why = std::nullopt)
      : error(e), description(std::move(text)), cause(std::move(why)) {}
  /// An internal failure becomes server_error or temporarily_unavailable. The other way does not
  /// exist.
  Refusal(Error failure);
};

template <class T>
using Answer = Result<T, Refusal>;

}  // namespace signet::oauth
