#include "secrets/stores/google/google_answer.h"

#include <algorithm>
#include <charconv>

#include "base/base64.h"
#include "base/crc32c.h"
#include "base/text.h"

namespace signet::secrets::google {
namespace {

struct Refusal {
  Code code;
  const char* reason;
};

Refusal refusal_of(int http_status, std::string_view status) {
  if (http_status == 401) return {Code::kConfig, "google_unauthenticated"};
  if (http_status == 403) return {Code::kDenied, "google_denied"};
  if (http_status == 404) return {Code::kNotFound, "google_not_found"};
  if (http_status == 409) return {Code::kConflict, "google_exists"};
  if (http_status == 429) return {Code::kUnavailable, "google_quota"};
  if (http_status == 408 || http_status == 504) return {Code::kTimeout, "google_timeout"};
  if (http_status == 400 && status == "FAILED_PRECONDITION")
    return {Code::kConfig, "google_failed_precondition"};
  if (http_status >= 400 && http_status < 500) return {Code::kConfig, "google_request_refused"};
  if (http_status >= 500) return {Code::kUnavailable, "google_unavailable"};
  return {Code::kUnavailable, "google_answer_malformed"};
}

std::string_view text_or_empty(const json::Value* value) {
  const std::string* text = value ? value->if_string() : nullptr;
  return text ? std::string_view(*text) : std::string_view();
}

/// What the service says of itself: status, message, and the first machine-readable reason.
std::string own_words(const json::Object& error) {
  constexpr std::size_t kMostOfMessage = 300;
  std::string words(text_or_empty(error.find("status")).substr(0, 40));
  if (const json::Value* details = error.find("details"); details && details->if_array()) {
    for (const json::Value& detail : *details->if_array()) {
      const std::string_view reason = text_or_empty(detail.get("reason"));
      if (reason.empty()) continue;
      words += (words.empty() ? "" : ", ") + quoted(reason);
      break;
    }
  }
  const std::string_view message = text_or_empty(error.find("message"));
  if (!message.empty()) words += (words.empty() ? "" : ": ") + quoted(message, kMostOfMessage);
  return words;
}

Error failure(const net::OutboundResponse& response, std::string_view what) {
  std::string_view status;
  std::string words;
  const auto body = json::parse_object(response.body);
  if (body) {
    const json::Value* error = body->find("error");
    if (error && error->if_object()) {
      status = text_or_empty(error->get("status"));
      words = own_words(*error->if_object());
    } else if (error && error->if_string()) {  // RFC 6749 §5.2, from token endpoints
      words = quoted(*error->if_string());
      const std::string_view description = text_or_empty(body->find("error_description"));
      if (!description.empty()) words += ": " + quoted(description, 200);
    }
  }
  const Refusal refusal = refusal_of(response.status, status);
  std::string detail(what);
  detail += ": Google answered " + std::to_string(response.status);
  if (!words.empty()) detail += " (" + words + ")";
  return Error{refusal.code, refusal.reason, std::move(detail)};
}

// The object is not const, only the door that json::Value has to its text.
void wipe_text(json::Value& value) {
  if (const std::string* text = value.if_string()) wipe(const_cast<std::string&>(*text));
}

}  // namespace

Error malformed(std::string_view what, std::string_view member) {
  return Error{
      Code::kUnavailable, "google_answer_malformed",
      std::string(what) + ": the answer has no usable member '" + std::string(member) + "'"};
}

Error corrupted(std::string_view what, std::string_view member) {
  return Error{Code::kUnavailable, "google_integrity_failed",
               std::string(what) + ": the checksum of '" + std::string(member) +
                   "' is missing or another: the bytes were changed on their way"};
}

Result<json::Object> read_answer(net::OutboundResponse response, std::string_view what) {
  if (response.status < 200 || response.status > 299) return failure(response, what);
  auto object = json::parse_object(response.body);
  if (!object) {
    return Error{Code::kUnavailable, "google_answer_malformed",
                 std::string(what) + ": the answer is not a JSON object"};
  }
  return std::move(object).value();
}

Result<std::string> text_member(const json::Object& object, std::string_view name,
                                std::string_view what) {
  const std::string_view text = text_or_empty(object.find(name));
  if (text.empty()) return malformed(what, name);
  return std::string(text);
}

Result<SecretBytes> take_secret_text(json::Object& object, std::string_view name,
                                     std::string_view what) {
  json::Value* value = object.find(name);
  const std::string* text = value ? value->if_string() : nullptr;
  if (!text || text->empty()) return malformed(what, name);
  SecretBytes secret = SecretBytes::from_text(*text);
  wipe_text(*value);
  object.erase(name);
  return secret;
}

std::optional<std::int64_t> int64_member(const json::Object& object, std::string_view name) {
  const json::Value* value = object.find(name);
  if (!value) return std::nullopt;
  if (const auto number = value->if_int()) return number;
  const std::string_view text = text_or_empty(value);
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

bool is_true(const json::Object& object, std::string_view name) {
  const json::Value* value = object.find(name);
  return value && value->if_bool() && *value->if_bool();
}

Result<SecretBytes> take_checked_bytes(json::Object& object, std::string_view name,
                                       std::string_view crc_name, std::string_view what) {
  TRY(const SecretBytes text, take_secret_text(object, name, what));
  auto bytes = base64::decode(as_text(text.view()));
  if (!bytes) return malformed(what, name);
  const auto checksum = int64_member(object, crc_name);
  if (!checksum || *checksum != std::int64_t{crc32c(bytes->view())}) return corrupted(what, name);
  return std::move(bytes).value();
}

std::optional<std::uint64_t> version_number(std::string_view resource_name) {
  const std::string_view last = resource_name.substr(resource_name.rfind('/') + 1);
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(last.data(), last.data() + last.size(), number);
  if (last.empty() || last.front() == '0' || problem != std::errc() ||
      end != last.data() + last.size()) {
    return std::nullopt;
  }
  return number;
}

bool is_resource_id(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

bool is_project(std::string_view text) {
  return !text.empty() && text.size() <= 100 && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                  c == ':';
         });
}

}  // namespace signet::secrets::google
