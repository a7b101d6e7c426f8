#include "crypto/sign.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <atomic>
#include <thread>

#include "base/text.h"
#include "crypto/p384.h"
#include "support/matchers.h"

namespace signet::crypto {
namespace {

using test::fails;
using test::is_ok;

const PrivateKey& key_for(Signature scheme) {
  static std::map<KeyKind, PrivateKey> keys;
  const KeyKind kind = key_kind(scheme);
  auto found = keys.find(kind);
  if (found == keys.end()) {
    found = keys.emplace(kind, *PrivateKey::generate(kind, kind == KeyKind::kRsa ? 2048 : 0)).first;
  }
  return found->second;
}

class EveryScheme : public ::testing::TestWithParam<Signature> {
 protected:
  const PrivateKey key_ = key_for(GetParam());
  const std::unique_ptr<Signer> signer_ = *Signer::make(key_, GetParam());
  const std::unique_ptr<Verifier> verifier_ = *Verifier::make(key_.public_key(), GetParam());
  Bytes signed_message(std::string_view message) const {
    Bytes out(signer_->size());
    EXPECT_THAT(signer_->sign(as_bytes(message), out.data()), is_ok());
    return out;
  }
};

TEST_P(EveryScheme, signs_what_it_verifies) {
  for (int i = 0; i < 20; ++i) {
    const std::string message(static_cast<std::size_t>(i * 37), static_cast<char>('a' + i));
    const Bytes signature = signed_message(message);
    EXPECT_TRUE(verifier_->verify(as_bytes(message), signature));
    EXPECT_TRUE(verify(key_.public_key(), GetParam(), as_bytes(message), signature));
    auto once = sign(key_, GetParam(), as_bytes(message));
    ASSERT_THAT(once, is_ok());
    EXPECT_TRUE(verifier_->verify(as_bytes(message), *once));
  }
}

TEST_P(EveryScheme, refuses_another_message_and_every_changed_byte) {
  Bytes signature = signed_message("message");
  EXPECT_FALSE(verifier_->verify(as_bytes("messagf"), signature));
  EXPECT_FALSE(verifier_->verify(as_bytes(""), signature));
  for (auto& byte : signature) {
    byte ^= 0x10;
    EXPECT_FALSE(verifier_->verify(as_bytes("message"), signature));
    byte ^= 0x10;
  }
  EXPECT_TRUE(verifier_->verify(as_bytes("message"), signature));
}

TEST_P(EveryScheme, refuses_every_other_length) {
  Bytes signature = signed_message("message");
  for (std::size_t size = 0; size < signature.size(); ++size) {
    EXPECT_FALSE(verifier_->verify(as_bytes("message"), ByteView(signature).first(size)));
  }
  signature.push_back(0);
  EXPECT_FALSE(verifier_->verify(as_bytes("message"), signature));
  signature.pop_back();
  signature.insert(signature.begin(), 0);
  EXPECT_FALSE(verifier_->verify(as_bytes("message"), signature));
}

TEST_P(EveryScheme, sec_077_refuses_signatures_of_zeros_and_ones) {
  const std::size_t size = signer_->size();
  EXPECT_FALSE(verifier_->verify(as_bytes("message"), Bytes(size, 0)));
  EXPECT_FALSE(verifier_->verify(as_bytes("message"), Bytes(size, 0xff)));
  Bytes one(size, 0);
  one[size / 2 - 1] = one[size - 1] = 1;
  EXPECT_FALSE(verifier_->verify(as_bytes("message"), one));
}

TEST_P(EveryScheme, refuses_the_signature_of_another_key) {
  const KeyKind kind = key_kind(GetParam());
  const PrivateKey other = *PrivateKey::generate(kind, kind == KeyKind::kRsa ? 2048 : 0);
  EXPECT_FALSE(
      verify(other.public_key(), GetParam(), as_bytes("message"), signed_message("message")));
}

TEST_P(EveryScheme, takes_only_keys_of_its_kind) {
  for (Signature other : {Signature::kRs256, Signature::kEs256, Signature::kEs384,
                          Signature::kEs512, Signature::kEdDsa}) {
    if (key_kind(other) == key_kind(GetParam())) continue;
    EXPECT_THAT(Signer::make(key_for(other), GetParam()), fails("key_wrong_kind"));
    EXPECT_THAT(Verifier::make(key_for(other).public_key(), GetParam()), fails("key_wrong_kind"));
    EXPECT_FALSE(
        verify(key_for(other).public_key(), GetParam(), as_bytes("m"), Bytes(signer_->size(), 1)));
  }
}

TEST_P(EveryScheme, signs_on_four_threads_at_once) {
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string message = std::to_string(t) + "/" + std::to_string(i);
        Bytes out(signer_->size());
        if (!signer_->sign(as_bytes(message), out.data()).ok() ||
            !verifier_->verify(as_bytes(message), out)) {
          ++wrong;
        }
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

std::string scheme_name(const ::testing::TestParamInfo<Signature>& tested) {
  const char* const names[] = {"RS256", "RS384", "RS512", "PS256", "PS384",
                               "PS512", "ES256", "ES384", "ES512", "EdDSA"};
  return names[static_cast<int>(tested.param)];
}

INSTANTIATE_TEST_SUITE_P(Schemes, EveryScheme,
                         ::testing::Values(Signature::kRs256, Signature::kRs384, Signature::kRs512,
                                           Signature::kPs256, Signature::kPs384, Signature::kPs512,
                                           Signature::kEs256, Signature::kEs384, Signature::kEs512,
                                           Signature::kEdDsa),
                         scheme_name);

TEST(Schemes, do_not_verify_each_other) {
  const PrivateKey& key = key_for(Signature::kRs256);
  const Signature all[] = {Signature::kRs256, Signature::kRs384, Signature::kRs512,
                           Signature::kPs256, Signature::kPs384, Signature::kPs512};
  for (Signature with : all) {
    const Bytes signature = *sign(key, with, as_bytes("message"));
    for (Signature as : all) {
      EXPECT_EQ(verify(key.public_key(), as, as_bytes("message"), signature), as == with);
    }
  }
}

TEST(EdDsa, gives_the_signature_of_rfc_8032_test_2) {
  const auto key = PrivateKey::from_okp(
      KeyKind::kEd25519,
      *from_hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
      *from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  ASSERT_THAT(key, is_ok());
  EXPECT_EQ(hex(*sign(*key, Signature::kEdDsa, Bytes{0x72})),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

// Nettle makes and checks ES384; OpenSSL is the other opinion.
class Es384 : public ::testing::Test {
 protected:
  using Pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Ctx = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
  const PrivateKey& key_ = key_for(Signature::kEs384);

  bool openssl_verifies(ByteView message, ByteView raw) {
    const Bytes spki = key_.public_key().spki(), der = *ecdsa_raw_to_der(raw);
    const std::uint8_t* at = spki.data();
    const Pkey pkey(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())), EVP_PKEY_free);
    const Ctx ctx(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    return EVP_DigestVerifyInit(ctx.get(), nullptr, EVP_sha384(), nullptr, pkey.get()) == 1 &&
           EVP_DigestVerify(ctx.get(), der.data(), der.size(), message.data(), message.size()) == 1;
  }

  Bytes openssl_signs(ByteView message) {
    const SecretBytes pkcs8 = key_.pkcs8();
    const std::uint8_t* at = pkcs8.view().data();
    const Pkey pkey(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(pkcs8.size())),
                    EVP_PKEY_free);
    const Ctx ctx(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    Bytes der(160);
    std::size_t size = der.size();
    EXPECT_EQ(EVP_DigestSignInit(ctx.get(), nullptr, EVP_sha384(), nullptr, pkey.get()), 1);
    EXPECT_EQ(EVP_DigestSign(ctx.get(), der.data(), &size, message.data(), message.size()), 1);
    return *ecdsa_der_to_raw(ByteView(der).first(size), 48);
  }
};

TEST_F(Es384, agrees_with_openssl_both_ways_whatever_the_leading_bytes) {
  const auto signer = *Signer::make(key_, Signature::kEs384);
  const auto verifier = *Verifier::make(key_.public_key(), Signature::kEs384);
  Bytes out(96);
  bool short_number = false;
  for (int i = 0; i < 600; ++i) {
    const std::string message = std::to_string(i);
    ASSERT_THAT(signer->sign(as_bytes(message), out.data()), is_ok());
    ASSERT_TRUE(openssl_verifies(as_bytes(message), out));
    ASSERT_TRUE(verifier->verify(as_bytes(message), openssl_signs(as_bytes(message))));
    short_number = short_number || out[0] == 0 || out[48] == 0;
  }
  EXPECT_TRUE(short_number);
}

TEST_F(Es384, never_repeats_a_nonce) {
  const auto signer = *Signer::make(key_, Signature::kEs384);
  std::map<std::string, int> seen;
  Bytes out(96);
  for (int i = 0; i < 200; ++i) {
    ASSERT_THAT(signer->sign(as_bytes("the same message"), out.data()), is_ok());
    EXPECT_EQ(++seen[hex(ByteView(out).first(48))], 1);
  }
}

// A nonce that comes twice gives the private key away, and the same nonce shows as the same r: so
// it is looked for where the generator gives the same bytes each time.
TEST(Es384Nonce, sec_096_depends_on_the_key_and_the_digest_too) {
  const auto r_of = [](std::uint8_t key, std::uint8_t digest, std::uint64_t seed) {
    SeededRandom stuck(seed);
    const Bytes d(48, key), hashed(48, digest);
    Bytes out(96);
    P384Scalar(d).sign(hashed.data(), out.data(), stuck);
    return hex(ByteView(out).first(48));
  };
  const std::string first = r_of(1, 1, 1);
  EXPECT_EQ(r_of(1, 1, 1), first);  // or the rest would show nothing
  EXPECT_NE(r_of(1, 2, 1), first);
  EXPECT_NE(r_of(2, 1, 1), first);
  EXPECT_NE(r_of(1, 1, 2), first);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
/// While one lives, OpenSSL's generator gives nothing but the same byte.
class StuckGenerator {
 public:
  StuckGenerator() {
    const auto fill = [](unsigned char* out, int size) {
      std::fill_n(out, size, static_cast<unsigned char>(0x5a));
      return 1;
    };
    const auto ready = [] { return 1; };
    method_.bytes = method_.pseudorand = fill;
    method_.status = ready;
    ::RAND_set_rand_method(&method_);
  }
  StuckGenerator(const StuckGenerator&) = delete;
  StuckGenerator& operator=(const StuckGenerator&) = delete;
  ~StuckGenerator() { ::RAND_set_rand_method(nullptr); }

 private:
  ::RAND_METHOD method_{};
};
#pragma GCC diagnostic pop

TEST(Es256Nonce, sec_096_depends_on_the_digest_too) {
  const auto r_of = [](std::string_view message) {
    return hex(ByteView(*sign(key_for(Signature::kEs256), Signature::kEs256, as_bytes(message)))
                   .first(32));
  };
  const std::string free_one = r_of("first");
  const StuckGenerator stuck;
  const std::string first = r_of("first");
  EXPECT_NE(first, free_one);
  EXPECT_EQ(r_of("first"), first);  // or the rest would show nothing
  EXPECT_NE(r_of("second"), first);
}

TEST(EcdsaForm, goes_from_der_to_raw_and_back) {
  const Bytes raw = *from_hex(
      "00000000000000000000000000000000000000000000000000000000000000ff"
      "7f00000000000000000000000000000000000000000000000000000000000000");
  const auto der = ecdsa_raw_to_der(raw);
  ASSERT_THAT(der, is_ok());
  EXPECT_EQ(hex(*der), "3026020200ff02207f" + std::string(62, '0'));
  EXPECT_EQ(*ecdsa_der_to_raw(*der, 32), raw);
}

TEST(EcdsaForm, is_strict_about_der) {
  for (const char* bad : {"", "30", "3006020101", "300602010102010100", "3081060201010201010",
                          "300702020001020101", "3006020180020101",
                          "3080020101020101"
                          "0000",
                          "3009020101020101020101", "30060201010401ff"}) {
    EXPECT_THAT(ecdsa_der_to_raw(from_hex(bad).value_or(Bytes()), 32), fails("signature_malformed"))
        << bad;
  }
  EXPECT_THAT(ecdsa_der_to_raw(*from_hex("3006020101020101"), 32), is_ok());
}

TEST(EcdsaForm, refuses_numbers_that_are_longer_than_the_field) {
  const auto der = ecdsa_raw_to_der(Bytes(96, 0x7f));
  ASSERT_THAT(der, is_ok());
  EXPECT_THAT(ecdsa_der_to_raw(*der, 32), fails("signature_malformed"));
  EXPECT_THAT(ecdsa_raw_to_der(Bytes(63, 1)), fails("signature_malformed"));
  EXPECT_THAT(ecdsa_raw_to_der({}), fails("signature_malformed"));
}

}  // namespace
}  // namespace signet::crypto
