#include "secrets/secret.h"

#include "base/base64.h"
#include "base/text.h"
#include "crypto/digest.h"

namespace signet::secrets {
namespace {

constexpr std::string_view kSymmetricKidText = "signet: kid of a symmetric key, 1";
constexpr std::size_t kSymmetricKidBytes = 12;

std::string kid_of(const jose::Jwk& jwk) {
  if (!jwk.is_symmetric()) return jwk.thumbprint();
  const crypto::MacKey mac(crypto::Hash::kSha256, jwk.symmetric());
  std::array<std::uint8_t, 32> tag{};
  mac.mac(as_bytes(kSymmetricKidText), tag.data());
  return symmetric_kid(tag).str();
}

bool is_encrypting(Purpose purpose) {
  return purpose == Purpose::kEncryption || purpose == Purpose::kDecryption;
}

}  // namespace

std::string_view symmetric_kid_text() {
  return kSymmetricKidText;
}

KeyId symmetric_kid(ByteView tag) {
  return KeyId(base64::url_encode(tag.first(kSymmetricKidBytes)));
}

std::string_view to_string(SecretKind kind) {
  switch (kind) {
    case SecretKind::kText:
      return "text";
    case SecretKind::kSymmetric:
      return "symmetric key";
    case SecretKind::kKeyPair:
      return "key pair";
    case SecretKind::kRemoteKey:
      return "remote key";
    case SecretKind::kPublicKey:
      return "public key";
    case SecretKind::kCertificates:
      return "certificates";
  }
  return "unknown";
}

Secret Secret::under_kid(KeyId other) const {
  Secret renamed = *this;
  if (key) {
    const auto make = key->is_remote() ? jose::Key::remote : jose::Key::local;
    renamed.key = make(key->jwk().with_kid(other.str()), key->allowed());
  }
  renamed.kid = std::move(other);
  return renamed;
}

Secret Secret::of_text(SecretBytes text) {
  Secret secret;
  secret.kind = SecretKind::kText;
  secret.text = std::make_shared<const SecretBytes>(std::move(text));
  return secret;
}

Secret Secret::of_key(jose::Jwk jwk, std::optional<KeyId> chosen) {
  Secret secret;
  secret.kid = chosen ? std::move(*chosen) : KeyId(kid_of(jwk));
  secret.kind = jwk.is_symmetric()  ? SecretKind::kSymmetric
                : jwk.private_key() ? SecretKind::kKeyPair
                                    : SecretKind::kPublicKey;
  secret.certificates = jwk.chain();
  secret.key = jose::Key::local(jwk.with_kid(secret.kid.str()));
  return secret;
}

Secret Secret::of_remote_key(jose::Jwk public_half, std::vector<jose::JwsAlg> allowed,
                             std::shared_ptr<const RemoteKey> remote, std::optional<KeyId> chosen) {
  Secret secret;
  secret.kid = chosen ? std::move(*chosen) : KeyId(kid_of(public_half));
  secret.kind = SecretKind::kRemoteKey;
  secret.certificates = public_half.chain();
  secret.key = jose::Key::remote(public_half.with_kid(secret.kid.str()), std::move(allowed));
  secret.remote = std::move(remote);
  return secret;
}

Secret Secret::of_certificates(std::vector<crypto::Certificate> certificates) {
  Secret secret;
  secret.kind = SecretKind::kCertificates;
  secret.certificates = std::move(certificates);
  return secret;
}

std::vector<jose::JwsAlg> signing_algorithms(const SecretId& id, const Secret& secret) {
  std::vector<jose::JwsAlg> algs;
  const SecretIdRow* row = find_row(id);
  if (row == nullptr || row->purpose != Purpose::kSigning || !secret.key) return algs;
  // What a box can do is told by its list alone; an empty one is no leave to do everything.
  if (secret.key->is_remote() && secret.key->allowed().empty()) return algs;
  for (const auto name : row->algorithms) {
    const auto alg = jose::parse_jws_alg(name);
    if (alg && secret.key->can_verify(*alg)) algs.push_back(*alg);
  }
  return algs;
}

Secret bound_to(const SecretId& id, const Secret& secret) {
  const SecretIdRow* row = find_row(id);
  if (row == nullptr || !secret.key) return secret;
  Secret bound = secret;
  const jose::Jwk& jwk = secret.key->jwk();
  const auto make = secret.key->is_remote() ? jose::Key::remote : jose::Key::local;
  if (row->purpose == Purpose::kSigning) {
    auto algs = signing_algorithms(id, secret);
    if (algs.empty()) return secret;  // serves XML signatures or TLS, not JWS
    bound.key = make(jwk.use() ? jwk : jwk.with_use(jose::KeyUse::kSig), std::move(algs));
  } else if (is_encrypting(row->purpose) && (!jwk.use() || secret.key->is_remote())) {
    // Without its list of signature algorithms: a key that has one is never used for JWE.
    bound.key = make(jwk.use() ? jwk : jwk.with_use(jose::KeyUse::kEnc), {});
  }
  return bound;
}

bool can_be_active(const Secret& secret) {
  if (secret.kind == SecretKind::kRemoteKey) return secret.remote != nullptr;
  return secret.kind != SecretKind::kPublicKey;
}

bool same_material(const Secret& a, const Secret& b) {
  if (!a.key || !b.key) return false;
  const jose::Jwk& left = a.key->jwk();
  const jose::Jwk& right = b.key->jwk();
  if (left.is_symmetric() != right.is_symmetric()) return false;
  if (left.is_symmetric() && (left.is_hidden() || right.is_hidden()))
    return left.is_hidden() == right.is_hidden() && a.kid == b.kid;
  if (left.is_symmetric()) return constant_time_equal(left.symmetric(), right.symmetric());
  return *left.public_key() == *right.public_key();
}

}  // namespace signet::secrets
