#include "secrets/stores/aws/wire.h"

#include <array>

#include "base/text.h"

namespace signet::secrets::aws {
namespace {

struct FailureRow {
  std::string_view exception;
  Code code;
  const char* reason;
};

constexpr std::array<FailureRow, 47> kFailures = {{
    {"ResourceNotFoundException", Code::kNotFound, "aws_not_found"},
    {"NotFoundException", Code::kNotFound, "aws_not_found"},
    {"AccessDeniedException", Code::kDenied, "aws_access_denied"},
    {"AccessDenied", Code::kDenied, "aws_access_denied"},
    {"NotAuthorized", Code::kDenied, "aws_access_denied"},
    {"UnauthorizedOperation", Code::kDenied, "aws_access_denied"},
    {"ResourceExistsException", Code::kConflict, "aws_exists"},
    {"AlreadyExistsException", Code::kConflict, "aws_exists"},
    {"InvalidRequestException", Code::kConfig, "aws_request_refused"},
    {"InvalidParameterException", Code::kConfig, "aws_request_refused"},
    {"ValidationException", Code::kConfig, "aws_request_refused"},
    {"InvalidArnException", Code::kConfig, "aws_request_refused"},
    {"LimitExceededException", Code::kConfig, "aws_request_refused"},
    {"PreconditionNotMetException", Code::kConfig, "aws_request_refused"},
    {"DecryptionFailure", Code::kConfig, "aws_encryption_failed"},
    {"EncryptionFailure", Code::kConfig, "aws_encryption_failed"},
    {"InternalServiceError", Code::kUnavailable, "aws_unavailable"},
    {"InternalServiceErrorException", Code::kUnavailable, "aws_unavailable"},
    {"InternalFailure", Code::kUnavailable, "aws_unavailable"},
    {"ServiceUnavailable", Code::kUnavailable, "aws_unavailable"},
    {"ServiceUnavailableException", Code::kUnavailable, "aws_unavailable"},
    {"KMSInternalException", Code::kUnavailable, "aws_unavailable"},
    {"DependencyTimeoutException", Code::kUnavailable, "aws_unavailable"},
    {"KeyUnavailableException", Code::kUnavailable, "aws_unavailable"},
    {"IDPCommunicationError", Code::kUnavailable, "aws_unavailable"},
    {"ThrottlingException", Code::kUnavailable, "aws_throttled"},
    {"Throttling", Code::kUnavailable, "aws_throttled"},
    {"ThrottledException", Code::kUnavailable, "aws_throttled"},
    {"TooManyRequestsException", Code::kUnavailable, "aws_throttled"},
    {"RequestLimitExceeded", Code::kUnavailable, "aws_throttled"},
    {"ExpiredTokenException", Code::kDenied, "aws_credentials_refused"},
    {"ExpiredToken", Code::kDenied, "aws_credentials_refused"},
    {"UnrecognizedClientException", Code::kDenied, "aws_credentials_refused"},
    {"InvalidClientTokenId", Code::kDenied, "aws_credentials_refused"},
    {"InvalidSignatureException", Code::kDenied, "aws_credentials_refused"},
    {"SignatureDoesNotMatch", Code::kDenied, "aws_credentials_refused"},
    {"IncompleteSignature", Code::kDenied, "aws_credentials_refused"},
    {"MissingAuthenticationTokenException", Code::kDenied, "aws_credentials_refused"},
    {"RequestExpired", Code::kDenied, "aws_credentials_refused"},
    {"RequestTimeTooSkewed", Code::kDenied, "aws_credentials_refused"},
    {"DisabledException", Code::kConfig, "kms_key_disabled"},
    {"KMSInvalidStateException", Code::kConfig, "kms_key_disabled"},
    {"InvalidKeyUsageException", Code::kUnsupported, "kms_operation_unsupported"},
    {"UnsupportedOperationException", Code::kUnsupported, "kms_operation_unsupported"},
    {"InvalidCiphertextException", Code::kDenied, "kms_ciphertext_invalid"},
    {"IncorrectKeyException", Code::kDenied, "kms_ciphertext_invalid"},
    {"KMSInvalidMacException", Code::kDenied, "kms_mac_invalid"},
}};

// "com.amazonaws.x#NameException:http://..." in its two places: only the name is of interest.
std::string_view bare_name(std::string_view type) {
  if (const std::size_t hash = type.rfind('#'); hash != type.npos) type.remove_prefix(hash + 1);
  return trim(type.substr(0, type.find(':')));
}

/// The text between <name> and </name>, the first one.
std::string_view element(std::string_view xml, std::string_view name) {
  const std::string open = "<" + std::string(name) + ">";
  const std::size_t from = xml.find(open);
  if (from == xml.npos) return {};
  const std::size_t begin = from + open.size();
  const std::size_t end = xml.find("</" + std::string(name) + ">", begin);
  return end == xml.npos ? std::string_view() : xml.substr(begin, end - begin);
}

Error by_status(int status) {
  constexpr int kTooMany = 429;
  constexpr int kServer = 500;
  if (status == kTooMany) return {Code::kUnavailable, "aws_throttled", {}};
  if (status >= kServer) return {Code::kUnavailable, "aws_unavailable", {}};
  return {Code::kConfig, "aws_request_refused", {}};
}

Error malformed(std::string what) {
  return Error{Code::kUnavailable, "aws_credentials_malformed", std::move(what)};
}

Result<Credentials> checked(Credentials credentials, std::string_view expiration) {
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return malformed("the answer holds no credentials");
  }
  if (!expiration.empty()) {
    credentials.expires = parse_rfc3339(expiration);
    if (!credentials.expires) return malformed("the expiration of the credentials is no time");
  }
  return credentials;
}

}  // namespace

