#include "secrets/stores/azure/credential.h"

#include <algorithm>
#include <charconv>

#include "base/base64.h"
#include "base/text.h"
#include "http/form.h"
#include "jose/jws.h"
#include "secrets/stores/folder.h"
#include "secrets/stores/on_pool.h"
#include "secrets/stores/pem_password.h"
#include "secrets/stores/value_format.h"

namespace signet::secrets::azure {
namespace {

constexpr auto kRefreshAhead = std::chrono::minutes(5);
constexpr auto kAssertionLife = std::chrono::minutes(10);
constexpr Milliseconds kLocalTimeout{2'000};
constexpr std::size_t kLongestTokenMessage = 160;

Error unreadable(const std::string& what) {
  return Error{Code::kConfig, "azure_credential_unreadable", what};
}

Result<std::optional<SecretBytes>> read_file(const std::string& path, const FileRules& rules) {
  const auto [directory, name] = split_path(path);
  return read_consistently(
      directory, [&, &name = name](const Folder& folder) { return folder.read(name, rules); });
}

// RFC 7523 §3, as Entra ID wants it: PS256, and the certificate named by its SHA-256.
Result<std::string> sign_assertion(ByteView pem, const std::string& client, const std::string& url,
                                   Instant now, Random& random) {
  TRY(const auto secrets, secrets_of_pem(pem, std::nullopt));
  const Secret& secret = secrets.front();
  const bool is_usable = secret.kind == SecretKind::kKeyPair && !secret.certificates.empty() &&
                         secret.key->jwk().public_key()->kind() == crypto::KeyKind::kRsa;
  if (!is_usable)
    return unreadable(
        "the file of the client's certificate must hold an RSA key and its certificate");
  const auto key = jose::Key::local(jose::Jwk::from_private(*secret.key->jwk().private_key()));
  json::Object header;
  header.set("typ", "JWT");
  header.set("x5t#S256",
             base64::url_encode(secret.certificates.front().thumbprint(crypto::Hash::kSha256)));
  Bytes id(16);
  random.fill(id);
  std::string claims;
  json::ObjectWriter writer(claims);
  writer.add("aud", url).add("iss", client).add("sub", client).add("jti", base64::url_encode(id));
  writer.add("nbf", unix_seconds(now)).add("iat", unix_seconds(now));
  writer.add("exp", unix_seconds(now + kAssertionLife));
  writer.end();
  return jose::sign_compact(key, jose::JwsAlg::kPs256, as_bytes(claims), header);
}

std::optional<std::int64_t> number(const json::Object& body, std::string_view name) {
  const json::Value* value = body.find(name);
  if (!value) return std::nullopt;
  if (const auto whole = value->if_int()) return whole;
  const std::string* text = value->if_string();
  if (!text) return std::nullopt;
  std::int64_t out = 0;
  const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), out);
  if (ec != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return out;
}

Error refused(int status, std::string_view body) {
  std::string detail = "the identity service answered " + std::to_string(status);
  const auto parsed = json::parse_object(body);
  for (const std::string_view name : {"error", "error_description", "message"}) {
    const json::Value* value = parsed ? parsed->find(name) : nullptr;
    const std::string* text = value ? value->if_string() : nullptr;
    // One line: what follows are trace and correlation ids.
    if (text)
      detail += " " + quoted(std::string_view(*text).substr(0, text->find_first_of("\r\n")),
                             kLongestTokenMessage);
  }
  const bool is_ours_to_mend = status == 400 || status == 401 || status == 403;
  if (is_ours_to_mend) return {Code::kDenied, "azure_login_refused", std::move(detail)};
  return {Code::kUnavailable, "azure_login_unavailable", std::move(detail)};
}

}  // namespace

Credential::Credential(CredentialSettings settings, StoreContext context)
    : settings_(std::move(settings)), context_(std::move(context)) {}

void Credential::forget(const Token& refused_one) {
  const std::lock_guard lock(mutex_);
  if (held_ && held_->text == refused_one) held_.reset();
}

Task<Credential::Token> Credential::token(std::string resource) {
  {
    const std::lock_guard lock(mutex_);
    if (held_ && context_.clock->now() < held_->refresh_at) co_return held_->text;
  }
  std::function<Task<Token>()> work = [this, resource] { return renew(resource); };
  co_return co_await logins_.run(std::move(work));
}

Task<Credential::Token> Credential::renew(std::string resource) {
  std::optional<Held> old;
  {
    const std::lock_guard lock(mutex_);
    old = held_;
  }
  const Instant now = context_.clock->now();
  if (old && now < old->refresh_at) co_return old->text;  // another one was quicker
  auto fresh = co_await log_in(std::move(resource));
  if (!fresh) {
    if (old && now < old->good_until) co_return old->text;
    co_return std::move(fresh).error();
  }
  const std::lock_guard lock(mutex_);
  held_ = *fresh;
  co_return fresh->text;
}

Task<Credential::Held> Credential::log_in(std::string resource) {
  if (!context_.http) {
    co_return Error{Code::kConfig, "outbound_missing", "this program sends no requests to others"};
  }
  CO_TRY(net::OutboundRequest request, co_await request_for(std::move(resource)));
  auto answer = co_await context_.http->send(std::move(request));
  if (!answer) {
    Error error = std::move(answer).error();
    if (!is_transient(error.code)) co_return error;
    co_return Error{error.code, "azure_login_unavailable",
                    "the identity service cannot be asked: " + error.detail};
  }
  if (answer->status != 200) co_return refused(answer->status, answer->body);
  const Error malformed{Code::kUnavailable, "azure_login_unavailable",
                        "the identity service answered something else than a token"};
  auto body = json::parse_object(answer->body);
  if (!body) co_return malformed;
  const json::Value* value = body->find("access_token");
  const std::string* text = value ? value->if_string() : nullptr;
  if (!text || text->empty()) co_return malformed;
  Held held;
  held.text = std::make_shared<const SecretBytes>(SecretBytes::from_text(*text));
  // The tree hands out its texts as const, but it is ours and it is not.
  wipe(const_cast<std::string&>(*text));
  const Instant now = context_.clock->now();
  constexpr std::int64_t kMostSeconds = 86'400 * 2;
  const auto lasts = number(*body, "expires_in");
  const auto ends = number(*body, "expires_on");
  if (!lasts && !ends) co_return malformed;
  const std::int64_t from = unix_seconds(now);
  const std::int64_t seconds = lasts ? std::clamp<std::int64_t>(*lasts, 0, kMostSeconds)
                                     : std::clamp(*ends, from, from + kMostSeconds) - from;
  held.good_until = now + Seconds(seconds);
  held.refresh_at = std::max(now + Seconds(seconds / 2), held.good_until - kRefreshAhead);
  co_return held;
}

Task<net::OutboundRequest> Credential::request_for(std::string resource) {
  net::OutboundRequest request;
  const bool is_local = settings_.kind == CredentialKind::kManagedIdentity ||
                        settings_.kind == CredentialKind::kAppService;
  if (is_local) {
    const bool is_app_service = settings_.kind == CredentialKind::kAppService;
    request.url = settings_.endpoint +
                  (is_app_service ? "?api-version=2019-08-01" : "?api-version=2018-02-01") +
                  "&resource=" + http::form_encode(resource);
    if (!settings_.client_id.empty()) {
      request.url += "&client_id=" + http::form_encode(settings_.client_id);
    }
    if (is_app_service) {
      const auto header = context_.environment.find("IDENTITY_HEADER");
      if (header == context_.environment.end()) {
        co_return unreadable("IDENTITY_ENDPOINT is set and IDENTITY_HEADER is not");
      }
      request.headers.emplace_back("X-IDENTITY-HEADER", header->second);
    } else {
      request.headers.emplace_back("Metadata", "true");
      request.timeout = kLocalTimeout;
    }
    co_return request;
  }
  request.method = "POST";
  request.url = settings_.authority + "/" + settings_.tenant + "/oauth2/v2.0/token";
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  std::string body =
      "grant_type=client_credentials&client_id=" + http::form_encode(settings_.client_id) +
      "&scope=" + http::form_encode(resource + "/.default");
  if (settings_.kind == CredentialKind::kClientSecret) {
    CO_TRY(const auto secret, co_await client_secret());
    std::string encoded = http::form_encode(as_text(secret->view()));
    body.reserve(body.size() + encoded.size() + 32);
    body += "&client_secret=";
    body += encoded;
    wipe(encoded);
  } else {
    CO_TRY(std::string proof, co_await assertion(request.url));
    body +=
        "&client_assertion_type="
        "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=" +
        http::form_encode(proof);
    wipe(proof);
  }
  request.body = std::move(body);
  co_return request;
}

Task<std::shared_ptr<const SecretBytes>> Credential::client_secret() {
  if (settings_.client_secret) {
    co_return co_await find_password(context_.password, *settings_.client_secret);
  }
  const auto found = context_.environment.find("AZURE_CLIENT_SECRET");
  if (found == context_.environment.end()) co_return unreadable("AZURE_CLIENT_SECRET is not set");
  co_return std::make_shared<const SecretBytes>(SecretBytes::from_text(found->second));
}

// Read anew each time: platforms replace the file before its token ends.
Task<std::string> Credential::assertion(std::string token_url) {
  const bool is_key = settings_.kind == CredentialKind::kClientCertificate;
  auto work = [settings = settings_, url = std::move(token_url), is_key, clock = context_.clock,
               random = context_.random]() -> Result<std::string> {
    FileRules rules;
    rules.group_readable = true;
    rules.unsafe_permissions = !is_key;  // a projected token is 0644, and lives for minutes
    auto file = read_file(settings.file, rules);
    if (!file) return unreadable(file.error().detail);
    if (!*file || (*file)->empty())
      return unreadable("there is nothing in " + quoted(settings.file, 256));
    if (!is_key) return std::string(trim(as_text((*file)->view())));
    auto made = sign_assertion((*file)->view(), settings.client_id, url, clock->now(), *random);
    if (!made) return unreadable(quoted(settings.file, 256) + ": " + made.error().detail);
    return made;
  };
  co_return co_await on_pool<std::string>(context_.pool, std::move(work));
}

}  // namespace signet::secrets::azure
