#include "secrets/kid_clash.h"

#include "secrets/test_keys.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;

const SecretId kRsaSigning = SecretId::literal("am.services.oauth2.oidc.signing.RSA");
const SecretId kEcSigning = SecretId::literal("am.services.oauth2.oidc.signing.ES256");
const SecretId kMacSigning = SecretId::literal("am.services.oauth2.stateless.signing.HMAC");
const SecretId kOaep = SecretId::literal("am.services.oauth2.oidc.decryption.RSA.OAEP");
const SecretId kCertificates = SecretId::literal("am.services.iot.cert.verification");

Secret chosen(const jose::Jwk& jwk, const char* kid = "1") {
  return Secret::of_key(jwk, KeyId(kid));
}

TEST(KidClash, is_where_two_keys_of_one_kid_are_for_the_same) {
  EXPECT_TRUE(is_kid_clash(kRsaSigning, chosen(rsa()), kEcSigning, chosen(p256())));
  EXPECT_TRUE(is_kid_clash(kEcSigning, chosen(p256()), kEcSigning,
                           chosen(make_key(crypto::KeyKind::kEcP256))));
  EXPECT_TRUE(is_kid_clash(kMacSigning, chosen(oct(64, 1)), kMacSigning, chosen(oct(64, 2))));
}

TEST(KidClash, is_none_where_the_kid_the_use_or_the_kind_tells_them_apart) {
  EXPECT_FALSE(is_kid_clash(kRsaSigning, chosen(rsa(), "1"), kEcSigning, chosen(p256(), "2")));
  EXPECT_FALSE(is_kid_clash(kOaep, chosen(rsa()), kEcSigning, chosen(p256())));
  EXPECT_FALSE(is_kid_clash(kMacSigning, chosen(oct(64)), kEcSigning, chosen(p256())));
  EXPECT_FALSE(is_kid_clash(kCertificates, chosen(rsa()), kCertificates, chosen(p256())));
}

TEST(KidClash, is_none_of_one_key_under_several_ids) {
  EXPECT_FALSE(is_kid_clash(kRsaSigning, chosen(rsa()), kEcSigning, chosen(rsa())));
  EXPECT_FALSE(is_kid_clash(kEcSigning, chosen(p256()), kEcSigning, chosen(public_half(p256()))))
      << "the half that the journal keeps is the same key";
  EXPECT_FALSE(is_kid_clash(kMacSigning, chosen(oct(64)), kMacSigning, chosen(oct(64))));
}

TEST(KidClash, texts_and_certificates_have_no_kid) {
  const Secret text = Secret::of_text(SecretBytes::from_text("x"));
  EXPECT_FALSE(is_kid_clash(kEcSigning, text, kEcSigning, text));
}

TEST(KidClash, is_told_with_store_and_alias_of_both) {
  Secret secret = named(p256(), "a", "ks");
  secret.store_realm = RealmName("alpha");
  const KidClash clash{KeyId("1"), KidHolder::of(kEcSigning, secret), {kRsaSigning, {}, {}, {}}};
  EXPECT_THAT(in_words(clash), AllOf(HasSubstr(kEcSigning.str()), HasSubstr("ks of realm alpha"),
                                     HasSubstr("alias"), HasSubstr(kRsaSigning.str())));
  EXPECT_STREQ(kid_reused(clash.kid, clash.one).reason, "kid_reused");
}

}  // namespace
}  // namespace signet::secrets
