#pragma once
// What AWS answers, as values. Dry.

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "secrets/stores/aws/credentials.h"

namespace signet::secrets::aws {

/// The failure behind an answer that is no 2xx, by the name of its exception (`error_type` is the
/// header x-amzn-ErrorType), else by its status. Reasons: "aws_not_found" (kNotFound),
/// "aws_access_denied" (kDenied), "aws_credentials_refused" (kDenied), "aws_exists" (kConflict),
/// "aws_throttled" and "aws_unavailable" (kUnavailable), "aws_encryption_failed",
/// "aws_request_refused" (kConfig), "kms_key_disabled" (kConfig), "kms_operation_unsupported"
/// (kUnsupported), "kms_ciphertext_invalid" (kDenied). The detail is the exception and its message.
Error failure_of(int status, std::string_view error_type, std::string_view body);

/// `AccessKeyId, SecretAccessKey, Token, Expiration` as containers and instances give them; a
/// `Code` other than Success is an error. kUnavailable "aws_credentials_malformed".
Result<Credentials> credentials_of_json(std::string_view body);
/// The <Credentials> of an STS answer.
Result<Credentials> credentials_of_sts(std::string_view xml);

/// Takes a text member out of an answer, and overwrites it there. Empty if there is none.
SecretBytes take_secret(json::Object& object, std::string_view name);
/// A text member, or "".
std::string text_member(const json::Object& object, std::string_view name);

}  // namespace signet::secrets::aws
