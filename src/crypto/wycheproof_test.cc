// Project Wycheproof through our own doors: every "valid" passes, every "invalid" fails.

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"
#include "crypto/cipher.h"
#include "crypto/kdf.h"
#include "crypto/sign.h"
#include "support/matchers.h"
#include "support/vectors.h"

namespace signet::crypto {
namespace {

using json::Value;
using Accepted = std::optional<bool>;  ///< nothing: a size that is not served here

std::string text_of(const Value& value, std::string_view name) {
  const Value* member = value.get(name);
  return member && member->if_string() ? *member->if_string() : std::string();
}
Bytes hex_of(const Value& value, std::string_view name) {
  return from_hex(text_of(value, name)).value_or(Bytes());
}
std::int64_t number_of(const Value& value, std::string_view name) {
  const Value* member = value.get(name);
  return member ? member->if_int().value_or(-1) : -1;
}
Bytes base64url_of(const Value& value, std::string_view object, std::string_view name) {
  auto bytes = base64::url_decode(text_of(*value.get(object), name));
  return bytes.ok() ? *bytes : Bytes();
}

class Wycheproof : public ::testing::Test {
 protected:
  template <class Check>
  void run(const std::string& file, Check check) {
    SIGNET_VECTORS_OR_SKIP(folder, "wycheproof");
    const std::string text = test::read_file(folder / file);
    auto document = json::parse(text, {.max_bytes = 32 << 20, .max_depth = 32});
    ASSERT_THAT(document, test::is_ok());
    int checked = 0, skipped = 0;
    for (const Value& group : *document->get("testGroups")->if_array()) {
      for (const Value& row : *group.get("tests")->if_array()) {
        const Accepted accepted = check(group, row);
        if (!accepted) {
          ++skipped;
          continue;
        }
        ++checked;
        const std::string expected = text_of(row, "result");
        if (expected == "acceptable") continue;
        EXPECT_EQ(*accepted, expected == "valid")
            << file << " tcId " << number_of(row, "tcId") << ": " << text_of(row, "comment");
      }
    }
    EXPECT_GT(checked, 0) << file;
    std::printf("%s: %d checked, %d of sizes not served\n", file.c_str(), checked, skipped);
  }

  void run_rsa_decryption(const std::string& file, RsaPadding padding) {
    run(file, [&](const Value& group, const Value& row) -> Accepted {
      if (!text_of(row, "label").empty()) return std::nullopt;
      auto key = PrivateKey::from_pkcs8(hex_of(group, "privateKeyPkcs8"));
      if (!key.ok()) return std::nullopt;
      const auto plain = rsa_decrypt(*key, padding, hex_of(row, "ct"));
      return plain.ok() && same_bytes(plain->view(), hex_of(row, "msg"));
    });
  }

  void run_signatures(const std::string& file, Signature scheme, std::size_t der_field = 0) {
    std::string last_der;
    std::unique_ptr<Verifier> verifier;
    run(file, [&](const Value& group, const Value& row) -> Accepted {
      const std::string der = text_of(group, "publicKeyDer");
      if (der != last_der) {
        auto key = PublicKey::from_spki(from_hex(der).value_or(Bytes()));
        verifier.reset();
        if (key.ok()) {
          auto made = Verifier::make(*key, scheme);
          if (made.ok()) verifier = std::move(made).value();
        } else {
          ADD_FAILURE() << file << " " << key.error().reason << ": " << key.error().detail;
        }
        last_der = der;
      }
      if (!verifier) return std::nullopt;
      Bytes signature = hex_of(row, "sig");
      if (der_field != 0) {
        auto raw = ecdsa_der_to_raw(signature, der_field);
        if (!raw.ok()) return false;
        signature = *raw;
      }
      return verifier->verify(hex_of(row, "msg"), signature);
    });
  }

  void run_hmac(const std::string& file, Hash hash) {
    run(file, [&](const Value& group, const Value& row) -> Accepted {
      if (number_of(group, "tagSize") != std::int64_t(hash_size(hash) * 8)) return std::nullopt;
      return MacKey(hash, hex_of(row, "key")).verify(hex_of(row, "msg"), hex_of(row, "tag"));
    });
  }

