#include "secrets/stores/vault/vault_wire.h"

#include <algorithm>

#include "base/loopback.h"
#include "base/text.h"
#include "http/form.h"
#include "secrets/stores/vault/answer_fields.h"

namespace signet::secrets::vault {
namespace {

constexpr std::size_t kLongestPath = 512;
constexpr std::size_t kLongestMessage = 160;
// Ten years: what is said to last longer is asked again then, and no reckoning overflows.
constexpr std::int64_t kLongestLease = 10LL * 365 * 86'400;

Seconds bounded(std::int64_t lasts) {
  return Seconds(std::clamp<std::int64_t>(lasts, 0, kLongestLease));
}

std::vector<std::string> messages(std::string_view body) {
  std::vector<std::string> found;
  const auto parsed = json::parse_object(body);
  const json::Value* errors = parsed ? parsed->find("errors") : nullptr;
  if (!errors || !errors->if_array()) return found;
  for (const json::Value& error : *errors->if_array())
    if (const std::string* told = error.if_string()) found.push_back(*told);
  return found;
}

// RFC 3339 in UTC, as Vault writes it; both sides to the second, so that letters compare as times.
bool is_past(std::string_view time, Instant now) {
  constexpr std::size_t kToSeconds = 19;
  const std::string current = to_rfc3339(now);
  return time.size() > kToSeconds && time.ends_with('Z') &&
         time.substr(0, kToSeconds) <= std::string_view(current).substr(0, kToSeconds);
}

}  // namespace

Result<std::string> parse_address(std::string_view input) {
  const auto uri = http::parse_http_uri(input);
  const auto refuse = [](std::string detail) {
    return Error{Code::kConfig, "vault_address_invalid", std::move(detail)};
  };
  if (!uri) return refuse(uri.error().detail);
  if (uri->has_query) return refuse("the address holds a query: " + quoted_url(input));
  if (uri->scheme != "https" && !is_loopback(uri->host)) {
    return refuse("Vault is reached by https only, or at a loopback address: " + quoted_url(input));
  }
  std::string address(input);
  while (address.ends_with('/'))
    address.pop_back();
  if (address.ends_with("/v1")) return refuse("the address ends before /v1");
  return address;
}

bool is_path(std::string_view path) {
  if (path.empty() || path.size() > kLongestPath) return false;
  for (const std::string_view segment : split(path, '/')) {
    if (segment.empty() || segment == "." || segment == "..") return false;
    for (const char c : segment)
      if (c <= ' ' || c > '~') return false;
  }
  return true;
}

std::string path_encode(std::string_view path) {
  return http::percent_encode(path, true);
}

Error error_of(int status, std::string_view body, std::string_view what) {
  std::string detail = std::string(what) + ": Vault answered " + std::to_string(status);
  for (const std::string& message : messages(body)) {
    detail += " " + quoted(trim(message), kLongestMessage);
  }
  switch (status) {
    case 403:
      return {Code::kDenied, "vault_access_denied", std::move(detail)};
    case 404:
      return {Code::kNotFound, "vault_not_found", std::move(detail)};
    case 429:
      return {Code::kUnavailable, "vault_throttled", std::move(detail)};
    case 503:
      return {Code::kUnavailable, "vault_sealed",
              std::move(detail) + "; it is sealed, or down for maintenance"};
    case 412:
    case 472:
    case 473:
      return {Code::kUnavailable, "vault_unavailable", std::move(detail)};
    default:
      if (status >= 500) return {Code::kUnavailable, "vault_unavailable", std::move(detail)};
      return {Code::kConfig, "vault_request_refused", std::move(detail)};
  }
}

bool complains_of(std::string_view body, std::string_view part) {
  for (const std::string& message : messages(body))
    if (message.find(part) != message.npos) return true;
  return false;
}

Result<Lease> parse_login(json::Object& body) {
  const json::Object* auth = answer::object(&body, "auth");
  const std::string* token = answer::text(auth, "client_token");
  if (!token || token->empty()) return answer::malformed("a token");
  Lease lease;
  lease.token = std::make_shared<const SecretBytes>(SecretBytes::from_text(*token));
  // The tree hands out its texts as const, but it is ours and it is not.
  wipe(const_cast<std::string&>(*token));
  lease.lasts = bounded(answer::number(auth, "lease_duration").value_or(0));
  lease.is_renewable = answer::flag(auth, "renewable");
  return lease;
}

Result<Lease> parse_lookup(const json::Object& body, std::shared_ptr<const SecretBytes> token) {
  const json::Object* data = answer::object(&body, "data");
  const auto lasts = answer::number(data, "ttl");
  if (!lasts) return answer::malformed("what it knows of a token");
  Lease lease;
  lease.token = std::move(token);
  lease.lasts = bounded(*lasts);
  lease.is_renewable = answer::flag(data, "renewable");
  return lease;
}

Result<std::vector<KvVersion>> parse_kv_metadata(const json::Object& body, Instant now,
                                                 std::size_t most) {
  const json::Object* versions = answer::object(answer::object(&body, "data"), "versions");
  if (!versions) return answer::malformed("the versions of a secret (is the mount KV version 2?)");
  std::vector<KvVersion> found;
  for (const auto& [name, value] : *versions) {
    const json::Object* version = value.if_object();
    const auto count = answer::digits(name);
    if (!version || !count) return answer::malformed("the versions of a secret");
    const std::string* deleted = answer::text(version, "deletion_time");
    if (answer::flag(version, "destroyed") || (deleted && is_past(*deleted, now))) continue;
    const std::string* created = answer::text(version, "created_time");
    found.push_back({*count, created ? *created : ""});
  }
  std::sort(found.begin(), found.end(),
            [](const KvVersion& a, const KvVersion& b) { return a.number > b.number; });
  if (found.size() > most) found.resize(most);
  return found;
}

Result<KvValue> parse_kv_data(json::Object& body, std::string_view field) {
  const json::Object* outer = answer::object(&body, "data");
  const json::Object* data = answer::object(outer, "data");
  const auto version = answer::number(answer::object(outer, "metadata"), "version");
  if (!data || !version) return answer::malformed("a secret of KV version 2");
  const json::Value* value = data->find(field);
  const std::string* found = value ? value->if_string() : nullptr;
  if (!found) {
    std::vector<std::string> others;
    for (const auto& [name, unused] : *data)
      others.push_back(quoted(name));
    return Error{Code::kConfig, value ? "secret_unreadable" : "field_missing",
                 "the secret has no text in the field " + quoted(field) +
                     (others.empty() ? std::string() : "; it has " + join(others, ", "))};
  }
  KvValue out;
  out.value = SecretBytes::from_text(*found);
  out.version = *version;
  // The tree hands out its texts as const, but it is ours and it is not.
  for (const auto& [name, each] : *data)
    if (const std::string* secret = each.if_string()) wipe(const_cast<std::string&>(*secret));
  return out;
}

Result<std::vector<std::string>> parse_names(const json::Object& body) {
  const json::Object* data = answer::object(&body, "data");
  const json::Value* keys = data ? data->find("keys") : nullptr;
  if (!keys || !keys->if_array()) return answer::malformed("a list");
  std::vector<std::string> names;
  for (const json::Value& key : *keys->if_array()) {
    if (!key.if_string()) return answer::malformed("a list");
    names.push_back(*key.if_string());
  }
  return names;
}

}  // namespace signet::secrets::vault
