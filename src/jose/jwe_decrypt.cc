#include <algorithm>

#include "base/base64.h"
#include "base/json_members.h"
#include "base/text.h"
#include "jose/content.h"
#include "jose/inflate.h"
#include "jose/jwe_internal.h"
#include "jose/key_fit.h"
#include "jose/key_management.h"

namespace signet::jose {
namespace {

Error not_allowed(const char* reason, std::string_view what) {
  return {Code::kDenied, reason, std::string(what) + " is not accepted here"};
}

/// Types of the members that belong to key management (RFC 7518 §4).
Status check_parameter_types(const json::Object& members) {
  TRY(check_member_types(members, kJweFaults));
  for (const std::string_view name : {"apu", "apv", "iv", "tag", "p2s", "zip"}) {
    const json::Value* value = members.find(name);
    if (value && !value->is_string()) return jwe_header_malformed("a member has a wrong type");
  }
  const json::Value* epk = members.find("epk");
  const json::Value* count = members.find("p2c");
  if ((epk && !epk->is_object()) || (count && !count->is_integer()))
    return jwe_header_malformed("epk or p2c has a wrong type");
  return Done{};
}

bool is_usable(const Key& key, const JweHeader& header) {
  return key.allowed().empty() && fits_decryption(key.jwk(), header.alg, header.enc);
}

}  // namespace

Result<CompactParts> split_compact(std::string_view token, const Limits& limits) {
  if (token.size() > limits.max_token)
    return Error{Code::kInvalid, "jwe_too_large", "the token is larger than allowed"};
  CompactParts parts;
  if (!split_parts(token, parts))
    return Error{Code::kInvalid, "jwe_not_compact", "a compact JWE has five parts"};
  return parts;
}

Result<ParsedJwe> parse_protected_header(std::string_view encoded, const Limits& limits) {
  TRY(json::Object members, decode_header(encoded, limits, kJweFaults));
  return interpret_jwe_header(std::move(members), {});
}

Result<Encrypted> decode_parts(const CompactParts& parts) {
  Encrypted out;
  TRY(out.encrypted_key, base64::url_decode(parts[1]));
  TRY(out.iv, base64::url_decode(parts[2]));
  TRY(out.ciphertext, base64::url_decode(parts[3]));
  TRY(out.tag, base64::url_decode(parts[4]));
  out.aad = parts[0];
  return out;
}

Result<ParsedJwe> interpret_jwe_header(json::Object protected_members,
                                       std::initializer_list<const json::Object*> others) {
  ParsedJwe parsed;
  TRY(check_parameter_types(protected_members));
  if (others.size() > 0) {
    json::Object& joint = parsed.joint.emplace(protected_members);
    if (!join_headers(others, joint)) return jwe_header_malformed("a member stands in two headers");
    TRY(check_parameter_types(joint));
    // Both change how the rest is read, so they must be protected (RFC 7516 §4.1.3, §4.1.13).
    for (const std::string_view name : {"crit", "zip"}) {
      if (joint.find(name) && !protected_members.find(name))
        return jwe_header_malformed("crit and zip must be protected");
    }
  }
  const json::Object& members = parsed.joint ? *parsed.joint : protected_members;
  const json::Value* alg_member = members.find("alg");
  const json::Value* enc_member = members.find("enc");
  const std::string* alg_text = alg_member ? alg_member->if_string() : nullptr;
  const std::string* enc_text = enc_member ? enc_member->if_string() : nullptr;
  if (!alg_text || !enc_text) return jwe_header_malformed("alg or enc is missing or not a text");
  const auto alg = parse_jwe_alg(*alg_text);
  if (!alg) return Error{Code::kInvalid, "jwe_alg_unknown", "alg " + quoted(*alg_text)};
  const auto enc = parse_jwe_enc(*enc_text);
  if (!enc) return Error{Code::kInvalid, "jwe_enc_unknown", "enc " + quoted(*enc_text)};
  TRY(check_crit(protected_members, {}, kJweFaults));

  const std::string zip = json::text_in(protected_members, "zip");
  const bool deflated = protected_members.find("zip") != nullptr;
  if (deflated && zip != "DEF")
    return Error{Code::kInvalid, "jwe_zip_unknown", "zip " + quoted(zip)};
  parsed.has_kid = members.find("kid") != nullptr;
  std::string kid = json::text_in(members, "kid");
  std::string typ = json::text_in(protected_members, "typ");
  std::string cty = json::text_in(protected_members, "cty");
  parsed.header = JweHeader{*alg,
                            *enc,
                            std::move(kid),
                            std::move(typ),
                            std::move(cty),
                            deflated,
                            std::move(protected_members)};
  return parsed;
}

Status check_policy(const ParsedJwe& parsed, const DecryptOptions& options) {
  const JweHeader& header = parsed.header;
  const bool is_listed = options.algs.empty() || std::find(options.algs.begin(), options.algs.end(),
                                                           header.alg) != options.algs.end();
  const bool is_switched_off =
      (header.alg == JweAlg::kRsa15 && !options.allow_rsa15) ||
      (info(header.alg).family == JweFamily::kPbes2 && !options.allow_pbes2);
  if (!is_listed || is_switched_off) return not_allowed("jwe_alg_not_allowed", name(header.alg));
  if (!options.encs.empty() &&
      std::find(options.encs.begin(), options.encs.end(), header.enc) == options.encs.end()) {
    return not_allowed("jwe_enc_not_allowed", name(header.enc));
  }
  if (header.deflated && !options.allow_deflate) return not_allowed("jwe_zip_not_allowed", "zip");
  return check_parameters(header.alg, parsed.parameters(), options);
}

Result<SecretBytes> open_content(const JweHeader& header, const Encrypted& parts, ByteView cek,
                                 const DecryptOptions& options) {
  TRY(SecretBytes plain,
      open(header.enc, cek, parts.iv, as_bytes(parts.aad), parts.ciphertext, parts.tag));
  if (!header.deflated) return plain;
  return inflate_raw(plain.view(), options.max_inflated, options.max_inflate_ratio);
}

Result<DecryptedJwe> decrypt_with_candidates(const ParsedJwe& parsed, const Encrypted& parts,
                                             const DecryptOptions& options) {
  const JweHeader& header = parsed.header;
  Error failure{Code::kDenied, "jwe_no_key", "there is no key to decrypt with"};
  const auto note = [&](Error error) {
    failure = more_informative(std::move(failure), std::move(error), kJweFailureOrder);
  };
  for (const KeyPtr& key : options.keys) {
    if (!is_candidate(*key, parsed.has_kid, header.kid, options.kid_matching)) {
      note({Code::kDenied, "jwe_kid_unknown", "no key has the token's kid"});
      continue;
    }
    if (!is_usable(*key, header)) {
      note({Code::kDenied, "jwe_alg_not_allowed", "the algorithm does not fit the key"});
      continue;
    }
    if (key->is_remote()) {
      note({Code::kInvalid, "key_is_remote", "the key can only decrypt in its own box"});
      continue;
    }
    auto cek = unwrap_content_key(key->jwk(), header.alg, header.enc, parsed.parameters(),
                                  parts.encrypted_key);
    if (!cek.ok()) {
      note(std::move(cek).error());
      continue;
    }
    auto plain = open_content(header, parts, cek->view(), options);
    if (plain.ok()) return DecryptedJwe{header, std::move(plain).value(), key};
    note(std::move(plain).error());
  }
  return failure;
}

Result<JweHeader> parse_jwe_header(std::string_view token, const Limits& limits) {
  TRY(const CompactParts parts, split_compact(token, limits));
  TRY(ParsedJwe parsed, parse_protected_header(parts[0], limits));
  return std::move(parsed.header);
}

Result<DecryptedJwe> decrypt_compact(std::string_view token, const DecryptOptions& options) {
  TRY(const CompactParts parts, split_compact(token, options.limits));
  TRY(const ParsedJwe parsed, parse_protected_header(parts[0], options.limits));
  TRY(check_policy(parsed, options));
  TRY(const Encrypted encrypted, decode_parts(parts));
  return decrypt_with_candidates(parsed, encrypted, options);
}

Result<DecryptedJwe> decrypt_any(std::string_view text, const DecryptOptions& options) {
  const std::string_view trimmed = trim(text);
  return trimmed.starts_with('{') ? decrypt_json(trimmed, options)
                                  : decrypt_compact(trimmed, options);
}

Result<RemoteUnwrap> prepare_remote_decrypt(std::string_view token, const DecryptOptions& options) {
  TRY(const CompactParts parts, split_compact(token, options.limits));
  TRY(ParsedJwe parsed, parse_protected_header(parts[0], options.limits));
  TRY(check_policy(parsed, options));
  if (info(parsed.header.alg).family != JweFamily::kRsa)
    return not_allowed("jwe_alg_not_allowed", name(parsed.header.alg));
  TRY(Bytes encrypted_key, base64::url_decode(parts[1]));
  Error failure{Code::kDenied, "jwe_no_key", "no remote key fits"};
  for (const KeyPtr& key : options.keys) {
    if (!is_candidate(*key, parsed.has_kid, parsed.header.kid, options.kid_matching)) {
      failure.reason = "jwe_kid_unknown";
      continue;
    }
    if (!key->is_remote() || !is_usable(*key, parsed.header)) continue;
    return RemoteUnwrap{std::move(parsed.header), key, std::move(encrypted_key)};
  }
  return failure;
}

Result<DecryptedJwe> finish_remote_decrypt(std::string_view token, const DecryptOptions& options,
                                           const RemoteUnwrap& prepared, SecretBytes cek) {
  TRY(const CompactParts parts, split_compact(token, options.limits));
  TRY(const Encrypted encrypted, decode_parts(parts));
  TRY(SecretBytes plain, open_content(prepared.header, encrypted, cek.view(), options));
  return DecryptedJwe{prepared.header, std::move(plain), prepared.key};
}

}  // namespace signet::jose
