#include "secrets/stores/azure/fake_key_vault.h"

#include "base/base64.h"
#include "base/text.h"
#include "crypto/sign.h"
#include "jose/jwk.h"

namespace signet::secrets::azure {

FakeKeyVault::FakeKeyVault() = default;
FakeKeyVault::~FakeKeyVault() = default;

Result<net::OutboundResponse> FakeKeyVault::operator()(const net::OutboundRequest& request) {
  const std::lock_guard lock(mutex_);
  if (request.url.find("/oauth2/v2.0/token") != request.url.npos ||
      request.url.find("resource=") != request.url.npos) {
    return json_answer(
        200, R"({"token_type":"Bearer","expires_in":3599,"access_token":")" + token + "\"}");
  }
  if (!request.url.starts_with(kOrigin)) {
    return Error{Code::kUnavailable, "outbound_unreachable", "no such host"};
  }
  if (authorization(request) != "Bearer " + good_token) {
    auto answer = json_answer(401, R"({"error":{"code":"Unauthorized","message":"AKV10000"}})");
    answer.headers.emplace_back("WWW-Authenticate", challenge);
    return answer;
  }
  if (instead) {
    if (auto other = instead(request)) return std::move(*other);
  }
  std::string path = request.url.substr(kOrigin.size());
  const std::string query = path.substr(path.find('?'));
  path.resize(path.find('?'));
  if (query.find("api-version=7.4") == query.npos) return refused(400, "BadParameter");
  return route(request, split(std::string_view(path).substr(1), '/'), query);
}

std::string FakeKeyVault::authorization(const net::OutboundRequest& request) {
  for (const auto& [name, value] : request.headers)
    if (name == "Authorization") return value;
  return {};
}

net::OutboundResponse FakeKeyVault::refused(int status, const std::string& code,
                                            const std::string& inner) {
  std::string body = R"({"error":{"code":")" + code + R"(","message":"told by the vault")";
  if (!inner.empty()) body += R"(,"innererror":{"code":")" + inner + "\"}";
  return net::FakeHttpClient::response(status, body + "}}");
}

net::OutboundResponse FakeKeyVault::json_answer(int status, std::string body) const {
  auto answer = net::FakeHttpClient::response(status, std::move(body));
  if (!date.empty()) answer.headers.emplace_back("Date", date);
  return answer;
}

Result<net::OutboundResponse> FakeKeyVault::route(const net::OutboundRequest& request,
                                                  const std::vector<std::string_view>& path,
                                                  const std::string& query) {
  const bool of_secrets = path[0] == "secrets";
  if (path.size() == 1 && may_list) {
    std::string items;
    for (const auto& [name, unused] : secrets)
      if (of_secrets) append_item(items, "id", "secrets/" + name, FakeVersion{});
    for (const auto& [name, unused] : keys)
      if (!of_secrets) append_item(items, "kid", "keys/" + name, FakeVersion{});
    return json_answer(200, R"({"value":[)" + items + R"(],"nextLink":null})");
  }
  if (path.back() == "versions" || path.size() == 1) {
    if (!may_list) return refused(403, "Forbidden", "AccessDenied");
    return versions(std::string(path[1]), of_secrets, query);
  }
  if (path[0] == "certificates") return import(std::string(path[1]), request.body);
  if (of_secrets) return secret(path);
  return key(path, request);
}

void FakeKeyVault::append_item(std::string& items, const char* id, const std::string& path,
                               const FakeVersion& version) {
  if (!items.empty()) items += ",";
  items += "{\"" + std::string(id) + "\":\"" + std::string(kOrigin) + "/" + path + "\"," +
           attributes(version) + "}";
}

std::string FakeKeyVault::attributes(const FakeVersion& version) {
  std::string text = R"("attributes":{"enabled":)";
  text += version.is_enabled ? "true" : "false";
  if (version.not_before) text += ",\"nbf\":" + std::to_string(version.not_before);
  if (version.not_after) text += ",\"exp\":" + std::to_string(version.not_after);
  return text + ",\"created\":" + std::to_string(version.created) +
         ",\"updated\":" + std::to_string(version.created) + "}";
}

