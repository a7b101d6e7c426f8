#include "crypto/sender.h"

#include <thread>

#include "support/matchers.h"

namespace signet::crypto {
namespace {

using test::fails;
using test::is_ok;

TEST(RsaSender, what_it_encrypts_the_private_key_decrypts) {
  const auto key = *PrivateKey::generate(KeyKind::kRsa, 2048);
  const Bytes secret(32, 7);
  for (const auto padding : {RsaPadding::kPkcs1, RsaPadding::kOaepSha1, RsaPadding::kOaepSha256,
                             RsaPadding::kOaepSha384, RsaPadding::kOaepSha512}) {
    const auto sender = RsaSender::make(key.public_key(), padding);
    ASSERT_THAT(sender, is_ok());
    ASSERT_EQ(sender->size(), 256u);
    Bytes first(256), second(256);
    ASSERT_THAT(sender->encrypt(secret, first.data()), is_ok());
    ASSERT_THAT(sender->encrypt(secret, second.data()), is_ok());
    EXPECT_NE(first, second);
    for (const Bytes& cipher : {first, second}) {
      const auto opened = rsa_decrypt(key, padding, cipher);
      ASSERT_THAT(opened, is_ok());
      EXPECT_TRUE(same_bytes(opened->view(), secret));
    }
  }
}

TEST(RsaSender, serves_on_after_a_text_that_is_too_long) {
  const auto key = *PrivateKey::generate(KeyKind::kRsa, 2048);
  const auto sender = RsaSender::make(key.public_key(), RsaPadding::kOaepSha256);
  ASSERT_THAT(sender, is_ok());
  Bytes out(256);
  EXPECT_THAT(sender->encrypt(Bytes(191), out.data()), fails("encrypt_failed"));
  EXPECT_THAT(sender->encrypt(Bytes(190), out.data()), is_ok());
  EXPECT_THAT(RsaSender::make(PrivateKey::generate(KeyKind::kEcP256)->public_key(),
                              RsaPadding::kOaepSha256),
              fails("key_wrong_kind"));
}

TEST(EcdhSender, both_sides_agree_and_no_key_pair_comes_twice) {
  for (const auto kind : {KeyKind::kEcP256, KeyKind::kEcP384, KeyKind::kEcP521, KeyKind::kX25519}) {
    const auto recipient = *PrivateKey::generate(kind);
    const auto sender = EcdhSender::make(recipient.public_key());
    ASSERT_THAT(sender, is_ok());
    const auto one = sender->agree(), two = sender->agree();
    ASSERT_THAT(one, is_ok());
    ASSERT_THAT(two, is_ok());
    EXPECT_NE(one->x, two->x);
    const auto ephemeral = kind == KeyKind::kX25519 ? PublicKey::from_okp(kind, one->x)
                                                    : PublicKey::from_ec(kind, one->x, one->y);
    ASSERT_THAT(ephemeral, is_ok());
    const auto z = agree(recipient, *ephemeral);
    ASSERT_THAT(z, is_ok());
    EXPECT_TRUE(same_bytes(z->view(), one->z.view()));
  }
  EXPECT_THAT(EcdhSender::make(PrivateKey::generate(KeyKind::kEd25519)->public_key()),
              fails("key_wrong_kind"));
}

TEST(EcdhSender, threads_share_one) {
  const auto recipient = *PrivateKey::generate(KeyKind::kEcP256);
  const auto ecdh = *EcdhSender::make(recipient.public_key());
  const auto key = *PrivateKey::generate(KeyKind::kRsa, 2048);
  const auto rsa = *RsaSender::make(key.public_key(), RsaPadding::kOaepSha256);
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      Bytes out(rsa.size());
      for (int n = 0; n < 20; ++n)
        done += ecdh.agree().ok() && rsa.encrypt(Bytes(32, 1), out.data()).ok();
    });
  }
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(done, 80);
}

}  // namespace
}  // namespace signet::crypto
