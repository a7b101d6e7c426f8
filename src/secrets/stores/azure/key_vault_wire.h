#pragma once
// What Azure Key Vault (data plane, api-version 7.4) answers. Dry: texts in, values out.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/secret_bytes.h"
#include "jose/algorithms.h"
#include "jose/jwk.h"
#include "secrets/stores/azure/vault_address.h"

namespace signet::secrets::azure {

inline constexpr std::string_view kApiVersion = "api-version=7.4";

/// The failure behind an answer that is not 2xx. Codes: 404 kNotFound "azure_not_found"; 403
/// kDenied "azure_access_denied", "azure_firewall" or "azure_version_disabled"; 401 kDenied
/// "azure_token_refused"; 409 kConflict "azure_conflict" or kConfig "azure_soft_deleted"; 429
/// kUnavailable "azure_throttled"; 5xx kUnavailable "azure_unavailable"; others kConfig
/// "azure_request_refused". `what`: what was asked for, in words.
Error error_of(int status, std::string_view body, std::string_view what);

/// One version of a secret or key, as lists tell it.
struct Version {
  std::string id;  ///< the last segment of its URL
  bool is_enabled = true;
  std::optional<Instant> not_before, not_after;
  Instant created, updated;
};
struct VersionPage {
  std::vector<Version> versions;
  std::string next;  ///< the URL of the next page; empty at the end
};
/// kUnavailable "azure_answer_malformed", as all that read answers.
Result<VersionPage> parse_versions(const json::Object& body);
/// The version that GET of a secret or key tells of itself.
Result<Version> parse_version(const json::Object& body, std::string_view url);
/// Enabled and within its window at `now`, newest first, `most` at most.
std::vector<Version> usable(std::vector<Version> versions, Instant now, std::size_t most);

struct NamePage {
  std::vector<std::string> names;
  std::string next;
};
/// Names of enabled objects of a list.
Result<NamePage> parse_names(const json::Object& body);

/// A secret with its value, which is overwritten in `body`.
struct SecretBundle {
  SecretBytes value;
  std::string content_type;
  Version version;
};
Result<SecretBundle> parse_secret(json::Object& body);

/// A key's public half and what the vault lets be done with it.
struct KeyBundle {
  jose::Jwk public_half;
  std::vector<jose::JwsAlg> signs;
  std::vector<jose::JweAlg> unwraps;
  Version version;
};
/// kUnsupported "azure_key_unsupported" for kinds that serve nothing here (oct, P-256K).
Result<KeyBundle> parse_key(const json::Object& body);

/// The result of sign and unwrapkey, if it was made with this version.
Result<Bytes> parse_operation(const json::Object& body, std::string_view version);

}  // namespace signet::secrets::azure
