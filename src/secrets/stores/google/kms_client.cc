#include "secrets/stores/google/kms_client.h"

#include <algorithm>

#include "base/base64.h"
#include "base/crc32c.h"
#include "base/text.h"
#include "secrets/stores/google/google_answer.h"

namespace signet::secrets::google {
namespace {

std::string_view member_of(crypto::Hash hash) {
  if (hash == crypto::Hash::kSha384) return "sha384";
  if (hash == crypto::Hash::kSha512) return "sha512";
  return "sha256";
}

constexpr std::string_view kEnabled = "ENABLED";

std::string crc_text(ByteView bytes) {
  return std::to_string(crc32c(bytes));
}

Error about_another(const std::string& what, std::string_view name) {
  return Error{Code::kUnavailable, "google_integrity_failed",
               what + ": the answer is about " + quoted(name, 256)};
}

/// KMS did not see the checksum that was sent, or saw other bytes.
Error not_verified(const std::string& what, std::string_view member) {
  return Error{Code::kUnavailable, "google_integrity_failed",
               what + ": Google did not confirm '" + std::string(member) + "'"};
}

Status check_name(const json::Object& answer, const std::string& version, const std::string& what) {
  TRY(const std::string name, text_member(answer, "name", what));
  if (name != version) return about_another(what, name);
  return Done{};
}

/// `{"data":...,"dataCrc32c":...}`
std::string checked_body(const std::string& member, ByteView bytes) {
  std::string body;
  json::ObjectWriter(body)
      .add(member, base64::encode(bytes))
      .add(member + "Crc32c", crc_text(bytes))
      .end();
  return body;
}

Bytes public_bytes(const SecretBytes& bytes) {
  return to_bytes(bytes.view());
}

}  // namespace

bool is_kms_key_name(std::string_view name) {
  return is_resource_id(name, 63);
}

KmsClient::KmsClient(std::shared_ptr<GoogleApi> api, std::string key_ring)
    : api_(std::move(api)), key_ring_(std::move(key_ring)) {}

Result<KmsVersion> KmsClient::version_of(const json::Object& entry, const std::string& key,
                                         const std::string& what) const {
  KmsVersion version;
  TRY(version.name, text_member(entry, "name", what));
  TRY(version.state, text_member(entry, "state", what));
  auto algorithm = text_member(entry, "algorithm", what);
  if (!algorithm && version.state == kEnabled) return std::move(algorithm).error();
  if (algorithm) version.algorithm = std::move(algorithm).value();
  const auto number = version_number(version.name);
  const std::string parent = key_ring_ + "/cryptoKeys/" + key;
  if (!number || version.name != parent + "/cryptoKeyVersions/" + std::to_string(*number))
    return about_another(what, version.name);
  version.number = *number;
  return version;
}

Task<std::vector<KmsVersion>> KmsClient::list_versions(std::string key, std::string filter) {
  const std::string what = "list of the versions of key " + quoted(key);
  std::string path =
      "/v1/" + key_ring_ + "/cryptoKeys/" + key + "/cryptoKeyVersions?" + filter + "pageSize=100";
  CO_TRY(const auto entries, co_await api_->list(std::move(path), "cryptoKeyVersions", what));
  std::vector<KmsVersion> found;
  for (const json::Object& entry : entries) {
    CO_TRY(KmsVersion version, version_of(entry, key, what));
    found.push_back(std::move(version));
  }
  std::sort(found.begin(), found.end(),
            [](const KmsVersion& a, const KmsVersion& b) { return a.number > b.number; });
  co_return found;
}

Task<std::vector<KmsVersion>> KmsClient::enabled_versions(std::string key) {
  CO_TRY(auto versions, co_await list_versions(std::move(key), "filter=state%3DENABLED&"));
  std::erase_if(versions, [](const KmsVersion& version) { return version.state != kEnabled; });
  co_return versions;
}

Task<std::vector<KmsVersion>> KmsClient::all_versions(std::string key) {
  co_return co_await list_versions(std::move(key), std::string());
}

Task<std::string> KmsClient::template_algorithm(std::string key) {
  GoogleApi::Call call;
  const std::string name = key_ring_ + "/cryptoKeys/" + key;
  call.path = "/v1/" + name;
  call.what = "key " + quoted(key);
  const std::string what = call.what;
  CO_TRY(const json::Object answer, co_await api_->call(std::move(call)));
  CO_TRY(check_name(answer, name, what));
  const json::Value* made = answer.find("versionTemplate");
  if (!made || !made->if_object()) co_return malformed(what, "versionTemplate");
  CO_TRY(std::string algorithm, text_member(*made->if_object(), "algorithm", what));
  co_return algorithm;
}

Task<KmsVersion> KmsClient::create_version(std::string key) {
  GoogleApi::Call call;
  call.method = "POST";
  call.path = "/v1/" + key_ring_ + "/cryptoKeys/" + key + "/cryptoKeyVersions";
  call.body = "{}";  // all of it is the template's
  call.what = "new version of key " + quoted(key);
  call.repeat = GoogleApi::Repeat::kNever;
  const std::string what = call.what;
  CO_TRY(const json::Object answer, co_await api_->call(std::move(call)));
  CO_TRY(KmsVersion version, version_of(answer, key, what));
  co_return version;
}

Task<std::vector<std::string>> KmsClient::keys() {
  co_return co_await api_->list_names("/v1/" + key_ring_ + "/cryptoKeys?pageSize=250", "cryptoKeys",
                                      "list of the keys of " + key_ring_);
}

Task<Done> KmsClient::knock() {
  GoogleApi::Call call;
  call.path = "/v1/" + key_ring_ + "/cryptoKeys?pageSize=1";
  call.what = "Cloud KMS, " + key_ring_;
  CO_TRY(co_await api_->call(std::move(call)));
  co_return Done{};
}

Task<KmsPublicKey> KmsClient::public_key(std::string version) {
  std::function<Task<KmsPublicKey>()> once = [self = shared_from_this(), version] {
    return self->public_key_once(version);
  };
  co_return co_await until_whole<KmsPublicKey>(std::move(once));
}

Task<KmsPublicKey> KmsClient::public_key_once(std::string version) {
  GoogleApi::Call call;
  call.path = "/v1/" + version + "/publicKey";
  call.what = "public key of " + version;
  const std::string what = call.what;
  CO_TRY(const json::Object answer, co_await api_->call(std::move(call)));
  CO_TRY(check_name(answer, version, what));
  KmsPublicKey key;
  CO_TRY(key.pem, text_member(answer, "pem", what));
  CO_TRY(key.algorithm, text_member(answer, "algorithm", what));
  const auto checksum = int64_member(answer, "pemCrc32c");
  if (!checksum || *checksum != std::int64_t{crc32c(as_bytes(key.pem))})
    co_return corrupted(what, "pem");
  co_return key;
}

Task<json::Object> KmsClient::post(std::string resource, std::string_view verb, std::string body) {
  GoogleApi::Call call;
  call.method = "POST";
  call.path = "/v1/" + resource + ":" + std::string(verb);
  call.body = std::move(body);
  call.what = std::string(verb) + " by " + resource;
  co_return co_await api_->call(std::move(call));
}

Task<Bytes> KmsClient::sign_digest(std::string version, crypto::Hash hash, Bytes digest) {
  std::string inner, body;
  json::ObjectWriter(inner).add(member_of(hash), base64::encode(digest)).end();
  json::ObjectWriter(body).add_raw("digest", inner).add("digestCrc32c", crc_text(digest)).end();
  std::function<Task<Bytes>()> once = [self = shared_from_this(), version, body] {
    return self->sign_once(version, body, "verifiedDigestCrc32c");
  };
  co_return co_await until_whole<Bytes>(std::move(once));
}

Task<Bytes> KmsClient::sign_data(std::string version, Bytes data) {
  const std::string body = checked_body("data", data);
  std::function<Task<Bytes>()> once = [self = shared_from_this(), version, body] {
    return self->sign_once(version, body, "verifiedDataCrc32c");
  };
  co_return co_await until_whole<Bytes>(std::move(once));
}

Task<Bytes> KmsClient::sign_once(std::string version, std::string body, std::string_view verified) {
  const std::string what = "asymmetricSign by " + version;
  CO_TRY(json::Object answer, co_await post(version, "asymmetricSign", std::move(body)));
  CO_TRY(check_name(answer, version, what));
  if (!is_true(answer, verified)) co_return not_verified(what, verified);
  CO_TRY(const SecretBytes signature,
         take_checked_bytes(answer, "signature", "signatureCrc32c", what));
  co_return public_bytes(signature);
}

Task<Bytes> KmsClient::mac_sign(std::string version, Bytes data) {
  const std::string body = checked_body("data", data);
  std::function<Task<Bytes>()> once = [self = shared_from_this(), version, body] {
    return self->mac_sign_once(version, body);
  };
  co_return co_await until_whole<Bytes>(std::move(once));
}

Task<Bytes> KmsClient::mac_sign_once(std::string version, std::string body) {
  const std::string what = "macSign by " + version;
  CO_TRY(json::Object answer, co_await post(version, "macSign", std::move(body)));
  CO_TRY(check_name(answer, version, what));
  if (!is_true(answer, "verifiedDataCrc32c")) co_return not_verified(what, "verifiedDataCrc32c");
  CO_TRY(const SecretBytes mac, take_checked_bytes(answer, "mac", "macCrc32c", what));
  co_return public_bytes(mac);
}

Task<bool> KmsClient::mac_verify(std::string version, Bytes data, Bytes mac) {
  std::string body;
  json::ObjectWriter(body)
      .add("data", base64::encode(data))
      .add("dataCrc32c", crc_text(data))
      .add("mac", base64::encode(mac))
      .add("macCrc32c", crc_text(mac))
      .end();
  std::function<Task<bool>()> once = [self = shared_from_this(), version, body] {
    return self->mac_verify_once(version, body);
  };
  co_return co_await until_whole<bool>(std::move(once));
}

Task<bool> KmsClient::mac_verify_once(std::string version, std::string body) {
  const std::string what = "macVerify by " + version;
  CO_TRY(const json::Object answer, co_await post(version, "macVerify", std::move(body)));
  CO_TRY(check_name(answer, version, what));
  for (const std::string_view member : {"verifiedDataCrc32c", "verifiedMacCrc32c"}) {
    if (!is_true(answer, member)) co_return not_verified(what, member);
  }
  const bool success = is_true(answer, "success");
  if (is_true(answer, "verifiedSuccessIntegrity") != success)
    co_return not_verified(what, "verifiedSuccessIntegrity");
  co_return success;
}

Task<SecretBytes> KmsClient::asymmetric_decrypt(std::string version, Bytes ciphertext) {
  const std::string body = checked_body("ciphertext", ciphertext);
  std::function<Task<SecretBytes>()> once = [self = shared_from_this(), version, body] {
    return self->decrypt_once(version, "asymmetricDecrypt", body);
  };
  co_return co_await until_whole<SecretBytes>(std::move(once));
}

Task<SecretBytes> KmsClient::decrypt(std::string key, Bytes ciphertext) {
  const std::string body = checked_body("ciphertext", ciphertext);
  std::function<Task<SecretBytes>()> once = [self = shared_from_this(), key, body] {
    return self->decrypt_once(key, "decrypt", body);
  };
  co_return co_await until_whole<SecretBytes>(std::move(once));
}

Task<SecretBytes> KmsClient::decrypt_once(std::string resource, std::string_view verb,
                                          std::string body) {
  const std::string what = std::string(verb) + " by " + resource;
  CO_TRY(json::Object answer, co_await post(resource, verb, std::move(body)));
  // Neither answer names the key; `decrypt` reports a wrong checksum as a refusal, and nothing
  // else.
  if (verb == "asymmetricDecrypt" && !is_true(answer, "verifiedCiphertextCrc32c"))
    co_return not_verified(what, "verifiedCiphertextCrc32c");
  co_return take_checked_bytes(answer, "plaintext", "plaintextCrc32c", what);
}

}  // namespace signet::secrets::google
