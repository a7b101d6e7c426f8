#include "secrets/stores/aws/sources.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "secrets/stores/aws/wire.h"
#include "secrets/stores/config_error.h"
#include "secrets/stores/on_pool.h"

namespace signet::secrets::aws {
namespace {

constexpr Milliseconds kInstanceTimeout{1'000};
constexpr Milliseconds kContainerTimeout{2'000};
constexpr int kContainerTries = 3;

CredentialsPtr shared(Credentials credentials) {
  return std::make_shared<const Credentials>(std::move(credentials));
}

Result<CredentialsPtr> parsed(const net::OutboundResponse& response, const std::string& who) {
  if (response.status != 200) {
    return Error{Code::kUnavailable, "aws_credentials_unavailable",
                 who + " answered " + std::to_string(response.status)};
  }
  auto credentials = credentials_of_json(response.body);
  if (credentials) return shared(std::move(credentials).value());
  Error error = std::move(credentials).error();
  error.detail = who + ": " + error.detail;
  return error;
}

std::string instance_endpoint(const Access& access) {
  std::string endpoint = access.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (endpoint.empty()) {
    const bool is_ipv6 =
        equal_ignoring_case(access.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"), "IPv6");
    endpoint = is_ipv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
  }
  while (endpoint.ends_with('/'))
    endpoint.pop_back();
  return endpoint;
}

Task<std::string> instance_token(AccessPtr access) {
  net::OutboundRequest request;
  request.method = "PUT";
  request.url = instance_endpoint(*access) + "/latest/api/token";
  request.headers.emplace_back("x-aws-ec2-metadata-token-ttl-seconds", "21600");
  request.timeout = kInstanceTimeout;
  CO_TRY(net::OutboundResponse response, co_await send(access, std::move(request)));
  const std::string token(trim(response.body));
  const bool is_good =
      response.status == 200 && !token.empty() && token.find_first_of("\r\n") == token.npos;
  if (!is_good) {
    co_return Error{Code::kUnavailable, "aws_credentials_unavailable",
                    "the instance metadata service answered " + std::to_string(response.status) +
                        " to the request for a token (IMDSv2)"};
  }
  co_return token;
}

Task<net::OutboundResponse> ask_instance(AccessPtr access, std::string token, std::string path) {
  net::OutboundRequest request;
  request.url = instance_endpoint(*access) + "/latest/meta-data/" + path;
  request.headers.emplace_back("x-aws-ec2-metadata-token", std::move(token));
  request.timeout = kInstanceTimeout;
  co_return co_await send(access, std::move(request));
}

bool is_role_name(std::string_view text) {
  constexpr std::size_t kLongest = 128;
  return !text.empty() && text.size() <= kLongest &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("+=,.@_-").find(c) != std::string_view::npos;
         });
}

/// The agents that may be asked without TLS: they are on this machine.
bool is_container_host(std::string_view host) {
  constexpr std::array<std::string_view, 6> kAllowed = {
      "localhost", "[::1]", "::1", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
  return host.starts_with("127.") ||
         std::find(kAllowed.begin(), kAllowed.end(), host) != kAllowed.end();
}

/// The address to ask, or "" where none is configured.
Result<std::string> container_url(const Access& access) {
  const std::string relative = access.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  if (!relative.empty()) {
    if (relative.front() != '/') {
      return config_error("aws_container_uri_denied",
                          "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with a slash");
    }
    return "http://169.254.170.2" + relative;
  }
  const std::string full = access.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (full.empty()) return full;
  const auto uri = http::parse_http_uri(full);
  if (!uri) return config_error("aws_container_uri_denied", uri.error().detail);
  if (uri->scheme == "https" || is_container_host(uri->host)) return full;
  return config_error("aws_container_uri_denied",
                      "AWS_CONTAINER_CREDENTIALS_FULL_URI names the host " + quoted(uri->host) +
                          ": without TLS only this machine and the container agents are asked");
}

Task<std::string> container_authorization(AccessPtr access) {
  std::string token = access->variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  const std::string file = access->variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (!file.empty()) {
    CO_TRY(const SecretBytes content,
           co_await read_file(access, file, "the container authorization token"));
    token = as_text(content.view());
  }
  if (token.find_first_of("\r\n") != token.npos) {
    co_return config_error("aws_container_token_invalid",
                           "the container authorization token holds a line break");
  }
  co_return token;
}

std::string profile_path(const Access& access, const char* variable, const char* usual) {
  std::string named = access.variable(variable);
  const std::string home = access.variable("HOME");
  if (named.empty() && !home.empty()) named = home + "/.aws/" + usual;
  return named;
}

/// The text of the file, or nothing where there is none.
Task<SecretBytes> read_profile_file(AccessPtr access, std::string path) {
  auto look = [path]() -> Result<bool> {
    return !path.empty() && ::access(path.c_str(), F_OK) == 0;
  };
  CO_TRY(const bool is_there, co_await on_pool<bool>(access->context.pool, std::move(look)));
  if (!is_there) co_return SecretBytes();
  co_return co_await read_file(access, path, "AWS profiles");
}

}  // namespace

Result<CredentialsPtr> from_environment(const Access& access) {
  Credentials credentials;
  credentials.access_key_id = access.variable("AWS_ACCESS_KEY_ID");
  credentials.secret_access_key = SecretBytes::from_text(access.variable("AWS_SECRET_ACCESS_KEY"));
  credentials.session_token = access.variable("AWS_SESSION_TOKEN");
  if (credentials.access_key_id.empty() && credentials.secret_access_key.empty()) {
    return CredentialsPtr();
  }
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return config_error("aws_credentials_partial",
                        "of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set");
  }
  return shared(std::move(credentials));
}

Task<CredentialsPtr> from_web_identity(AccessPtr access, std::string region) {
  const std::string file = access->variable("AWS_WEB_IDENTITY_TOKEN_FILE");
  if (file.empty()) co_return CredentialsPtr();
  const std::string role = access->variable("AWS_ROLE_ARN");
  if (role.empty()) {
    co_return config_error("aws_credentials_partial",
                           "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not");
  }
  co_return co_await assume_with_token(access, region, role,
                                       access->variable("AWS_ROLE_SESSION_NAME"), file);
}

Task<CredentialsPtr> from_container(AccessPtr access) {
  CO_TRY(const std::string url, container_url(*access));
  if (url.empty()) co_return CredentialsPtr();
  for (int tries = 1;; ++tries) {
    CO_TRY(std::string token, co_await container_authorization(access));
    net::OutboundRequest request;
    request.url = url;
    request.timeout = kContainerTimeout;
    request.headers.emplace_back("Accept", "application/json");
    if (!token.empty()) request.headers.emplace_back("Authorization", std::move(token));
    auto response = co_await send(access, std::move(request));
    Result<CredentialsPtr> found = response ? parsed(*response, "the container's credentials agent")
                                            : Result<CredentialsPtr>(std::move(response).error());
    if (found || !is_transient(found.error().code) || tries == kContainerTries) co_return found;
  }
}

Task<CredentialsPtr> from_instance(AccessPtr access) {
  if (access->is_true("AWS_EC2_METADATA_DISABLED")) co_return CredentialsPtr();
  CO_TRY(const std::string token, co_await instance_token(access));
  const std::string path = "iam/security-credentials/";
  CO_TRY(const net::OutboundResponse listed, co_await ask_instance(access, token, path));
  const std::string role(trim(listed.body.substr(0, listed.body.find('\n'))));
  if (listed.status != 200 || !is_role_name(role)) {
    co_return Error{Code::kUnavailable, "aws_credentials_unavailable",
                    "the instance has no role (the metadata service answered " +
                        std::to_string(listed.status) + ")"};
  }
  CO_TRY(const net::OutboundResponse response, co_await ask_instance(access, token, path + role));
  co_return parsed(response, "the instance metadata service");
}

Task<std::string> region_of_instance(AccessPtr access) {
  if (access->is_true("AWS_EC2_METADATA_DISABLED")) co_return std::string();
  CO_TRY(const std::string token, co_await instance_token(access));
  CO_TRY(const net::OutboundResponse response,
         co_await ask_instance(access, token, "placement/region"));
  std::string region(trim(response.body));
  if (response.status != 200 || !is_region(region)) co_return std::string();
  co_return region;
}

Task<Profiles> read_profiles(AccessPtr access) {
  Profiles profiles;
  // What the credentials file says of a profile comes before what the other one says.
  CO_TRY(const SecretBytes credentials,
         co_await read_profile_file(
             access, profile_path(*access, "AWS_SHARED_CREDENTIALS_FILE", "credentials")));
  CO_TRY(add_profiles(as_text(credentials.view()), ProfileFile::kCredentials, profiles));
  CO_TRY(const SecretBytes settings,
         co_await read_profile_file(access, profile_path(*access, "AWS_CONFIG_FILE", "config")));
  CO_TRY(add_profiles(as_text(settings.view()), ProfileFile::kConfig, profiles));
  co_return profiles;
}

}  // namespace signet::secrets::aws
