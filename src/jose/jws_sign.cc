#include "base/base64.h"
#include "base/text.h"
#include "jose/jws_internal.h"

namespace signet::jose {
namespace {

Error malformed_header(std::string detail) {
  return {Code::kInvalid, "jws_header_malformed", std::move(detail)};
}

Status check_can_sign(const KeyPtr& key, JwsAlg alg) {
  if (!key) return Error{Code::kInvalid, "jws_no_key", "there is no key to sign with"};
  if (key->can_sign(alg)) return Done{};
  if (is_mac(alg) && key->jwk().is_symmetric() && !key->jwk().is_hidden() &&
      key->jwk().symmetric().size() < crypto::hash_size(mac_hash(alg))) {
    return Error{Code::kInvalid, "jws_key_too_short", "the HMAC key is shorter than its hash"};
  }
  return Error{Code::kInvalid, "jws_alg_not_allowed",
               "the key cannot sign with " + std::string(name(alg))};
}

/// alg, kid, then the others in their order.
Result<std::string> encode_header(const Key& key, JwsAlg alg, const json::Object& extra,
                                  bool with_kid) {
  static constexpr HeaderFaults kFaults = {"jws_header_malformed", "jws_header_malformed",
                                           "jws_header_malformed"};
  TRY(check_member_types(extra, kFaults));
  // The encoded payload is the only one that is made here.
  for (const std::string_view reserved : {"alg", "b64", "crit"}) {
    if (extra.find(reserved))
      return malformed_header(quoted(reserved) + " cannot be set by the caller");
  }
  std::string text;
  json::ObjectWriter writer(text);
  writer.add("alg", name(alg));
  if (with_kid && !key.kid().empty() && !extra.find("kid")) writer.add("kid", key.kid());
  for (const auto& [member, value] : extra)
    writer.add(member, value);
  writer.end();
  return base64::url_encode(as_bytes(text));
}

}  // namespace

Result<CompactSigner> CompactSigner::make(KeyPtr key, JwsAlg alg, const json::Object& extra) {
  TRY(check_can_sign(key, alg));
  TRY(std::string header, encode_header(*key, alg, extra, true));
  return CompactSigner(std::move(key), alg, std::move(header));
}

Status CompactSigner::append(std::string& out, ByteView payload) const {
  const std::size_t start = out.size();
  const std::size_t signature_size = key_->signature_size(alg_);
  const std::size_t input_size = encoded_header_.size() + 1 + base64::url_size(payload.size());
  std::array<std::uint8_t, kMaxSignature> signature;
  if (signature_size > signature.size())
    return Error{Code::kInternal, "jws_signature_too_large", "the signature exceeds 2048 bytes"};

  out.resize(start + input_size + 1 + base64::url_size(signature_size));
  char* at = std::copy(encoded_header_.begin(), encoded_header_.end(), out.data() + start);
  *at++ = '.';
  at = base64::url_write(at, payload);
  const ByteView input = as_bytes({out.data() + start, input_size});
  if (auto status = key_->sign(alg_, input, signature.data()); !status.ok()) {
    out.resize(start);
    return status;
  }
  *at++ = '.';
  base64::url_write(at, {signature.data(), signature_size});
  return Done{};
}

void CompactSigner::append_signing_input(std::string& out, ByteView payload) const {
  out.reserve(out.size() + encoded_header_.size() + 1 + base64::url_size(payload.size()));
  out += encoded_header_;
  out += '.';
  base64::url_append(out, payload);
}

void CompactSigner::finish(std::string& out, ByteView signature) {
  out += '.';
  base64::url_append(out, signature);
}

Result<std::string> sign_compact(const KeyPtr& key, JwsAlg alg, ByteView payload,
                                 const json::Object& extra) {
  TRY(const CompactSigner signer, CompactSigner::make(key, alg, extra));
  std::string token;
  TRY(signer.append(token, payload));
  return token;
}

Result<std::string> sign_json(std::span<const JsonSignature> signatures, ByteView payload,
                              bool general) {
  if (signatures.empty()) return malformed_header("there is nothing to sign with");
  const std::string encoded_payload = base64::url_encode(payload);
  json::Array entries;
  for (const JsonSignature& one : signatures) {
    TRY(check_can_sign(one.key, one.alg));
    const bool has_kid = one.unprotected.find("kid") != nullptr;
    TRY(const std::string header, encode_header(*one.key, one.alg, one.protected_extra, !has_kid));
    json::Object joint;
    if (!join_headers({&one.protected_extra, &one.unprotected}, joint) ||
        one.unprotected.find("alg") || one.unprotected.find("crit")) {
      return malformed_header("a member stands in both headers or must be protected");
    }
    const std::string input = header + '.' + encoded_payload;
    Bytes signature(one.key->signature_size(one.alg));
    TRY(one.key->sign(one.alg, as_bytes(input), signature.data()));
    json::Object entry;
    entry.set("protected", header);
    if (!one.unprotected.empty()) entry.set("header", one.unprotected);
    entry.set("signature", base64::url_encode(signature));
    entries.emplace_back(std::move(entry));
  }
  json::Object out;
  out.set("payload", encoded_payload);
  if (entries.size() == 1 && !general) {
    for (const auto& [member, value] : *entries.front().if_object())
      out.set(member, value);
  } else {
    out.set("signatures", std::move(entries));
  }
  return json::dump(out);
}

}  // namespace signet::jose
