#include "secrets/stores/google/credentials.h"

#include "base/text.h"
#include "http/form.h"
#include "jose/jws.h"
#include "secrets/stores/google/google_answer.h"
#include "secrets/stores/value_format.h"

namespace signet::secrets::google {
namespace {

constexpr std::string_view kDefaultTokenUri = "https://oauth2.googleapis.com/token";
constexpr std::int64_t kAssertionSeconds = 3600;

Error invalid(const std::string& why) {
  return Error{Code::kConfig, "google_credentials_invalid", "the Google credentials " + why};
}

Result<std::string> required(const json::Object& document, std::string_view name) {
  const json::Value* value = document.find(name);
  const std::string* text = value ? value->if_string() : nullptr;
  if (!text || text->empty()) return invalid("have no text '" + std::string(name) + "'");
  return *text;
}

std::string optional_text(const json::Object& document, std::string_view name,
                          std::string_view otherwise = {}) {
  const json::Value* value = document.find(name);
  const std::string* text = value ? value->if_string() : nullptr;
  return text ? *text : std::string(otherwise);
}

Result<std::shared_ptr<const SecretBytes>> required_secret(json::Object& document,
                                                           std::string_view name) {
  auto text = take_secret_text(document, name, "credentials");
  if (!text) return invalid("have no text '" + std::string(name) + "'");
  return std::make_shared<const SecretBytes>(std::move(text).value());
}

Result<Credentials> parse_service_account(json::Object& document) {
  ServiceAccountKey account;
  TRY(account.client_email, required(document, "client_email"));
  account.token_uri = optional_text(document, "token_uri", kDefaultTokenUri);
  TRY(check_url(account.token_uri, "token_uri"));
  TRY(const auto pem, required_secret(document, "private_key"));
  auto keys = secrets_of_pem(pem->view(), std::nullopt);
  if (!keys || keys->size() != 1 || keys->front().kind != SecretKind::kKeyPair ||
      keys->front().key->jwk().private_key()->kind() != crypto::KeyKind::kRsa) {
    return invalid("hold no usable RSA 'private_key'");
  }
  jose::Jwk jwk = keys->front().key->jwk().with_kid(optional_text(document, "private_key_id"));
  account.key = jose::Key::local(std::move(jwk), {jose::JwsAlg::kRs256});
  return Credentials(std::move(account));
}

Result<Credentials> parse_authorized_user(json::Object& document) {
  AuthorizedUser user;
  TRY(user.client_id, required(document, "client_id"));
  TRY(user.client_secret, required_secret(document, "client_secret"));
  TRY(user.refresh_token, required_secret(document, "refresh_token"));
  user.token_uri = optional_text(document, "token_uri", kDefaultTokenUri);
  TRY(check_url(user.token_uri, "token_uri"));
  return Credentials(std::move(user));
}

Result<net::HeaderList> parse_headers(const json::Object& source) {
  net::HeaderList headers;
  const json::Value* members = source.find("headers");
  if (!members) return headers;
  if (!members->if_object()) return invalid("have a 'credential_source.headers' that is no object");
  for (const auto& [name, value] : *members->if_object()) {
    if (!value.if_string()) return invalid("have a header that is no text");
    headers.emplace_back(name, *value.if_string());
  }
  return headers;
}

Result<Credentials> parse_external_account(const json::Object& document) {
  ExternalAccount account;
  TRY(account.audience, required(document, "audience"));
  TRY(account.subject_token_type, required(document, "subject_token_type"));
  TRY(account.token_url, required(document, "token_url"));
  TRY(check_url(account.token_url, "token_url"));
  account.impersonation_url = optional_text(document, "service_account_impersonation_url");
  if (!account.impersonation_url.empty()) {
    TRY(check_url(account.impersonation_url, "service_account_impersonation_url"));
  }
  const json::Value* source = document.find("credential_source");
  if (!source || !source->if_object()) return invalid("have no object 'credential_source'");
  const json::Object& from = *source->if_object();
  account.source_file = optional_text(from, "file");
  account.source_url = optional_text(from, "url");
  if (account.source_file.empty() == account.source_url.empty()) {
    return Error{Code::kUnsupported, "google_credentials_unsupported",
                 "a 'credential_source' must name a file or a url; others (AWS, executable, "
                 "certificate) are not supported"};
  }
  TRY(account.source_headers, parse_headers(from));
  const json::Value* format = from.find("format");
  if (format && format->if_object() && optional_text(*format->if_object(), "type") == "json") {
    TRY(account.source_field, required(*format->if_object(), "subject_token_field_name"));
  }
  return Credentials(std::move(account));
}

net::OutboundRequest form_request(std::string url, std::string body) {
  net::OutboundRequest request;
  request.method = "POST";
  request.url = std::move(url);
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.headers.emplace_back("Accept", "application/json");
  request.body = std::move(body);
  return request;
}

void add_field(std::string& body, std::string_view name, std::string_view value) {
  if (!body.empty()) body += '&';
  body += name;
  body += '=';
  std::string encoded = http::form_encode(value);
  body += encoded;
  wipe(encoded);
}

Result<AccessToken> token_from(json::Object object, std::string_view member,
                               std::int64_t lifetime_seconds, Instant now, std::string_view what) {
  TRY(SecretBytes text, take_secret_text(object, member, what));
  for (const std::uint8_t byte : text.view()) {
    if (byte <= ' ' || byte > '~') return malformed(what, member);
  }
  constexpr std::int64_t kMostSeconds = 12 * 3600;
  AccessToken token;
  token.text = std::make_shared<const SecretBytes>(std::move(text));
  token.expires = now + Seconds(std::min(lifetime_seconds, kMostSeconds));
  return token;
}

}  // namespace

Status check_url(std::string_view url, std::string_view what) {
  const auto uri = http::parse_http_uri(url);
  const bool is_here = uri && (uri->host == "localhost" || uri->host == "127.0.0.1" ||
                               uri->host == "[::1]" || uri->host == "::1");
  if (uri && (uri->scheme == "https" || is_here)) return Done{};
  return Error{Code::kConfig, "google_url_invalid",
               "'" + std::string(what) +
                   "' must be an https URL (http only on this machine), not " + quoted_url(url)};
}

Result<Credentials> parse_credentials(ByteView document) {
  auto object = json::parse_object(as_text(document));
  if (!object) return invalid("are not a JSON object");
  const std::string universe = optional_text(*object, "universe_domain", "googleapis.com");
  const std::string type = optional_text(*object, "type");
  if (universe == "googleapis.com") {
    if (type == "service_account") return parse_service_account(*object);
    if (type == "authorized_user") return parse_authorized_user(*object);
    if (type == "external_account") return parse_external_account(*object);
  }
  return Error{Code::kUnsupported, "google_credentials_unsupported",
               "Google credentials of the type " + quoted(type) + " for " + quoted(universe) +
                   " are not supported: use service_account, authorized_user or external_account "
                   "of googleapis.com, or the metadata server"};
}

bool holds_secret(const Credentials& credentials) {
  return !std::holds_alternative<ExternalAccount>(credentials);
}

Result<net::OutboundRequest> token_request(const ServiceAccountKey& account, Instant now) {
  std::string claims;
  json::ObjectWriter(claims)
      .add("iss", account.client_email)
      .add("scope", kCloudPlatformScope)
      .add("aud", account.token_uri)
      .add("iat", unix_seconds(now))
      .add("exp", unix_seconds(now) + kAssertionSeconds)
      .end();
  json::Object header;
  header.set("typ", "JWT");
  TRY(const std::string assertion,
      jose::sign_compact(account.key, jose::JwsAlg::kRs256, as_bytes(claims), header));
  std::string body;
  add_field(body, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
  add_field(body, "assertion", assertion);
  return form_request(account.token_uri, std::move(body));
}

net::OutboundRequest token_request(const AuthorizedUser& user) {
  std::string body;
  add_field(body, "grant_type", "refresh_token");
  add_field(body, "client_id", user.client_id);
  add_field(body, "client_secret", as_text(user.client_secret->view()));
  add_field(body, "refresh_token", as_text(user.refresh_token->view()));
  return form_request(user.token_uri, std::move(body));
}

net::OutboundRequest token_request(const ExternalAccount& account, ByteView subject_token) {
  std::string body;
  add_field(body, "grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
  add_field(body, "audience", account.audience);
  add_field(body, "scope", kCloudPlatformScope);
  add_field(body, "requested_token_type", "urn:ietf:params:oauth:token-type:access_token");
  add_field(body, "subject_token_type", account.subject_token_type);
  add_field(body, "subject_token", as_text(subject_token));
  return form_request(account.token_url, std::move(body));
}

net::OutboundRequest token_request(const MetadataServer& server) {
  net::OutboundRequest request;
  request.url = "http://" + server.host + "/computeMetadata/v1/instance/service-accounts/" +
                server.account + "/token";
  request.headers.emplace_back("Metadata-Flavor", "Google");
  return request;
}

net::OutboundRequest impersonation_request(const ExternalAccount& account, const AccessToken& own) {
  net::OutboundRequest request;
  request.method = "POST";
  request.url = account.impersonation_url;
  request.headers.emplace_back("Content-Type", "application/json");
  request.headers.emplace_back("Authorization", "Bearer " + to_text(own.text->view()));
  json::ObjectWriter(request.body)
      .add_raw("scope", "[\"" + std::string(kCloudPlatformScope) + "\"]")
      .add("lifetime", std::to_string(kAssertionSeconds) + "s")
      .end();
  return request;
}

net::OutboundRequest subject_token_request(const ExternalAccount& account) {
  net::OutboundRequest request;
  request.url = account.source_url;
  request.headers = account.source_headers;
  return request;
}

Result<SecretBytes> read_subject_token(const ExternalAccount& account, ByteView content) {
  if (!account.source_field.empty()) {
    auto object = json::parse_object(as_text(content));
    if (!object) return invalid("name a subject token that is not in a JSON object");
    auto token = take_secret_text(*object, account.source_field, "subject token");
    if (!token) return invalid("name a member that the subject token's document has not");
    return token;
  }
  const std::string_view token = trim(as_text(content));
  if (token.empty()) return invalid("name an empty subject token");
  return SecretBytes::from_text(token);
}

Result<AccessToken> read_token(net::OutboundResponse response, Instant now, std::string_view what) {
  TRY(json::Object object, read_answer(std::move(response), what));
  const auto lifetime = int64_member(object, "expires_in");
  if (!lifetime || *lifetime <= 0) return malformed(what, "expires_in");
  return token_from(std::move(object), "access_token", *lifetime, now, what);
}

Result<AccessToken> read_impersonated_token(net::OutboundResponse response, Instant now) {
  constexpr std::string_view kWhat = "service account impersonation";
  TRY(json::Object object, read_answer(std::move(response), kWhat));
  return token_from(std::move(object), "accessToken", kAssertionSeconds, now, kWhat);
}

}  // namespace signet::secrets::google