  void run_pbes2(const std::string& file, Hash hash, std::size_t key_size) {
    run(file, [&](const Value&, const Value& row) -> Accepted {
      const SecretBytes key =
          pbkdf2(hash, hex_of(row, "password"), hex_of(row, "salt"),
                 static_cast<std::uint32_t>(number_of(row, "iterationCount")), key_size);
      const auto plain = cbc_decrypt(key.view(), hex_of(row, "iv"), hex_of(row, "ct"));
      return plain.ok() && same_bytes(plain->view(), hex_of(row, "msg"));
    });
  }
};

TEST_F(Wycheproof, aes_gcm) {
  run("aes_gcm_test.json", [](const Value& group, const Value& row) -> Accepted {
    if (number_of(group, "ivSize") != 96 || number_of(group, "tagSize") != 128) return std::nullopt;
    const Bytes key = hex_of(row, "key"), iv = hex_of(row, "iv"), aad = hex_of(row, "aad"),
                msg = hex_of(row, "msg"), ct = hex_of(row, "ct"), tag = hex_of(row, "tag");
    Bytes plain(ct.size()), sealed(msg.size()), made_tag(16);
    const bool opened = gcm_decrypt(key, iv, aad, ct, tag, plain.data()).ok() && plain == msg;
    if (opened) {
      EXPECT_THAT(gcm_encrypt(key, iv, aad, msg, sealed.data(), made_tag.data()), test::is_ok());
      EXPECT_EQ(sealed, ct);
      EXPECT_EQ(made_tag, tag);
    }
    return opened;
  });
}

TEST_F(Wycheproof, aes_key_wrap) {
  run("aes_wrap_test.json", [](const Value&, const Value& row) -> Accepted {
    const auto key = aes_unwrap(hex_of(row, "key"), hex_of(row, "ct"));
    if (!key.ok()) return false;
    const auto again = aes_wrap(hex_of(row, "key"), key->view());
    return same_bytes(key->view(), hex_of(row, "msg")) && again.ok() && *again == hex_of(row, "ct");
  });
}

TEST_F(Wycheproof, hmac) {
  run_hmac("hmac_sha256_test.json", Hash::kSha256);
  run_hmac("hmac_sha512_test.json", Hash::kSha512);
}

TEST_F(Wycheproof, hkdf_sha256) {
  run("hkdf_sha256_test.json", [](const Value&, const Value& row) -> Accepted {
    const auto size = static_cast<std::size_t>(number_of(row, "size"));
    const auto key =
        hkdf_sha256(hex_of(row, "ikm"), hex_of(row, "salt"), hex_of(row, "info"), size);
    return key.size() == size && same_bytes(key.view(), hex_of(row, "okm"));
  });
}

TEST_F(Wycheproof, pbkdf2_sha256) {
  run("pbkdf2_hmacsha256_test.json", [](const Value&, const Value& row) -> Accepted {
    const auto key = pbkdf2(Hash::kSha256, hex_of(row, "password"), hex_of(row, "salt"),
                            static_cast<std::uint32_t>(number_of(row, "iterationCount")),
                            static_cast<std::size_t>(number_of(row, "dkLen")));
    return same_bytes(key.view(), hex_of(row, "dk"));
  });
}

TEST_F(Wycheproof, pbes2_from_its_parts) {
  run_pbes2("pbes2_hmacsha256_aes_128_test.json", Hash::kSha256, 16);
  run_pbes2("pbes2_hmacsha512_aes_256_test.json", Hash::kSha512, 32);
}

TEST_F(Wycheproof, ecdsa) {
  run_signatures("ecdsa_secp256r1_sha256_p1363_test.json", Signature::kEs256);
  run_signatures("ecdsa_secp384r1_sha384_p1363_test.json", Signature::kEs384);
  run_signatures("ecdsa_secp256r1_sha256_test.json", Signature::kEs256, 32);
}

TEST_F(Wycheproof, sec_097_ed25519) {
  run_signatures("ed25519_test.json", Signature::kEdDsa);
}

TEST_F(Wycheproof, rsa_signatures) {
  run_signatures("rsa_signature_2048_sha256_test.json", Signature::kRs256);
  run_signatures("rsa_pss_2048_sha256_mgf1_32_test.json", Signature::kPs256);
}

TEST_F(Wycheproof, rsa_decryption) {
  run_rsa_decryption("rsa_oaep_2048_sha1_mgf1sha1_test.json", RsaPadding::kOaepSha1);
  run_rsa_decryption("rsa_oaep_2048_sha256_mgf1sha256_test.json", RsaPadding::kOaepSha256);
  run_rsa_decryption("rsa_pkcs1_2048_test.json", RsaPadding::kPkcs1);
}

TEST_F(Wycheproof, ecdh_on_p256) {
  run("ecdh_secp256r1_webcrypto_test.json", [](const Value&, const Value& row) -> Accepted {
    if (text_of(*row.get("public"), "crv") != "P-256") return false;
    const auto theirs = PublicKey::from_ec(KeyKind::kEcP256, base64url_of(row, "public", "x"),
                                           base64url_of(row, "public", "y"));
    const auto mine =
        PrivateKey::from_ec(KeyKind::kEcP256, base64url_of(row, "private", "x"),
                            base64url_of(row, "private", "y"), base64url_of(row, "private", "d"));
    if (!theirs.ok() || !mine.ok()) return false;
    const auto z = agree(*mine, *theirs);
    return z.ok() && same_bytes(z->view(), hex_of(row, "shared"));
  });
}

TEST_F(Wycheproof, x25519) {
  run("x25519_jwk_test.json", [](const Value&, const Value& row) -> Accepted {
    if (text_of(*row.get("public"), "crv") != "X25519") return false;
    const auto theirs = PublicKey::from_okp(KeyKind::kX25519, base64url_of(row, "public", "x"));
    const auto mine = PrivateKey::from_okp(KeyKind::kX25519, base64url_of(row, "private", "x"),
                                           base64url_of(row, "private", "d"));
    if (!theirs.ok() || !mine.ok()) return false;
    const auto z = agree(*mine, *theirs);
    return z.ok() && same_bytes(z->view(), hex_of(row, "shared"));
  });
}

}  // namespace
}  // namespace signet::crypto
