#include "jose/jwk.h"

#include "base/base64.h"
#include "crypto/digest.h"

namespace signet::jose {
namespace {

using crypto::KeyKind;

std::string_view curve_name(KeyKind kind) {
  switch (kind) {
    case KeyKind::kEcP256:
      return "P-256";
    case KeyKind::kEcP384:
      return "P-384";
    case KeyKind::kEcP521:
      return "P-521";
    case KeyKind::kEd25519:
      return "Ed25519";
    case KeyKind::kX25519:
      return "X25519";
    case KeyKind::kEd448:
      return "Ed448";
    case KeyKind::kX448:
      return "X448";
    case KeyKind::kSecp256k1:
      return "secp256k1";
    default:
      return "";
  }
}

bool is_okp(KeyKind kind) {
  return kind == KeyKind::kEd25519 || kind == KeyKind::kX25519 || kind == KeyKind::kEd448 ||
         kind == KeyKind::kX448;
}

void add_public_members(json::Object& out, const crypto::PublicKey& key) {
  if (key.kind() == KeyKind::kRsa) {
    const auto parts = key.rsa_parts();
    out.set("n", base64::url_encode(parts.n));
    out.set("e", base64::url_encode(parts.e));
    return;
  }
  out.set("crv", curve_name(key.kind()));
  if (is_okp(key.kind())) {
    out.set("x", base64::url_encode(key.okp_x()));
  } else {
    const auto parts = key.ec_parts();
    out.set("x", base64::url_encode(parts.x));
    out.set("y", base64::url_encode(parts.y));
  }
}

std::string_view kty(const crypto::PublicKey& key) {
  if (key.kind() == KeyKind::kRsa) return "RSA";
  return is_okp(key.kind()) ? "OKP" : "EC";
}

void add_private_members(json::Object& out, const crypto::PrivateKey& key) {
  const auto add = [&](std::string_view name, const SecretBytes& part) {
    out.set(name, base64::url_encode(part.view()));
  };
  if (key.kind() == KeyKind::kRsa) {
    const auto parts = key.rsa_parts();
    add("d", parts.d);
    add("p", parts.p);
    add("q", parts.q);
    add("dp", parts.dp);
    add("dq", parts.dq);
    add("qi", parts.qi);
  } else {
    add("d", is_okp(key.kind()) ? key.okp_d() : key.ec_d());
  }
}

json::Object common_members(const Jwk& key, std::string_view key_type) {
  json::Object out;
  out.set("kty", key_type);
  if (!key.kid().empty()) out.set("kid", key.kid());
  if (key.use()) out.set("use", *key.use() == KeyUse::kSig ? "sig" : "enc");
  if (!key.alg().empty()) out.set("alg", key.alg());
  return out;
}

void add_chain(json::Object& out, const std::vector<crypto::Certificate>& chain) {
  if (chain.empty()) return;
  json::Array encoded;
  for (const auto& certificate : chain)
    encoded.emplace_back(base64::encode(certificate.der()));
  out.set("x5c", std::move(encoded));
  out.set("x5t#S256", base64::url_encode(chain.front().thumbprint(crypto::Hash::kSha256)));
}

}  // namespace

Jwk Jwk::from_public(crypto::PublicKey key) {
  Jwk jwk;
  jwk.public_ = std::move(key);
  return jwk;
}
Jwk Jwk::from_private(crypto::PrivateKey key) {
  Jwk jwk;
  jwk.public_ = key.public_key();
  jwk.private_ = std::move(key);
  return jwk;
}
Jwk Jwk::from_symmetric(SecretBytes key) {
  Jwk jwk;
  jwk.symmetric_ = std::make_shared<const SecretBytes>(std::move(key));
  return jwk;
}

Jwk Jwk::of_hidden_symmetric(std::size_t size) {
  Jwk jwk;
  jwk.symmetric_ = std::make_shared<const SecretBytes>();
  jwk.hidden_size_ = size;
  return jwk;
}

Jwk Jwk::with_kid(std::string kid) const {
  Jwk copy = *this;
  copy.kid_ = std::move(kid);
  return copy;
}
Jwk Jwk::with_use(KeyUse use) const {
  Jwk copy = *this;
  copy.use_ = use;
  return copy;
}
Jwk Jwk::with_alg(std::string alg) const {
  Jwk copy = *this;
  copy.alg_ = std::move(alg);
  return copy;
}
Jwk Jwk::with_chain(std::vector<crypto::Certificate> chain) const {
  Jwk copy = *this;
  copy.chain_ = std::move(chain);
  return copy;
}

std::string Jwk::thumbprint() const {
  if (is_hidden()) return {};
  // Members in lexicographic order, without white space (RFC 7638 §3.2).
  std::string text;
  json::ObjectWriter writer(text);
  if (is_symmetric()) {
    std::string secret = base64::url_encode(symmetric());
    writer.add("k", secret).add("kty", "oct").end();
    wipe(secret);
  } else if (public_->kind() == KeyKind::kRsa) {
    const auto parts = public_->rsa_parts();
    writer.add("e", base64::url_encode(parts.e))
        .add("kty", "RSA")
        .add("n", base64::url_encode(parts.n))
        .end();
  } else if (is_okp(public_->kind())) {
    writer.add("crv", curve_name(public_->kind()))
        .add("kty", "OKP")
        .add("x", base64::url_encode(public_->okp_x()))
        .end();
  } else {
    const auto parts = public_->ec_parts();
    writer.add("crv", curve_name(public_->kind()))
        .add("kty", "EC")
        .add("x", base64::url_encode(parts.x))
        .add("y", base64::url_encode(parts.y))
        .end();
  }
  const auto digest = crypto::sha256(as_bytes(text));
  if (is_symmetric()) wipe(text);
  return base64::url_encode(digest);
}

Result<json::Object> Jwk::public_json() const {
  if (is_symmetric())
    return Error{Code::kDenied, "jwk_symmetric", "a symmetric key has no public form"};
  json::Object out = common_members(*this, kty(*public_));
  add_public_members(out, *public_);
  add_chain(out, chain_);
  return out;
}

json::Object Jwk::private_json() const {
  json::Object out = common_members(*this, is_symmetric() ? "oct" : kty(*public_));
  if (!key_ops_.empty()) {
    json::Array ops;
    for (const auto& op : key_ops_)
      ops.emplace_back(op);
    out.set("key_ops", std::move(ops));
  }
  if (is_symmetric()) {
    if (!is_hidden()) out.set("k", base64::url_encode(symmetric()));
    return out;
  }
  add_public_members(out, *public_);
  if (private_) add_private_members(out, *private_);
  add_chain(out, chain_);
  return out;
}

}  // namespace signet::jose
