// JWS JSON serialization (RFC 7515 §7.2).
#include "base/base64.h"
#include "jose/jws_internal.h"
#include "jose/members.h"

namespace signet::jose {
namespace {

constexpr std::size_t kMaxSignatures = 16;

Error malformed_jws(const char* detail) {
  return {Code::kInvalid, "jws_json_malformed", detail};
}

/// One member of `signatures`, or the flattened form's own members. Views into the parsed tree.
struct Entry {
  std::string_view encoded_header;
  std::string_view encoded_signature;
  bool is_encoded = true;  ///< b64, which all entries share
  /// Well formed, or why this entry cannot be checked here: that is a failure of this signature
  /// and says nothing of the others (RFC 7515 §5.2).
  Result<ParsedJws> parsed;
};

/// Whether a header only asks for what is not known here. An unsigned entry is not among these: it
/// is known, and never accepted (RFC 8725 §3.2).
bool is_not_understood(const Error& error) {
  return error.reason == std::string_view("jws_alg_unknown") ||
         error.reason == std::string_view("jws_crit_unknown");
}

Result<Entry> parse_entry(const json::Object& object, const VerifyOptions& options) {
  TRY(const std::string* encoded,
      text_member(object, "protected", malformed_jws("protected is not a text")));
  TRY(const std::string* signature,
      text_member(object, "signature", malformed_jws("signature is not a text")));
  if (!signature) return malformed_jws("an entry has no signature");
  const json::Value* header = object.find("header");
  if (header && !header->is_object()) return malformed_jws("header is not an object");
  if (!header && !encoded) return malformed_jws("an entry has no header");

  json::Object members;
  std::string_view encoded_header;
  if (encoded) {
    encoded_header = *encoded;
    TRY(members, decode_header(*encoded, options.limits, kJwsFaults));
  }
  TRY(base64::url_decode(*signature));
  TRY(const bool is_encoded, payload_is_encoded(members));
  const json::Object* unprotected = header ? header->if_object() : nullptr;
  auto parsed = interpret_header(std::move(members), unprotected, options.understood_crit);
  if (!parsed.ok() && !is_not_understood(parsed.error())) return std::move(parsed).error();
  return Entry{encoded_header, *signature, is_encoded, std::move(parsed)};
}

Result<std::vector<Entry>> parse_entries(const json::Object& object, const VerifyOptions& options) {
  std::vector<Entry> entries;
  const json::Value* member = object.find("signatures");
  if (!member) {
    TRY(Entry entry, parse_entry(object, options));
    entries.push_back(std::move(entry));
    return entries;
  }
  const json::Array* signatures = member->if_array();
  if (!signatures || signatures->empty() || signatures->size() > kMaxSignatures)
    return malformed_jws("signatures is not an array of 1 to 16");
  if (object.find("signature") || object.find("protected") || object.find("header"))
    return malformed_jws("general and flattened forms are mixed");
  for (const json::Value& item : *signatures) {
    const json::Object* one = item.if_object();
    if (!one) return malformed_jws("a signature is not an object");
    TRY(Entry entry, parse_entry(*one, options));
    // RFC 7797 §3: b64 is the same for all signatures.
    if (!entries.empty() && entries.front().is_encoded != entry.is_encoded)
      return malformed_jws("signatures differ in b64");
    entries.push_back(std::move(entry));
  }
  return entries;
}

/// `text` is the payload as it stands in the signing input, `bytes` what it means.
Result<VerifiedJws> verify_entries(std::vector<Entry> entries, std::string_view text, Bytes bytes,
                                   const VerifyOptions& options) {
  Error failure{Code::kDenied, "jws_no_key", "there is no key to verify with"};
  for (Entry& entry : entries) {
    if (!entry.parsed.ok()) {
      failure =
          more_informative(std::move(failure), std::move(entry.parsed).error(), kJwsFailureOrder);
      continue;
    }
    std::string input;
    input.reserve(entry.encoded_header.size() + 1 + text.size());
    input.append(entry.encoded_header).append(1, '.').append(text);
    auto key = find_verifying_key(*entry.parsed, entry.encoded_signature, as_bytes(input), options);
    if (key.ok()) {
      return VerifiedJws{std::move(entry.parsed->header), std::move(bytes), std::move(key).value()};
    }
    failure = more_informative(std::move(failure), std::move(key).error(), kJwsFailureOrder);
  }
  return failure;
}

Result<json::Object> parse_text(std::string_view text, const VerifyOptions& options) {
  if (text.size() > options.limits.max_token)
    return Error{Code::kInvalid, "jws_too_large", "the token is larger than allowed"};
  auto object = json::parse_object(
      text, {.max_bytes = options.limits.max_token, .max_depth = options.limits.max_depth});
  if (object.ok() || object.error().reason == std::string_view("json_duplicate_member"))
    return object;
  return malformed_jws("not a JSON object");
}

}  // namespace

Result<VerifiedJws> verify_json(std::string_view text, const VerifyOptions& options) {
  TRY(const json::Object object, parse_text(text, options));
  TRY(const std::string* payload,
      text_member(object, "payload", malformed_jws("payload is not a text")));
  if (!payload) return malformed_jws("there is no payload");
  TRY(std::vector<Entry> entries, parse_entries(object, options));
  Bytes bytes;
  if (entries.front().is_encoded) {
    TRY(bytes, base64::url_decode(*payload));
  } else {
    bytes = to_bytes(*payload);
  }
  return verify_entries(std::move(entries), *payload, std::move(bytes), options);
}

Result<VerifiedJws> verify_json_detached(std::string_view text, ByteView detached,
                                         const VerifyOptions& options) {
  TRY(const json::Object object, parse_text(text, options));
  if (object.find("payload")) return malformed_jws("a detached form has no payload");
  TRY(std::vector<Entry> entries, parse_entries(object, options));
  const std::string payload =
      entries.front().is_encoded ? base64::url_encode(detached) : to_text(detached);
  return verify_entries(std::move(entries), payload, to_bytes(detached), options);
}

}  // namespace signet::jose
