// Key files that others wrote: each is read, or refused by the name of what is wrong.

#include "keystores/pem.h"
#include "support/matchers.h"
#include "support/vectors.h"

namespace signet::keystores {
namespace {

struct Row {
  const char *set, *file, *password, *outcome;
};

std::string outcome_of(const Result<PemContents>& contents) {
  if (!contents.ok()) return contents.error().reason;
  if (!contents->private_keys.empty()) {
    return "private " + std::string(to_string(contents->private_keys[0].kind()));
  }
  if (!contents->public_keys.empty()) {
    return "public " + std::string(to_string(contents->public_keys[0].kind()));
  }
  return contents->certificates.empty() ? "nothing" : "certificate";
}

constexpr const char* kNone = nullptr;
constexpr Row kRows[] = {
    {"keyfiles", "Ed448/ed448-pkcs8-enc.pem", "password", "key_unsupported"},
    {"keyfiles", "Ed448/ed448-pkcs8.pem", kNone, "key_unsupported"},
    {"keyfiles", "Ed448/ed448-pub.pem", kNone, "key_unsupported"},
    {"keyfiles", "OpenSSH/ecdsa-nopsw.key", kNone, "pem_label_unknown"},
    {"keyfiles", "OpenSSH/rsa-psw.key", "password", "pem_label_unknown"},
    {"keyfiles", "OpenSSH/rsa-nopsw.key.pub", kNone, "pem_malformed"},
    {"keyfiles", "PEM/dsa_4096.pem", kNone, "key_unsupported"},
    {"keyfiles", "PEM/dsa_private_key.pem", "123456", "key_unsupported"},
    {"keyfiles", "PEM/dsa_public_key.pem", kNone, "key_unsupported"},
    {"keyfiles", "PEM/dsaparam.pem", kNone, "pem_label_unknown"},
    {"keyfiles", "PEM/ec_private_key.pem", kNone, "private P-256"},
    {"keyfiles", "PEM/ec_private_key_encrypted.pem", "123456", "private P-256"},
    {"keyfiles", "PEM/ec_public_key.pem", kNone, "public P-256"},
    {"keyfiles", "PEM/rsa-bad-1025-q-is-2.pem", kNone, "rsa_too_small"},
    {"keyfiles", "PEM/rsa_private_key.pem", "123456", "private RSA"},
    {"keyfiles", "PEM/rsa_private_key.pem", kNone, "key_password_missing"},
    {"keyfiles", "PEM/rsa_private_key.pem", "1234567", "key_password_wrong"},
    {"keyfiles", "PEM/rsa_private_key.pem", "", "key_password_wrong"},
    {"keyfiles", "PEM/rsa_public_key.pem", kNone, "public RSA"},
    {"keyfiles", "PKCS8/bad-encryption-oid.pem", "foobar", "key_encryption_unsupported"},
    {"keyfiles", "PKCS8/bad-oid-dsa-key.pem", kNone, "key_unsupported"},
    {"keyfiles", "PKCS8/ec_oid_not_in_reg_private_2.pkcs8.pem", kNone, "key_unsupported"},
    {"keyfiles", "PKCS8/ec_private_key.pem", kNone, "private P-256"},
    {"keyfiles", "PKCS8/ec_private_key_encrypted.pem", "123456", "private P-256"},
    {"keyfiles", "PKCS8/ecc_private_with_rfc5915_ext.pem", kNone, "private P-256"},
    {"keyfiles", "PKCS8/enc-rsa-pkcs8.pem", "foobar", "rsa_too_small"},
    {"keyfiles", "PKCS8/enc2-rsa-pkcs8.pem", "baz", "rsa_too_small"},
    {"keyfiles", "PKCS8/nodompar_private.pkcs8.pem", kNone, "key_unsupported"},
    {"keyfiles", "PKCS8/withdompar_private.pkcs8.pem", kNone, "key_malformed"},
    {"keyfiles", "PKCS8/private.pem", kNone, "key_unsupported"},
    {"keyfiles", "PKCS8/rsa_pss_2048.pem", kNone, "key_unsupported"},
    {"keyfiles", "PKCS8/rsa_pss_2048_hash_mask_salt.pem", kNone, "key_unsupported"},
    {"keyfiles", "PKCS8/unenc-dsa-pkcs8.pem", kNone, "key_unsupported"},
    {"keyfiles", "PKCS8/unenc-dsa-pkcs8.pub.pem", kNone, "key_unsupported"},
    {"keyfiles", "PKCS8/unenc-rsa-pkcs8.pem", kNone, "rsa_too_small"},
    {"keyfiles", "PKCS8/unenc-rsa-pkcs8.pub.pem", kNone, "rsa_too_small"},
    {"keyfiles", "Traditional/dsa.2048.pem", kNone, "key_unsupported"},
    {"keyfiles", "Traditional/key1.pem", "123456", "rsa_too_small"},
    {"keyfiles", "Traditional/key2.pem", "a123456", "rsa_too_small"},
    {"keyfiles", "Traditional/testrsa-encrypted.pem", "password", "rsa_too_small"},
    {"keyfiles", "Traditional/testrsa.pem", kNone, "rsa_too_small"},
    {"keyfiles", "X25519/x25519-pkcs8-enc.pem", "password", "private X25519"},
    {"keyfiles", "X25519/x25519-pkcs8-enc.pem", "Password", "key_password_wrong"},
    {"keyfiles", "X25519/x25519-pkcs8.pem", kNone, "private X25519"},
    {"keyfiles", "X25519/x25519-pub.pem", kNone, "public X25519"},
    {"keyfiles", "public/PKCS1/dsa.pub.pem", kNone, "pem_label_unknown"},
    {"keyfiles", "public/PKCS1/rsa.pub.pem", kNone, "rsa_too_small"},
    {"keystores/independent-writers", "leaf.enc.pk8.pem", "changeit", "private P-256"},
    {"keystores/independent-writers", "leaf.enc.pk8.pem", "changeme", "key_password_wrong"},
    {"keystores/independent-writers", "leaf.scrypt.pk8.pem", "changeit", "private P-256"},
    {"keystores/independent-writers", "leaf.scrypt.pk8.pem", "changeme", "key_password_wrong"},
    {"keystores/independent-writers", "leaf.trad-enc.pem", "changeit", "private P-256"},
    {"keystores/independent-writers", "leaf.trad-enc.pem", kNone, "key_password_missing"},
    {"keystores/independent-writers", "es384test.key", kNone, "private P-384"},
    {"keystores/independent-writers", "es512test.key", kNone, "private P-521"},
    {"keystores/independent-writers", "eddsatest.key", kNone, "private Ed25519"},
    {"keystores/independent-writers", "rsajwtsigningkey.key", kNone, "private RSA"},
    {"keystores/independent-writers", "es384test.pem", kNone, "certificate"},
};

TEST(KeyFiles, are_read_or_refused_by_name) {
  for (const Row& row : kRows) {
    SIGNET_VECTORS_OR_SKIP(folder, row.set);
    std::optional<ByteView> password;
    if (row.password) password = as_bytes(row.password);
    const std::string text = test::read_file(folder / row.file);
    EXPECT_EQ(outcome_of(read_pem(as_bytes(text), password)), row.outcome)
        << row.file << " with " << (row.password ? row.password : "no password");
  }
}

TEST(KeyFiles, encrypted_by_the_older_schemes_open_with_their_password_only) {
  SIGNET_VECTORS_OR_SKIP(folder, "keyfiles");
  for (const char* number :
       {"9607", "9671", "9925", "9926", "9927", "9928", "9929", "9930", "9931", "9932"}) {
    const std::string text =
        test::read_file(folder / "PKCS8" / ("pkcs12_s2k_pem-X_" + std::string(number) + ".pem"));
    EXPECT_EQ(outcome_of(read_pem(as_bytes(text), as_bytes("123456"))), "rsa_too_small") << number;
    EXPECT_EQ(outcome_of(read_pem(as_bytes(text), as_bytes("wrong"))), "key_password_wrong")
        << number;
  }
}

}  // namespace
}  // namespace signet::keystores