Error failure_of(int status, std::string_view error_type, std::string_view body) {
  constexpr std::size_t kMostWords = 400;
  std::string name(bare_name(error_type));
  std::string message;
  if (const auto object = json::parse_object(body)) {
    if (name.empty()) name = bare_name(text_member(*object, "__type"));
    message = text_member(*object, "message");
    if (message.empty()) message = text_member(*object, "Message");
  } else if (body.find("<Code>") != body.npos) {
    if (name.empty()) name = element(body, "Code");
    message = element(body, "Message");
  }
  Error error = by_status(status);
  for (const FailureRow& row : kFailures) {
    if (row.exception != name) continue;
    error.code = row.code;
    error.reason = row.reason;
  }
  error.detail = "AWS answered " + std::to_string(status);
  if (!name.empty()) error.detail += " " + quoted(name);
  if (!message.empty()) error.detail += ": " + quoted(message, kMostWords);
  return error;
}

Result<Credentials> credentials_of_json(std::string_view body) {
  auto object = json::parse_object(body);
  if (!object) return malformed("the answer is no JSON object");
  const std::string code = text_member(*object, "Code");
  if (!code.empty() && code != "Success") {
    return malformed("the answer says " + quoted(code) + ": " +
                     quoted(text_member(*object, "Message"), 200));
  }
  Credentials credentials;
  credentials.access_key_id = text_member(*object, "AccessKeyId");
  credentials.secret_access_key = take_secret(*object, "SecretAccessKey");
  const SecretBytes token = take_secret(*object, "Token");
  credentials.session_token = as_text(token.view());
  return checked(std::move(credentials), text_member(*object, "Expiration"));
}

Result<Credentials> credentials_of_sts(std::string_view xml) {
  const std::string_view inner = element(xml, "Credentials");
  Credentials credentials;
  credentials.access_key_id = element(inner, "AccessKeyId");
  credentials.secret_access_key = SecretBytes::from_text(element(inner, "SecretAccessKey"));
  credentials.session_token = element(inner, "SessionToken");
  if (credentials.session_token.empty()) return malformed("the answer holds no session token");
  return checked(std::move(credentials), element(inner, "Expiration"));
}

SecretBytes take_secret(json::Object& object, std::string_view name) {
  json::Value* value = object.find(name);
  if (!value || !value->if_string()) return {};
  // The object is ours and not const; only its reader is.
  auto& text = const_cast<std::string&>(*value->if_string());
  SecretBytes secret = SecretBytes::from_text(text);
  wipe(text);
  return secret;
}

std::string text_member(const json::Object& object, std::string_view name) {
  const json::Value* value = object.find(name);
  return value && value->if_string() ? *value->if_string() : std::string();
}

}  // namespace signet::secrets::aws
