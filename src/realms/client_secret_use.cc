#include "realms/client_secret_use.h"

#include "base/text.h"

namespace signet::realms {

bool needs_secret(oauth::AuthMethod method) {
  using oauth::AuthMethod;
  return method == AuthMethod::kBasic || method == AuthMethod::kPost ||
         method == AuthMethod::kSecretJwt;
}

Status check_secret_has_use(const oauth::Client& client) {
  if (needs_secret(client.auth_method)) return Done{};
  std::string detail = "client ";
  detail.append(quoted(client.id.view()))
      .append(": token_endpoint_auth_method ")
      .append(oauth::to_string(client.auth_method))
      .append(" uses no secret: leave it out, or choose a method that does");
  return Error{Code::kInvalid, "client_contradiction", std::move(detail)};
}

}  // namespace signet::realms
