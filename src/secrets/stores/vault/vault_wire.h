#pragma once
// What HashiCorp Vault and OpenBao say and want to hear (HTTP API v1). Dry: texts in, values out.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/secret_bytes.h"
#include "jose/algorithms.h"
#include "jose/jwk.h"
#include "secrets/stores/store.h"

namespace signet::secrets::vault {

/// "https://vault.example.com:8200", perhaps with a path before "/v1". Plain http only to a
/// loopback address (an agent beside the server). kConfig "vault_address_invalid".
Result<std::string> parse_address(std::string_view text);

/// A mount or a path below it: segments of printable characters between single slashes, none of
/// them "." or "..", at most 512 in all.
bool is_path(std::string_view path);
/// Everything but unreserved characters and slashes as %XX.
std::string path_encode(std::string_view path);

/// The failure behind an answer that is not 2xx. 400, 405 kConfig "vault_request_refused"; 403
/// kDenied "vault_access_denied"; 404 kNotFound "vault_not_found"; 429 kUnavailable
/// "vault_throttled"; 503 kUnavailable "vault_sealed" (or down for maintenance); 412, 472, 473 and
/// other 5xx kUnavailable "vault_unavailable".
Error error_of(int status, std::string_view body, std::string_view what);
/// Whether one of the answer's errors holds `text`.
bool complains_of(std::string_view body, std::string_view text);

/// A token as logins and look-ups tell it.
struct Lease {
  std::shared_ptr<const SecretBytes> token;
  Seconds lasts{0};  ///< zero: it does not end; ten years at most
  bool is_renewable = false;
};
/// kUnavailable "vault_answer_malformed", as all that read answers. The token is overwritten in
/// `body`.
Result<Lease> parse_login(json::Object& body);
/// Of auth/token/lookup-self; `token` is the one that was looked up.
Result<Lease> parse_lookup(const json::Object& body, std::shared_ptr<const SecretBytes> token);

/// One version of a secret of KV version 2.
struct KvVersion {
  std::int64_t number = 0;
  std::string created;  ///< tells a path that was deleted and written anew from the old one
};
/// Neither deleted (at `now`) nor destroyed, newest first, `most` at most.
Result<std::vector<KvVersion>> parse_kv_metadata(const json::Object& body, Instant now,
                                                 std::size_t most);
/// The text in one field of a version, which is overwritten in `body`; "field_missing" (kConfig) if
/// it has others only.
struct KvValue {
  SecretBytes value;
  std::int64_t version = 0;
};
Result<KvValue> parse_kv_data(json::Object& body, std::string_view field);
/// Names of a LIST; folders end with a slash.
Result<std::vector<std::string>> parse_names(const json::Object& body);

/// One version of a transit key: its public half.
struct TransitVersion {
  std::int64_t number;
  jose::Jwk public_half;
};
struct TransitKey {
  std::vector<TransitVersion> versions;  ///< newest first
  std::vector<jose::JwsAlg> signs;
  std::vector<jose::JweAlg> unwraps;
};
/// From the newest version down to min_decryption_version, `most` at most. kUnsupported
/// "vault_key_unsupported" for symmetric and derived keys.
Result<TransitKey> parse_transit_key(const json::Object& body, std::size_t most);

/// The body of transit/sign for this algorithm, every parameter explicit: Vault's own defaults
/// (PSS with the longest salt, ASN.1, SHA-256) are not those of JOSE.
std::string transit_sign_body(jose::JwsAlg alg, ByteView signing_input, std::int64_t version);
/// "vault:v3:BASE64URL", made by the version that was asked.
Result<Bytes> parse_transit_signature(const json::Object& body, std::int64_t version);
std::string transit_decrypt_body(ByteView encrypted_key, std::int64_t version);
Result<SecretBytes> parse_transit_plaintext(json::Object& body);

}  // namespace signet::secrets::vault
