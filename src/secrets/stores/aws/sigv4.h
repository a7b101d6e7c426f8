#pragma once
// AWS Signature Version 4 (the AWS General Reference, "Signing AWS API requests"). Dry: a request,
// credentials and a time in, headers out.

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "secrets/stores/aws/credentials.h"

namespace signet::secrets::aws {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// What is signed: all of its headers, in any order.
struct SignableRequest {
  std::string method, path, query;  ///< as they go on the wire; the query without its '?'
  Headers headers;                  ///< Host among them
  std::string_view body;
};

struct SigningScope {
  std::string region, service;
};

struct SigningOptions {
  bool normalizes_path = true;      ///< dots and double slashes of the path are resolved
  bool shows_body_hash = false;     ///< adds x-amz-content-sha256
  bool signs_session_token = true;  ///< false: the token is sent beside what is signed
};

/// The three texts of the procedure.
std::string canonical_request(const SignableRequest& request, bool normalizes_path = true);
std::string string_to_sign(std::string_view canonical, const SigningScope& scope, Instant at);
std::string signature(std::string_view to_sign, const SecretBytes& secret_access_key,
                      const SigningScope& scope, Instant at);

/// Names in lower case, sorted, between semicolons.
std::string signed_header_names(const Headers& headers);
/// "20150830T123600Z".
std::string amz_date(Instant at);
/// "20150830/us-east-1/service/aws4_request".
std::string credential_scope(const SigningScope& scope, Instant at);

/// The headers to add to the request: X-Amz-Date, X-Amz-Security-Token where there is one, and
/// Authorization.
Headers sign(const SignableRequest& request, const Credentials& credentials,
             const SigningScope& scope, Instant at, SigningOptions options = {});

}  // namespace signet::secrets::aws
