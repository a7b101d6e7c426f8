// DER files that others wrote, through every door: one fits, the others refuse.

#include "crypto/key.h"
#include "support/matchers.h"
#include "support/vectors.h"

namespace signet::crypto {
namespace {

struct Row {
  const char *file, *pkcs8, *traditional, *spki, *pkcs1;
};

constexpr const char* kBad = "key_malformed";
constexpr Row kRows[] = {
    {"DER/dsa.2048.der", kBad, "key_unsupported", kBad, kBad},
    {"DER/dsa_public_key.der", kBad, kBad, "key_unsupported", kBad},
    {"DER/dsa_public_key_invalid_bit_string.der", kBad, kBad, "key_unsupported", kBad},
    {"DER/dsa_public_key_no_params.der", kBad, kBad, "key_unsupported", kBad},
    {"DER/ec_private_key.der", kBad, "P-256", kBad, kBad},
    {"DER/ec_private_key_encrypted.der", kBad, kBad, kBad, kBad},
    {"DER/ec_public_key.der", kBad, kBad, "P-256", kBad},
    {"DER/enc-rsa-pkcs8.der", kBad, kBad, kBad, kBad},
    {"DER/rsa_public_key.der", kBad, kBad, "RSA", kBad},
    {"DER/testrsa.der", kBad, "rsa_too_small", kBad, kBad},
    {"DER/unenc-rsa-pkcs8.der", "rsa_too_small", "rsa_too_small", kBad, kBad},
    {"DER/unenc-rsa-pkcs8.pub.der", kBad, kBad, "rsa_too_small", kBad},
    {"PKCS8/rsa_pss_2048_pub.der", kBad, kBad, "key_unsupported", kBad},
    {"public/PKCS1/rsa.pub.der", kBad, kBad, kBad, "rsa_too_small"},
    {"X25519/x25519-pub.der", kBad, kBad, "X25519", kBad},
    {"X25519/x25519-pkcs8.der", "X25519", "X25519", kBad, kBad},
};

template <class Key>
std::string outcome(const Result<Key>& key) {
  return key.ok() ? std::string(to_string(key->kind())) : key.error().reason;
}

TEST(DerFiles, fit_one_door_each) {
  SIGNET_VECTORS_OR_SKIP(folder, "keyfiles");
  for (const Row& row : kRows) {
    const std::string text = test::read_file(folder / row.file);
    const ByteView der = as_bytes(text);
    EXPECT_EQ(outcome(PrivateKey::from_pkcs8(der)), row.pkcs8) << row.file;
    EXPECT_EQ(outcome(PrivateKey::from_traditional(der)), row.traditional) << row.file;
    EXPECT_EQ(outcome(PublicKey::from_spki(der)), row.spki) << row.file;
    EXPECT_EQ(outcome(PublicKey::from_rsa_pkcs1(der)), row.pkcs1) << row.file;
  }
}

TEST(DerFiles, encrypted_open_with_their_password_only) {
  SIGNET_VECTORS_OR_SKIP(folder, "keyfiles");
  const std::string der = test::read_file(folder / "DER/ec_private_key_encrypted.der");
  EXPECT_EQ(outcome(PrivateKey::from_encrypted_pkcs8(as_bytes(der), as_bytes("123456"))), "P-256");
  for (const char* wrong : {"", "12345", "1234567", "foobar"}) {
    EXPECT_EQ(outcome(PrivateKey::from_encrypted_pkcs8(as_bytes(der), as_bytes(wrong))),
              "key_password_wrong");
  }
}

}  // namespace
}  // namespace signet::crypto