net::OutboundResponse FakeKeyVault::versions(const std::string& name, bool of_secrets,
                                             const std::string& query) {
  std::vector<FakeVersion> all;
  if (of_secrets) {
    all = secrets[name];
  } else {
    for (const auto& [id, unused] : keys[name]) {
      all.push_back({id, "", ""});
      all.back().created += static_cast<std::int64_t>(all.size());
    }
  }
  if (all.empty()) {
    (of_secrets ? secrets.erase(name) : keys.erase(name));
    return json_answer(200, R"({"value":[],"nextLink":null})");
  }
  std::size_t from = 0;
  if (const auto at = query.find("skip="); at != query.npos) {
    from = static_cast<std::size_t>(std::stoi(query.substr(at + 5)));
  }
  const std::string collection = of_secrets ? "secrets/" : "keys/";
  std::string items;
  for (std::size_t i = from; i < all.size() && i < from + page_size; ++i)
    append_item(items, of_secrets ? "id" : "kid", collection + name + "/" + all[i].id, all[i]);
  std::string next = "null";
  if (from + page_size < all.size()) {
    next = "\"" + std::string(kOrigin) + "/" + collection + name +
           "/versions?api-version=7.4&skip=" + std::to_string(from + page_size) + "\"";
  }
  return json_answer(200, R"({"value":[)" + items + R"(],"nextLink":)" + next + "}");
}

net::OutboundResponse FakeKeyVault::secret(const std::vector<std::string_view>& path) {
  const auto found = secrets.find(std::string(path[1]));
  if (found == secrets.end()) return refused(404, "SecretNotFound");
  const FakeVersion* version = path.size() == 2 ? &found->second.back() : nullptr;
  for (const FakeVersion& one : found->second)
    if (path.size() == 3 && one.id == path[2]) version = &one;
  if (!version) return refused(404, "SecretNotFound");
  if (!version->is_enabled) return refused(403, "Forbidden", "SecretDisabled");
  std::string body = "{\"value\":";
  json::append_string(body, version->value);
  body +=
      ",\"id\":\"" + std::string(kOrigin) + "/secrets/" + found->first + "/" + version->id + "\",";
  if (!version->content_type.empty()) {
    body += "\"contentType\":\"" + version->content_type + "\",";
  }
  return json_answer(200, body + attributes(*version) + "}");
}

net::OutboundResponse FakeKeyVault::import(const std::string& name, const std::string& text) {
  const auto body = json::parse_object(text);
  if (!body || !body->find("value") || !body->find("policy")) return refused(400, "BadParameter");
  auto& versions = secrets[name];
  FakeVersion made{"imported" + std::to_string(versions.size() + 1),
                   *body->find("value")->if_string(), "application/x-pem-file"};
  made.created = imported_at;
  versions.push_back(made);
  return json_answer(200, R"({"id":"x","sid":")" + std::string(kOrigin) + "/secrets/" + name + "/" +
                              made.id + "\"}");
}

net::OutboundResponse FakeKeyVault::rotate(const std::string& name, const std::string& body) {
  if (!may_rotate) return refused(403, "Forbidden", "AccessDenied");
  if (!body.empty()) return refused(400, "BadParameter");
  auto& versions = keys.at(name);
  const auto last = versions.back().second.public_key();
  const std::size_t bits = last.kind() == crypto::KeyKind::kRsa ? last.bits() : 0;
  const std::string id = "v" + std::to_string(versions.size() + 1);
  versions.emplace_back(id, crypto::PrivateKey::generate(last.kind(), bits).value());
  json::Object jwk =
      jose::Jwk::from_public(versions.back().second.public_key()).public_json().value();
  jwk.set("kid", std::string(kOrigin) + "/keys/" + name + "/" + id);
  return json_answer(200, "{\"key\":" + json::dump(jwk) + "," + attributes(FakeVersion{}) + "}");
}

net::OutboundResponse FakeKeyVault::key(const std::vector<std::string_view>& path,
                                        const net::OutboundRequest& request) {
  const auto found = keys.find(std::string(path[1]));
  if (found == keys.end()) return refused(404, "KeyNotFound");
  if (request.method == "POST" && path.size() == 3 && path[2] == "rotate")
    return rotate(found->first, request.body);
  const crypto::PrivateKey* key = nullptr;
  for (const auto& [id, one] : found->second)
    if (path.size() >= 3 && id == path[2]) key = &one;
  if (!key) return refused(404, "KeyNotFound");
  const std::string kid =
      std::string(kOrigin) + "/keys/" + found->first + "/" + std::string(path[2]);
  if (path.size() == 3) {
    json::Object jwk = jose::Jwk::from_public(key->public_key()).public_json().value();
    jwk.set("kid", kid);
    std::string text = json::dump(jwk);
    text.pop_back();
    return json_answer(200, "{\"key\":" + text + ",\"key_ops\":" + key_operations + "}," +
                                attributes(FakeVersion{}) + "}");
  }
  return json_answer(
      200, "{\"kid\":\"" + kid + "\",\"value\":\"" + work(*key, path[3], request.body) + "\"}");
}

std::string FakeKeyVault::work(const crypto::PrivateKey&, std::string_view operation,
                               const std::string& body) {
  last_operation = std::string(operation);
  last_operation_body = body;
  return next_result;
}

}  // namespace signet::secrets::azure
