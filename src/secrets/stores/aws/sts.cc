// The Security Token Service: one identity against another.

#include "base/text.h"
#include "http/form.h"
#include "secrets/stores/aws/sigv4.h"
#include "secrets/stores/aws/sources.h"
#include "secrets/stores/aws/wire.h"

namespace signet::secrets::aws {
namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded; charset=utf-8";

Result<std::string> sts_endpoint(const Access& access, const std::string& region) {
  TRY(std::string url, endpoint_override(access, "STS"));
  if (!url.empty()) return url;
  return region.empty() ? std::string("https://sts.amazonaws.com") : aws_endpoint("sts", region);
}

std::string new_session_name(const Access& access) {
  Bytes drawn(8);
  access.context.random->fill(drawn);
  return "signet-" + hex(drawn);
}

void add_field(std::string& form, std::string_view name, std::string_view value) {
  form += form.empty() ? "" : "&";
  form.append(name).append("=").append(http::form_encode(value));
}

std::string form_of(const char* action, const std::string& role_arn, const std::string& session) {
  std::string form;
  add_field(form, "Action", action);
  add_field(form, "Version", "2011-06-15");
  add_field(form, "RoleArn", role_arn);
  add_field(form, "RoleSessionName", session);
  return form;
}

Result<net::OutboundRequest> request_of(const std::string& endpoint, std::string form) {
  net::OutboundRequest request;
  request.method = "POST";
  request.url = endpoint.ends_with('/') ? endpoint : endpoint + "/";
  request.headers.emplace_back("Content-Type", kForm);
  request.body = std::move(form);
  return request;
}

Task<CredentialsPtr> ask(AccessPtr access, net::OutboundRequest request, std::string role_arn) {
  CO_TRY(net::OutboundResponse response, co_await send(access, std::move(request)));
  const std::string about = "for the role " + quoted(role_arn, 200) + ": ";
  if (response.status != 200) {
    Error error = failure_of(response.status, {}, response.body);
    error.detail = about + error.detail;
    co_return error;
  }
  auto credentials = credentials_of_sts(response.body);
  if (credentials) co_return std::make_shared<const Credentials>(std::move(credentials).value());
  Error error = std::move(credentials).error();
  error.detail = about + error.detail;
  co_return error;
}

}  // namespace

Task<CredentialsPtr> assume_with_token(AccessPtr access, std::string region, std::string role_arn,
                                       std::string session, std::string token_file) {
  CO_TRY(const SecretBytes token, co_await read_file(access, token_file, "the web identity token"));
  CO_TRY(const std::string endpoint, sts_endpoint(*access, region));
  if (session.empty()) session = new_session_name(*access);
  std::string form = form_of("AssumeRoleWithWebIdentity", role_arn, session);
  add_field(form, "WebIdentityToken", trim(as_text(token.view())));
  CO_TRY(net::OutboundRequest request, request_of(endpoint, std::move(form)));
  co_return co_await ask(access, std::move(request), role_arn);
}

Task<CredentialsPtr> assume_role(AccessPtr access, std::string region, std::string role_arn,
                                 std::string session, std::string external_id, CredentialsPtr by) {
  CO_TRY(const std::string endpoint, sts_endpoint(*access, region));
  if (session.empty()) session = new_session_name(*access);
  std::string form = form_of("AssumeRole", role_arn, session);
  if (!external_id.empty()) add_field(form, "ExternalId", external_id);
  CO_TRY(net::OutboundRequest request, request_of(endpoint, std::move(form)));
  CO_TRY(const http::HttpUri uri, http::parse_http_uri(request.url));

  SignableRequest what;
  what.method = request.method;
  what.path = uri.path;
  what.headers = request.headers;
  what.headers.emplace_back("Host", host_header(uri));
  what.body = request.body;
  const SigningScope scope{region.empty() ? "us-east-1" : region, "sts"};
  const Headers added = sign(what, *by, scope, access->context.clock->now());
  request.headers.insert(request.headers.end(), added.begin(), added.end());
  co_return co_await ask(access, std::move(request), role_arn);
}

}  // namespace signet::secrets::aws
