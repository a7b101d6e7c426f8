// Every setting of signet.yaml. A row here is all it takes to be parsed, checked, overlaid by the
// environment, documented and shown by `signet config show`.

#include "config/schema.h"

namespace signet::config {
namespace {

const std::vector<std::string_view> kSigningAlgorithms = {
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    "HS256", "HS384", "HS512"};
const std::vector<std::string_view> kTokenFormats = {"jwt", "encrypted_jwt", "opaque"};
const std::vector<std::string_view> kAuthMethods = {"client_secret_basic", "client_secret_post",
                                                    "client_secret_jwt", "private_key_jwt", "none"};

std::vector<Setting> server_rows() {
  return {
      {.path = "data_dir", .type = Type::kPath, .fallback = "./data",
       .summary = "Where the server keeps its database, its own keys and the administrator's "
                  "token."},

      {.path = "server", .type = Type::kGroup, .summary = "The public listener."},
      {.path = "server.public_url", .type = Type::kUri,
       .summary = "The address that clients use, without a path; the issuer is made from it. "
                  "Needed where the server listens beyond loopback."},
      {.path = "server.address", .fallback = "127.0.0.1",
       .summary = "The IP address to listen on."},
      {.path = "server.port", .type = Type::kInteger, .fallback = "8080",
       .summary = "The TCP port to listen on; 0 takes any free one.", .min = 0, .max = 65535},
      {.path = "server.loops", .type = Type::kInteger, .fallback = "0",
       .summary = "Event loops; 0 makes one for each processor core.", .min = 0, .max = 64},
      {.path = "server.tls", .type = Type::kGroup, .summary = "TLS of the public listener."},
      {.path = "server.tls.certificate", .type = Type::kPath,
       .summary = "A PEM file with the certificate chain, leaf first.", .is_required = true},
      {.path = "server.tls.private_key", .type = Type::kPath,
       .summary = "A PEM file with the private key.", .is_required = true},
      {.path = "server.tls.client_certificates", .type = Type::kEnum, .fallback = "none",
       .summary = "Whether clients are asked for a certificate.", .choices = {"none", "request"}},
      {.path = "server.cors_origins", .type = Type::kTexts, .fallback = "[]",
       .summary = "Origins that browsers may call from; \"*\" alone allows any, without "
                  "credentials."},
      {.path = "server.hsts", .type = Type::kBool, .fallback = "false",
       .summary = "Send Strict-Transport-Security on every response over TLS."},
      {.path = "server.limits", .type = Type::kGroup, .summary = "What one connection may cost."},
      {.path = "server.limits.header_bytes", .type = Type::kSize, .fallback = "16KiB",
       .summary = "The most bytes of a request line with its headers.",
       .min = 1024, .max = 1 << 20},
      {.path = "server.limits.body_bytes", .type = Type::kSize, .fallback = "256KiB",
       .summary = "The most bytes of a request body.", .min = 1024, .max = 16 << 20},
      {.path = "server.limits.connections", .type = Type::kInteger, .fallback = "10000",
       .summary = "The most connections at one time.", .min = 1, .max = 1'000'000},
      {.path = "server.limits.header_timeout", .type = Type::kDuration, .fallback = "PT10S",
       .summary = "From the first byte of a request to its last header.", .min = 1, .max = 3600},
      {.path = "server.limits.body_timeout", .type = Type::kDuration, .fallback = "PT15S",
       .summary = "From the last header to the last byte of the body.", .min = 1, .max = 3600},
      {.path = "server.limits.idle_timeout", .type = Type::kDuration, .fallback = "PT1M",
       .summary = "How long a connection may wait between requests.", .min = 1, .max = 3600},

      {.path = "management", .type = Type::kGroup,
       .summary = "The listener for administration, health and metrics."},
      {.path = "management.address", .fallback = "127.0.0.1",
       .summary = "The IP address to listen on."},
      {.path = "management.port", .type = Type::kInteger, .fallback = "8081",
       .summary = "The TCP port to listen on; 0 takes any free one.", .min = 0, .max = 65535},

      {.path = "storage", .type = Type::kGroup, .summary = "The database."},
      {.path = "storage.url",
       .summary = "Where realms, clients and tokens are stored: \"sqlite:PATH\" or \"memory:\". "
                  "Without it sqlite:<data_dir>/signet.db."},

      {.path = "log", .type = Type::kGroup, .summary = "The log on standard error."},
      {.path = "log.level", .type = Type::kEnum, .fallback = "info",
       .summary = "The least level that is written.",
       .choices = {"debug", "info", "warn", "error", "off"}},
      {.path = "log.format", .type = Type::kEnum, .fallback = "json",
       .summary = "One JSON object per line, or lines for people.", .choices = {"json", "text"}},

      {.path = "keys", .type = Type::kGroup, .summary = "The life of keys."},
      {.path = "keys.publish_ahead", .type = Type::kDuration, .fallback = "PT10M",
       .summary = "How long a key is published before it may sign; the JWKS may be cached for half "
                  "of it.",
       .min = 60, .max = 30 * 86400},
      {.path = "keys.clock_skew", .type = Type::kDuration, .fallback = "PT1M",
       .summary = "How far clocks may be apart.", .min = 0, .max = 600},
      {.path = "keys.refresh", .type = Type::kDuration, .fallback = "PT10S",
       .summary = "How often secret stores are asked for changes.", .min = 1, .max = 3600},
      {.path = "keys.lease", .type = Type::kDuration, .fallback = "PT24H",
       .summary = "How long the last good secrets of an unreachable store are used.",
       .min = 60, .max = 30 * 86400},
      {.path = "keys.store_timeout", .type = Type::kDuration, .fallback = "PT5S",
       .summary = "How long one question to a store may take.", .min = 1, .max = 300},

      {.path = "cache", .type = Type::kGroup, .summary = "What is kept in memory."},
      {.path = "cache.clients", .type = Type::kInteger, .fallback = "100000",
       .summary = "The most clients kept in memory.", .min = 0, .max = 10'000'000},

      {.path = "encryption_keys[]", .type = Type::kItems,
       .summary = "The server's own sealing keys; the first seals, all open. Without any, "
                  "<data_dir>/master.key is made at the first start."},
      {.path = "encryption_keys[].name",
       .summary = "The name that sealed values carry.", .is_required = true},
      {.path = "encryption_keys[].file", .type = Type::kPath,
       .summary = "A file that holds the key. Either this or environment."},
      {.path = "encryption_keys[].environment",
       .summary = "The environment variable that holds the key. Either this or file."},
  };
}

std::vector<Setting> store_rows(std::string_view list, std::string_view name, std::string_view type,
                                std::string_view own, std::string_view mappings, Level level,
                                std::string_view summary) {
  return {
      {.path = list, .type = Type::kItems, .summary = summary, .level = level},
      {.path = name, .summary = "The store's name in the API, in logs and in health.",
       .level = level, .is_required = true},
      {.path = type, .summary = "The kind of store.", .level = level, .is_required = true},
      {.path = own, .type = Type::kOpaque, .summary = "What this kind of store needs to know.",
       .level = level},
      {.path = mappings, .type = Type::kMappings,
       .summary = "Which aliases stand behind a secret ID; the first one is active.",
       .level = level},
  };
}

std::vector<Setting> realm_rows() {
  constexpr Level kRealm = Level::kRealm;
  return {
      {.path = "realms[]", .type = Type::kItems,
       .summary = "Realms that are created at start where they are absent; existing ones are never "
                  "changed.",
       .level = kRealm},
      {.path = "realms[].name", .summary = "\"root\", or the name of a realm below it.",
       .level = kRealm, .is_required = true},
      {.path = "realms[].enabled", .type = Type::kBool, .fallback = "true",
       .summary = "A disabled realm answers no request.", .level = kRealm},
      {.path = "realms[].access_token", .type = Type::kGroup,
       .summary = "Access tokens of the realm.", .level = kRealm},
      {.path = "realms[].access_token.format", .type = Type::kEnum, .fallback = "jwt",
       .summary = "What an access token is.", .choices = kTokenFormats, .level = kRealm},
      {.path = "realms[].access_token.signing_algorithm", .type = Type::kEnum, .fallback = "RS256",
       .summary = "What signs access tokens.", .choices = kSigningAlgorithms, .level = kRealm},
      {.path = "realms[].access_token.lifetime", .type = Type::kDuration, .fallback = "PT10M",
       .summary = "How long an access token is valid.", .min = 1, .max = 86400, .level = kRealm},
      {.path = "realms[].access_token.max_lifetime", .type = Type::kDuration, .fallback = "PT1H",
       .summary = "The most that a client's own lifetime may be.", .min = 1, .max = 86400,
       .level = kRealm},
      {.path = "realms[].default_audience", .type = Type::kTexts,
       .summary = "The aud of tokens of clients that name none.", .level = kRealm},
      {.path = "realms[].scopes", .type = Type::kTexts,
       .summary = "The scopes that the realm's metadata offers.",
       .level = kRealm},
      {.path = "realms[].clients[]", .type = Type::kItems,
       .summary = "Clients that are created together with their realm.", .level = kRealm},
      {.path = "realms[].clients[].client_id", .summary = "The client's name.", .level = kRealm,
       .is_required = true},
      {.path = "realms[].clients[].name", .summary = "A name for people.", .level = kRealm},
      {.path = "realms[].clients[].enabled", .type = Type::kBool, .fallback = "true",
       .summary = "A disabled client gets no token.", .level = kRealm},
      {.path = "realms[].clients[].token_endpoint_auth_method", .type = Type::kEnum,
       .fallback = "client_secret_basic", .summary = "How the client proves who it is.",
       .choices = kAuthMethods, .level = kRealm},
      {.path = "realms[].clients[].token_endpoint_auth_signing_alg", .type = Type::kEnum,
       .summary = "The only algorithm of the client's assertions.", .choices = kSigningAlgorithms,
       .level = kRealm},
      {.path = "realms[].clients[].secret",
       .summary = "The client's secret. Better given once with signet client update "
                  "--secret-stdin than kept in a file.",
       .level = kRealm, .is_secret = true},
      {.path = "realms[].clients[].jwks", .type = Type::kOpaque,
       .summary = "The client's public keys (RFC 7517).", .level = kRealm},
      {.path = "realms[].clients[].grant_types", .type = Type::kTexts,
       .fallback = "[\"client_credentials\"]", .summary = "The grants the client may use.",
       .level = kRealm},
      {.path = "realms[].clients[].scopes", .type = Type::kTexts,
       .summary = "The scopes the client may ask for.", .level = kRealm},
      {.path = "realms[].clients[].default_scopes", .type = Type::kTexts,
       .summary = "The scopes of a request that names none.", .level = kRealm},
      {.path = "realms[].clients[].audience", .type = Type::kTexts,
       .summary = "The aud of the client's tokens.", .level = kRealm},
      {.path = "realms[].clients[].access_token", .type = Type::kGroup,
       .summary = "Access tokens of this client, where they differ from the realm's.",
       .level = kRealm},
      {.path = "realms[].clients[].access_token.format", .type = Type::kEnum,
       .summary = "What an access token is.", .choices = kTokenFormats, .level = kRealm},
      {.path = "realms[].clients[].access_token.signing_algorithm", .type = Type::kEnum,
       .summary = "What signs access tokens.", .choices = kSigningAlgorithms, .level = kRealm},
      {.path = "realms[].clients[].access_token.lifetime", .type = Type::kDuration,
       .summary = "How long an access token is valid.", .min = 1, .max = 86400, .level = kRealm},
      {.path = "realms[].clients[].may_introspect", .type = Type::kEnum, .fallback = "own",
       .summary = "Whose tokens the client may introspect.", .choices = {"none", "own", "realm"},
       .level = kRealm},
      {.path = "realms[].clients[].assertion_audience", .type = Type::kEnum, .fallback = "issuer",
       .summary = "What the aud of the client's assertions may be: the issuer alone, or the token "
                  "endpoint's URL too (for older client libraries).",
       .choices = {"issuer", "issuer_or_endpoint"}, .level = kRealm},
  };
}

std::vector<Setting> indicium_rows() {
  return {
      {.path = "OpenIDServerSigningSettings", .type = Type::kGroup,
       .summary = "Thinkwise Indicium's setting for a shared signing certificate; also read from "
                  "its appsettings.json."},
      {.path = "OpenIDServerSigningSettings.AwsSecretManager", .type = Type::kGroup,
       .summary = "AWS Secrets Manager."},
      {.path = "OpenIDServerSigningSettings.AwsSecretManager.SecretName",
       .summary = "The secret that holds the certificate.", .is_required = true},
      {.path = "OpenIDServerSigningSettings.KeyVaultCertificateUrl", .type = Type::kUri,
       .summary = "The certificate in Azure Key Vault."},
  };
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> rows = [] {
    std::vector<Setting> all = server_rows();
    const auto add = [&all](std::vector<Setting> more) {
      all.insert(all.end(), more.begin(), more.end());
    };
    add(store_rows("secret_stores[]", "secret_stores[].name", "secret_stores[].type",
                   "secret_stores[].settings", "secret_stores[].mappings", Level::kServer,
                   "Where secrets live, asked in this order after the stores of the realm. Without "
                   "any, one local_certificate store named \"local\" in <data_dir>/keys."));
    add(realm_rows());
    add(store_rows("realms[].secret_stores[]", "realms[].secret_stores[].name",
                   "realms[].secret_stores[].type", "realms[].secret_stores[].settings",
                   "realms[].secret_stores[].mappings", Level::kRealm,
                   "Secret stores of this realm, asked before the global ones."));
    add(indicium_rows());
    return all;
  }();
  return rows;
}

}  // namespace signet::config
