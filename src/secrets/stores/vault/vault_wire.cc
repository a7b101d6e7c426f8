#include "secrets/stores/vault/vault_wire.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/base64.h"
#include "base/loopback.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "http/form.h"

namespace signet::secrets::vault {
namespace {

constexpr std::size_t kLongestPath = 512;
constexpr std::size_t kLongestMessage = 160;
// Ten years: what is said to last longer is asked again then, and no reckoning overflows.
constexpr std::int64_t kLongestLease = 10LL * 365 * 86'400;

Error malformed(std::string_view what) {
  return Error{Code::kUnavailable, "vault_answer_malformed",
               "Vault answered something else than " + std::string(what)};
}

const json::Object* object(const json::Object* of, std::string_view name) {
  const json::Value* value = of ? of->find(name) : nullptr;
  return value ? value->if_object() : nullptr;
}
const std::string* text(const json::Object* of, std::string_view name) {
  const json::Value* value = of ? of->find(name) : nullptr;
  return value ? value->if_string() : nullptr;
}
std::optional<std::int64_t> number(const json::Object* of, std::string_view name) {
  const json::Value* value = of ? of->find(name) : nullptr;
  return value ? value->if_int() : std::nullopt;
}
bool flag(const json::Object* of, std::string_view name) {
  const json::Value* value = of ? of->find(name) : nullptr;
  return value && value->if_bool() && *value->if_bool();
}

std::optional<std::int64_t> digits(std::string_view name) {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(name.data(), name.data() + name.size(), value);
  if (ec != std::errc() || end != name.data() + name.size() || value < 1) return std::nullopt;
  return value;
}

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

Result<jose::Jwk> public_half(std::string_view type, const json::Object& key) {
  const std::string* pem = text(&key, "public_key");
  if (!pem || pem->empty()) return malformed("a key with its public half");
  const Error unreadable{Code::kConfig, "secret_unreadable",
                         "the public half of a transit key cannot be read"};
  if (type == "ed25519") {
    const auto raw = base64::decode(*pem);
    if (!raw) return unreadable;
    auto made = crypto::PublicKey::from_okp(crypto::KeyKind::kEd25519, raw->view());
    if (!made) return unreadable;
    return jose::Jwk::from_public(std::move(*made));
  }
  constexpr std::string_view kBegin = "-----BEGIN PUBLIC KEY-----";
  constexpr std::string_view kEnd = "-----END PUBLIC KEY-----";
  const std::size_t begin = pem->find(kBegin), end = pem->find(kEnd);
  if (begin == pem->npos || end == pem->npos || end < begin + kBegin.size()) return unreadable;
  const std::size_t from = begin + kBegin.size();
  const auto der = base64::decode(std::string_view(*pem).substr(from, end - from));
  if (!der) return unreadable;
  auto made = crypto::PublicKey::from_spki(der->view());
  if (!made) {
    return Error{Code::kConfig, "secret_unreadable",
                 "the public half of a transit key cannot be used: " + made.error().detail};
  }
  return jose::Jwk::from_public(std::move(*made));
}

std::vector<jose::JwsAlg> signs_by(std::string_view type) {
  using jose::JwsAlg;
  if (type.starts_with("rsa-")) {
    return {JwsAlg::kRs256, JwsAlg::kRs384, JwsAlg::kRs512,
            JwsAlg::kPs256, JwsAlg::kPs384, JwsAlg::kPs512};
  }
  if (type == "ecdsa-p256") return {JwsAlg::kEs256};
  if (type == "ecdsa-p384") return {JwsAlg::kEs384};
  if (type == "ecdsa-p521") return {JwsAlg::kEs512};
  if (type == "ed25519") return {JwsAlg::kEdDsa};
  return {};
}

crypto::Hash hash_of(jose::JwsAlg alg) {
  const std::string_view name = jose::name(alg);
  if (name.ends_with("512")) return crypto::Hash::kSha512;
  return name.ends_with("384") ? crypto::Hash::kSha384 : crypto::Hash::kSha256;
}

std::string_view hash_name(crypto::Hash hash) {
  if (hash == crypto::Hash::kSha512) return "sha2-512";
  return hash == crypto::Hash::kSha384 ? "sha2-384" : "sha2-256";
}

}  // namespace

Result<std::string> parse_address(std::string_view input) {
  const auto uri = http::parse_http_uri(input);
  const auto refuse = [](std::string detail) {
    return Error{Code::kConfig, "vault_address_invalid", std::move(detail)};
  };
  if (!uri) return refuse(uri.error().detail);
  if (uri->has_query) return refuse("the address holds a query: " + quoted(input, 200));
  if (uri->scheme != "https" && !is_loopback(uri->host)) {
    return refuse("Vault is reached by https only, or at a loopback address: " +
                  quoted(input, 200));
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
  const json::Object* auth = object(&body, "auth");
  const std::string* token = text(auth, "client_token");
  if (!token || token->empty()) return malformed("a token");
  Lease lease;
  lease.token = std::make_shared<const SecretBytes>(SecretBytes::from_text(*token));
  // The tree hands out its texts as const, but it is ours and it is not.
  wipe(const_cast<std::string&>(*token));
  lease.lasts = bounded(number(auth, "lease_duration").value_or(0));
  lease.is_renewable = flag(auth, "renewable");
  return lease;
}

Result<Lease> parse_lookup(const json::Object& body, std::shared_ptr<const SecretBytes> token) {
  const json::Object* data = object(&body, "data");
  const auto lasts = number(data, "ttl");
  if (!lasts) return malformed("what it knows of a token");
  Lease lease;
  lease.token = std::move(token);
  lease.lasts = bounded(*lasts);
  lease.is_renewable = flag(data, "renewable");
  return lease;
}

Result<std::vector<KvVersion>> parse_kv_metadata(const json::Object& body, Instant now,
                                                 std::size_t most) {
  const json::Object* versions = object(object(&body, "data"), "versions");
  if (!versions) return malformed("the versions of a secret (is the mount KV version 2?)");
  std::vector<KvVersion> found;
  for (const auto& [name, value] : *versions) {
    const json::Object* version = value.if_object();
    const auto count = digits(name);
    if (!version || !count) return malformed("the versions of a secret");
    const std::string* deleted = text(version, "deletion_time");
    if (flag(version, "destroyed") || (deleted && is_past(*deleted, now))) continue;
    const std::string* created = text(version, "created_time");
    found.push_back({*count, created ? *created : ""});
  }
  std::sort(found.begin(), found.end(),
            [](const KvVersion& a, const KvVersion& b) { return a.number > b.number; });
  if (found.size() > most) found.resize(most);
  return found;
}

Result<KvValue> parse_kv_data(json::Object& body, std::string_view field) {
  const json::Object* outer = object(&body, "data");
  const json::Object* data = object(outer, "data");
  const auto version = number(object(outer, "metadata"), "version");
  if (!data || !version) return malformed("a secret of KV version 2");
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
  const json::Object* data = object(&body, "data");
  const json::Value* keys = data ? data->find("keys") : nullptr;
  if (!keys || !keys->if_array()) return malformed("a list");
  std::vector<std::string> names;
  for (const json::Value& key : *keys->if_array()) {
    if (!key.if_string()) return malformed("a list");
    names.push_back(*key.if_string());
  }
  return names;
}

Result<TransitKey> parse_transit_key(const json::Object& body, std::size_t most) {
  const json::Object* data = object(&body, "data");
  const std::string* type = text(data, "type");
  const json::Object* keys = object(data, "keys");
  if (!type || !keys) return malformed("a transit key");
  TransitKey key;
  key.signs = signs_by(*type);
  if (key.signs.empty() || flag(data, "derived")) {
    return Error{Code::kUnsupported, "vault_key_unsupported",
                 "transit keys of type " + quoted(*type) +
                     (flag(data, "derived") ? " with derivation" : "") +
                     " serve nothing here; make one of type rsa-*, ecdsa-* or ed25519"};
  }
  if (type->starts_with("rsa-")) key.unwraps.push_back(jose::JweAlg::kRsaOaep256);
  const std::int64_t oldest = number(data, "min_decryption_version").value_or(1);
  std::vector<std::pair<std::int64_t, const json::Object*>> found;
  for (const auto& [name, value] : *keys) {
    const auto count = digits(name);
    if (!count || !value.if_object()) return malformed("a transit key with its versions");
    if (*count >= oldest) found.emplace_back(*count, value.if_object());
  }
  std::sort(found.begin(), found.end(), std::greater<>());
  if (found.size() > most) found.resize(most);
  const crypto::KeyKind kind = crypto::key_kind(jose::signature_scheme(key.signs.front()));
  for (const auto& [count, version] : found) {
    TRY(jose::Jwk half, public_half(*type, *version));
    if (half.public_key()->kind() != kind) return malformed("a transit key of the type it tells");
    key.versions.push_back({count, std::move(half)});
  }
  return key;
}

std::string transit_sign_body(jose::JwsAlg alg, ByteView signing_input, std::int64_t version) {
  std::string body;
  json::ObjectWriter writer(body);
  const std::string_view name = jose::name(alg);
  if (alg == jose::JwsAlg::kEdDsa) {
    writer.add("input", base64::encode(signing_input)).add("prehashed", false);
  } else {
    const crypto::Hash hash = hash_of(alg);
    writer.add("input", base64::encode(crypto::digest(hash, signing_input))).add("prehashed", true);
    writer.add("hash_algorithm", hash_name(hash));
  }
  if (name.starts_with("RS")) writer.add("signature_algorithm", "pkcs1v15");
  if (name.starts_with("PS")) writer.add("signature_algorithm", "pss").add("salt_length", "hash");
  writer.add("marshaling_algorithm", "jws").add("key_version", version);
  writer.end();
  return body;
}

Result<Bytes> parse_transit_signature(const json::Object& body, std::int64_t version) {
  const std::string* signature = text(object(&body, "data"), "signature");
  const std::string prefix = "vault:v" + std::to_string(version) + ":";
  if (!signature || !signature->starts_with(prefix)) {
    return malformed("a signature by the version that was asked");
  }
  auto bytes = base64::url_decode(std::string_view(*signature).substr(prefix.size()));
  if (!bytes || bytes->empty()) return malformed("a signature in base64url");
  return std::move(bytes).value();
}

std::string transit_decrypt_body(ByteView encrypted_key, std::int64_t version) {
  std::string body;
  json::ObjectWriter writer(body);
  writer.add("ciphertext",
             "vault:v" + std::to_string(version) + ":" + base64::encode(encrypted_key));
  writer.end();
  return body;
}

Result<SecretBytes> parse_transit_plaintext(json::Object& body) {
  const std::string* plain = text(object(&body, "data"), "plaintext");
  if (!plain) return malformed("a plaintext");
  auto bytes = base64::decode(*plain);
  wipe(const_cast<std::string&>(*plain));  // ours, though the tree hands it out as const
  if (!bytes) return malformed("a plaintext in base64");
  return std::move(bytes).value();
}

std::string_view transit_type(crypto::KeyKind kind, std::size_t bits) {
  switch (kind) {
    case crypto::KeyKind::kRsa:
      if (bits == 2048) return "rsa-2048";
      if (bits == 3072) return "rsa-3072";
      return bits == 4096 ? "rsa-4096" : "";
    case crypto::KeyKind::kEcP256:
      return "ecdsa-p256";
    case crypto::KeyKind::kEcP384:
      return "ecdsa-p384";
    case crypto::KeyKind::kEcP521:
      return "ecdsa-p521";
    case crypto::KeyKind::kEd25519:
      return "ed25519";
    default:
      return "";
  }
}

}  // namespace signet::secrets::vault
