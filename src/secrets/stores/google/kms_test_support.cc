#include "secrets/stores/google/kms_test_support.h"

#include "base/base64.h"
#include "base/crc32c.h"
#include "crypto/cipher.h"
#include "crypto/digest.h"
#include "crypto/sign.h"
#include "jose/jws.h"
#include "secrets/stores/google/google_answer.h"
#include "secrets/stores/google/kms_algorithms.h"

namespace signet::secrets::google {
namespace {

const crypto::PrivateKey& rsa_key(std::size_t bits) {
  static const auto small = crypto::PrivateKey::generate(crypto::KeyKind::kRsa, 2048).value();
  static const auto large = crypto::PrivateKey::generate(crypto::KeyKind::kRsa, 4096).value();
  return bits == 4096 ? large : small;
}

}  // namespace

FakeKeyVersion ec_version(std::string algorithm, crypto::KeyKind kind) {
  return {std::move(algorithm), crypto::PrivateKey::generate(kind).value()};
}
FakeKeyVersion rsa_version(std::string algorithm) {
  const std::size_t bits = algorithm.find("4096") == std::string::npos ? 2048 : 4096;
  return {std::move(algorithm), rsa_key(bits)};
}
FakeKeyVersion mac_version(std::string algorithm) {
  return {std::move(algorithm), std::nullopt, Bytes(64, 7)};
}

std::shared_ptr<Store> kms_store_over(FakeGoogle& google, std::string_view more,
                                      std::shared_ptr<ManualClock> clock) {
  return make_store(
      "google_kms",
      settings(R"({"project":"p","location":"l","keyRing":"r")" + std::string(more) + "}"),
      google.context(std::move(clock)));
}

Secret only(const Result<std::vector<Secret>>& secrets) {
  EXPECT_THAT(secrets, is_ok());
  EXPECT_TRUE(secrets && secrets->size() == 1);
  return secrets && !secrets->empty() ? secrets->front() : Secret();
}

std::vector<std::string> versions_of(const Result<std::vector<Secret>>& secrets) {
  EXPECT_THAT(secrets, is_ok());
  std::vector<std::string> found;
  if (secrets) {
    for (const Secret& secret : *secrets)
      found.push_back(secret.version);
  }
  return found;
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
  return ok(list_of_names(keys, "cryptoKeys", "projects/p/locations/l/keyRings/r/cryptoKeys/"));
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
