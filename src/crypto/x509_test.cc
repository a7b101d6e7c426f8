#include "crypto/x509.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "support/matchers.h"

namespace signet::crypto {
namespace {

using test::fails;
using test::is_ok;

const Instant kNow = from_unix_seconds(1'750'000'000);

SelfSignedSpec spec() {
  return {"Signet å test", kNow - Seconds(60), kNow + Seconds(86400), Bytes(16, 0xf1)};
}

TEST(SelfSigned, says_what_it_was_told) {
  for (KeyKind kind :
       {KeyKind::kRsa, KeyKind::kEcP256, KeyKind::kEcP384, KeyKind::kEcP521, KeyKind::kEd25519}) {
    const PrivateKey key = *PrivateKey::generate(kind, kind == KeyKind::kRsa ? 2048 : 0);
    const auto made = self_sign(key, spec());
    ASSERT_THAT(made, is_ok());
    EXPECT_EQ(made->subject(), "CN=Signet å test");
    EXPECT_EQ(made->issuer(), made->subject());
    EXPECT_EQ(made->serial_hex(), "71" + hex(Bytes(15, 0xf1)));
    EXPECT_EQ(made->not_before(), spec().not_before);
    EXPECT_EQ(made->not_after(), spec().not_after);
    EXPECT_EQ(*made->public_key(), key.public_key());
    EXPECT_TRUE(made->names_as_issuer(*made));
    const auto again = Certificate::from_der(made->der());
    ASSERT_THAT(again, is_ok());
    EXPECT_EQ(again->thumbprint(Hash::kSha256), digest(Hash::kSha256, made->der()));
  }
}

TEST(SelfSigned, is_not_made_with_what_cannot_be_written) {
  EXPECT_THAT(self_sign(*PrivateKey::generate(KeyKind::kX25519), spec()), fails("key_wrong_kind"));
  const PrivateKey key = *PrivateKey::generate(KeyKind::kEcP256);
  SelfSignedSpec long_name = spec(), no_serial = spec();
  long_name.common_name.assign(65, 'x');
  no_serial.serial.clear();
  EXPECT_THAT(self_sign(key, long_name), fails("certificate_spec_invalid"));
  EXPECT_THAT(self_sign(key, no_serial), fails("certificate_spec_invalid"));
}

TEST(Certificate, that_is_cut_or_followed_by_anything_is_malformed) {
  Bytes der = self_sign(*PrivateKey::generate(KeyKind::kEcP256), spec())->der();
  for (std::size_t size = 0; size < der.size(); size += 5) {
    EXPECT_THAT(Certificate::from_der(ByteView(der).first(size)), fails("certificate_malformed"));
  }
  der.push_back(0);
  EXPECT_THAT(Certificate::from_der(der), fails("certificate_malformed"));
}

TEST(Chain, is_trusted_only_from_a_given_root_and_in_its_time) {
  const auto own = self_sign(*PrivateKey::generate(KeyKind::kEcP256), spec());
  const auto other = self_sign(*PrivateKey::generate(KeyKind::kEcP256), spec());
  EXPECT_THAT(verify_chain(*own, {}, {*own}, kNow, false), is_ok());
  EXPECT_THAT(verify_chain(*own, {}, {*own}, kNow, true), is_ok());
  EXPECT_THAT(verify_chain(*own, {}, {*other}, kNow, false), fails("certificate_untrusted"));
  EXPECT_THAT(verify_chain(*own, {*own}, {}, kNow, false), fails("certificate_untrusted"));
  EXPECT_THAT(verify_chain(*own, {}, {*own}, kNow + Seconds(86401), false),
              fails("certificate_untrusted"));
  EXPECT_THAT(verify_chain(*own, {}, {*own}, kNow - Seconds(61), false),
              fails("certificate_untrusted"));
  EXPECT_THAT(verify_chain(*own, std::vector<Certificate>(100, *other), {*own}, kNow, false),
              fails("certificate_untrusted"));
}

}  // namespace
}  // namespace signet::crypto
