#pragma once
// What Google's REST services answer, and how it is read: errors by their canonical codes, numbers
// that come as texts, bytes with a checksum. Dry.

#include <cstdint>
#include <string_view>

#include "base/json.h"
#include "base/secret_bytes.h"
#include "net/http_client.h"

namespace signet::secrets::google {

/// The object of a 2xx answer, or why there is none (google.rpc.Status). `what` names the call for
/// people: "access to secret 'x'".
///   kConfig      "google_unauthenticated" (401), "google_failed_precondition" (a version that is
///                disabled or destroyed), "google_request_refused" (any other 4xx)
///   kDenied      "google_denied" (403)
///   kNotFound    "google_not_found" (404)
///   kConflict    "google_exists" (409)
///   kTimeout     "google_timeout" (408, 504)
///   kUnavailable "google_quota" (429), "google_unavailable" (5xx), "google_answer_malformed"
Result<json::Object> read_answer(net::OutboundResponse response, std::string_view what);

/// "google_answer_malformed" about a member; never repeats what it held.
Error malformed(std::string_view what, std::string_view member);
/// kUnavailable "google_integrity_failed": bytes were changed on their way.
Error corrupted(std::string_view what, std::string_view member);

/// A text member; "google_answer_malformed" where there is none.
Result<std::string> text_member(const json::Object& object, std::string_view name,
                                std::string_view what);
/// The same, for a text that is secret: the object loses it, and the memory that held it is wiped.
Result<SecretBytes> take_secret_text(json::Object& object, std::string_view name,
                                     std::string_view what);
/// An int64, which proto3's JSON writes as a text.
std::optional<std::int64_t> int64_member(const json::Object& object, std::string_view name);
/// Whether a member is there and true.
bool is_true(const json::Object& object, std::string_view name);

/// The base64 bytes of `name`, whose CRC-32C must be in `crc_name`: "google_integrity_failed" where
/// it is another or is not there. The object loses the text, and its memory is wiped.
Result<SecretBytes> take_checked_bytes(json::Object& object, std::string_view name,
                                       std::string_view crc_name, std::string_view what);

/// The last part of a resource name as a version number: "projects/p/secrets/s/versions/3".
std::optional<std::uint64_t> version_number(std::string_view resource_name);

/// A name that may stand in a resource path: letters, digits, "-" and "_", at most `most`.
bool is_resource_id(std::string_view text, std::size_t most);
/// A project: an ID or a number, perhaps with a domain in front ("example.com:project").
bool is_project(std::string_view text);

}  // namespace signet::secrets::google
