#include <array>

#include "base/base64.h"
#include "base/text.h"
#include "jose/content.h"
#include "jose/jwe_internal.h"
#include "jose/key_fit.h"
#include "jose/key_management.h"

namespace signet::jose {
namespace {

/// alg, kid, what key management adds, the caller's members, enc: the order of RFC 7520.
std::string encode_header(std::string_view alg, std::string_view enc, std::string_view kid,
                          const json::Object& parameters, const json::Object& extra) {
  std::string text;
  json::ObjectWriter writer(text);
  writer.add("alg", alg);
  if (!kid.empty() && !extra.find("kid")) writer.add("kid", kid);
  for (const auto& [member, value] : parameters)
    writer.add(member, value);
  for (const auto& [member, value] : extra)
    writer.add(member, value);
  writer.add("enc", enc).end();
  return base64::url_encode(as_bytes(text));
}

SecretBytes random_key(JweEnc enc, Random& random) {
  SecretBytes cek(key_size(enc));
  random.fill(cek.span());
  return cek;
}

struct Content {
  std::array<std::uint8_t, 16> iv_buffer{};
  std::size_t iv_size = 0;
  Sealed sealed;
  ByteView iv() const { return ByteView(iv_buffer).first(iv_size); }
};

Result<Content> seal_content(JweEnc enc, ByteView cek, ByteView aad, ByteView plain,
                             Random& random) {
  Content content;
  content.iv_size = info(enc).iv_bytes();
  random.fill(ByteSpan(content.iv_buffer).first(content.iv_size));
  TRY(content.sealed, seal(enc, cek, content.iv(), aad, plain));
  return content;
}

/// One recipient whose parameters all stand in the protected header.
struct Single {
  std::string encoded_header;
  Bytes encrypted_key;
  SecretBytes cek;
};

Result<Single> make_single(const Key& key, const EncryptOptions& options, bool with_kid,
                           Random& random) {
  Single single;
  json::Object parameters;
  if (is_direct(options.alg)) {
    TRY(single.cek, agree_content_key(key.jwk(), options, parameters));
  } else {
    single.cek = random_key(options.enc, random);
    TRY(Wrapped wrapped, wrap_content_key(key.jwk(), options, single.cek.view(), random));
    single.encrypted_key = std::move(wrapped.encrypted_key);
    parameters = std::move(wrapped.members);
  }
  single.encoded_header =
      encode_header(name(options.alg), name(options.enc), with_kid ? key.kid() : std::string(),
                    parameters, options.extra);
  return single;
}

Result<json::Array> wrap_for_all(std::span<const JsonRecipient> recipients,
                                 const EncryptOptions& options, ByteView cek, Random& random) {
  json::Array entries;
  for (const JsonRecipient& recipient : recipients) {
    TRY(Wrapped wrapped, wrap_content_key(recipient.key->jwk(), options, cek, random));
    json::Object header;
    if (!recipient.key->kid().empty() && !recipient.unprotected.find("kid"))
      header.set("kid", recipient.key->kid());
    if (!join_headers({&wrapped.members, &recipient.unprotected}, header))
      return jwe_header_malformed("a member stands in two headers");
    json::Object entry;
    if (!header.empty()) entry.set("header", std::move(header));
    entry.set("encrypted_key", base64::url_encode(wrapped.encrypted_key));
    entries.emplace_back(std::move(entry));
  }
  return entries;
}

}  // namespace

Status check_can_encrypt(const KeyPtr& key, JweAlg alg, JweEnc enc) {
  if (!key || !key->allowed().empty() || !fits_encryption(key->jwk(), alg, enc)) {
    return Error{
        Code::kInvalid, "jwe_key_wrong",
        "the key does not fit " + std::string(name(alg)) + " with " + std::string(name(enc))};
  }
  return Done{};
}

Status check_options(const EncryptOptions& options) {
  if (options.alg == JweAlg::kRsa15 && !options.allow_rsa15)
    return Error{Code::kDenied, "jwe_alg_not_allowed", "RSA1_5 is switched off"};
  if (info(options.alg).family == JweFamily::kPbes2 && options.pbes2_iterations < 1000)
    return Error{Code::kInvalid, "jwe_pbes2_iterations", "at least 1000 iterations (RFC 7518)"};
  static constexpr HeaderFaults kFaults = {"jwe_header_malformed", "jwe_header_malformed",
                                           "jwe_header_malformed"};
  TRY(check_member_types(options.extra, kFaults));
  for (const std::string_view reserved :
       {"alg", "enc", "zip", "crit", "epk", "apu", "apv", "iv", "tag", "p2s", "p2c"}) {
    if (options.extra.find(reserved))
      return jwe_header_malformed(quoted(reserved) + " cannot be set by the caller");
  }
  return Done{};
}

Result<std::string> encrypt_json(std::span<const JsonRecipient> recipients, ByteView plain,
                                 const EncryptOptions& options, ByteView aad, Random& random) {
  TRY(check_options(options));
  if (recipients.empty() || recipients.size() > kMaxRecipients)
    return jwe_header_malformed("there must be 1 to 16 recipients");
  if (recipients.size() > 1 && is_direct(options.alg))
    return Error{Code::kInvalid, "jwe_alg_not_allowed", "the algorithm serves one recipient only"};
  for (const JsonRecipient& recipient : recipients) {
    TRY(check_can_encrypt(recipient.key, options.alg, options.enc));
    for (const std::string_view reserved : {"alg", "enc", "zip", "crit"}) {
      if (recipient.unprotected.find(reserved))
        return jwe_header_malformed("a member must be protected");
    }
    for (const auto& [member, value] : recipient.unprotected) {
      if (options.extra.find(member)) return jwe_header_malformed("a member stands in two headers");
    }
  }

  json::Object out;
  std::string header;
  SecretBytes cek;
  if (recipients.size() == 1) {
    const JsonRecipient& only = recipients.front();
    const bool with_kid = only.unprotected.find("kid") == nullptr;
    TRY(Single single, make_single(*only.key, options, with_kid, random));
    header = std::move(single.encoded_header);
    cek = std::move(single.cek);
    out.set("protected", header);
    if (!only.unprotected.empty()) out.set("header", only.unprotected);
    if (!single.encrypted_key.empty())
      out.set("encrypted_key", base64::url_encode(single.encrypted_key));
  } else {
    cek = random_key(options.enc, random);
    header = encode_header(name(options.alg), name(options.enc), "", {}, options.extra);
    out.set("protected", header);
    TRY(json::Array entries, wrap_for_all(recipients, options, cek.view(), random));
    out.set("recipients", std::move(entries));
  }
  std::string authenticated = header;
  if (!aad.empty()) {
    authenticated += '.';
    base64::url_append(authenticated, aad);
    out.set("aad", base64::url_encode(aad));
  }
  TRY(const Content content,
      seal_content(options.enc, cek.view(), as_bytes(authenticated), plain, random));
  out.set("iv", base64::url_encode(content.iv()));
  out.set("ciphertext", base64::url_encode(content.sealed.ciphertext));
  out.set("tag", base64::url_encode(content.sealed.tag));
  return json::dump(out);
}

}  // namespace signet::jose
