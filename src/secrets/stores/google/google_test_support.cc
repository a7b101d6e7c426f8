#include "secrets/stores/google/google_test_support.h"

#include "base/base64.h"
#include "base/crc32c.h"
#include "secrets/stores/google/google_answer.h"

namespace signet::secrets::google {

FakeGoogle::FakeGoogle() = default;
FakeGoogle::~FakeGoogle() = default;

StoreContext FakeGoogle::context(std::shared_ptr<ManualClock> clock) {
  StoreContext context = test_context();
  context.clock = clock;
  context.http = http;
  return context;
}

std::size_t FakeGoogle::count(std::string_view part) const {
  std::size_t found = 0;
  for (const OutboundRequest& request : http->sent())
    found += request.url.find(part) != std::string::npos ? 1 : 0;
  return found;
}

Result<OutboundResponse> FakeGoogle::answer(const OutboundRequest& request) {
  const std::lock_guard lock(mutex_);
  if (instead) {
    if (auto other = instead(request)) return *other;
  }
  if (request.url.ends_with("/token")) return token(request);
  if (header(request, "Authorization") != "Bearer " + valid_token)
    return failure(401, "UNAUTHENTICATED");
  const auto body =
      request.body.empty() ? json::Object() : json::parse_object(request.body).value();
  OutboundResponse response = request.url.find("cloudkms") != std::string::npos
                                  ? kms(request, body)
                                  : secret_manager(request, body);
  if (response.status == 200 && tamper) {
    json::Object object = json::parse_object(response.body).value();
    tamper(request, object);
    response.body = json::dump(object);
  }
  return response;
}

OutboundResponse FakeGoogle::failure(int status, const std::string& name,
                                     const std::string& message) {
  return net::FakeHttpClient::response(status, R"({"error":{"code":)" + std::to_string(status) +
                                                   R"(,"status":")" + name + R"(","message":")" +
                                                   message + "\"}}");
}

std::string FakeGoogle::header(const OutboundRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return {};
}

OutboundResponse FakeGoogle::ok(const json::Object& object) {
  return net::FakeHttpClient::response(200, json::dump(object));
}

std::string FakeGoogle::crc(ByteView bytes) {
  return std::to_string(crc32c(bytes));
}

std::string FakeGoogle::between(const std::string& text, std::string_view from, char to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) return {};
  const std::size_t start = at + from.size();
  return text.substr(start, std::min(text.find(to, start), text.size()) - start);
}

Bytes FakeGoogle::bytes_of(const json::Object& object, std::string_view name) {
  const json::Value* value = object.find(name);
  const std::string* text = value ? value->if_string() : nullptr;
  return text ? to_bytes(base64::decode(*text).value().view()) : Bytes();
}

OutboundResponse FakeGoogle::token(const OutboundRequest& request) {
  const bool is_metadata = request.url.starts_with("http://metadata.google.internal/");
  if (is_metadata && header(request, "Metadata-Flavor") != "Google")
    return failure(403, "FORBIDDEN");
  json::Object object;
  object.set("access_token", valid_token);
  object.set("expires_in", token_seconds);
  object.set("token_type", "Bearer");
  OutboundResponse response = ok(object);
  response.headers.emplace_back("Metadata-Flavor", "Google");
  return response;
}

OutboundResponse FakeGoogle::secret_manager(const OutboundRequest& request,
                                            const json::Object& body) {
  const std::string path = request.url.substr(0, request.url.find('?'));
  if (path.ends_with("/secrets")) {
    return request.method == "POST" ? create_secret(request) : list_secrets();
  }
  std::string name = between(path, "/secrets/", '/');
  name = name.substr(0, name.find(':'));
  const auto found = secrets.find(name);
  if (path.ends_with(":addVersion")) return add_version(name, body);
  if (path.ends_with(":destroy")) return destroy(name, between(path, "/versions/", ':'));
  if (path.ends_with("/versions")) {
    if (denied.contains("list")) return failure(403, "PERMISSION_DENIED");
    return found == secrets.end() ? failure(404, "NOT_FOUND") : list_versions(name);
  }
  if (denied.contains("access")) return failure(403, "PERMISSION_DENIED");
  const std::string wanted = between(path, "/versions/", ':');
  if (found == secrets.end() || found->second.empty()) return failure(404, "NOT_FOUND");
  const std::size_t number = wanted == "latest" ? found->second.size() : std::stoul(wanted);
  if (number == 0 || number > found->second.size()) return failure(404, "NOT_FOUND");
  const FakeSecretVersion& version = found->second[number - 1];
  if (version.state != "ENABLED") {
    return failure(400, "FAILED_PRECONDITION",
                   "Secret Version [x] is in " + version.state + " state.");
  }
  json::Object payload, object;
  payload.set("data", base64::encode(as_bytes(version.data)));
  payload.set("dataCrc32c", crc(as_bytes(version.data)));
  object.set("name", "projects/123/secrets/" + name + "/versions/" + std::to_string(number));
  object.set("payload", std::move(payload));
  return ok(object);
}

OutboundResponse FakeGoogle::list_secrets() const {
  if (denied.contains("list")) return failure(403, "PERMISSION_DENIED");
  return ok(list_of_names(secrets, "secrets", "projects/123/secrets/"));
}

OutboundResponse FakeGoogle::list_versions(const std::string& name) {
  json::Array array;
  std::size_t number = secrets[name].size();
  for (auto version = secrets[name].rbegin(); version != secrets[name].rend(); ++version) {
    json::Object entry;
    entry.set("name", "projects/123/secrets/" + name + "/versions/" + std::to_string(number--));
    entry.set("state", version->state);  // the client looks at it, whatever the filter did
    array.emplace_back(std::move(entry));
  }
  json::Object object;
  object.set("versions", std::move(array));
  return ok(object);
}

OutboundResponse FakeGoogle::create_secret(const OutboundRequest& request) {
  if (denied.contains("create")) return failure(403, "PERMISSION_DENIED");
  const std::string name = between(request.url, "secretId=", '&');
  if (!secrets.emplace(name, std::vector<FakeSecretVersion>()).second)
    return failure(409, "ALREADY_EXISTS");
  json::Object object;
  object.set("name", "projects/123/secrets/" + name);
  return ok(object);
}

OutboundResponse FakeGoogle::add_version(const std::string& name, const json::Object& body) {
  if (denied.contains("add")) return failure(403, "PERMISSION_DENIED");
  const auto found = secrets.find(name);
  if (found == secrets.end()) return failure(404, "NOT_FOUND");
  const json::Object& payload = *body.find("payload")->if_object();
  const Bytes data = bytes_of(payload, "data");
  if (int64_member(payload, "dataCrc32c") != std::int64_t{crc32c(data)})
    return failure(400, "INVALID_ARGUMENT");
  found->second.push_back({to_text(data)});
  json::Object object;
  object.set("name",
             "projects/123/secrets/" + name + "/versions/" + std::to_string(found->second.size()));
  object.set("state", "ENABLED");
  object.set("clientSpecifiedPayloadChecksum", true);
  return ok(object);
}

OutboundResponse FakeGoogle::destroy(const std::string& name, const std::string& version) {
  if (denied.contains("destroy")) return failure(403, "PERMISSION_DENIED");
  secrets[name].at(std::stoul(version) - 1).state = "DESTROYED";
  return ok({});
}

}  // namespace signet::secrets::google
