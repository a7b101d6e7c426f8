#include <algorithm>
#include <span>

#include "base/text.h"
#include "jose/jwk.h"
#include "jose/key_fit.h"
#include "jose/members.h"

namespace signet::jose {
namespace {

using crypto::KeyKind;

constexpr std::size_t kMaxJwkText = 256 * 1024;
constexpr std::size_t kMaxChain = 10;
constexpr std::size_t kMaxKeyOps = 16;

Error malformed_jwk(std::string detail) {
  return {Code::kInvalid, "jwk_malformed", std::move(detail)};
}
Error unsupported(std::string detail) {
  return {Code::kUnsupported, "jwk_unsupported", std::move(detail)};
}

Result<Bytes> part(const json::Object& object, std::string_view name) {
  return bytes_member(object, name, malformed_jwk("member " + std::string(name)));
}
Result<SecretBytes> secret_part(const json::Object& object, std::string_view name) {
  return secret_member(object, name, malformed_jwk("member " + std::string(name)));
}

/// Numbers of RSA take no more octets than they need (RFC 7518 §2).
Result<Bytes> rsa_number(const json::Object& object, std::string_view name) {
  TRY(Bytes number, part(object, name));
  if (number.empty() || number.front() == 0)
    return malformed_jwk("member " + std::string(name) + " is not a minimal number");
  return number;
}

Result<Jwk> parse_rsa(const json::Object& object) {
  crypto::RsaPublicParts pub;
  TRY(pub.n, rsa_number(object, "n"));
  TRY(pub.e, rsa_number(object, "e"));
  if (object.find("oth")) return unsupported("RSA keys with more than two primes are not served");
  if (!object.find("d")) {
    TRY(auto key, crypto::PublicKey::from_rsa(pub.n, pub.e));
    return Jwk::from_public(std::move(key));
  }
  crypto::RsaPrivateParts parts;
  TRY(parts.d, secret_part(object, "d"));
  // Only d is required; who gives one of the others gives them all (RFC 7518 §6.3.2). Without them
  // the factors follow from d.
  constexpr std::string_view kOthers[] = {"p", "q", "dp", "dq", "qi"};
  const bool is_d_alone = std::none_of(std::begin(kOthers), std::end(kOthers),
                                       [&](std::string_view name) { return object.find(name); });
  if (!is_d_alone) {
    TRY(parts.p, secret_part(object, "p"));
    TRY(parts.q, secret_part(object, "q"));
    TRY(parts.dp, secret_part(object, "dp"));
    TRY(parts.dq, secret_part(object, "dq"));
    TRY(parts.qi, secret_part(object, "qi"));
    // An empty one must not read as one that is left out.
    if (parts.p.empty() || parts.q.empty()) return malformed_jwk("a prime is empty");
  }
  TRY(auto key, crypto::PrivateKey::from_rsa(pub, parts));
  return Jwk::from_private(std::move(key));
}

struct Curve {
  std::string_view name;
  KeyKind kind;
  std::size_t bytes;
};
constexpr Curve kEcCurves[] = {{"P-256", KeyKind::kEcP256, 32},
                               {"P-384", KeyKind::kEcP384, 48},
                               {"P-521", KeyKind::kEcP521, 66}};
constexpr Curve kOkpCurves[] = {{"Ed25519", KeyKind::kEd25519, 32},
                                {"X25519", KeyKind::kX25519, 32}};

Result<const Curve*> find_curve(const json::Object& object, std::span<const Curve> curves) {
  TRY(const std::string* crv, text_member(object, "crv", malformed_jwk("member crv")));
  if (!crv) return malformed_jwk("member crv");
  for (const Curve& curve : curves) {
    if (curve.name == *crv) return &curve;
  }
  return unsupported("crv " + quoted(*crv) + " is not served with this kty");
}

Result<Jwk> parse_ec(const json::Object& object) {
  TRY(const Curve* curve, find_curve(object, kEcCurves));
  TRY(const Bytes x, part(object, "x"));
  TRY(const Bytes y, part(object, "y"));
  if (x.size() != curve->bytes || y.size() != curve->bytes)
    return malformed_jwk("coordinates must have the size of the field");
  if (!object.find("d")) {
    TRY(auto key, crypto::PublicKey::from_ec(curve->kind, x, y));
    return Jwk::from_public(std::move(key));
  }
  TRY(const SecretBytes d, secret_part(object, "d"));
  if (d.size() != curve->bytes) return malformed_jwk("member d must have the size of the field");
  TRY(auto key, crypto::PrivateKey::from_ec(curve->kind, x, y, d.view()));
  return Jwk::from_private(std::move(key));
}

Result<Jwk> parse_okp(const json::Object& object) {
  TRY(const Curve* curve, find_curve(object, kOkpCurves));
  TRY(const Bytes x, part(object, "x"));
  if (x.size() != curve->bytes) return malformed_jwk("member x must have 32 bytes");
  if (!object.find("d")) {
    TRY(auto key, crypto::PublicKey::from_okp(curve->kind, x));
    return Jwk::from_public(std::move(key));
  }
  TRY(const SecretBytes d, secret_part(object, "d"));
  if (d.size() != curve->bytes) return malformed_jwk("member d must have 32 bytes");
  TRY(auto key, crypto::PrivateKey::from_okp(curve->kind, x, d.view()));
  return Jwk::from_private(std::move(key));
}

Result<Jwk> parse_material(const json::Object& object) {
  TRY(const std::string* kty, text_member(object, "kty", malformed_jwk("member kty")));
  if (!kty) return malformed_jwk("member kty");
  if (*kty == "RSA") return parse_rsa(object);
  if (*kty == "EC") return parse_ec(object);
  if (*kty == "OKP") return parse_okp(object);
  if (*kty == "oct") {
    TRY(SecretBytes key, secret_part(object, "k"));
    if (key.empty()) return malformed_jwk("the key is empty");
    return Jwk::from_symmetric(std::move(key));
  }
  return unsupported("kty " + quoted(*kty));
}

Result<std::vector<std::string>> parse_key_ops(const json::Object& object) {
  std::vector<std::string> ops;
  const json::Value* value = object.find("key_ops");
  if (!value) return ops;
  const json::Array* array = value->if_array();
  if (!array || array->size() > kMaxKeyOps) return malformed_jwk("member key_ops");
  for (const json::Value& item : *array) {
    const std::string* op = item.if_string();
    if (!op || std::find(ops.begin(), ops.end(), *op) != ops.end())
      return malformed_jwk("member key_ops");
    ops.push_back(*op);
  }
  return ops;
}

Result<std::vector<crypto::Certificate>> parse_chain(const json::Object& object) {
  std::vector<crypto::Certificate> chain;
  const json::Value* value = object.find("x5c");
  if (!value) return chain;
  const json::Array* array = value->if_array();
  if (!array || array->empty() || array->size() > kMaxChain) return malformed_jwk("member x5c");
  for (const json::Value& item : *array) {
    const std::string* text = item.if_string();
    if (!text) return malformed_jwk("member x5c");
    auto der = base64::decode(*text);
    if (!der.ok()) return malformed_jwk("member x5c is not base64");
    TRY(auto certificate, crypto::Certificate::from_der(der->view()));
    chain.push_back(std::move(certificate));
  }
  return chain;
}

Status check_thumbprint(const json::Object& object, std::string_view name, crypto::Hash hash,
                        const std::vector<crypto::Certificate>& chain) {
  if (!object.find(name)) return Done{};
  TRY(const Bytes stated, part(object, name));
  if (stated.size() != crypto::hash_size(hash)) return malformed_jwk("member " + std::string(name));
  if (!chain.empty() && !same_bytes(stated, chain.front().thumbprint(hash)))
    return Error{Code::kInvalid, "jwk_x5c_mismatch",
                 std::string(name) + " is not the digest of the first certificate"};
  return Done{};
}

Status check_chain(const json::Object& object, const Jwk& key,
                   const std::vector<crypto::Certificate>& chain) {
  TRY(text_member(object, "x5u", malformed_jwk("member x5u")));
  TRY(check_thumbprint(object, "x5t", crypto::Hash::kSha1, chain));
  TRY(check_thumbprint(object, "x5t#S256", crypto::Hash::kSha256, chain));
  if (chain.empty()) return Done{};
  const auto certified = chain.front().public_key();
  if (!key.public_key() || !certified.ok() || !(*certified == *key.public_key()))
    return Error{Code::kInvalid, "jwk_x5c_mismatch", "the first certificate holds another key"};
  return Done{};
}

}  // namespace

Result<Jwk> Jwk::parse(const json::Object& object) {
  TRY(Jwk key, parse_material(object));
  TRY(const std::string* kid, text_member(object, "kid", malformed_jwk("member kid")));
  if (kid) key.kid_ = *kid;
  TRY(const std::string* use, text_member(object, "use", malformed_jwk("member use")));
  if (use) {
    if (*use != "sig" && *use != "enc") return unsupported("use " + quoted(*use));
    key.use_ = *use == "sig" ? KeyUse::kSig : KeyUse::kEnc;
  }
  TRY(const std::string* alg, text_member(object, "alg", malformed_jwk("member alg")));
  if (alg) key.alg_ = *alg;
  TRY(key.key_ops_, parse_key_ops(object));
  TRY(check_declared_use(key));
  TRY(check_declared_alg(key));
  TRY(key.chain_, parse_chain(object));
  TRY(check_chain(object, key, key.chain_));
  return key;
}

Result<Jwk> Jwk::parse(std::string_view text) {
  TRY(json::Object object, json::parse_object(text, {.max_bytes = kMaxJwkText, .max_depth = 8}));
  auto key = parse(object);
  wipe_secret_members(object);
  return key;
}

}  // namespace signet::jose
