#include "secrets/stores/google/kms_key.h"

#include "base/base64.h"
#include "base/crc32c.h"
#include "crypto/cipher.h"
#include "jose/jwe.h"
#include "secrets/stores/google/kms_test_support.h"

namespace signet::secrets::google {
namespace {

using crypto::KeyKind;
using jose::JweAlg;
using jose::JwsAlg;
using ::testing::ElementsAre;
using ::testing::SizeIs;

struct SignatureRow {
  FakeKeyVersion version;
  JwsAlg alg;
  const char* id;  ///< one that it serves
};

TEST(GoogleKmsStore, signs_as_jose_writes_it_with_every_algorithm) {
  const SignatureRow rows[] = {
      {ec_version("EC_SIGN_P256_SHA256", KeyKind::kEcP256), JwsAlg::kEs256,
       "am.services.oauth2.stateless.signing.ES256"},
      {ec_version("EC_SIGN_P384_SHA384", KeyKind::kEcP384), JwsAlg::kEs384,
       "am.services.oauth2.stateless.signing.ES384"},
      {ec_version("EC_SIGN_ED25519", KeyKind::kEd25519), JwsAlg::kEdDsa,
       "am.services.oauth2.oidc.signing.EDDSA"},
      {rsa_version("RSA_SIGN_PKCS1_2048_SHA256"), JwsAlg::kRs256,
       "am.services.oauth2.stateless.signing.RSA"},
      {rsa_version("RSA_SIGN_PSS_2048_SHA256"), JwsAlg::kPs256,
       "am.services.oauth2.stateless.signing.RSA"},
      {rsa_version("RSA_SIGN_PKCS1_4096_SHA512"), JwsAlg::kRs512,
       "am.services.oauth2.stateless.signing.RSA"},
      {rsa_version("RSA_SIGN_PSS_4096_SHA512"), JwsAlg::kPs512,
       "am.services.oauth2.stateless.signing.RSA"},
  };
  for (const SignatureRow& row : rows) {
    FakeGoogle google;
    google.message = "header.payload";
    google.keys["k"] = {row.version};
    const auto store = kms_store_over(google);
    const Secret secret = only(now(store->fetch(Alias("k"))));
    ASSERT_EQ(secret.kind, SecretKind::kRemoteKey) << row.version.algorithm;
    EXPECT_EQ(secret.version, "1");
    EXPECT_EQ(secret.kid.str(), jose::Jwk::from_public(row.version.key->public_key()).thumbprint());
    EXPECT_THAT(secret.key->allowed(), ElementsAre(row.alg));
    EXPECT_TRUE(secret.key->is_remote());
    EXPECT_THAT(check_fits(SecretId::literal(row.id), secret), is_ok()) << row.version.algorithm;
    const auto signature = now(secret.remote->sign(row.alg, to_bytes(google.message)));
    ASSERT_THAT(signature, is_ok()) << row.version.algorithm;
    EXPECT_THAT(secret.key->verify(row.alg, as_bytes(google.message), *signature), is_ok());
    EXPECT_THAT(now(secret.remote->sign(JwsAlg::kEs512, to_bytes(google.message))),
                fails("remote_operation_unsupported"));
    EXPECT_THAT(now(secret.remote->unwrap(JweAlg::kRsaOaep, Bytes(256))),
                fails("remote_operation_unsupported"));
  }
}

TEST(GoogleKmsStore, sends_digests_but_to_ed25519_the_message_with_their_checksums) {
  FakeGoogle google;
  google.message = "123456789";
  google.keys["e"] = {ec_version("EC_SIGN_ED25519", KeyKind::kEd25519)};
  google.keys["p"] = {ec_version("EC_SIGN_P256_SHA256", KeyKind::kEcP256)};
  const auto store = kms_store_over(google);
  const Secret edwards = only(now(store->fetch(Alias("e"))));
  EXPECT_THAT(now(edwards.remote->sign(JwsAlg::kEdDsa, to_bytes(google.message))), is_ok());
  EXPECT_EQ(google.http->sent().back().body,
            R"({"data":"MTIzNDU2Nzg5","dataCrc32c":"3808858755"})");
  const Secret nist = only(now(store->fetch(Alias("p"))));
  EXPECT_THAT(now(nist.remote->sign(JwsAlg::kEs256, to_bytes(google.message))), is_ok());
  EXPECT_EQ(google.http->sent().back().url,
            "https://cloudkms.googleapis.com/v1/projects/p/locations/l/keyRings/r/cryptoKeys/p/"
            "cryptoKeyVersions/1:asymmetricSign");
  EXPECT_EQ(google.http->sent().back().body.find(R"({"digest":{"sha256":")"), 0U);
}

TEST(GoogleKmsStore, ecdsa_numbers_with_leading_zeros_keep_their_places) {
  // SEQUENCE { INTEGER 1, INTEGER 2^255 }: one shorter than the field, one with a zero in front.
  Bytes der = {0x30, 0x26, 0x02, 0x01, 0x01, 0x02, 0x21, 0x00, 0x80};
  der.resize(0x28, 0);
  FakeGoogle google;
  google.message = "m";
  google.keys["p"] = {ec_version("EC_SIGN_P256_SHA256", KeyKind::kEcP256)};
  google.tamper = [&](const OutboundRequest&, json::Object& object) {
    if (!object.find("signature")) return;
    object.set("signature", base64::encode(der));
    object.set("signatureCrc32c", std::to_string(crc32c(der)));
  };
  const Secret secret = only(now(kms_store_over(google)->fetch(Alias("p"))));
  Bytes expected(64, 0);
  expected[31] = 1;
  expected[32] = 0x80;
  EXPECT_EQ(now(secret.remote->sign(JwsAlg::kEs256, to_bytes("m"))).value(), expected);
  der = to_bytes("no DER");
  EXPECT_THAT(now(secret.remote->sign(JwsAlg::kEs256, to_bytes("m"))),
              fails("google_answer_malformed"));
}

TEST(GoogleKmsStore, macs_are_made_and_checked_in_their_box) {
  const std::pair<const char*, JwsAlg> rows[] = {{"HMAC_SHA256", JwsAlg::kHs256},
                                                 {"HMAC_SHA384", JwsAlg::kHs384},
                                                 {"HMAC_SHA512", JwsAlg::kHs512}};
  for (const auto& [algorithm, alg] : rows) {
    FakeGoogle google;
    google.keys["k"] = {mac_version(algorithm)};
    const Secret secret = only(now(kms_store_over(google)->fetch(Alias("k"))));
    EXPECT_THAT(check_fits(SecretId::literal("am.services.oauth2.stateless.signing.HMAC"), secret),
                is_ok());
    EXPECT_THAT(secret.kid.str(), SizeIs(16));
    const auto tag = now(secret.remote->sign(alg, to_bytes("message")));
    ASSERT_THAT(tag, is_ok());
    EXPECT_THAT(now(secret.remote->verify(alg, to_bytes("message"), *tag)), is_ok());
    EXPECT_THAT(now(secret.remote->verify(alg, to_bytes("other"), *tag)),
                fails("jws_signature_invalid"));
    const std::size_t before = google.http->sent().size();
    EXPECT_THAT(now(secret.remote->verify(alg, to_bytes("message"), Bytes(3))),
                fails("jws_signature_invalid"));
    EXPECT_EQ(google.http->sent().size(), before) << "a tag of another length is no question";
  }
}

TEST(GoogleKmsStore, unwraps_the_keys_of_jwe) {
  const struct {
    const char* algorithm;
    JweAlg alg;
    crypto::RsaPadding padding;
    const char* id;
  } rows[] = {
      {"RSA_DECRYPT_OAEP_2048_SHA1", JweAlg::kRsaOaep, crypto::RsaPadding::kOaepSha1,
       "am.services.oauth2.oidc.decryption.RSA.OAEP"},
      {"RSA_DECRYPT_OAEP_2048_SHA256", JweAlg::kRsaOaep256, crypto::RsaPadding::kOaepSha256,
       "am.services.oauth2.oidc.decryption.RSA.OAEP.256"},
  };
  for (const auto& row : rows) {
    FakeGoogle google;
    google.keys["k"] = {rsa_version(row.algorithm)};
    const Secret secret = only(now(kms_store_over(google)->fetch(Alias("k"))));
    EXPECT_THAT(check_fits(SecretId::literal(row.id), secret), is_ok()) << row.algorithm;
    EXPECT_THAT(check_fits(SecretId::literal("am.services.oauth2.oidc.decryption.RSA1.5"), secret),
                fails("secret_wrong_algorithm"));
    const Bytes cek(32, 9);
    const Bytes wrapped =
        crypto::rsa_encrypt(*secret.key->jwk().public_key(), row.padding, cek).value();
    const auto plain = now(secret.remote->unwrap(row.alg, wrapped));
    ASSERT_THAT(plain, is_ok());
    EXPECT_TRUE(same_bytes(plain->view(), cek));
    EXPECT_THAT(now(secret.remote->unwrap(row.alg, Bytes(256, 1))), fails("jwe_decrypt_failed"));
    EXPECT_THAT(now(secret.remote->unwrap(JweAlg::kRsa15, wrapped)),
                fails("remote_operation_unsupported"));

    SystemRandom random;
    jose::EncryptOptions encrypt;
    encrypt.alg = row.alg;
    encrypt.enc = jose::JweEnc::kA128Gcm;
    const auto token = jose::encrypt_compact(jose::Key::local(secret.key->jwk()),
                                             as_bytes("claims"), encrypt, random);
    ASSERT_THAT(token, is_ok());
    const jose::KeyPtr keys[] = {secret.key};
    jose::DecryptOptions options;
    options.keys = keys;
    const auto prepared = jose::prepare_remote_decrypt(*token, options);
    ASSERT_THAT(prepared, is_ok());
    auto unwrapped = now(secret.remote->unwrap(prepared->header.alg, prepared->encrypted_key));
    ASSERT_THAT(unwrapped, is_ok());
    const auto opened =
        jose::finish_remote_decrypt(*token, options, *prepared, std::move(unwrapped).value());
    ASSERT_THAT(opened, is_ok());
    EXPECT_EQ(as_text(opened->plain.view()), "claims");
  }
}

TEST(GoogleKmsStore, a_key_serves_no_other_algorithm_than_its_own) {
  FakeGoogle google;
  google.keys["pss"] = {rsa_version("RSA_SIGN_PSS_2048_SHA256")};
  google.keys["oaep"] = {rsa_version("RSA_DECRYPT_OAEP_2048_SHA256")};
  google.keys["es"] = {ec_version("EC_SIGN_P256_SHA256", KeyKind::kEcP256)};
  const auto store = kms_store_over(google);
  const auto fits = [&](std::string_view key, std::string_view id) {
    return check_fits(SecretId::literal(id), only(now(store->fetch(Alias(key)))));
  };
  EXPECT_THAT(fits("pss", "am.global.services.oauth2.oidc.agent.idtoken.signing"),
              fails("secret_wrong_algorithm"));
  EXPECT_THAT(fits("pss", "am.services.oauth2.oidc.decryption.RSA.OAEP"),
              fails("secret_wrong_algorithm"));
  EXPECT_THAT(fits("oaep", "am.services.oauth2.stateless.signing.RSA"),
              fails("secret_wrong_algorithm"));
  EXPECT_THAT(fits("es", "am.services.oauth2.stateless.signing.ES512"),
              fails("secret_wrong_curve"));
}

TEST(GoogleKmsStore, a_version_disabled_while_it_signs_is_told) {
  FakeGoogle google;
  google.message = "m";
  google.keys["k"] = {ec_version("EC_SIGN_P256_SHA256", KeyKind::kEcP256)};
  const Secret secret = only(now(kms_store_over(google)->fetch(Alias("k"))));
  google.keys["k"][0].state = "DISABLED";
  EXPECT_THAT(now(secret.remote->sign(JwsAlg::kEs256, to_bytes("m"))),
              fails("google_failed_precondition"));
  google.keys["k"][0].state = "ENABLED";
  for (const auto& [status, reason] :
       {std::pair(429, "google_quota"), std::pair(500, "google_unavailable"),
        std::pair(403, "google_denied"), std::pair(504, "google_timeout")}) {
    google.instead =
        [status =
             status](const OutboundRequest& request) -> std::optional<Result<OutboundResponse>> {
      if (request.url.ends_with("/token")) return std::nullopt;
      return FakeGoogle::failure(status, "X");
    };
    EXPECT_THAT(now(secret.remote->sign(JwsAlg::kEs256, to_bytes("m"))), fails(reason));
    google.instead = {};
    EXPECT_THAT(now(secret.remote->sign(JwsAlg::kEs256, to_bytes("m"))), is_ok());
  }
}

}  // namespace
}  // namespace signet::secrets::google
