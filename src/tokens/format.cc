#include "tokens/format.h"

#include <algorithm>
#include <cstring>

#include "base/base64.h"
#include "crypto/digest.h"

namespace signet::tokens {

using jose::JwsAlg;
using secrets::SecretId;

namespace {

// The moment of issue in an opaque token: 48 bits, which are whole characters of base64url.
constexpr std::size_t kMomentBytes = 6;
constexpr std::size_t kMomentSize = 8;
static_assert(kOpaqueSize == kOpaquePrefix.size() + base64::url_size(kMomentBytes + 32));

}  // namespace

std::string_view to_string(TokenFormat format) {
  switch (format) {
    case TokenFormat::kJwt:
      return "jwt";
    case TokenFormat::kEncryptedJwt:
      return "encrypted_jwt";
    case TokenFormat::kOpaque:
      return "opaque";
  }
  return "jwt";
}

std::optional<TokenFormat> parse_token_format(std::string_view text) {
  for (const auto format : {TokenFormat::kJwt, TokenFormat::kEncryptedJwt, TokenFormat::kOpaque})
    if (to_string(format) == text) return format;
  return std::nullopt;
}

const std::vector<SecretId>& access_token_signing_ids() {
  static const std::vector<SecretId> ids = {
      SecretId::literal("am.services.oauth2.stateless.signing.RSA"),
      SecretId::literal("am.services.oauth2.stateless.signing.ES256"),
      SecretId::literal("am.services.oauth2.stateless.signing.ES384"),
      SecretId::literal("am.services.oauth2.stateless.signing.ES512"),
      SecretId::literal("am.services.oauth2.stateless.signing.HMAC"),
      SecretId::literal("am.services.oauth2.oidc.signing.EDDSA"),
  };
  return ids;
}

const SecretId& signing_id(JwsAlg alg) {
  const auto& ids = access_token_signing_ids();
  switch (alg) {
    case JwsAlg::kRs256:
    case JwsAlg::kRs384:
    case JwsAlg::kRs512:
    case JwsAlg::kPs256:
    case JwsAlg::kPs384:
    case JwsAlg::kPs512:
      return ids[0];
    case JwsAlg::kEs256:
      return ids[1];
    case JwsAlg::kEs384:
      return ids[2];
    case JwsAlg::kEs512:
      return ids[3];
    case JwsAlg::kHs256:
    case JwsAlg::kHs384:
    case JwsAlg::kHs512:
      return ids[4];
    case JwsAlg::kEdDsa:
      return ids[5];
  }
  return ids[0];
}

const SecretId& encryption_id() {
  static const SecretId id = SecretId::literal("am.services.oauth2.stateless.token.encryption");
  return id;
}

ClaimsTemplate make_claims_template(std::string_view issuer, std::string_view subject,
                                    std::string_view client_id,
                                    const std::vector<std::string>& audience,
                                    std::string_view scope, const json::Object& more) {
  ClaimsTemplate ready;
  ready.scope = scope;
  json::ObjectWriter w(ready.prefix);
  w.add("iss", issuer).add("sub", subject).add("client_id", client_id);
  if (audience.size() == 1) {
    w.add("aud", audience.front());
  } else {
    w.add("aud", json::Value(json::Array(audience.begin(), audience.end())));
  }
  if (!scope.empty()) w.add("scope", scope);
  for (const auto& [name, value] : more)
    w.add(name, value);
  return ready;
}

TokenId make_token_id(Random& random) {
  std::uint8_t bytes[16];
  random.fill(bytes);
  TokenId id;
  base64::url_write(id.text, bytes);
  return id;
}

void append_claims(std::string& out, const ClaimsTemplate& ready, Instant issued, Instant expires,
                   const TokenId& id) {
  out += ready.prefix;
  out += ",\"iat\":";
  json::append_number(out, unix_seconds(issued));
  out += ",\"exp\":";
  json::append_number(out, unix_seconds(expires));
  out += ",\"jti\":\"";
  out.append(id.text, sizeof id.text);
  out += "\"}";
}

void append_opaque(std::string& out, Instant issued, Random& random) {
  std::uint8_t bytes[kMomentBytes + 32];
  auto moment = static_cast<std::uint64_t>(issued.time_since_epoch().count());
  for (std::size_t i = kMomentBytes; i > 0; --i, moment >>= 8)
    bytes[i - 1] = static_cast<std::uint8_t>(moment);
  random.fill(ByteSpan(bytes).subspan(kMomentBytes));
  out += kOpaquePrefix;
  base64::url_append(out, bytes);
  wipe(bytes, sizeof bytes);
}

OpaqueKey opaque_key(std::string_view token) {
  const auto hash = crypto::sha256(as_bytes(token));
  OpaqueKey key{};
  const auto moment = token.substr(std::min(kOpaquePrefix.size(), token.size()), kMomentSize);
  if (moment.size() == kMomentSize) base64::url_decode_into(moment, key.data());
  std::copy_n(hash.begin(), key.size() - kMomentBytes, key.begin() + kMomentBytes);
  return key;
}

Bytes token_id_hash(std::string_view jti) {
  return crypto::digest(crypto::Hash::kSha256, as_bytes(jti));
}

Shape shape_of(std::string_view token) {
  if (token.starts_with(kOpaquePrefix) && token.size() == kOpaqueSize &&
      token.find('.') == token.npos)
    return Shape::kOpaque;
  const auto dots = std::count(token.begin(), token.end(), '.');
  if (dots == 2) return Shape::kJws;
  if (dots == 4) return Shape::kJwe;
  return Shape::kUnknown;
}

}  // namespace signet::tokens
