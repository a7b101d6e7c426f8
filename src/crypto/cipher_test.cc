#include "crypto/cipher.h"

#include "base/text.h"
#include "support/matchers.h"

namespace signet::crypto {
namespace {

using test::fails;
using test::is_ok;

TEST(Gcm, seals_and_opens_with_every_size_of_key) {
  const Bytes iv(12, 7), aad = to_bytes("header"), plain = to_bytes("a message of some length");
  for (std::size_t key_size : {16u, 24u, 32u}) {
    const Bytes key(key_size, 1);
    Bytes sealed(plain.size()), tag(16), opened(plain.size());
    ASSERT_THAT(gcm_encrypt(key, iv, aad, plain, sealed.data(), tag.data()), is_ok());
    EXPECT_NE(sealed, plain);
    ASSERT_THAT(gcm_decrypt(key, iv, aad, sealed, tag, opened.data()), is_ok());
    EXPECT_EQ(opened, plain);
  }
}

TEST(Gcm, refuses_and_wipes_whatever_was_changed) {
  const Bytes key(32, 1), iv(12, 7), aad = to_bytes("header"), plain = to_bytes("message");
  Bytes sealed(plain.size()), tag(16);
  ASSERT_THAT(gcm_encrypt(key, iv, aad, plain, sealed.data(), tag.data()), is_ok());
  const auto refused = [&](ByteView with_aad, ByteView cipher, ByteView with_tag) {
    Bytes out(cipher.size(), 0xaa);
    EXPECT_THAT(gcm_decrypt(key, iv, with_aad, cipher, with_tag, out.data()),
                fails("decrypt_failed"));
    if (with_tag.size() == 16) {
      EXPECT_EQ(out, Bytes(cipher.size(), 0));
    }
  };
  for (auto& byte : sealed) {
    byte ^= 1;
    refused(aad, sealed, tag);
    byte ^= 1;
  }
  for (auto& byte : tag) {
    byte ^= 0x80;
    refused(aad, sealed, tag);
    byte ^= 0x80;
  }
  refused({}, sealed, tag);
  for (std::size_t size : {0u, 4u, 8u, 12u, 15u})
    refused(aad, sealed, ByteView(tag).first(size));
}

TEST(Gcm, takes_no_other_sizes_of_key_and_iv) {
  Bytes out(16), tag(16);
  const Bytes text(16);
  for (std::size_t size : {0u, 8u, 15u, 17u, 33u, 64u}) {
    EXPECT_THAT(gcm_encrypt(Bytes(size), Bytes(12), {}, text, out.data(), tag.data()),
                fails("cipher_bad_parameters"));
  }
  for (std::size_t size : {0u, 11u, 13u, 16u}) {
    EXPECT_THAT(gcm_encrypt(Bytes(16), Bytes(size), {}, text, out.data(), tag.data()),
                fails("cipher_bad_parameters"));
  }
}

TEST(Cbc, pads_to_whole_blocks_and_back) {
  const Bytes key(16, 3), iv(16, 4);
  for (std::size_t size : {0u, 1u, 15u, 16u, 17u, 1000u}) {
    const Bytes plain(size, 'p');
    const auto sealed = cbc_encrypt(key, iv, plain);
    ASSERT_THAT(sealed, is_ok());
    EXPECT_EQ(sealed->size(), (size / 16 + 1) * 16);
    const auto opened = cbc_decrypt(key, iv, *sealed);
    ASSERT_THAT(opened, is_ok());
    EXPECT_TRUE(same_bytes(opened->view(), plain));
  }
}

TEST(Cbc, refuses_broken_blocks_and_bad_padding) {
  const Bytes key(16, 3), iv(16, 4);
  EXPECT_THAT(cbc_decrypt(key, iv, {}), fails("decrypt_failed"));
  EXPECT_THAT(cbc_decrypt(key, iv, Bytes(15)), fails("decrypt_failed"));
  Bytes sealed = *cbc_encrypt(key, iv, Bytes(16, 'p'));
  EXPECT_THAT(cbc_decrypt(key, iv, ByteView(sealed).first(16)), fails("decrypt_failed"));
  EXPECT_THAT(cbc_decrypt(key, Bytes(15), sealed), fails("cipher_bad_parameters"));
}

TEST(AesWrap, gives_the_values_of_rfc_3394) {
  const Bytes kek = *from_hex("000102030405060708090a0b0c0d0e0f");
  const Bytes key = *from_hex("00112233445566778899aabbccddeeff");
  const auto wrapped = aes_wrap(kek, key);
  ASSERT_THAT(wrapped, is_ok());
  EXPECT_EQ(hex(*wrapped), "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5");
  EXPECT_TRUE(same_bytes(aes_unwrap(kek, *wrapped)->view(), key));
}

TEST(AesWrap, a_prepared_key_gives_what_one_that_is_used_once_gives) {
  for (const std::size_t size : {16u, 24u, 32u}) {
    const Bytes kek(size, 3);
    const auto prepared = AesWrapKey::make(kek);
    ASSERT_THAT(prepared, is_ok());
    for (const std::size_t wrapped : {16u, 24u, 32u, 48u, 64u}) {
      Bytes out(wrapped_size(wrapped));
      ASSERT_THAT(prepared->wrap(Bytes(wrapped, 8), out.data()), is_ok());
      EXPECT_EQ(out, *aes_wrap(kek, Bytes(wrapped, 8)));
      EXPECT_TRUE(same_bytes(aes_unwrap(kek, out)->view(), Bytes(wrapped, 8)));
    }
    EXPECT_THAT(prepared->wrap(Bytes(17), nullptr), fails("cipher_bad_parameters"));
  }
  EXPECT_THAT(AesWrapKey::make(Bytes(20)), fails("cipher_bad_parameters"));
}

TEST(AesWrap, opens_the_padded_form_of_rfc_5649) {
  const Bytes kek = *from_hex("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8");
  const auto key = aes_unwrap_padded(kek, *from_hex("afbeb0f07dfbf5419200f2ccb50bb24f"));
  ASSERT_THAT(key, is_ok());
  EXPECT_EQ(hex(key->view()), "466f7250617369");
  EXPECT_THAT(aes_unwrap(kek, *from_hex("afbeb0f07dfbf5419200f2ccb50bb24f")),
              fails("decrypt_failed"));
}

TEST(AesWrap, refuses_what_was_changed_or_cut) {
  const Bytes kek(16, 9);
  Bytes wrapped = *aes_wrap(kek, Bytes(32, 5));
  for (std::size_t size = 0; size < wrapped.size(); ++size) {
    EXPECT_THAT(aes_unwrap(kek, ByteView(wrapped).first(size)), fails("decrypt_failed"));
  }
  wrapped[3] ^= 1;
  EXPECT_THAT(aes_unwrap(kek, wrapped), fails("decrypt_failed"));
  EXPECT_THAT(aes_wrap(kek, Bytes(8)), fails("cipher_bad_parameters"));
  EXPECT_THAT(aes_wrap(kek, Bytes(17)), fails("cipher_bad_parameters"));
  EXPECT_THAT(aes_wrap(Bytes(20), Bytes(16)), fails("cipher_bad_parameters"));
}

TEST(RsaEncryption, opens_with_the_padding_it_was_made_with_only) {
  const PrivateKey key = *PrivateKey::generate(KeyKind::kRsa, 2048);
  const RsaPadding all[] = {RsaPadding::kPkcs1, RsaPadding::kOaepSha1, RsaPadding::kOaepSha256,
                            RsaPadding::kOaepSha384, RsaPadding::kOaepSha512};
  const Bytes cek(32, 8);
  for (RsaPadding with : all) {
    const auto sealed = rsa_encrypt(key.public_key(), with, cek);
    ASSERT_THAT(sealed, is_ok());
    EXPECT_EQ(sealed->size(), 256u);
    for (RsaPadding as : all) {
      const auto opened = rsa_decrypt(key, as, *sealed);
      EXPECT_EQ(opened.ok() && same_bytes(opened->view(), cek), as == with);
    }
    Bytes shorter = *sealed;
    shorter.pop_back();
    EXPECT_THAT(rsa_decrypt(key, with, shorter), fails("decrypt_failed"));
  }
}

TEST(RsaEncryption, is_not_for_other_keys) {
  const PrivateKey key = *PrivateKey::generate(KeyKind::kEcP256);
  EXPECT_THAT(rsa_encrypt(key.public_key(), RsaPadding::kOaepSha256, Bytes(16)),
              fails("key_wrong_kind"));
  EXPECT_THAT(rsa_decrypt(key, RsaPadding::kOaepSha256, Bytes(256)), fails("key_wrong_kind"));
}

TEST(Agreement, gives_both_sides_the_same) {
  for (KeyKind kind : {KeyKind::kEcP256, KeyKind::kEcP384, KeyKind::kEcP521, KeyKind::kX25519}) {
    const PrivateKey a = *PrivateKey::generate(kind), b = *PrivateKey::generate(kind);
    const auto ab = agree(a, b.public_key()), ba = agree(b, a.public_key());
    ASSERT_THAT(ab, is_ok());
    ASSERT_THAT(ba, is_ok());
    EXPECT_TRUE(same_bytes(ab->view(), ba->view()));
  }
}

TEST(Agreement, is_refused_between_kinds_and_with_points_of_low_order) {
  const PrivateKey p256 = *PrivateKey::generate(KeyKind::kEcP256);
  const PrivateKey p384 = *PrivateKey::generate(KeyKind::kEcP384);
  const PrivateKey x25519 = *PrivateKey::generate(KeyKind::kX25519);
  const PrivateKey ed25519 = *PrivateKey::generate(KeyKind::kEd25519);
  EXPECT_THAT(agree(p256, p384.public_key()), fails("key_wrong_kind"));
  EXPECT_THAT(agree(x25519, p256.public_key()), fails("key_wrong_kind"));
  EXPECT_THAT(agree(ed25519, ed25519.public_key()), fails("key_wrong_kind"));
  const auto zero = PublicKey::from_okp(KeyKind::kX25519, Bytes(32, 0));
  ASSERT_THAT(zero, is_ok());
  EXPECT_THAT(agree(x25519, *zero), fails("decrypt_failed"));
}

}  // namespace
}  // namespace signet::crypto
