#include "keystores/pem.h"

#include "base/base64.h"
#include "base/text.h"
#include "support/matchers.h"
#include "support/vectors.h"

namespace signet::keystores {
namespace {

using crypto::KeyKind;
using test::fails;
using test::is_ok;

std::string pem(std::string_view label, ByteView payload) {
  const std::string text = base64::encode(payload);
  std::string out = "-----BEGIN " + std::string(label) + "-----\n";
  for (std::size_t at = 0; at < text.size(); at += 64)
    out += text.substr(at, 64) + "\n";
  return out + "-----END " + std::string(label) + "-----\n";
}

Result<PemContents> read_text(std::string_view text) {
  return read_pem(as_bytes(text), std::nullopt);
}

const crypto::PrivateKey& own_key() {
  static const auto key = *crypto::PrivateKey::generate(KeyKind::kEcP256);
  return key;
}

TEST(SplitPem, gives_labels_headers_and_bytes) {
  const std::string text = "some words\r\n" + pem("A KEY 2", to_bytes("first")) +
                           "-----BEGIN B-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: X,00\r\n\r\n" +
                           base64::encode(as_bytes("second")) + "\r\n-----END B-----";
  const auto blocks = split_pem(text);
  ASSERT_THAT(blocks, is_ok());
  ASSERT_EQ(blocks->size(), 2u);
  EXPECT_EQ((*blocks)[0].label, "A KEY 2");
  EXPECT_EQ((*blocks)[0].headers, "");
  EXPECT_EQ(as_text((*blocks)[0].payload.view()), "first");
  EXPECT_EQ((*blocks)[1].label, "B");
  EXPECT_EQ((*blocks)[1].headers, "Proc-Type: 4,ENCRYPTED\r\nDEK-Info: X,00\r\n");
  EXPECT_EQ(as_text((*blocks)[1].payload.view()), "second");
}

TEST(SplitPem, refuses_what_is_not_well_formed) {
  for (const char* bad :
       {"", "no block", "-----BEGIN A-----\nAAAA\n", "-----END A-----\n",
        "-----BEGIN A-----\nAAAA\n-----END B-----\n",
        "-----BEGIN A-----\n-----BEGIN A-----\nAAAA\n-----END A-----\n",
        "-----BEGIN A-----\nAA!A\n-----END A-----\n", "-----BEGIN a-----\nAAAA\n-----END a-----\n",
        "-----BEGIN A  B-----\nAAAA\n-----END A  B-----\n",
        "-----BEGIN -----\nAAAA\n-----END -----", "-----BEGIN A----\nAAAA\n-----END A-----\n",
        "-----BEGIN A-----\nAAAA\n-----END A----\n", "-----BEGIN ----",
        "-----BEGIN A-----\nX: y\nAAAA\n-----END A-----\n",
        "-----BEGIN A-----\nAAAA-----END A-----\n"}) {
    EXPECT_THAT(split_pem(bad), fails("pem_malformed")) << bad;
  }
}

TEST(SplitPem, is_bounded) {
  EXPECT_THAT(split_pem(std::string((1 << 20) + 1, ' ')), fails("pem_too_large"));
  std::string many;
  for (int i = 0; i < 1001; ++i)
    many += "-----BEGIN A-----\nAAAA\n-----END A-----\n";
  EXPECT_THAT(split_pem(many), fails("pem_malformed"));
}

TEST(Pem, holds_keys_certificates_and_secrets_together) {
  const Instant now = from_unix_seconds(1'750'000'000);
  const auto certificate =
      *crypto::self_sign(own_key(), {"me", now, now + Seconds(9), Bytes(16, 1)});
  const Bytes raw(32, 0xfe);
  const auto contents = read_text(
      pem("CERTIFICATE", certificate.der()) + pem("PRIVATE KEY", own_key().pkcs8().view()) +
      pem("PUBLIC KEY", own_key().public_key().spki()) + pem("HMAC SECRET KEY", raw) +
      pem("AES SECRET KEY", raw) + pem("GENERIC SECRET", to_bytes("p")) +
      pem("EC PARAMETERS", to_bytes("skipped")));
  ASSERT_THAT(contents, is_ok());
  ASSERT_EQ(contents->certificates.size(), 1u);
  ASSERT_EQ(contents->private_keys.size(), 1u);
  ASSERT_EQ(contents->public_keys.size(), 1u);
  EXPECT_EQ(contents->public_keys[0], contents->private_keys[0].public_key());
  ASSERT_EQ(contents->secrets.size(), 3u);
  EXPECT_EQ(contents->secrets[0].first, "HMAC SECRET KEY");
  EXPECT_TRUE(same_bytes(contents->secrets[0].second.view(), raw));
  EXPECT_EQ(contents->secrets[2].first, "GENERIC SECRET");
}

TEST(Pem, refuses_labels_it_does_not_know) {
  EXPECT_THAT(read_text(pem("OPENSSH PRIVATE KEY", to_bytes("x"))), fails("pem_label_unknown"));
  EXPECT_THAT(read_text(pem("DSA PARAMETERS", to_bytes("x"))), fails("pem_label_unknown"));
  EXPECT_THAT(read_text(pem("SECRET", to_bytes("x"))), fails("pem_label_unknown"));
  EXPECT_THAT(read_text(pem("HMAC SECRET KEY", {})), fails("pem_malformed"));
}

TEST(Pem, does_not_take_one_thing_for_another) {
  EXPECT_THAT(read_text(pem("CERTIFICATE", own_key().public_key().spki())),
              fails("certificate_malformed"));
  EXPECT_THAT(read_text(pem("PUBLIC KEY", own_key().pkcs8().view())), fails("key_malformed"));
  EXPECT_THAT(read_text(pem("PRIVATE KEY", own_key().public_key().spki())), fails("key_malformed"));
}

}  // namespace
}  // namespace signet::keystores
