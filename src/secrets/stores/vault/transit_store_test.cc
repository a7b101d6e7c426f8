#include "secrets/stores/vault/transit_store.h"

#include "base/base64.h"
#include "crypto/digest.h"
#include "crypto/sign.h"
#include "secrets/stores/store_contract.h"
#include "secrets/stores/vault/fake_vault.h"

namespace signet::secrets::vault {
namespace {

using jose::JwsAlg;

std::string public_pem(const crypto::PrivateKey& key) {
  return "-----BEGIN PUBLIC KEY-----\n" + base64::encode(key.public_key().spki()) +
         "\n-----END PUBLIC KEY-----\n";
}

struct TransitSetting : VaultSetting {
  std::map<std::string, std::vector<crypto::PrivateKey>> keys;

  TransitSetting() { add("ec", "ecdsa-p256", crypto::KeyKind::kEcP256); }

  void add(const std::string& name, std::string_view type, crypto::KeyKind kind, int oldest = 1) {
    auto& versions = keys[name];
    versions.push_back(
        crypto::PrivateKey::generate(kind, kind == crypto::KeyKind::kRsa ? 2048 : 0).value());
    json::Object told;
    for (std::size_t i = 0; i < versions.size(); ++i) {
      json::Object one;
      one.set("public_key", kind == crypto::KeyKind::kEd25519
                                ? base64::encode(versions[i].public_key().okp_x())
                                : public_pem(versions[i]));
      told.set(std::to_string(i + 1), std::move(one));
    }
    json::Object data, body;
    data.set("type", type);
    data.set("latest_version", static_cast<std::int64_t>(versions.size()));
    data.set("min_decryption_version", oldest);
    data.set("keys", std::move(told));
    body.set("data", std::move(data));
    vault->answers["GET transit/keys/" + name] = {200, json::dump(json::Value(std::move(body)))};
  }
  std::shared_ptr<Store> store(json::Object settings = {}) {
    return make_store("vault_transit", settings, context);
  }
  Secret active(std::string_view alias) {
    auto secrets = now(store()->fetch(Alias(alias)));
    EXPECT_THAT(secrets, is_ok());
    return std::move(secrets->front());
  }
  void sign_with(const std::string& name, const std::string& signature) {
    vault->answers["POST transit/sign/" + name] = {
        200, R"({"data":{"signature":")" + signature + "\"}}"};
  }
  std::string sent(std::string_view member) {
    const auto body = json::parse_object(vault->last_body).value();
    const json::Value* value = body.find(member);
    if (!value) return "absent";
    return value->if_string() ? *value->if_string() : json::dump(*value);
  }
};

TEST(VaultTransit, passes_the_exam_of_all_stores) {
  TransitSetting s;
  s.vault->answers["GET transit/keys?list=true"] = {200, R"({"data":{"keys":["ec"]}})"};
  s.vault->answers["GET sys/internal/ui/mounts/transit"] = {
      200, R"({"data":{"type":"transit","options":null}})"};
  Exam exam;
  exam.store = s.store();
  exam.known = Alias("ec");
  exam.unknown = Alias("none");
  exam.canaries = {"token-0"};
  exam.breakages = {
      [&] {
        s.vault->answers["GET transit/keys/ec"] = {200, R"({"data":{"type":"ecdsa-p256"}})"};
      },
      [&] {
        s.vault->instead = {503, R"({"errors":["Vault is sealed"]})"};
      },
      [&] { s.http->answer_with({}); },
  };
  pass_exam(exam);
}

TEST(VaultTransit, versions_down_to_the_oldest_that_decrypts_are_served_newest_first) {
  TransitSetting s;
  s.add("ec", "ecdsa-p256", crypto::KeyKind::kEcP256);
  s.add("ec", "ecdsa-p256", crypto::KeyKind::kEcP256, 2);
  const auto secrets = now(s.store()->fetch(Alias("ec")));
  ASSERT_THAT(secrets, is_ok());
  ASSERT_EQ(secrets->size(), 2U);
  EXPECT_EQ(secrets->at(0).version, "3");
  EXPECT_EQ(secrets->at(1).version, "2");
  EXPECT_EQ(secrets->at(0).kid.str(),
            jose::Jwk::from_public(s.keys["ec"][2].public_key()).thumbprint());
}

TEST(VaultTransit, every_parameter_of_jose_is_explicit) {
  TransitSetting s;
  s.add("rsa", "rsa-2048", crypto::KeyKind::kRsa);
  s.add("ed", "ed25519", crypto::KeyKind::kEd25519);
  const Bytes input = to_bytes(std::string_view("header.payload"));
  struct Row {
    const char* key;
    JwsAlg alg;
    const char* hash;
    const char* scheme;
    const char* salt;
  };
  for (const Row& row : {Row{"rsa", JwsAlg::kRs256, "sha2-256", "pkcs1v15", "absent"},
                         Row{"rsa", JwsAlg::kRs512, "sha2-512", "pkcs1v15", "absent"},
                         Row{"rsa", JwsAlg::kPs384, "sha2-384", "pss", "hash"},
                         Row{"ec", JwsAlg::kEs256, "sha2-256", "absent", "absent"},
                         Row{"ed", JwsAlg::kEdDsa, "absent", "absent", "absent"}}) {
    const auto right =
        crypto::sign(s.keys[row.key].front(), jose::signature_scheme(row.alg), input).value();
    s.sign_with(row.key, "vault:v1:" + base64::url_encode(right));
    const auto signature = now(s.active(row.key).remote->sign(row.alg, input));
    ASSERT_THAT(signature, is_ok()) << jose::name(row.alg);
    EXPECT_EQ(*signature, right);
    EXPECT_EQ(s.sent("hash_algorithm"), row.hash);
    EXPECT_EQ(s.sent("signature_algorithm"), row.scheme);
    EXPECT_EQ(s.sent("salt_length"), row.salt);
    EXPECT_EQ(s.sent("marshaling_algorithm"), "jws");
    EXPECT_EQ(s.sent("key_version"), "1");
    const bool is_digest = row.alg != JwsAlg::kEdDsa;
    EXPECT_EQ(s.sent("prehashed"), is_digest ? "true" : "false");
    if (row.alg == JwsAlg::kEs256) {
      EXPECT_EQ(s.sent("input"), base64::encode(crypto::digest(crypto::Hash::kSha256, input)));
    }
    if (!is_digest) {
      EXPECT_EQ(s.sent("input"), base64::encode(input));
    }
  }
}

TEST(VaultTransit, a_signature_of_another_version_or_form_is_not_taken) {
  TransitSetting s;
  const Bytes input = to_bytes(std::string_view("x"));
  const auto right = crypto::sign(s.keys["ec"].front(), crypto::Signature::kEs256, input).value();
  const Secret secret = s.active("ec");
  for (const std::string& answer :
       {"vault:v2:" + base64::url_encode(right), base64::url_encode(right),
        std::string("vault:v1:"), "vault:v1:" + base64::encode(right)}) {
    s.sign_with("ec", answer);
    EXPECT_FALSE(now(secret.remote->sign(JwsAlg::kEs256, input)).ok()) << answer;
  }
}

TEST(VaultTransit, what_its_type_cannot_sign_is_not_asked_of_a_key) {
  TransitSetting s;
  const Secret secret = s.active("ec");
  const std::size_t before = s.http->sent().size();
  for (const JwsAlg alg : {JwsAlg::kRs256, JwsAlg::kEs384, JwsAlg::kEdDsa, JwsAlg::kHs256}) {
    EXPECT_THAT(now(secret.remote->sign(alg, {})), fails("remote_operation_unsupported"))
        << jose::name(alg);
  }
  EXPECT_EQ(s.http->sent().size(), before);
}

TEST(VaultTransit, an_encrypted_key_is_unwrapped_where_transit_pads_as_jwe_does) {
  TransitSetting s;
  s.add("rsa", "rsa-2048", crypto::KeyKind::kRsa);
  const Secret secret = s.active("rsa");
  EXPECT_EQ(secret.unwraps, std::vector<jose::JweAlg>{jose::JweAlg::kRsaOaep256});
  auto& answer = s.vault->answers["POST transit/decrypt/rsa"];
  answer = {200, R"({"data":{"plaintext":")" + base64::encode(Bytes(32, 5)) + "\"}}"};
  const auto key = now(secret.remote->unwrap(jose::JweAlg::kRsaOaep256, Bytes(256, 9)));
  ASSERT_THAT(key, is_ok());
  EXPECT_TRUE(same_bytes(key->view(), Bytes(32, 5)));
  EXPECT_EQ(s.sent("ciphertext"), "vault:v1:" + base64::encode(Bytes(256, 9)));
  answer = {500, R"({"errors":["failed to RSA decrypt the ciphertext"]})"};
  EXPECT_THAT(now(secret.remote->unwrap(jose::JweAlg::kRsaOaep256, {})),
              fails("jwe_decrypt_failed"));
  answer = {500, R"({"errors":["internal error"]})"};
  EXPECT_THAT(now(secret.remote->unwrap(jose::JweAlg::kRsaOaep256, {})),
              fails("vault_unavailable"));
  EXPECT_THAT(now(secret.remote->unwrap(jose::JweAlg::kRsaOaep, {})),
              fails("remote_operation_unsupported"));
}

