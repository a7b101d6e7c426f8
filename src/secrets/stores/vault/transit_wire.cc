// The transit engine's part of vault_wire.h.

#include <algorithm>
#include <functional>

#include "base/base64.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "secrets/stores/vault/answer_fields.h"
#include "secrets/stores/vault/vault_wire.h"

namespace signet::secrets::vault {
namespace {

Result<jose::Jwk> public_half(std::string_view type, const json::Object& key) {
  const std::string* pem = answer::text(&key, "public_key");
  if (!pem || pem->empty()) return answer::malformed("a key with its public half");
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

Result<TransitKey> parse_transit_key(const json::Object& body, std::size_t most) {
  const json::Object* data = answer::object(&body, "data");
  const std::string* type = answer::text(data, "type");
  const json::Object* keys = answer::object(data, "keys");
  if (!type || !keys) return answer::malformed("a transit key");
  TransitKey key;
  key.signs = signs_by(*type);
  if (key.signs.empty() || answer::flag(data, "derived")) {
    return Error{Code::kUnsupported, "vault_key_unsupported",
                 "transit keys of type " + quoted(*type) +
                     (answer::flag(data, "derived") ? " with derivation" : "") +
                     " serve nothing here; make one of type rsa-*, ecdsa-* or ed25519"};
  }
  if (type->starts_with("rsa-")) key.unwraps.push_back(jose::JweAlg::kRsaOaep256);
  const std::int64_t oldest = answer::number(data, "min_decryption_version").value_or(1);
  std::vector<std::pair<std::int64_t, const json::Object*>> found;
  for (const auto& [name, value] : *keys) {
    const auto count = answer::digits(name);
    if (!count || !value.if_object()) return answer::malformed("a transit key with its versions");
    if (*count >= oldest) found.emplace_back(*count, value.if_object());
  }
  std::sort(found.begin(), found.end(), std::greater<>());
  if (found.size() > most) found.resize(most);
  const crypto::KeyKind kind = crypto::key_kind(jose::signature_scheme(key.signs.front()));
  for (const auto& [count, version] : found) {
    TRY(jose::Jwk half, public_half(*type, *version));
    if (half.public_key()->kind() != kind)
      return answer::malformed("a transit key of the type it tells");
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
  const std::string* signature = answer::text(answer::object(&body, "data"), "signature");
  const std::string prefix = "vault:v" + std::to_string(version) + ":";
  if (!signature || !signature->starts_with(prefix)) {
    return answer::malformed("a signature by the version that was asked");
  }
  auto bytes = base64::url_decode(std::string_view(*signature).substr(prefix.size()));
  if (!bytes || bytes->empty()) return answer::malformed("a signature in base64url");
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
  const std::string* plain = answer::text(answer::object(&body, "data"), "plaintext");
  if (!plain) return answer::malformed("a plaintext");
  auto bytes = base64::decode(*plain);
  wipe(const_cast<std::string&>(*plain));  // ours, though the tree hands it out as const
  if (!bytes) return answer::malformed("a plaintext in base64");
  return std::move(bytes).value();
}

}  // namespace signet::secrets::vault
