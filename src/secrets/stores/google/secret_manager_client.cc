#include "secrets/stores/google/secret_manager_client.h"

#include <algorithm>

#include "base/base64.h"
#include "base/crc32c.h"
#include "base/text.h"
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
  std::function<Task<SecretVersion>()> once = [this, secret, version] {
    return access_once(secret, version);
  };
  co_return co_await until_whole<SecretVersion>(std::move(once));
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
  CO_TRY(const auto versions,
         co_await api_->list("/v1/" + parent_ + "/secrets/" + secret +
                                 "/versions?filter=state%3AENABLED&pageSize=100",
                             "versions", what));
  std::vector<std::uint64_t> numbers;
  for (const json::Object& version : versions) {
    const json::Value* state = version.find("state");
    if (!state || !state->if_string() || *state->if_string() != "ENABLED") continue;
    CO_TRY(const std::string name, text_member(version, "name", what));
    const auto number = version_of(name, secret);
    if (!number) co_return malformed(what, "name");
    numbers.push_back(*number);
  }
  std::sort(numbers.rbegin(), numbers.rend());
  co_return numbers;
}

Task<std::vector<std::string>> SecretManagerClient::secrets() {
  co_return co_await api_->list_names("/v1/" + parent_ + "/secrets?pageSize=250", "secrets",
                                      "list of the secrets of " + parent_);
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
