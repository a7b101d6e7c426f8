#include "secrets/stores/pkcs11/key_reader.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/base64.h"
#include "base/text.h"
#include "crypto/cipher.h"
#include "crypto/der.h"
#include "crypto/digest.h"

namespace signet::secrets::pkcs11 {
namespace {

Error unreadable(std::string detail) {
  return {Code::kConfig, "secret_unreadable", std::move(detail)};
}

Error ambiguous(const std::string& label, std::size_t count) {
  return {Code::kConfig, "pkcs11_label_ambiguous",
          std::to_string(count) + " keys of the token are labelled " + quoted(label) +
              "; give each a label (CKA_LABEL) of its own"};
}

/// SubjectPublicKeyInfo of a point: CKA_EC_PARAMS is the DER of the curve's name already.
Result<crypto::PublicKey> ec_key(ByteView parameters, ByteView point) {
  // The standard wants an OCTET STRING around the point; some modules give it bare.
  ByteView rest = point;
  const auto inner = crypto::der_take(rest, crypto::kDerOctetString);
  if (inner && rest.empty()) point = *inner;
  static constexpr std::uint8_t kEcPublicKey[] = {0x06, 0x07, 0x2a, 0x86, 0x48,
                                                  0xce, 0x3d, 0x02, 0x01};
  static constexpr std::uint8_t kNoUnusedBits[] = {0};
  std::array<std::uint8_t, 512> buffer;
  crypto::DerWriter writer(buffer);
  const std::size_t end = writer.position();
  writer.raw(point).raw(kNoUnusedBits).wrap(crypto::kDerBitString, end);
  const std::size_t after_algorithm = writer.position();
  writer.raw(parameters).raw(kEcPublicKey).wrap(crypto::kDerSequence, after_algorithm);
  writer.wrap(crypto::kDerSequence, end);
  if (!writer.ok()) return unreadable("the point of the key is too long");
  return crypto::PublicKey::from_spki(writer.written());
}

/// The public key that an object tells: a public key, or the private one of RSA.
Result<std::optional<crypto::PublicKey>> told_public_key(Session& session, Object object,
                                                         CK_KEY_TYPE type) {
  static constexpr CK_ATTRIBUTE_TYPE kTypes[] = {CKA_MODULUS, CKA_PUBLIC_EXPONENT, CKA_EC_PARAMS,
                                                 CKA_EC_POINT};
  TRY(const auto values, session.read(object, kTypes));
  const auto has = [&](std::size_t i) { return values[i] && !values[i]->empty(); };
  std::optional<crypto::PublicKey> key;
  if (type == CKK_RSA && has(0) && has(1)) {
    TRY(key, crypto::PublicKey::from_rsa(*values[0], *values[1]));
  } else if (type == CKK_EC && has(2) && has(3)) {
    TRY(key, ec_key(*values[2], *values[3]));
  }
  return key;
}

/// Certificates beside a key: those of its CKA_ID, or of its label where it has no ID.
Result<std::vector<crypto::Certificate>> read_certificates(Session& session,
                                                           const Attribute& beside,
                                                           std::vector<std::string>& warnings) {
  TRY(const std::vector<Object> objects, session.find(of_class(CKO_CERTIFICATE, beside)));
  std::vector<crypto::Certificate> out;
  for (const Object object : objects) {
    static constexpr CK_ATTRIBUTE_TYPE kTypes[] = {CKA_CERTIFICATE_TYPE, CKA_VALUE};
    TRY(const auto values, session.read(object, kTypes));
    if (number_in(values[0], CKC_X_509) != CKC_X_509 || !values[1]) continue;
    auto certificate = crypto::Certificate::from_der(*values[1]);
    if (certificate.ok()) {
      out.push_back(std::move(certificate).value());
    } else {
      warnings.push_back("a certificate cannot be read: " + certificate.error().detail);
    }
  }
  return out;
}

/// The public half of a pair: of the public object, of the private one (RSA), or of a certificate.
Result<crypto::PublicKey> public_half(Session& session, const KeyName& name, Object object,
                                      CK_KEY_TYPE type,
                                      const std::vector<crypto::Certificate>& certificates) {
  const Attribute beside =
      name.id.empty() ? Attribute::text(CKA_LABEL, name.label) : Attribute{CKA_ID, name.id};
  TRY(const std::vector<Object> publics, session.find(of_class(CKO_PUBLIC_KEY, beside)));
  if (publics.size() > 1) {
    return Error{Code::kConfig, "pkcs11_label_ambiguous",
                 "several public keys share the CKA_ID of the key " + quoted(name.label)};
  }
  for (const Object source : publics) {
    TRY(const auto key, told_public_key(session, source, type));
    if (key) return *key;
  }
  TRY(const auto told, told_public_key(session, object, type));
  if (told) return *told;
  for (const auto& certificate : certificates) {
    auto key = certificate.public_key();
    if (key.ok()) return key;
  }
  return unreadable("the private key has neither a public key nor a certificate of its CKA_ID");
}

/// What CKA_ALLOWED_MECHANISMS holds.
std::vector<CK_MECHANISM_TYPE> mechanisms_in(const std::optional<Bytes>& value) {
  std::vector<CK_MECHANISM_TYPE> out;
  if (!value) return out;
  out.resize(value->size() / sizeof(CK_MECHANISM_TYPE));
  if (!out.empty()) std::memcpy(out.data(), value->data(), out.size() * sizeof out[0]);
  return out;
}

/// A module may have the mechanism and not all of its parameters: a small question tells.
bool does_oaep(Session& session, const Mechanism& mechanism, Object object,
               const crypto::PublicKey& key, crypto::RsaPadding padding, Random& random) {
  Bytes sample(16);
  random.fill(sample);
  const auto sealed = crypto::rsa_encrypt(key, padding, sample);
  if (!sealed.ok()) return false;
  const auto opened = session.decrypt(mechanism, object, *sealed);
  return opened.ok() && constant_time_equal(opened->view(), sample);
}

void judge(Session& session, const Place& place, Random& random, ReadKey& key) {
  for (const jose::JwsAlg alg : jose::all_jws_algs()) {
    if (plan_signature(alg, key.facts, place)) key.signs.push_back(alg);
  }
  for (const jose::JweAlg alg : jose::all_jwe_algs()) {
    const auto plan = plan_unwrap(alg, key.facts, place);
    if (!plan) continue;
    const bool is_oaep = plan->type == CKM_RSA_PKCS_OAEP;
    const auto padding = alg == jose::JweAlg::kRsaOaep ? crypto::RsaPadding::kOaepSha1
                                                       : crypto::RsaPadding::kOaepSha256;
    if (is_oaep &&
        !does_oaep(session, *plan, key.object, *key.public_half->public_key(), padding, random)) {
      continue;
    }
    key.unwraps.push_back(alg);
  }
}

/// A MAC key's kid is made as that of a key at hand, in the token; where it makes no such MAC, of
/// its place and names.
Result<KeyId> kid_of(Session& session, const Place& place, const ReadKey& key) {
  if (key.facts.may_sign && key.facts.type != CKK_AES && place.can(CKM_SHA256_HMAC, CKF_SIGN)) {
    const Mechanism mac{CKM_SHA256_HMAC, {}};
    TRY(const Bytes tag, session.sign(mac, key.object, as_bytes(symmetric_kid_text())));
    return symmetric_kid(tag);
  }
  const auto digest =
      crypto::sha256(as_bytes(place.serial + '\0' + key.name.label + '\0' + hex(key.name.id)));
  return KeyId(base64::url_encode(ByteView(digest).first(12)));
}

/// A private or a secret key with that label.
struct Held {
  Object object;
  CK_OBJECT_CLASS type;
};

Result<std::vector<Held>> find_held(Session& session, const std::string& label) {
  std::vector<Held> held;
  for (const CK_OBJECT_CLASS type : {CKO_PRIVATE_KEY, CKO_SECRET_KEY}) {
    TRY(const std::vector<Object> found,
        session.find(of_class(type, Attribute::text(CKA_LABEL, label))));
    for (const Object object : found)
      held.push_back({object, type});
  }
  return held;
}

Result<ReadAlias> read_held(Session& session, const Place& place, const std::string& label,
                            const Held& held, Random& random) {
  static constexpr CK_ATTRIBUTE_TYPE kTypes[] = {CKA_KEY_TYPE,  CKA_ID,
                                                 CKA_SIGN,      CKA_DECRYPT,
                                                 CKA_UNWRAP,    CKA_EXTRACTABLE,
                                                 CKA_SENSITIVE, CKA_ALWAYS_AUTHENTICATE,
                                                 CKA_VALUE_LEN, CKA_ALLOWED_MECHANISMS};
  TRY(const auto values, session.read(held.object, kTypes));
  ReadAlias out;
  out.key.emplace();
  ReadKey& key = *out.key;
  key.object = held.object;
  key.name = {held.type, label, values[1].value_or(Bytes())};
  key.facts.type = number_in(values[0], 0);
  key.facts.may_sign = flag_in(values[2], false);
  key.facts.may_decrypt = flag_in(values[3], false);
  key.facts.may_unwrap = flag_in(values[4], false);
  key.facts.allowed = mechanisms_in(values[9]);
  if (flag_in(values[5], false) || !flag_in(values[6], true))
    out.warnings.push_back("the key can leave the token: it is extractable or not sensitive");
  if (flag_in(values[7], false)) {
    return Error{Code::kUnsupported, "pkcs11_always_authenticate",
                 "the key wants the PIN anew for every use (CKA_ALWAYS_AUTHENTICATE)"};
  }
  if (held.type == CKO_SECRET_KEY) {
    const std::size_t size = number_in(values[8], 0);
    key.facts.bits = size * 8;
    key.public_half = jose::Jwk::of_hidden_symmetric(size);
    TRY(key.kid, kid_of(session, place, key));
  } else {
    if (key.facts.type != CKK_RSA && key.facts.type != CKK_EC)
      return unreadable("the key is neither RSA nor EC");
    const Attribute beside =
        key.name.id.empty() ? Attribute::text(CKA_LABEL, label) : Attribute{CKA_ID, key.name.id};
    TRY(auto certificates, read_certificates(session, beside, out.warnings));
    TRY(const crypto::PublicKey half,
        public_half(session, key.name, held.object, key.facts.type, certificates));
    key.facts.kind = half.kind();
    key.facts.bits = half.bits();
    std::erase_if(certificates, [&](const crypto::Certificate& certificate) {
      const auto its = certificate.public_key();
      return !its.ok() || !(*its == half);
    });
    key.public_half = jose::Jwk::from_public(half);
    // One certificate: a second one of the same key would be another chain.
    if (!certificates.empty()) {
      std::vector<crypto::Certificate> leaf = {certificates.front()};
      key.public_half = key.public_half->with_chain(std::move(leaf));
    }
  }
  judge(session, place, random, key);
  return out;
}

}  // namespace

Result<ReadAlias> read_alias(Session& session, const Place& place, const std::string& label,
                             Random& random) {
  TRY(const std::vector<Held> held, find_held(session, label));
  if (held.size() > 1) return ambiguous(label, held.size());
  if (held.size() == 1) return read_held(session, place, label, held.front(), random);
  ReadAlias out;
  const Attribute named = Attribute::text(CKA_LABEL, label);
  TRY(const std::vector<Object> publics, session.find(of_class(CKO_PUBLIC_KEY, named)));
  if (publics.size() > 1) return ambiguous(label, publics.size());
  for (const Object object : publics) {
    static constexpr CK_ATTRIBUTE_TYPE kTypes[] = {CKA_KEY_TYPE};
    TRY(const auto values, session.read(object, kTypes));
    TRY(out.public_key, told_public_key(session, object, number_in(values[0], 0)));
    if (!out.public_key) return unreadable("the public key is neither RSA nor EC");
  }
  TRY(out.certificates, read_certificates(session, named, out.warnings));
  return out;
}

Result<Object> find_key(Session& session, const KeyName& name) {
  Template wanted = of_class(name.type, Attribute::text(CKA_LABEL, name.label));
  if (!name.id.empty()) wanted.push_back({CKA_ID, name.id});
  TRY(const std::vector<Object> found, session.find(wanted));
  if (found.size() == 1) return found.front();
  if (!found.empty()) return ambiguous(name.label, found.size());
  return Error{Code::kUnavailable, "pkcs11_key_gone",
               "the token holds no key " + quoted(name.label) + " any more"};
}

}  // namespace signet::secrets::pkcs11
