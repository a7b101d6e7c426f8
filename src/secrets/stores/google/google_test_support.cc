#include "secrets/stores/google/google_test_support.h"

#include "base/base64.h"
#include "base/crc32c.h"
#include "base/text.h"
#include "crypto/cipher.h"
#include "crypto/digest.h"
#include "crypto/sign.h"
#include "jose/jws.h"
#include "secrets/stores/google/google_answer.h"
#include "secrets/stores/google/kms_algorithms.h"

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
  json::Array array;
  for (const auto& [name, versions] : secrets) {
    json::Object entry;
    entry.set("name", "projects/123/secrets/" + name);
    array.emplace_back(std::move(entry));
  }
  json::Object object;
  object.set("secrets", std::move(array));
  return ok(object);
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

OutboundResponse FakeGoogle::kms(const OutboundRequest& request, const json::Object& body) {
  const std::string path = request.url.substr(0, request.url.find('?'));
  const std::string resource = path.substr(path.find("/v1/") + 4);
  if (resource.ends_with("/cryptoKeys")) return list_keys();
  const std::string key = between(resource, "/cryptoKeys/", '/');
  const auto found = keys.find(key.substr(0, key.find(':')));
  if (found == keys.end()) return failure(404, "NOT_FOUND");
  if (resource.ends_with("/cryptoKeys/" + found->first)) return crypto_key(resource, found->first);
  if (resource.ends_with("/cryptoKeyVersions") && request.method == "POST")
    return create_key_version(resource, found->first, body);
  if (resource.ends_with("/cryptoKeyVersions")) {
    if (denied.contains("list")) return failure(403, "PERMISSION_DENIED");
    return list_key_versions(resource, found->second);
  }
  const std::string number = between(resource, "/cryptoKeyVersions/", '/');
  FakeKeyVersion& version = found->second.at(std::stoul(number) - 1);
  const std::string name =
      resource.substr(0, resource.find_first_of(":/", resource.find("/cryptoKeyVersions/") + 19));
  if (version.state != "ENABLED") return failure(400, "FAILED_PRECONDITION");
  json::Object object;
  object.set("name", name);
  if (resource.ends_with("/publicKey")) return public_key(version, std::move(object));
  if (resource.ends_with(":asymmetricSign")) return sign(version, body, std::move(object));
  if (resource.ends_with(":asymmetricDecrypt")) return decrypt(version, body);
  if (resource.ends_with(":macSign")) {
    const Bytes mac = mac_of(version, bytes_of(body, "data"));
    object.set("mac", base64::encode(mac));
    object.set("macCrc32c", crc(mac));
    object.set("verifiedDataCrc32c", check(body, "data", "dataCrc32c"));
    return ok(object);
  }
  const bool is_right = same_bytes(mac_of(version, bytes_of(body, "data")), bytes_of(body, "mac"));
  if (is_right) object.set("success", true);  // proto3 leaves false out
  object.set("verifiedDataCrc32c", check(body, "data", "dataCrc32c"));
  object.set("verifiedMacCrc32c", check(body, "mac", "macCrc32c"));
  if (is_right) object.set("verifiedSuccessIntegrity", true);
  return ok(object);
}

bool FakeGoogle::check(const json::Object& body, std::string_view name, std::string_view crc_name) {
  return int64_member(body, crc_name) == std::int64_t{crc32c(bytes_of(body, name))};
}

Bytes FakeGoogle::mac_of(const FakeKeyVersion& version, const Bytes& data) {
  const crypto::MacKey mac(jose::mac_hash(*find_kms_algorithm(version.algorithm)->jws),
                           version.mac_key);
  Bytes out(mac.size());
  mac.mac(data, out.data());
  return out;
}

OutboundResponse FakeGoogle::list_keys() const {
  if (denied.contains("list")) return failure(403, "PERMISSION_DENIED");
  json::Array array;
  for (const auto& [name, versions] : keys) {
    json::Object entry;
    entry.set("name", "projects/p/locations/l/keyRings/r/cryptoKeys/" + name);
    array.emplace_back(std::move(entry));
  }
  json::Object object;
  object.set("cryptoKeys", std::move(array));
  return ok(object);
}

std::string FakeGoogle::template_of(const std::string& key) const {
  const auto changed = templates.find(key);
  return changed == templates.end() ? keys.at(key).back().algorithm : changed->second;
}

