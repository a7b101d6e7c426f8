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

/// The headers that all recipients share.
struct Shared {
  json::Object protected_members;
  const json::Object* unprotected = nullptr;
};

/// One member of `recipients`, or the flattened form's own members.
struct Recipient {
  std::string_view enc;  ///< into the parsed tree
  Bytes encrypted_key;
  /// Well formed, or why this recipient's key cannot be asked for here: it is passed over, and
  /// says nothing of the others (RFC 7516 §5.2).
  Result<ParsedJwe> parsed;
};

/// Whether only this recipient asks for what is not known here. enc, zip and crit are the whole
/// message's: what is not understood of them refuses it.
bool is_alg_unknown(const Error& error) {
  return error.reason == std::string_view("jwe_alg_unknown");
}

std::string_view enc_of(const Shared& shared, const json::Object* header) {
  for (const json::Object* members : {&shared.protected_members, shared.unprotected, header}) {
    const json::Value* value = members ? members->find("enc") : nullptr;
    const std::string* text = value ? value->if_string() : nullptr;
    if (text) return *text;
  }
  return {};
}

Result<Recipient> parse_recipient(const json::Object& object, const Shared& shared) {
  TRY(const json::Object* header, object_member(object, "header"));
  auto parsed = interpret_jwe_header(shared.protected_members, {shared.unprotected, header});
  if (!parsed.ok() && !is_alg_unknown(parsed.error())) return std::move(parsed).error();
  TRY(Bytes encrypted_key, decoded_member(object, "encrypted_key"));
  return Recipient{enc_of(shared, header), std::move(encrypted_key), std::move(parsed)};
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
    if (!recipients.empty() && recipients.front().enc != recipient.enc)
      return malformed_jwe("recipients differ in enc");
    recipients.push_back(std::move(recipient));
  }
  return recipients;
}

/// Which recipients are passed over does not depend on any key, and what each of the others fails
/// of tells no more than the same recipient alone would.
Result<DecryptedJwe> decrypt_recipients(std::vector<Recipient> recipients, Encrypted parts,
                                        const DecryptOptions& options) {
  Error failure{Code::kDenied, "jwe_no_key", "there is no key to decrypt with"};
  const auto note = [&](Error error) {
    failure = more_informative(std::move(failure), std::move(error), kJweFailureOrder);
  };
  for (Recipient& recipient : recipients) {
    if (!recipient.parsed.ok()) {
      note(std::move(recipient.parsed).error());
      continue;
    }
    auto policy = check_policy(*recipient.parsed, options);
    if (!policy.ok()) {
      note(std::move(policy).error());
      continue;
    }
    parts.encrypted_key = std::move(recipient.encrypted_key);
    auto decrypted = decrypt_with_candidates(*recipient.parsed, parts, options);
    if (decrypted.ok()) return decrypted;
    note(std::move(decrypted).error());
  }
  return failure;
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
  TRY(std::vector<Recipient> recipients, parse_recipients(object, shared));

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

  return decrypt_recipients(std::move(recipients), std::move(parts), options);
}

}  // namespace signet::jose
