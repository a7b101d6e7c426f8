#include "oauth/refusal.h"

namespace signet::oauth {

std::string_view wire_code(OAuthError error) {
  switch (error) {
#define REFUSAL(name, code, status) \
  case OAuthError::name:            \
    return code;
#include "oauth/refusals.def"
#undef REFUSAL
  }
  return "server_error";
}

int http_status(OAuthError error) {
  switch (error) {
#define REFUSAL(name, code, status) \
  case OAuthError::name:            \
    return status;
#include "oauth/refusals.def"
#undef REFUSAL
  }
  return 500;
}

Refusal::Refusal(Error failure)
    : error(is_transient(failure.code) ? OAuthError::kTemporarilyUnavailable
                                       : OAuthError::kServerError),
      description(is_transient(failure.code) ? "try again later" : "the server could not do this"),
      cause(std::move(failure)) {}

}  // namespace signet::oauth
