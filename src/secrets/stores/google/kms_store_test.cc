#include "secrets/stores/google/kms_store.h"

#include "base/base64.h"
#include "base/crc32c.h"
#include "crypto/cipher.h"
#include "jose/jwe.h"
#include "secrets/stores/google/google_test_support.h"
#include "secrets/stores/google/kms_key.h"

namespace signet::secrets::google {
namespace {

using crypto::KeyKind;
using jose::JweAlg;
using jose::JwsAlg;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const crypto::PrivateKey& rsa_key(std::size_t bits = 2048) {
  static const auto small = crypto::PrivateKey::generate(KeyKind::kRsa, 2048).value();
  static const auto large = crypto::PrivateKey::generate(KeyKind::kRsa, 4096).value();
  return bits == 4096 ? large : small;
}

FakeKeyVersion version(std::string algorithm, KeyKind kind) {
  return {std::move(algorithm), crypto::PrivateKey::generate(kind).value()};
}
FakeKeyVersion rsa(std::string algorithm) {
  const std::size_t bits = algorithm.find("4096") == std::string::npos ? 2048 : 4096;
  return {std::move(algorithm), rsa_key(bits)};
}
FakeKeyVersion mac(std::string algorithm) {
  return {std::move(algorithm), std::nullopt, Bytes(64, 7)};
}

std::shared_ptr<Store> store_of(
    FakeGoogle& google, std::string_view more = "",
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>()) {
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

std::vector<std::string> numbers(const Result<std::vector<Secret>>& secrets) {
  EXPECT_THAT(secrets, is_ok());
  std::vector<std::string> found;
  if (secrets) {
    for (const Secret& secret : *secrets)
      found.push_back(secret.version);
  }
  return found;
}

TEST(GoogleKmsStore, passes_the_exam_of_all_stores) {
  FakeGoogle google;
  google.keys["known"] = {version("EC_SIGN_P256_SHA256", KeyKind::kEcP256)};
  const auto clock = std::make_shared<ManualClock>();
  Exam exam;
  exam.store = store_of(google, R"(,"versionCacheDuration":0)", clock);
  exam.known = Alias("known");
  exam.unknown = Alias("unknown");
  exam.canaries = {"canary"};
  exam.breakages = {
      [&] { google.denied = {"list"}; },
      [&] { google.valid_token = "another-canary"; },
      [&] {
        google.instead = [](const OutboundRequest&) -> std::optional<Result<OutboundResponse>> {
          return net::FakeHttpClient::response(200, "canary, and no JSON");
        };
      },
      [&] {
        google.instead = [](const OutboundRequest&) -> std::optional<Result<OutboundResponse>> {
          return Error{Code::kTimeout, "outbound_timeout", "https://h:443"};
        };
      },
  };
  pass_exam(exam);
}

struct SignatureRow {
  FakeKeyVersion version;
  JwsAlg alg;
  const char* id;  ///< one that it serves
};

TEST(GoogleKmsStore, signs_as_jose_writes_it_with_every_algorithm) {
  const SignatureRow rows[] = {
      {version("EC_SIGN_P256_SHA256", KeyKind::kEcP256), JwsAlg::kEs256,
       "am.services.oauth2.stateless.signing.ES256"},
      {version("EC_SIGN_P384_SHA384", KeyKind::kEcP384), JwsAlg::kEs384,
       "am.services.oauth2.stateless.signing.ES384"},
      {version("EC_SIGN_ED25519", KeyKind::kEd25519), JwsAlg::kEdDsa,
       "am.services.oauth2.oidc.signing.EDDSA"},
      {rsa("RSA_SIGN_PKCS1_2048_SHA256"), JwsAlg::kRs256,
       "am.services.oauth2.stateless.signing.RSA"},
      {rsa("RSA_SIGN_PSS_2048_SHA256"), JwsAlg::kPs256, "am.services.oauth2.stateless.signing.RSA"},
      {rsa("RSA_SIGN_PKCS1_4096_SHA512"), JwsAlg::kRs512,
       "am.services.oauth2.stateless.signing.RSA"},
      {rsa("RSA_SIGN_PSS_4096_SHA512"), JwsAlg::kPs512, "am.services.oauth2.stateless.signing.RSA"},
  };
  for (const SignatureRow& row : rows) {
    FakeGoogle google;
    google.message = "header.payload";
    google.keys["k"] = {row.version};
    const auto store = store_of(google);
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
  google.keys["e"] = {version("EC_SIGN_ED25519", KeyKind::kEd25519)};
  google.keys["p"] = {version("EC_SIGN_P256_SHA256", KeyKind::kEcP256)};
  const auto store = store_of(google);
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
  google.keys["p"] = {version("EC_SIGN_P256_SHA256", KeyKind::kEcP256)};
  google.tamper = [&](const OutboundRequest&, json::Object& object) {
    if (!object.find("signature")) return;
    object.set("signature", base64::encode(der));
    object.set("signatureCrc32c", std::to_string(crc32c(der)));
  };
  const Secret secret = only(now(store_of(google)->fetch(Alias("p"))));
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
    google.keys["k"] = {mac(algorithm)};
    const Secret secret = only(now(store_of(google)->fetch(Alias("k"))));
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
    google.keys["k"] = {rsa(row.algorithm)};
    const Secret secret = only(now(store_of(google)->fetch(Alias("k"))));
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
  google.keys["pss"] = {rsa("RSA_SIGN_PSS_2048_SHA256")};
  google.keys["oaep"] = {rsa("RSA_DECRYPT_OAEP_2048_SHA256")};
  google.keys["es"] = {version("EC_SIGN_P256_SHA256", KeyKind::kEcP256)};
  const auto store = store_of(google);
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

TEST(GoogleKmsStore, algorithms_that_jose_has_not_are_refused_with_the_name) {
  for (const char* algorithm :
       {"EC_SIGN_SECP256K1_SHA256", "RSA_SIGN_RAW_PKCS1_2048", "RSA_DECRYPT_OAEP_4096_SHA512",
        "HMAC_SHA1", "HMAC_SHA224", "GOOGLE_SYMMETRIC_ENCRYPTION", "AES_256_GCM",
        "PQ_SIGN_ML_DSA_65", "EXTERNAL_SYMMETRIC_ENCRYPTION", "x"}) {
    FakeGoogle google;
    google.keys["k"] = {mac(algorithm)};
    const auto refused = now(store_of(google)->fetch(Alias("k")));
    EXPECT_THAT(refused, fails("google_kms_algorithm_unsupported")) << algorithm;
    EXPECT_THAT(refused, fails_with_code(Code::kUnsupported));
    EXPECT_NE(refused.error().detail.find(algorithm), std::string::npos);
  }
}

TEST(GoogleKmsStore, the_newest_enabled_version_is_active) {
  FakeGoogle google;
  google.keys["k"] =
      std::vector<FakeKeyVersion>(11, version("EC_SIGN_P256_SHA256", KeyKind::kEcP256));
  google.keys["k"][1].state = "DISABLED";
  google.keys["k"][10].state = "PENDING_GENERATION";
  const auto clock = std::make_shared<ManualClock>();
  const auto store = store_of(google, "", clock);
  EXPECT_THAT(numbers(now(store->fetch(Alias("k")))),
              ElementsAre("10", "9", "8", "7", "6", "5", "4", "3", "1"));
  google.keys["k"][10].state = "ENABLED";
  google.keys["k"][9].state = "DESTROY_SCHEDULED";
  EXPECT_EQ(numbers(now(store->fetch(Alias("k")))).front(), "10") << "the list is kept a while";
  clock->advance(Seconds(31));
  EXPECT_THAT(numbers(now(store->fetch(Alias("k")))),
              ElementsAre("11", "9", "8", "7", "6", "5", "4", "3", "1"));
}

TEST(GoogleKmsStore, a_version_of_no_use_is_left_out_with_a_warning) {
  FakeGoogle google;
  google.keys["k"] = {version("EC_SIGN_P256_SHA256", KeyKind::kEcP256), mac("HMAC_SHA1")};
  const auto store = store_of(google);
  EXPECT_THAT(numbers(now(store->fetch(Alias("k")))), ElementsAre("1"));
  EXPECT_THAT(store->warnings(), SizeIs(1));
}

TEST(GoogleKmsStore, public_keys_are_asked_for_once) {
  FakeGoogle google;
  google.keys["k"] = {version("EC_SIGN_P256_SHA256", KeyKind::kEcP256)};
  const auto clock = std::make_shared<ManualClock>();
  const auto store = store_of(google, R"(,"publicKeyCacheDuration":100)", clock);
  for (int i = 0; i < 5; ++i)
    EXPECT_THAT(now(store->fetch(Alias("k"))), is_ok());
  EXPECT_EQ(google.count("/publicKey"), 1U);
  EXPECT_EQ(google.count("/cryptoKeyVersions?"), 1U);
  clock->advance(Seconds(101));
  EXPECT_THAT(now(store->fetch(Alias("k"))), is_ok());
  EXPECT_EQ(google.count("/publicKey"), 2U);
}

/// What may be wrong with an answer of KMS, by member.
TEST(GoogleKmsStore, an_answer_that_fails_an_integrity_check_is_never_used) {
  const std::pair<const char*, json::Value> rows[] = {
      {"signatureCrc32c", "1"},
      {"signatureCrc32c", json::Value()},
      {"signature", "AAAA"},
      {"verifiedDigestCrc32c", false},
      {"verifiedDigestCrc32c", json::Value()},
      {"name", "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/2"},
  };
  for (const auto& [member, wrong] : rows) {
    FakeGoogle google;
    google.message = "m";
    google.keys["k"] = {version("EC_SIGN_P256_SHA256", KeyKind::kEcP256)};
    const Secret secret = only(now(store_of(google)->fetch(Alias("k"))));
    int left = 2;
    google.tamper = [&, member = member, wrong = wrong](const OutboundRequest&,
                                                        json::Object& object) {
      if (left-- > 0) object.set(member, wrong);
    };
    EXPECT_THAT(now(secret.remote->sign(JwsAlg::kEs256, to_bytes("m"))), is_ok())
        << member << ": the third try is whole";
    left = 100;
    const auto refused = now(secret.remote->sign(JwsAlg::kEs256, to_bytes("m")));
    EXPECT_THAT(refused, fails("google_integrity_failed")) << member;
    EXPECT_THAT(refused, fails_with_code(Code::kUnavailable)) << member;
    EXPECT_EQ(left, 97) << "three tries";
  }
}

TEST(GoogleKmsStore, the_same_holds_for_macs_decryption_and_public_keys) {
  const auto tampered = [](FakeGoogle& google, const char* member, json::Value wrong) {
    google.tamper = [member, wrong](const OutboundRequest&, json::Object& object) {
      if (object.find(member)) object.set(member, wrong);
    };
  };
  FakeGoogle google;
  google.keys["m"] = {mac("HMAC_SHA256")};
  google.keys["d"] = {rsa("RSA_DECRYPT_OAEP_2048_SHA256")};
  const auto store = store_of(google);
  const Secret macs = only(now(store->fetch(Alias("m"))));
  const Secret decrypts = only(now(store->fetch(Alias("d"))));
  const Bytes tag = now(macs.remote->sign(JwsAlg::kHs256, to_bytes("m"))).value();
  for (const char* member : {"macCrc32c", "verifiedDataCrc32c", "name"}) {
    tampered(google, member, json::Value("x"));
    EXPECT_THAT(now(macs.remote->sign(JwsAlg::kHs256, to_bytes("m"))),
                fails("google_integrity_failed"))
        << member;
  }
  for (const char* member :
       {"verifiedDataCrc32c", "verifiedMacCrc32c", "name", "success", "verifiedSuccessIntegrity"}) {
    tampered(google, member, json::Value("x"));
    EXPECT_THAT(now(macs.remote->verify(JwsAlg::kHs256, to_bytes("m"), tag)),
                fails("google_integrity_failed"))
        << member;
  }
  const Bytes wrapped = crypto::rsa_encrypt(*decrypts.key->jwk().public_key(),
                                            crypto::RsaPadding::kOaepSha256, Bytes(16, 1))
                            .value();
  for (const char* member : {"plaintextCrc32c", "verifiedCiphertextCrc32c"}) {
    tampered(google, member, json::Value("x"));
    EXPECT_THAT(now(decrypts.remote->unwrap(JweAlg::kRsaOaep256, wrapped)),
                fails("google_integrity_failed"))
        << member;
  }
  google.keys["p"] = {version("EC_SIGN_P256_SHA256", KeyKind::kEcP256)};
  for (const char* member : {"pemCrc32c", "name"}) {
    google.tamper = [member](const OutboundRequest&, json::Object& object) {
      if (object.find("pem")) object.set(member, "1");
    };
    EXPECT_THAT(now(store_of(google)->fetch(Alias("p"))), fails("google_integrity_failed"))
        << member;
  }
  google.tamper = [](const OutboundRequest&, json::Object& object) {
    if (object.find("pem")) object.set("algorithm", "EC_SIGN_P384_SHA384");
  };
  EXPECT_THAT(now(store_of(google)->fetch(Alias("p"))), fails("google_answer_malformed"));
}

TEST(GoogleKmsStore, a_public_key_of_another_kind_than_its_algorithm_is_not_used) {
  FakeGoogle google;
  google.keys["k"] = {version("EC_SIGN_P256_SHA256", KeyKind::kEcP384)};
  EXPECT_THAT(now(store_of(google)->fetch(Alias("k"))), fails("google_answer_malformed"));
}

TEST(GoogleKmsStore, a_version_disabled_while_it_signs_is_told) {
  FakeGoogle google;
  google.message = "m";
  google.keys["k"] = {version("EC_SIGN_P256_SHA256", KeyKind::kEcP256)};
  const Secret secret = only(now(store_of(google)->fetch(Alias("k"))));
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

TEST(GoogleKmsStore, unknown_keys_are_an_empty_list_and_odd_names_are_refused) {
  FakeGoogle google;
  const auto store = store_of(google);
  EXPECT_THAT(now(store->fetch(Alias("none"))).value(), IsEmpty());
  for (const std::string_view alias : {"k/cryptoKeyVersions/1", "..", "a b", ""})
    EXPECT_THAT(now(store->fetch(Alias(alias))), fails("google_name_invalid")) << alias;
}

TEST(GoogleKmsStore, every_wrong_setting_is_told) {
  for (const std::string_view wrong :
       {R"({"location":"l","keyRing":"r"})", R"({"project":"p","keyRing":"r"})",
        R"({"project":"p","location":"l"})", R"({"project":"p","location":"l/x","keyRing":"r"})",
        R"({"project":"p","location":"l","keyRing":"r/x"})",
        R"({"project":"p","location":"l","keyRing":"r","publicKeyCacheMaxSize":-1})",
        R"({"project":"p","location":"l","keyRing":"r","endpoint":"ftp://x"})"})
    EXPECT_THAT(try_make("google_kms", settings(wrong)), fails("store_settings_invalid")) << wrong;
}

}  // namespace
}  // namespace signet::secrets::google
