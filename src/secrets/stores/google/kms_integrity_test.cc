// Answers of Cloud KMS that were changed on their way.

#include "crypto/cipher.h"
#include "secrets/stores/google/kms_key.h"
#include "secrets/stores/google/kms_test_support.h"

namespace signet::secrets::google {
namespace {

using crypto::KeyKind;
using jose::JweAlg;
using jose::JwsAlg;

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
    google.keys["k"] = {ec_version("EC_SIGN_P256_SHA256", KeyKind::kEcP256)};
    const Secret secret = only(now(kms_store_over(google)->fetch(Alias("k"))));
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
  google.keys["m"] = {mac_version("HMAC_SHA256")};
  google.keys["d"] = {rsa_version("RSA_DECRYPT_OAEP_2048_SHA256")};
  const auto store = kms_store_over(google);
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
  google.keys["p"] = {ec_version("EC_SIGN_P256_SHA256", KeyKind::kEcP256)};
  for (const char* member : {"pemCrc32c", "name"}) {
    google.tamper = [member](const OutboundRequest&, json::Object& object) {
      if (object.find("pem")) object.set(member, "1");
    };
    EXPECT_THAT(now(kms_store_over(google)->fetch(Alias("p"))), fails("google_integrity_failed"))
        << member;
  }
  google.tamper = [](const OutboundRequest&, json::Object& object) {
    if (object.find("pem")) object.set("algorithm", "EC_SIGN_P384_SHA384");
  };
  EXPECT_THAT(now(kms_store_over(google)->fetch(Alias("p"))), fails("google_answer_malformed"));
}

TEST(GoogleKmsStore, a_public_key_of_another_kind_than_its_algorithm_is_not_used) {
  FakeGoogle google;
  google.keys["k"] = {ec_version("EC_SIGN_P256_SHA256", KeyKind::kEcP384)};
  EXPECT_THAT(now(kms_store_over(google)->fetch(Alias("k"))), fails("google_answer_malformed"));
}

}  // namespace
}  // namespace signet::secrets::google
