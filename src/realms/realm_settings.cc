#include "realms/realm_settings.h"

#include <algorithm>

#include "base/json_fields.h"
#include "base/text.h"
#include "oauth/scope.h"

namespace signet::realms {
namespace {

bool is_segment(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

constexpr std::string_view kTopRealm = "root";

bool eat(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

bool is_realm_name(std::string_view text) {
  const auto segments = split(text, '/');
  return segments.size() <= 8 && std::all_of(segments.begin(), segments.end(), is_segment);
}

Result<RealmSettings> RealmSettings::from_json(const json::Object& document) {
  RealmSettings realm;
  json::Fields f(document, "realm");
  realm.name = RealmName(f.required_text("name"));
  if (!is_realm_name(realm.name.view()))
    f.fault("name", "must be path segments of letters, digits, '.', '_' and '-'");
  realm.enabled = f.boolean("enabled", true);
  realm.default_audience = f.texts("default_audience");
  realm.scopes = f.texts("scopes");
  for (const auto& scope : realm.scopes)
    if (!oauth::is_scope_token(scope)) f.fault("scopes", quoted(scope) + " is not a scope token");
  if (const json::Object* access = f.object("access_token")) {
    json::Fields a(*access, "realm.access_token");
    if (const auto format = tokens::parse_token_format(a.text("format", "jwt"))) {
      realm.format = *format;
    } else {
      a.fault("format", "is not one of jwt, encrypted_jwt, opaque");
    }
    if (const auto alg = jose::parse_jws_alg(a.text("signing_algorithm", "RS256"))) {
      realm.signing_alg = *alg;
    } else {
      a.fault("signing_algorithm", "is not a known algorithm");
    }
    realm.lifetime = a.duration("lifetime", realm.lifetime, Seconds(1), Seconds(86400));
    realm.max_lifetime = a.duration("max_lifetime", std::max(realm.max_lifetime, realm.lifetime),
                                    Seconds(1), Seconds(86400));
    if (realm.max_lifetime < realm.lifetime) a.fault("max_lifetime", "is shorter than lifetime");
    TRY(a.finish());
  }
  realm.strict_resource_servers = f.boolean("strict_resource_servers", false);
  TRY(f.finish());
  return realm;
}

std::string_view RealmPath::name(std::string& out) const {
  out.clear();
  for (std::size_t i = 0; i < depth; ++i) {
    if (i) out += '/';
    out += segments[i];
  }
  if (depth == 0) out = kTopRealm;
  return out;
}

std::optional<RealmPath> parse_realm_path(std::string_view path) {
  if (!eat(path, "/oauth2/")) return std::nullopt;
  RealmPath found;
  if (eat(path, "realms/root/")) {
    while (eat(path, "realms/")) {
      const auto end = path.find('/');
      if (end == path.npos || found.depth == found.segments.size() ||
          !is_segment(path.substr(0, end)))
        return std::nullopt;
      found.segments[found.depth++] = path.substr(0, end);
      path.remove_prefix(end + 1);
    }
    // No realm below the top has the top's name: this path would be a second one to the top.
    if (found.depth == 1 && found.segments[0] == kTopRealm) return std::nullopt;
  }
  found.endpoint = path;
  return found;
}

std::string base_path(const RealmName& name) {
  if (name.view() == kTopRealm) return "/oauth2";
  std::string out = "/oauth2/realms/root";
  for (const auto segment : split(name.view(), '/'))
    out.append("/realms/").append(segment);
  return out;
}

}  // namespace signet::realms