OutboundResponse FakeGoogle::crypto_key(const std::string& resource, const std::string& key) const {
  if (denied.contains("get")) return failure(403, "PERMISSION_DENIED");
  json::Object made, object;
  made.set("algorithm", template_of(key));
  object.set("name", resource);
  object.set("versionTemplate", std::move(made));
  return ok(object);
}

OutboundResponse FakeGoogle::create_key_version(const std::string& resource, const std::string& key,
                                                const json::Object& body) {
  if (denied.contains("create")) return failure(403, "PERMISSION_DENIED");
  if (body.begin() != body.end()) return failure(400, "INVALID_ARGUMENT");
  FakeKeyVersion made;
  made.algorithm = template_of(key);
  made.state = made_state;
  const KmsAlgorithm& algorithm = *find_kms_algorithm(made.algorithm);
  const auto kind = algorithm.jws && algorithm.does != KmsAlgorithm::Does::kMac
                        ? crypto::key_kind(jose::signature_scheme(*algorithm.jws))
                        : crypto::KeyKind::kRsa;
  if (algorithm.does == KmsAlgorithm::Does::kMac) {
    made.mac_key = Bytes(64, 8);
  } else {
    const std::size_t bits = kind == crypto::KeyKind::kRsa ? 2048 : 0;
    made.key = crypto::PrivateKey::generate(kind, bits).value();
  }
  auto& versions = keys.at(key);
  versions.push_back(std::move(made));
  json::Object object;
  object.set("name", resource + "/" + std::to_string(versions.size()));
  object.set("state", made_state);
  object.set("algorithm", versions.back().algorithm);
  return ok(object);
}

OutboundResponse FakeGoogle::list_key_versions(const std::string& resource,
                                               const std::vector<FakeKeyVersion>& versions) {
  json::Array array;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    json::Object entry;
    entry.set("name", resource + "/" + std::to_string(i + 1));
    entry.set("state", versions[i].state);
    entry.set("algorithm", versions[i].algorithm);
    array.emplace_back(std::move(entry));
  }
  json::Object object;
  object.set("cryptoKeyVersions", std::move(array));
  return ok(object);
}

OutboundResponse FakeGoogle::public_key(const FakeKeyVersion& version, json::Object object) {
  std::string pem = "-----BEGIN PUBLIC KEY-----\n";
  pem += base64::encode(version.key->public_key().spki());
  pem += "\n-----END PUBLIC KEY-----\n";
  object.set("pem", pem);
  object.set("pemCrc32c", crc(as_bytes(pem)));
  object.set("algorithm", version.algorithm);
  return ok(object);
}

OutboundResponse FakeGoogle::sign(const FakeKeyVersion& version, const json::Object& body,
                                  json::Object object) const {
  const KmsAlgorithm& algorithm = *find_kms_algorithm(version.algorithm);
  if (const json::Value* digest = body.find("digest")) {
    const auto& [hash, value] = *digest->if_object()->begin();
    const Bytes sent = bytes_of(*digest->if_object(), hash);
    if (!same_bytes(sent, crypto::digest(algorithm.hash, as_bytes(message))))
      return failure(400, "INVALID_ARGUMENT");
    object.set("verifiedDigestCrc32c",
               int64_member(body, "digestCrc32c") == std::int64_t{crc32c(sent)});
  } else {
    object.set("verifiedDataCrc32c", check(body, "data", "dataCrc32c"));
  }
  Bytes signature =
      crypto::sign(*version.key, jose::signature_scheme(*algorithm.jws), as_bytes(message)).value();
  if (algorithm.name.starts_with("EC_SIGN_P"))
    signature = crypto::ecdsa_raw_to_der(signature).value();
  object.set("signature", base64::encode(signature));
  object.set("signatureCrc32c", crc(signature));
  return ok(object);
}

OutboundResponse FakeGoogle::decrypt(const FakeKeyVersion& version, const json::Object& body) {
  const auto padding = version.algorithm.ends_with("_SHA1") ? crypto::RsaPadding::kOaepSha1
                                                            : crypto::RsaPadding::kOaepSha256;
  const auto plain = crypto::rsa_decrypt(*version.key, padding, bytes_of(body, "ciphertext"));
  if (!plain) return failure(400, "INVALID_ARGUMENT");
  json::Object object;
  object.set("plaintext", base64::encode(plain->view()));
  object.set("plaintextCrc32c", crc(plain->view()));
  object.set("verifiedCiphertextCrc32c", check(body, "ciphertext", "ciphertextCrc32c"));
  return ok(object);
}

}  // namespace signet::secrets::google
