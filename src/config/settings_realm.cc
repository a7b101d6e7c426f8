// Realms and their clients.

#include "config/settings_rows.h"

namespace signet::config {

namespace {

const std::vector<std::string_view>& token_formats() {
  static const std::vector<std::string_view> words = {"jwt", "encrypted_jwt", "opaque"};
  return words;
}

}  // namespace

// As jose::parse_jws_alg() reads them: Ed25519 is EdDSA by its new name (RFC 9864).
const std::vector<std::string_view>& signing_algorithms() {
  static const std::vector<std::string_view> words = {"RS256",   "RS384", "RS512", "PS256", "PS384",
                                                      "PS512",   "ES256", "ES384", "ES512", "EdDSA",
                                                      "Ed25519", "HS256", "HS384", "HS512"};
  return words;
}

std::vector<Setting> realm_settings() {
  constexpr Level kRealm = Level::kRealm;
  return {
      {.path = "realms[]",
       .type = Type::kItems,
       .summary =
           "Realms that are created with what belongs to them, each item once; what was changed, "
           "renamed or deleted since stays so.",
       .level = kRealm},
      {.path = "realms[].name",
       .summary = "\"root\", or the name of a realm below it.",
       .level = kRealm,
       .is_required = true},
      {.path = "realms[].enabled",
       .type = Type::kBool,
       .fallback = "true",
       .summary = "A disabled realm answers no request.",
       .level = kRealm},
      {.path = "realms[].access_token",
       .type = Type::kGroup,
       .summary = "Access tokens of the realm.",
       .level = kRealm},
      {.path = "realms[].access_token.format",
       .type = Type::kEnum,
       .fallback = "jwt",
       .summary = "What an access token is.",
       .choices = token_formats(),
       .level = kRealm},
      {.path = "realms[].access_token.signing_algorithm",
       .type = Type::kEnum,
       .fallback = "RS256",
       .summary = "What signs access tokens.",
       .choices = signing_algorithms(),
       .level = kRealm},
      {.path = "realms[].access_token.lifetime",
       .type = Type::kDuration,
       .fallback = "PT10M",
       .summary = "How long an access token is valid.",
       .min = 1,
       .max = 86400,
       .level = kRealm},
      {.path = "realms[].access_token.max_lifetime",
       .type = Type::kDuration,
       .fallback = "PT1H",
       .summary = "The most that a client's own lifetime may be.",
       .min = 1,
       .max = 86400,
       .level = kRealm},
      {.path = "realms[].default_audience",
       .type = Type::kTexts,
       .summary = "The aud of tokens of clients that name none.",
       .level = kRealm,
       .order_counts = true},
      {.path = "realms[].scopes",
       .type = Type::kTexts,
       .summary = "Scopes that are granted beside those that resource servers define.",
       .level = kRealm},
      {.path = "realms[].strict_resource_servers",
       .type = Type::kBool,
       .fallback = "false",
       .summary = "Whether a token counts only where the resource server that it was issued for is "
                  "the one that a request selects now.",
       .level = kRealm},
  };
}

std::vector<Setting> client_settings() {
  constexpr Level kRealm = Level::kRealm;
  return {
      {.path = "realms[].clients[]",
       .type = Type::kItems,
       .summary = "Clients that are created together with their realm.",
       .level = kRealm},
      {.path = "realms[].clients[].client_id",
       .summary = "The client's name.",
       .level = kRealm,
       .is_required = true},
      {.path = "realms[].clients[].name", .summary = "A name for people.", .level = kRealm},
      {.path = "realms[].clients[].enabled",
       .type = Type::kBool,
       .fallback = "true",
       .summary = "A disabled client gets no token.",
       .level = kRealm},
      {.path = "realms[].clients[].token_endpoint_auth_method",
       .type = Type::kEnum,
       .fallback = "client_secret_basic",
       .summary = "How the client proves who it is.",
       .choices = {"client_secret_basic", "client_secret_post", "client_secret_jwt",
                   "private_key_jwt", "none"},
       .level = kRealm},
      {.path = "realms[].clients[].token_endpoint_auth_signing_alg",
       .type = Type::kEnum,
       .summary = "The only algorithm of the client's assertions.",
       .choices = signing_algorithms(),
       .level = kRealm},
      {.path = "realms[].clients[].secret",
       .summary = "The client's secret, which a client that authenticates by one must have. Better "
                  "made with signet client create than kept in a file.",
       .level = kRealm,
       .is_secret = true},
      {.path = "realms[].clients[].jwks",
       .type = Type::kOpaque,
       .summary = "The client's public keys (RFC 7517).",
       .level = kRealm},
      {.path = "realms[].clients[].grant_types",
       .type = Type::kTexts,
       .fallback = "[\"client_credentials\"]",
       .summary = "The grants the client may use.",
       .level = kRealm,
       .empty_counts = true},
      {.path = "realms[].clients[].scopes",
       .type = Type::kTexts,
       .summary = "Which of the scopes that are defined the client may ask for; [] is none, and "
                  "without a list it may for all.",
       .level = kRealm,
       .empty_counts = true},
      {.path = "realms[].clients[].default_scopes",
       .type = Type::kTexts,
       .summary = "The scopes of a request that names none.",
       .level = kRealm},
      {.path = "realms[].clients[].audience",
       .type = Type::kTexts,
       .summary = "The aud of the client's tokens.",
       .level = kRealm,
       .order_counts = true},
      {.path = "realms[].clients[].access_token",
       .type = Type::kGroup,
       .summary = "Access tokens of this client, where they differ from the realm's.",
       .level = kRealm},
      {.path = "realms[].clients[].access_token.format",
       .type = Type::kEnum,
       .summary = "What an access token is.",
       .choices = token_formats(),
       .level = kRealm},
      {.path = "realms[].clients[].access_token.signing_algorithm",
       .type = Type::kEnum,
       .summary = "What signs access tokens.",
       .choices = signing_algorithms(),
       .level = kRealm},
      {.path = "realms[].clients[].access_token.lifetime",
       .type = Type::kDuration,
       .summary = "How long an access token is valid.",
       .min = 1,
       .max = 86400,
       .level = kRealm},
      {.path = "realms[].clients[].may_introspect",
       .type = Type::kEnum,
       .fallback = "own",
       .summary = "Whose tokens the client may introspect.",
       .choices = {"none", "own", "realm"},
       .level = kRealm},
      {.path = "realms[].clients[].assertion_audience",
       .type = Type::kEnum,
       .fallback = "issuer",
       .summary = "What the aud of the client's assertions may be: the issuer alone, or the token "
                  "endpoint's URL too (for older client libraries).",
       .choices = {"issuer", "issuer_or_endpoint"},
       .level = kRealm},
      {.path = "realms[].clients[].max_requests_per_second",
       .type = Type::kInteger,
       .fallback = "0",
       .summary =
           "The most requests in any second that each instance takes from the client; 0 sets "
           "no limit of its own.",
       .min = 0,
       .max = 100'000,
       .level = kRealm},
  };
}

}  // namespace signet::config
