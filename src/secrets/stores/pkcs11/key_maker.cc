#include "secrets/stores/pkcs11/key_maker.h"

#include <algorithm>

#include "base/text.h"

namespace signet::secrets::pkcs11 {
namespace {

/// The DER of the curve's object identifier (RFC 5480 §2.1.1.1).
Bytes curve_name(crypto::KeyKind kind) {
  switch (kind) {
    case crypto::KeyKind::kEcP256:
      return {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    case crypto::KeyKind::kEcP384:
      return {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
    case crypto::KeyKind::kEcP521:
      return {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23};
    default:
      return {};
  }
}

Error taken(const std::string& label) {
  return {Code::kConflict, "alias_exists", "the token holds a key " + quoted(label)};
}

Result<std::vector<Object>> labelled(Session& session, CK_OBJECT_CLASS type,
                                     const std::string& label) {
  return session.find(of_class(type, Attribute::text(CKA_LABEL, label)));
}

Status refuse_taken(Session& session, const std::string& label) {
  for (const CK_OBJECT_CLASS type :
       {CKO_PRIVATE_KEY, CKO_SECRET_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE}) {
    TRY(const std::vector<Object> there, labelled(session, type, label));
    if (!there.empty()) return taken(label);
  }
  return Done{};
}

/// A key that signs and never leaves the token.
Template kept_inside(CK_OBJECT_CLASS type, const std::string& label, const Bytes& id) {
  return {Attribute::number(CKA_CLASS, type),
          Attribute::flag(CKA_TOKEN, true),
          Attribute::flag(CKA_PRIVATE, true),
          Attribute::flag(CKA_SENSITIVE, true),
          Attribute::flag(CKA_EXTRACTABLE, false),
          Attribute::text(CKA_LABEL, label),
          Attribute{CKA_ID, id},
          Attribute::flag(CKA_SIGN, true)};
}

/// Tokens have no "only if absent": of two instances that were here at once both take back what
/// they `made`.
Status keep_if_alone(Session& session, CK_OBJECT_CLASS type, const std::string& label,
                     const std::vector<Object>& made) {
  TRY(const std::vector<Object> now, labelled(session, type, label));
  if (now.size() <= 1) return Done{};
  for (const Object object : made)
    TRY(session.destroy(object));
  return taken(label);
}

}  // namespace

Status make_pair(Session& session, const Place& place, const std::string& label,
                 crypto::KeyKind kind, std::size_t bits, Random& random) {
  TRY(refuse_taken(session, label));
  const bool is_rsa = kind == crypto::KeyKind::kRsa;
  const Bytes curve = curve_name(kind);
  const CK_MECHANISM_TYPE type = is_rsa ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN;
  if ((!is_rsa && curve.empty()) || !place.can(type, CKF_GENERATE_KEY_PAIR)) {
    return Error{Code::kUnsupported, "key_kind_unsupported",
                 "this token makes no key of kind " + std::string(crypto::to_string(kind))};
  }
  Bytes id(16);
  random.fill(id);
  Template open = {Attribute::number(CKA_CLASS, CKO_PUBLIC_KEY),
                   Attribute::flag(CKA_TOKEN, true),
                   Attribute::flag(CKA_PRIVATE, false),
                   Attribute::text(CKA_LABEL, label),
                   Attribute{CKA_ID, id},
                   Attribute::flag(CKA_VERIFY, true)};
  Template closed = kept_inside(CKO_PRIVATE_KEY, label, id);
  if (is_rsa) {
    open.push_back(Attribute::number(CKA_MODULUS_BITS, bits == 0 ? 2048 : bits));
    open.push_back({CKA_PUBLIC_EXPONENT, {0x01, 0x00, 0x01}});
    open.push_back(Attribute::flag(CKA_ENCRYPT, true));
    closed.push_back(Attribute::flag(CKA_DECRYPT, true));
  } else {
    open.push_back({CKA_EC_PARAMS, curve});
  }
  const Mechanism how{type, {}};
  Object public_object = CK_INVALID_HANDLE;
  TRY(const Object made, session.generate_pair(how, open, closed, public_object));
  return keep_if_alone(session, CKO_PRIVATE_KEY, label, {made, public_object});
}

Status make_mac_key(Session& session, const Place& place, const std::string& label,
                    std::size_t bytes, Random& random) {
  TRY(refuse_taken(session, label));
  if (bytes == 0 || !place.can(CKM_GENERIC_SECRET_KEY_GEN, CKF_GENERATE)) {
    return Error{Code::kUnsupported, "key_kind_unsupported",
                 bytes == 0 ? "the token does not tell how long the key before it is"
                            : "this token makes no MAC keys (CKM_GENERIC_SECRET_KEY_GEN)"};
  }
  Bytes id(16);
  random.fill(id);
  Template secret = kept_inside(CKO_SECRET_KEY, label, id);
  secret.push_back(Attribute::number(CKA_KEY_TYPE, CKK_GENERIC_SECRET));
  secret.push_back(Attribute::number(CKA_VALUE_LEN, bytes));
  secret.push_back(Attribute::flag(CKA_VERIFY, true));
  const Mechanism how{CKM_GENERIC_SECRET_KEY_GEN, {}};
  TRY(const Object made, session.generate_key(how, secret));
  return keep_if_alone(session, CKO_SECRET_KEY, label, {made});
}

}  // namespace signet::secrets::pkcs11
