#include "secrets/stores/google/secret_manager_client.h"

#include <algorithm>

#include "base/base64.h"
#include "base/crc32c.h"
#include "base/text.h"
#include "http/form.h"
#include "secrets/stores/google/google_answer.h"

namespace signet::secrets::google {
namespace {

/// "…/secrets/NAME/versions/N" with this NAME. The project may come back as its number.
std::optional<std::uint64_t> version_of(std::string_view resource, const std::string& secret) {
  const std::string middle = "/secrets/" + secret + "/versions/";
  const std::size_t at = resource.find(middle);
  if (at == resource.npos || resource.find('/', at + middle.size()) != resource.npos)
    return std::nullopt;
  return version_number(resource);
}

std::string next_page(const json::Object& answer) {
  const json::Value* token = answer.find("nextPageToken");
  const std::string* text = token ? token->if_string() : nullptr;
  return text ? *text : std::string();
}

Error too_many(const std::string& what) {
  return Error{Code::kUnavailable, "google_answer_malformed", what + ": the list does not end"};
}

}  // namespace

bool is_secret_name(std::string_view name) {
  return is_resource_id(name, 255);
}

std::string secret_manager_host(const std::string& location) {
  return location.empty() ? "secretmanager.googleapis.com"
                          : "secretmanager." + location + ".rep.googleapis.com";
}

SecretManagerClient::SecretManagerClient(std::shared_ptr<GoogleApi> api, std::string project,
                                         std::string location)
    : api_(std::move(api)),
      project_(std::move(project)),
      location_(std::move(location)),
      parent_("projects/" + project_ + (location_.empty() ? "" : "/locations/" + location_)) {}

Task<SecretVersion> SecretManagerClient::access(std::string secret, std::string version) {
  Result<SecretVersion> answer;
  for (int i = 0; i < GoogleApi::kTries; ++i) {
    answer = co_await access_once(secret, version);
    if (answer || std::string_view(answer.error().reason) != "google_integrity_failed") break;
  }
  co_return answer;
}

Task<SecretVersion> SecretManagerClient::access_once(std::string secret, std::string version) {
  GoogleApi::Call call;
  call.path = "/v1/" + parent_ + "/secrets/" + secret + "/versions/" + version + ":access";
  call.what = "access to version " + version + " of secret " + quoted(secret);
  const std::string what = call.what;
  CO_TRY(json::Object answer, co_await api_->call(std::move(call)));
  CO_TRY(const std::string name, text_member(answer, "name", what));
  const auto number = version_of(name, secret);
  const bool is_asked = number && (version == "latest" || version == std::to_string(*number));
  if (!is_asked) {
    co_return Error{Code::kUnavailable, "google_integrity_failed",
                    what + ": the answer is about " + quoted(name, 256)};
  }
  json::Value* payload = answer.find("payload");
  if (!payload || !payload->if_object()) co_return malformed(what, "payload");
  CO_TRY(SecretBytes data, take_checked_bytes(*payload->if_object(), "data", "dataCrc32c", what));
  SecretVersion found;
  found.number = *number;
  found.data = std::make_shared<const SecretBytes>(std::move(data));
  co_return found;
}

Task<std::vector<std::uint64_t>> SecretManagerClient::enabled_versions(std::string secret) {
  const std::string what = "list of the versions of secret " + quoted(secret);
  std::vector<std::uint64_t> numbers;
  std::string page;
  for (int i = 0; i < GoogleApi::kMostPages; ++i) {
    GoogleApi::Call call;
    call.path = "/v1/" + parent_ + "/secrets/" + secret +
                "/versions?filter=state%3AENABLED&pageSize=100" +
                (page.empty() ? "" : "&pageToken=" + http::form_encode(page));
    call.what = what;
    CO_TRY(const json::Object answer, co_await api_->call(std::move(call)));
    const json::Value* versions = answer.find("versions");
    if (versions && !versions->if_array()) co_return malformed(what, "versions");
    if (versions) {
      for (const json::Value& version : *versions->if_array()) {
        if (!version.if_object()) co_return malformed(what, "versions");
        const json::Value* state = version.get("state");
        if (!state || !state->if_string() || *state->if_string() != "ENABLED") continue;
        CO_TRY(const std::string name, text_member(*version.if_object(), "name", what));
        const auto number = version_of(name, secret);
        if (!number) co_return malformed(what, "name");
        numbers.push_back(*number);
      }
    }
    page = next_page(answer);
    if (page.empty()) {
      std::sort(numbers.rbegin(), numbers.rend());
      co_return numbers;
    }
  }
  co_return too_many(what);
}

Task<std::vector<std::string>> SecretManagerClient::secrets() {
  const std::string what = "list of the secrets of " + parent_;
  std::vector<std::string> names;
  std::string page;
  for (int i = 0; i < GoogleApi::kMostPages; ++i) {
    GoogleApi::Call call;
    call.path = "/v1/" + parent_ + "/secrets?pageSize=250" +
                (page.empty() ? "" : "&pageToken=" + http::form_encode(page));
    call.what = what;
    CO_TRY(const json::Object answer, co_await api_->call(std::move(call)));
    const json::Value* secrets = answer.find("secrets");
    if (secrets && !secrets->if_array()) co_return malformed(what, "secrets");
    if (secrets) {
      for (const json::Value& secret : *secrets->if_array()) {
        if (!secret.if_object()) co_return malformed(what, "secrets");
        CO_TRY(const std::string name, text_member(*secret.if_object(), "name", what));
        names.push_back(name.substr(name.rfind('/') + 1));
      }
    }
    page = next_page(answer);
    if (page.empty()) co_return names;
  }
  co_return too_many(what);
}

Task<Done> SecretManagerClient::knock() {
  GoogleApi::Call call;
  call.path = "/v1/" + parent_ + "/secrets?pageSize=1";
  call.what = "Secret Manager of " + parent_;
  CO_TRY(co_await api_->call(std::move(call)));
  co_return Done{};
}

Task<Done> SecretManagerClient::create(std::string secret) {
  GoogleApi::Call call;
  call.method = "POST";
  call.path = "/v1/" + parent_ + "/secrets?secretId=" + secret;
  // A regional secret lives where it is; a global one says where its copies may.
  call.body = location_.empty() ? R"({"replication":{"automatic":{}}})" : "{}";
  call.what = "creation of secret " + quoted(secret);
  CO_TRY(co_await api_->call(std::move(call)));
  co_return Done{};
}

Task<std::uint64_t> SecretManagerClient::add_version(std::string secret,
                                                     std::shared_ptr<const SecretBytes> data) {
  GoogleApi::Call call;
  call.method = "POST";
  call.path = "/v1/" + parent_ + "/secrets/" + secret + ":addVersion";
  call.what = "new version of secret " + quoted(secret);
  call.repeat = GoogleApi::Repeat::kNever;
  std::string text = base64::encode(data->view());
  call.body.reserve(text.size() + 80);  // no second copy to wipe
  call.body += R"({"payload":{"data":")";
  call.body += text;
  call.body += R"(","dataCrc32c":")" + std::to_string(crc32c(data->view())) + "\"}}";
  wipe(text);
  const std::string what = call.what;
  CO_TRY(const json::Object answer, co_await api_->call(std::move(call)));
  CO_TRY(const std::string name, text_member(answer, "name", what));
  const auto number = version_of(name, secret);
  if (!number) co_return malformed(what, "name");
  if (!is_true(answer, "clientSpecifiedPayloadChecksum"))
    co_return corrupted(what, "clientSpecifiedPayloadChecksum");
  co_return *number;
}

Task<Done> SecretManagerClient::destroy(std::string secret, std::uint64_t version) {
  GoogleApi::Call call;
  call.method = "POST";
  call.path =
      "/v1/" + parent_ + "/secrets/" + secret + "/versions/" + std::to_string(version) + ":destroy";
  call.body = "{}";
  call.what = "destruction of version " + std::to_string(version) + " of secret " + quoted(secret);
  CO_TRY(co_await api_->call(std::move(call)));
  co_return Done{};
}

}  // namespace signet::secrets::google
