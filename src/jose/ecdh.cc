#include "jose/ecdh.h"

#include "crypto/kdf.h"
#include "jose/content.h"
#include "jose/issuer_key.h"
#include "jose/members.h"

namespace signet::jose {
namespace {

void append_number(Bytes& out, std::size_t number) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(number >> shift));
}
void append_sized(Bytes& out, ByteView part) {
  append_number(out, part.size());
  out.insert(out.end(), part.begin(), part.end());
}

/// apu and apv are optional; their types were checked with the header.
Bytes optional_bytes(const json::Object& joint, std::string_view name) {
  const json::Value* value = joint.find(name);
  if (!value || !value->is_string()) return {};
  auto bytes = base64::url_decode(*value->if_string());
  return bytes.ok() ? std::move(bytes).value() : Bytes{};
}

}  // namespace

SecretBytes derive_from_agreement(ByteView z, JweAlg alg, JweEnc enc, ByteView apu, ByteView apv) {
  const bool is_direct = alg == JweAlg::kEcdhEs;
  const std::size_t size = is_direct ? key_size(enc) : info(alg).wrap_key_bytes;
  Bytes other_info;
  append_sized(other_info, as_bytes(is_direct ? name(enc) : name(alg)));
  append_sized(other_info, apu);
  append_sized(other_info, apv);
  append_number(other_info, size * 8);
  return crypto::concat_kdf_sha256(z, other_info, size);
}

Result<SecretBytes> agree_as_sender(const crypto::EcdhSender& sender, const EncryptOptions& options,
                                    ByteView agreement_secret, json::Object& members) {
  TRY(const auto agreement, sender.agree());
  Bytes apu = options.apu;
  if (!agreement_secret.empty()) {
    TRY(apu, wrap_agreement(agreement_secret, agreement.z.view()));
  }
  json::Object epk;
  epk.set("kty", agreement.y.empty() ? "OKP" : "EC");
  epk.set("crv", to_string(sender.kind()));
  epk.set("x", base64::url_encode(agreement.x));
  if (!agreement.y.empty()) epk.set("y", base64::url_encode(agreement.y));
  members.set("epk", std::move(epk));
  if (!apu.empty()) members.set("apu", base64::url_encode(apu));
  if (!options.apv.empty()) members.set("apv", base64::url_encode(options.apv));
  return derive_from_agreement(agreement.z.view(), options.alg, options.enc, apu, options.apv);
}

Result<SecretBytes> agree_as_recipient(const Jwk& recipient, JweAlg alg, JweEnc enc,
                                       const json::Object& joint) {
  const Error invalid{Code::kInvalid, "jwe_epk_invalid", "the ephemeral key is not usable"};
  const json::Value* member = joint.find("epk");
  if (!member || !member->is_object() || member->if_object()->find("d")) return invalid;
  const auto epk = Jwk::parse(*member->if_object());
  if (!epk.ok() || !epk->public_key() || !recipient.private_key() ||
      epk->public_key()->kind() != recipient.private_key()->kind()) {
    return invalid;
  }
  const auto z = crypto::agree(*recipient.private_key(), *epk->public_key());
  if (!z.ok()) return invalid;  // a point of low order
  return derive_from_agreement(z->view(), alg, enc, optional_bytes(joint, "apu"),
                               optional_bytes(joint, "apv"));
}

}  // namespace signet::jose