TEST(VaultTransit, keys_that_serve_nothing_here_are_refused_with_the_reason) {
  TransitSetting s;
  auto& answer = s.vault->answers["GET transit/keys/k"];
  answer = {200, R"({"data":{"type":"aes256-gcm96","keys":{"1":1700000000}}})"};
  EXPECT_THAT(now(s.store()->fetch(Alias("k"))), fails("vault_key_unsupported"));
  answer = {200, R"({"data":{"type":"ed25519","derived":true,"keys":{"1":{"public_key":""}}}})"};
  EXPECT_THAT(now(s.store()->fetch(Alias("k"))), fails("vault_key_unsupported"));
  answer = {200, R"({"data":{"type":"rsa-2048","keys":{"1":{"public_key":"x"}}}})"};
  EXPECT_THAT(now(s.store()->fetch(Alias("k"))), fails("secret_unreadable"));
}

TEST(VaultTransit, a_key_is_rotated_unless_a_newer_version_is_there) {
  TransitSetting s;
  const auto store = s.store();
  auto& maker = dynamic_cast<VersionMaker&>(*store);
  s.vault->answers["POST transit/keys/ec/rotate"] = {204, ""};
  EXPECT_THAT(now(maker.make_version(Alias("ec"), "1")), is_ok());
  EXPECT_TRUE(s.http->sent().back().url.ends_with("/v1/transit/keys/ec/rotate"));
  s.add("ec", "ecdsa-p256", crypto::KeyKind::kEcP256);
  s.vault->answers["POST transit/keys/ec/rotate"] = {403, R"({"errors":["permission denied"]})"};
  EXPECT_THAT(now(maker.make_version(Alias("ec"), "1")), is_ok())
      << "it is there, nothing is asked";
  EXPECT_THAT(now(maker.make_version(Alias("ec"), "2")), fails("vault_access_denied"));
  EXPECT_THAT(now(maker.make_version(Alias("none"), "1")), fails("alias_unknown"));
  EXPECT_THAT(now(maker.make_version(Alias("ec"), "newest")), fails("version_invalid"));
}

TEST(VaultTransit, a_key_of_which_too_few_versions_are_served_is_not_rotated) {
  TransitSetting s;
  json::Object settings;
  settings.set("versions", 2);
  const auto store = s.store(std::move(settings));
  auto& maker = dynamic_cast<VersionMaker&>(*store);
  EXPECT_THAT(maker.may_make_versions(), fails("store_versions_few"));
  EXPECT_THAT(now(maker.make_version(Alias("ec"), "1")), fails("store_versions_few"));
  EXPECT_TRUE(s.http->sent().empty());
}

}  // namespace
}  // namespace signet::secrets::vault
