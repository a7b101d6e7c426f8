#include "resource_servers/resource_server.h"

#include <algorithm>

#include "base/json_fields.h"
#include "base/text.h"
#include "http/form.h"
#include "jose/algorithm_info.h"
#include "oauth/scope.h"
#include "resource_servers/key_set.h"

namespace signet::resource_servers {
namespace {

constexpr std::size_t kMaxScopeName = 60;
constexpr std::size_t kMaxScopes = 1000;

std::optional<Encryption> parse_encryption(std::string_view text) {
  for (const auto encryption : {Encryption::kAsRealm, Encryption::kNone, Encryption::kServerKey,
                                Encryption::kResourceServerKey})
    if (to_string(encryption) == text) return encryption;
  return std::nullopt;
}

bool is_legacy(jose::JweAlg alg) {
  return alg == jose::JweAlg::kRsa15 || jose::info(alg).family == jose::JweFamily::kPbes2;
}

Error contradiction(const ResourceServer& server, std::string_view what) {
  std::string detail = "resource server ";
  detail += quoted(server.name);
  detail += ": ";
  detail += what;
  return {Code::kConfig, "resource_server_contradiction", std::move(detail)};
}

void read_keys(json::Fields& f, ResourceServer& server) {
  if (const json::Object* jwks = f.object("jwks")) {
    std::string text = json::dump(*jwks);
    auto keys = parse_key_set(text);
    wipe(text);
    if (keys.ok()) {
      server.keys = std::move(*keys);
    } else {
      f.fault("jwks", keys.error().detail);
    }
  }
  server.jwks_uri = f.text("jwks_uri");
  if (!server.jwks_uri.empty() && !http::parse_http_uri(server.jwks_uri).ok())
    f.fault("jwks_uri", "is not an absolute http(s) URL without fragment and user information");
}

Status read_access_token(const json::Object& object, ResourceServer& server) {
  json::Fields f(object, "resource_server.access_token");
  const std::string fallback(to_string(server.encryption));
  if (const auto encryption = parse_encryption(f.text("encryption", fallback))) {
    server.encryption = *encryption;
  } else {
    f.fault("encryption", "is not one of none, server_key, resource_server_key");
  }
  read_keys(f, server);
  if (const auto text = f.text("key_encryption_algorithm"); !text.empty()) {
    server.key_alg = jose::parse_jwe_alg(text);
    if (!server.key_alg) f.fault("key_encryption_algorithm", "is not a known algorithm");
  }
  if (const auto enc = jose::parse_jwe_enc(f.text("token_encryption_algorithm", "A128CBC-HS256"))) {
    server.content_enc = *enc;
  } else {
    f.fault("token_encryption_algorithm", "is not a known algorithm");
  }
  server.key_id = f.text("key_id");
  server.allow_legacy = f.boolean("allow_legacy_algorithms", false);
  if (const auto text = f.text("format"); !text.empty()) {
    server.format = tokens::parse_token_format(text);
    if (!server.format || *server.format == tokens::TokenFormat::kEncryptedJwt)
      f.fault("format",
              "is not one of jwt, opaque; how a JWT is encrypted is told by 'encryption'");
  }
  if (const auto text = f.text("signing_algorithm"); !text.empty()) {
    server.signing_alg = jose::parse_jws_alg(text);
    if (!server.signing_alg) f.fault("signing_algorithm", "is not a known algorithm");
  }
  if (f.has("lifetime"))
    server.lifetime = f.duration("lifetime", Seconds(600), Seconds(1), kLongestTokenLife);
  return f.finish();
}

Status check_whole(const ResourceServer& server) {
  const bool by_its_key = server.encryption == Encryption::kResourceServerKey;
  if (!by_its_key) {
    if (!server.keys.empty() || !server.jwks_uri.empty() || server.key_alg)
      return contradiction(server,
                           "keys and algorithms are given, but its tokens are not encrypted with "
                           "its key (access_token.encryption: resource_server_key)");
    return Done{};
  }
  if (server.keys.empty() == server.jwks_uri.empty())
    return contradiction(server, "give either access_token.jwks or access_token.jwks_uri");
  if (!server.key_alg)
    return contradiction(server, "access_token.key_encryption_algorithm is missing");
  if (is_legacy(*server.key_alg) && !server.allow_legacy)
    return contradiction(server,
                         "RSA1_5 and PBES2 need access_token.allow_legacy_algorithms: true");
  if (server.format == tokens::TokenFormat::kOpaque)
    return contradiction(server, "an opaque token cannot be encrypted with its key");
  return Done{};
}

}  // namespace

std::string_view to_string(Encryption encryption) {
  switch (encryption) {
    case Encryption::kAsRealm:
      return "as_realm";
    case Encryption::kNone:
      return "none";
    case Encryption::kServerKey:
      return "server_key";
    case Encryption::kResourceServerKey:
      return "resource_server_key";
  }
  return "server_key";
}

Result<ScopeDefinition> ScopeDefinition::from_json(const json::Object& object) {
  ScopeDefinition scope;
  json::Fields f(object, "resource_server.scopes");
  scope.name = f.required_text("name");
  if (!oauth::is_scope_token(scope.name) || scope.name.size() > kMaxScopeName)
    f.fault("name", "must be a scope token (RFC 6749 §3.3) of at most 60 characters");
  scope.description = f.text("description");
  scope.include =
      f.word("include", "permissions", {"permissions", "user_attributes"}) == "user_attributes"
          ? Include::kUserAttributes
          : Include::kPermissions;
  scope.values = f.texts("values");
  // Attributes are a person's; permissions are the operator's to give.
  scope.needs_consent = f.boolean("needs_consent", scope.include == Include::kUserAttributes);
  scope.in_access_token = scope.in_id_token = false;
  for (const auto& token : f.texts("tokens", {"access_token"})) {
    if (token == "access_token") {
      scope.in_access_token = true;
    } else if (token == "id_token") {
      scope.in_id_token = true;
    } else {
      f.fault("tokens", quoted(token) + " is not one of access_token, id_token");
    }
  }
  TRY(f.finish());
  return scope;
}

Result<ResourceServer> ResourceServer::from_json(const json::Object& document) {
  ResourceServer server;
  json::Fields f(document, "resource_server");
  server.name = f.required_text("name");
  if (!is_resource_server_name(server.name))
    f.fault("name",
            "must be 1 to 128 bytes of UTF-8 without ASCII control characters, '/', '\\', '%' and "
            "';', no blank first or last, and neither '.' nor '..'");
  const bool is_built_in = f.boolean(kBuiltIn, false) || server.name == kIdentityProvider;
  if (is_built_in) server.encryption = Encryption::kAsRealm;
  server.description = f.text("description");
  server.uri = f.text("uri");
  if (!server.uri.empty() && !is_resource_uri(server.uri))
    f.fault("uri", "must be an absolute URI without fragment (RFC 8707 §2)");
  if (const json::Object* access = f.object("access_token"))
    TRY(read_access_token(*access, server));
  if (const json::Array* scopes = f.array("scopes")) {
    if (scopes->size() > kMaxScopes) f.fault("scopes", "holds more than 1,000");
    for (const auto& value : *scopes) {
      const json::Object* object = value.if_object();
      if (!object) {
        f.fault("scopes", "must hold objects");
        continue;
      }
      TRY(auto scope, ScopeDefinition::from_json(*object));
      const bool is_there =
          std::any_of(server.scopes.begin(), server.scopes.end(),
                      [&](const ScopeDefinition& other) { return other.name == scope.name; });
      if (is_there) f.fault("scopes", quoted(scope.name) + " is defined twice");
      server.scopes.push_back(std::move(scope));
    }
  }
  TRY(f.finish());
  if (server.encryption == Encryption::kAsRealm && !is_built_in)
    return contradiction(server, "only the built-in one may leave encryption to the realm");
  TRY(check_whole(server));
  return server;
}

ResourceServer ResourceServer::identity_provider(std::string name) {
  ResourceServer server;
  server.name = std::move(name);
  server.encryption = Encryption::kAsRealm;
  return server;
}

std::string ResourceServer::audience() const {
  if (!uri.empty()) return uri;
  return encryption == Encryption::kAsRealm ? std::string() : name;
}

std::string ResourceServer::resource() const {
  std::string stands_in_aud = audience();
  if (!is_resource_uri(stands_in_aud)) stands_in_aud.clear();
  return stands_in_aud;
}

bool is_resource_server_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && is_utf8(text) && text.front() != ' ' &&
         text.back() != ' ' && text != "." && text != ".." &&
         std::none_of(text.begin(), text.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte < 0x20 || byte == 0x7F || c == '/' || c == '\\' || c == '%' || c == ';';
         });
}

bool is_resource_uri(std::string_view text) {
  if (text.empty() || text.size() > 2048) return false;
  const auto colon = text.find(':');
  if (colon == text.npos || colon == 0 || colon + 1 == text.size()) return false;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!is_letter(text.front())) return false;
  const bool scheme =
      std::all_of(text.begin(), text.begin() + static_cast<long>(colon), [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
      });
  return scheme && std::all_of(text.begin(), text.end(), [](char c) {
           return c > 0x20 && c < 0x7F && c != '#' && c != '"' && c != '<' && c != '>' &&
                  c != '\\' && c != '^' && c != '`' && c != '{' && c != '|' && c != '}';
         });
}

}  // namespace signet::resource_servers
