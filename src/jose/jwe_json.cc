// Reading the JWE JSON serialization (RFC 7516 §7.2).
#include "base/base64.h"
#include "jose/jwe_internal.h"
#include "jose/members.h"

namespace signet::jose {
namespace {

Error malformed_jwe(const char* detail) {
  return {Code::kInvalid, "jwe_json_malformed", detail};
}

Result<const json::Object*> object_member(const json::Object& object, std::string_view name) {
  const json::Value* value = object.find(name);
  if (!value) return static_cast<const json::Object*>(nullptr);
  const json::Object* members = value->if_object();
  if (!members) return malformed_jwe("a header is not an object");
  return members;
}

/// An optional base64url member; empty if absent.
Result<Bytes> decoded_member(const json::Object& object, std::string_view name) {
  TRY(const std::string* text, text_member(object, name, malformed_jwe("a member is not a text")));
  if (!text) return Bytes{};
  return base64::url_decode(*text);
}

struct Recipient {
  ParsedJwe parsed;
  Bytes encrypted_key;
};

struct Shared {
  json::Object protected_members;
  const json::Object* unprotected = nullptr;
};

Result<Recipient> parse_recipient(const json::Object& object, const Shared& shared) {
  TRY(const json::Object* header, object_member(object, "header"));
  Recipient recipient;
  TRY(recipient.parsed,
      interpret_jwe_header(shared.protected_members, {shared.unprotected, header}));
  TRY(recipient.encrypted_key, decoded_member(object, "encrypted_key"));
  return recipient;
}

Result<std::vector<Recipient>> parse_recipients(const json::Object& object, const Shared& shared) {
  std::vector<Recipient> recipients;
  const json::Value* member = object.find("recipients");
  if (!member) {
    TRY(Recipient recipient, parse_recipient(object, shared));
    recipients.push_back(std::move(recipient));
    return recipients;
  }
  const json::Array* entries = member->if_array();
  if (!entries || entries->empty() || entries->size() > kMaxRecipients)
    return malformed_jwe("recipients is not an array of 1 to 16");
  if (object.find("header") || object.find("encrypted_key"))
    return malformed_jwe("general and flattened forms are mixed");
  for (const json::Value& entry : *entries) {
    const json::Object* one = entry.if_object();
    if (!one) return malformed_jwe("a recipient is not an object");
    TRY(Recipient recipient, parse_recipient(*one, shared));
    if (!recipients.empty() &&
        recipients.front().parsed.header.enc != recipient.parsed.header.enc) {
      return malformed_jwe("recipients differ in enc");
    }
    recipients.push_back(std::move(recipient));
  }
  return recipients;
}

}  // namespace

Result<DecryptedJwe> decrypt_json(std::string_view text, const DecryptOptions& options) {
  if (text.size() > options.limits.max_token)
    return Error{Code::kInvalid, "jwe_too_large", "the token is larger than allowed"};
  auto parsed_text = json::parse_object(
      text, {.max_bytes = options.limits.max_token, .max_depth = options.limits.max_depth});
  if (!parsed_text.ok()) {
    if (parsed_text.error().reason == std::string_view("json_duplicate_member"))
      return std::move(parsed_text).error();
    return malformed_jwe("not a JSON object");
  }
  const json::Object& object = *parsed_text;

  Shared shared;
  TRY(const std::string* encoded,
      text_member(object, "protected", malformed_jwe("protected is not a text")));
  if (encoded) {
    TRY(shared.protected_members, decode_header(*encoded, options.limits, kJweFaults));
  }
  TRY(shared.unprotected, object_member(object, "unprotected"));
  TRY(const std::vector<Recipient> recipients, parse_recipients(object, shared));

  Encrypted parts;
  if (!object.find("ciphertext")) return malformed_jwe("there is no ciphertext");
  TRY(parts.iv, decoded_member(object, "iv"));
  TRY(parts.ciphertext, decoded_member(object, "ciphertext"));
  TRY(parts.tag, decoded_member(object, "tag"));
  parts.aad = encoded ? *encoded : std::string();
  TRY(const std::string* aad, text_member(object, "aad", malformed_jwe("aad is not a text")));
  if (aad) {
    TRY(base64::url_decode(*aad));
    parts.aad.append(1, '.').append(*aad);
  }

  Error failure{Code::kDenied, "jwe_no_key", "there is no key to decrypt with"};
  for (const Recipient& recipient : recipients) {
    auto policy = check_policy(recipient.parsed, options);
    if (!policy.ok()) {
      failure = more_informative(std::move(failure), std::move(policy).error(), kJweFailureOrder);
      continue;
    }
    parts.encrypted_key = recipient.encrypted_key;
    auto decrypted = decrypt_with_candidates(recipient.parsed, parts, options);
    if (decrypted.ok()) return decrypted;
    failure = more_informative(std::move(failure), std::move(decrypted).error(), kJweFailureOrder);
  }
  return failure;
}

}  // namespace signet::jose
