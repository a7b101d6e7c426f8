#include <algorithm>

#include "base/base64.h"
#include "base/json_members.h"
#include "base/text.h"
#include "jose/jws_internal.h"

namespace signet::jose {
namespace {

using Parts = std::array<std::string_view, 3>;

Result<Parts> split_compact(std::string_view token, const Limits& limits) {
  if (token.size() > limits.max_token)
    return Error{Code::kInvalid, "jws_too_large", "the token is larger than allowed"};
  Parts parts;
  if (split_parts(token, parts)) return parts;
  std::array<std::string_view, 5> five;
  if (split_parts(token, five))
    return Error{Code::kInvalid, "jws_is_jwe", "the token is encrypted, not signed"};
  return Error{Code::kInvalid, "jws_not_compact", "a compact JWS has three parts"};
}

Result<ParsedJws> parse_header(std::string_view encoded, const Limits& limits,
                               std::span<const std::string_view> understood_crit) {
  TRY(json::Object members, decode_header(encoded, limits, kJwsFaults));
  return interpret_header(std::move(members), nullptr, understood_crit);
}

Result<JwsAlg> interpret_alg(const json::Value* member) {
  const std::string* text = member ? member->if_string() : nullptr;
  if (!text) return Error{Code::kInvalid, "jws_header_malformed", "the header has no alg"};
  if (const auto alg = parse_jws_alg(*text)) return *alg;
  if (equal_ignoring_case(trim(*text), "none"))
    return Error{Code::kDenied, "jws_alg_none", "unsigned tokens are never accepted"};
  return Error{Code::kInvalid, "jws_alg_unknown", "alg " + quoted(*text)};
}

}  // namespace

Result<bool> payload_is_encoded(const json::Object& protected_members) {
  const json::Value* b64 = protected_members.find("b64");
  if (!b64) return true;
  if (!b64->is_bool()) return Error{Code::kInvalid, "jws_header_malformed", "b64 is not a boolean"};
  if (*b64->if_bool()) return true;
  // A verifier that does not know b64 must stop at crit.
  const json::Value* crit = protected_members.find("crit");
  const json::Array* names = crit ? crit->if_array() : nullptr;
  if (!names || std::find(names->begin(), names->end(), json::Value("b64")) == names->end())
    return Error{Code::kInvalid, "jws_crit_malformed", "b64 is false but not in crit"};
  return false;
}

Result<ParsedJws> interpret_header(json::Object protected_members, const json::Object* unprotected,
                                   std::span<const std::string_view> understood_crit) {
  TRY(check_member_types(protected_members, kJwsFaults));
  json::Object joint;
  if (unprotected) {
    TRY(check_member_types(*unprotected, kJwsFaults));
    if (!join_headers({&protected_members, unprotected}, joint) || unprotected->find("crit") ||
        unprotected->find("b64")) {
      return Error{Code::kInvalid, "jws_header_malformed",
                   "a member stands in both headers or must be protected"};
    }
  }
  const json::Object& members = unprotected ? joint : protected_members;
  TRY(const JwsAlg alg, interpret_alg(members.find("alg")));

  if (protected_members.find("crit")) {
    std::vector<std::string_view> understood(understood_crit.begin(), understood_crit.end());
    understood.push_back("b64");
    TRY(check_crit(protected_members, understood, kJwsFaults));
  }

  ParsedJws parsed;
  TRY(parsed.is_encoded, payload_is_encoded(protected_members));
  parsed.has_kid = members.find("kid") != nullptr;
  std::string kid = json::text_in(members, "kid");
  std::string typ = json::text_in(protected_members, "typ");
  std::string cty = json::text_in(protected_members, "cty");
  parsed.header =
      JwsHeader{alg, std::move(kid), std::move(typ), std::move(cty), std::move(protected_members)};
  return parsed;
}

Result<KeyPtr> find_verifying_key(const ParsedJws& parsed, std::string_view encoded_signature,
                                  ByteView signing_input, const VerifyOptions& options) {
  const JwsHeader& header = parsed.header;
  if (options.keys.empty())
    return Error{Code::kDenied, "jws_no_key", "there is no key to verify with"};
  if (!options.algs.empty() &&
      std::find(options.algs.begin(), options.algs.end(), header.alg) == options.algs.end()) {
    return Error{Code::kDenied, "jws_alg_not_allowed",
                 "alg " + std::string(name(header.alg)) + " is not accepted here"};
  }
  if (encoded_signature.size() > base64::url_size(kMaxSignature))
    return Error{Code::kDenied, "jws_signature_invalid", "no signature is that long"};
  std::array<std::uint8_t, kMaxSignature + 4> buffer;
  const std::size_t size = base64::url_decode_into(encoded_signature, buffer.data());
  if (size == SIZE_MAX)
    return Error{Code::kInvalid, "base64url_invalid", "the signature is not strict base64url"};

  Error failure{Code::kDenied, "jws_kid_unknown", "no key has the token's kid"};
  for (const KeyPtr& key : options.keys) {
    if (!is_candidate(*key, parsed.has_kid, header.kid, options.kid_matching)) continue;
    auto status = key->verify(header.alg, signing_input, ByteView(buffer.data(), size));
    if (status.ok()) return key;
    failure = more_informative(std::move(failure), std::move(status).error(), kJwsFailureOrder);
  }
  if (failure.reason == std::string_view("jws_kid_unknown"))
    failure.detail += ": " + quoted(header.kid);
  return failure;
}

Result<JwsHeader> parse_compact_header(std::string_view token, const Limits& limits) {
  TRY(const Parts parts, split_compact(token, limits));
  TRY(ParsedJws parsed, parse_header(parts[0], limits, {}));
  return std::move(parsed.header);
}

Result<VerifiedJws> verify_compact(std::string_view token, const VerifyOptions& options) {
  TRY(const Parts parts, split_compact(token, options.limits));
  TRY(ParsedJws parsed, parse_header(parts[0], options.limits, options.understood_crit));
  Bytes payload;
  if (parsed.is_encoded) {
    TRY(payload, base64::url_decode(parts[1]));
  }
  const std::string_view input = token.substr(0, parts[0].size() + 1 + parts[1].size());
  TRY(KeyPtr key, find_verifying_key(parsed, parts[2], as_bytes(input), options));
  if (!parsed.is_encoded) payload = to_bytes(parts[1]);
  return VerifiedJws{std::move(parsed.header), std::move(payload), std::move(key)};
}

Result<RemoteVerify> prepare_remote_verify(std::string_view token, const VerifyOptions& options) {
  TRY(const Parts parts, split_compact(token, options.limits));
  TRY(ParsedJws parsed, parse_header(parts[0], options.limits, options.understood_crit));
  const JwsAlg alg = parsed.header.alg;
  const bool is_accepted = parsed.is_encoded && (options.algs.empty() ||
                                                 std::find(options.algs.begin(), options.algs.end(),
                                                           alg) != options.algs.end());
  const auto key = std::find_if(options.keys.begin(), options.keys.end(), [&](const KeyPtr& each) {
    return parsed.has_kid && each->kid() == parsed.header.kid && each->is_remote() &&
           each->jwk().is_hidden() && each->can_verify(alg);
  });
  if (!is_accepted || key == options.keys.end())
    return Error{Code::kDenied, "jws_kid_unknown", "the token names no key that is in a box"};
  TRY(Bytes signature, base64::url_decode(parts[2]));
  if (signature.size() != crypto::hash_size(mac_hash(alg)))
    return Error{Code::kDenied, "jws_signature_invalid", "the signature is not by this key"};
  TRY(Bytes payload, base64::url_decode(parts[1]));
  const std::string_view input = token.substr(0, parts[0].size() + 1 + parts[1].size());
  RemoteVerify out{*key, alg, to_bytes(input), std::move(signature), {}};
  out.unproven = VerifiedJws{std::move(parsed.header), std::move(payload), *key};
  return out;
}

Result<VerifiedJws> verify_detached(std::string_view token, ByteView detached,
                                    const VerifyOptions& options) {
  TRY(const Parts parts, split_compact(token, options.limits));
  if (!parts[1].empty())
    return Error{Code::kInvalid, "jws_not_compact", "a detached token has an empty second part"};
  TRY(ParsedJws parsed, parse_header(parts[0], options.limits, options.understood_crit));
  std::string input;
  input.reserve(parts[0].size() + 1 + base64::url_size(detached.size()));
  input.append(parts[0]).append(1, '.');
  if (parsed.is_encoded) {
    base64::url_append(input, detached);
  } else {
    input.append(as_text(detached));
  }
  TRY(KeyPtr key, find_verifying_key(parsed, parts[2], as_bytes(input), options));
  return VerifiedJws{std::move(parsed.header), to_bytes(detached), std::move(key)};
}

Result<VerifiedJws> verify_any(std::string_view text, const VerifyOptions& options) {
  const std::string_view trimmed = trim(text);
  return trimmed.starts_with('{') ? verify_json(trimmed, options)
                                  : verify_compact(trimmed, options);
}

}  // namespace signet::jose
