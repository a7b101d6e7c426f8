#include "cli/token_text.h"

#include "base/base64.h"
#include "base/text.h"
#include "cli/key_file.h"

namespace signet::cli {
namespace {

Result<json::Value> part(std::string_view encoded, const char* name) {
  const auto bytes = base64::url_decode(encoded);
  if (!bytes.ok()) {
    return Error{Code::kInvalid, "token_malformed", std::string(name) + " is not base64url"};
  }
  auto value = json::parse(as_text(*bytes));
  if (!value.ok()) {
    return Error{Code::kInvalid, "token_malformed",
                 std::string(name) + ": " + value.error().detail};
  }
  return value;
}

}  // namespace

Result<json::Object> unverified_token(std::string_view token) {
  const auto parts = split(token, '.');
  if (parts.size() != 3 && parts.size() != 5) {
    return Error{Code::kInvalid, "token_malformed",
                 "not a compact JWS or JWE: it has " + std::to_string(parts.size()) + " parts"};
  }
  json::Object shown;
  TRY(json::Value header, part(parts[0], "the header"));
  shown.set("header", std::move(header));
  if (parts.size() == 3) {
    TRY(json::Value claims, part(parts[1], "the payload"));
    shown.set("claims", std::move(claims));
  }
  return shown;
}

Result<std::vector<jose::KeyPtr>> read_key_set(const Context& context, const std::string& source) {
  const bool is_url = source.starts_with("http://") || source.starts_with("https://");
  if (!is_url) {
    TRY(std::string text, context.read(source, 1 << 20));
    TRY(std::vector<jose::Jwk> read, keys_in(context, std::move(text), source));
    std::vector<jose::KeyPtr> keys;
    for (auto& key : read)
      keys.push_back(jose::Key::local(std::move(key)));
    return keys;
  }
  if (!net::is_loopback_url(source) && !context.globals.unsafe_plain_http) {
    return Error{Code::kDenied, "unsafe_plain_http",
                 "keys fetched over http from another machine prove nothing: fetch the set over "
                 "https into a file, or say --unsafe-plain-http"};
  }
  net::LocalRequest request;
  request.url = source;
  request.max_body = 1 << 20;
  TRY(const net::LocalResponse response, context.world.call(request));
  if (response.status != 200) {
    return Error{Code::kUnavailable, "jwks_unavailable",
                 quoted_url(source) + " answered " + std::to_string(response.status)};
  }
  TRY(const jose::JwkSet set, jose::JwkSet::parse(response.body));
  return jose::local_keys(set);
}

}  // namespace signet::cli
