#include "crypto/key.h"

#include "base/text.h"
#include "support/matchers.h"

namespace signet::crypto {
namespace {

using test::fails;
using test::is_ok;

const PrivateKey& rsa_key() {
  static const PrivateKey key = *PrivateKey::generate(KeyKind::kRsa, 2048);
  return key;
}

Bytes changed(Bytes bytes, std::size_t at) {
  bytes[at] ^= 1;
  return bytes;
}
SecretBytes changed(const SecretBytes& bytes, std::size_t at) {
  SecretBytes out = bytes.clone();
  out.span()[at] ^= 1;
  return out;
}

RsaPrivateParts copy(const RsaPrivateParts& parts) {
  return {parts.d.clone(),  parts.p.clone(),  parts.q.clone(),
          parts.dp.clone(), parts.dq.clone(), parts.qi.clone()};
}

Bytes rsa_modulus(std::size_t bits) {
  Bytes n(bits / 8, 0x5b);
  n.front() = 0xc1;
  n.back() |= 1;
  return n;
}

TEST(RsaPublicKey, sec_075_is_refused_below_2048_bits) {
  EXPECT_THAT(PublicKey::from_rsa(rsa_modulus(1024), Bytes{1, 0, 1}), fails("rsa_too_small"));
  Bytes n = rsa_modulus(2048);
  n.front() = 0x41;  // 2047 bits
  EXPECT_THAT(PublicKey::from_rsa(n, Bytes{1, 0, 1}), fails("rsa_too_small"));
  EXPECT_THAT(PublicKey::from_rsa(rsa_modulus(2048), Bytes{1, 0, 1}), is_ok());
}

TEST(RsaPublicKey, is_refused_above_16384_bits) {
  EXPECT_THAT(PublicKey::from_rsa(rsa_modulus(16392), Bytes{1, 0, 1}), fails("rsa_too_large"));
}

TEST(RsaPublicKey, sec_095_is_refused_with_a_bad_exponent) {
  const Bytes n = rsa_modulus(2048);
  for (const Bytes& e : {Bytes{1}, Bytes{2}, Bytes{1, 0, 0}, Bytes{1, 0, 0, 0, 0, 0, 0, 0, 1}}) {
    EXPECT_THAT(PublicKey::from_rsa(n, e), fails("rsa_bad_exponent")) << hex(e);
  }
  for (const Bytes& e : {Bytes{3}, Bytes{17}, Bytes{1, 0, 1}, Bytes(8, 0xff)}) {
    EXPECT_THAT(PublicKey::from_rsa(n, e), is_ok()) << hex(e);
  }
}

TEST(RsaPublicKey, is_malformed_when_even_empty_or_with_a_leading_zero) {
  Bytes even = rsa_modulus(2048);
  even.back() &= 0xfe;
  EXPECT_THAT(PublicKey::from_rsa(even, Bytes{1, 0, 1}), fails("key_malformed"));
  EXPECT_THAT(PublicKey::from_rsa({}, Bytes{1, 0, 1}), fails("key_malformed"));
  EXPECT_THAT(PublicKey::from_rsa(rsa_modulus(2048), {}), fails("key_malformed"));
  EXPECT_THAT(PublicKey::from_rsa(rsa_modulus(2048), Bytes{0, 1, 0, 1}), fails("key_malformed"));
}

TEST(EcPublicKey, sec_077_off_its_curve_is_refused) {
  for (KeyKind curve : {KeyKind::kEcP256, KeyKind::kEcP384, KeyKind::kEcP521}) {
    const EcPublicParts at = PrivateKey::generate(curve)->public_key().ec_parts();
    EXPECT_THAT(PublicKey::from_ec(curve, at.x, at.y), is_ok());
    EXPECT_THAT(PublicKey::from_ec(curve, at.x, changed(at.y, at.y.size() - 1)),
                fails("key_point_invalid"));
    const Bytes zero(at.x.size(), 0), ones(at.x.size(), 0xff);
    EXPECT_THAT(PublicKey::from_ec(curve, zero, zero), fails("key_point_invalid"));
    EXPECT_THAT(PublicKey::from_ec(curve, ones, ones), fails("key_point_invalid"));
  }
}

TEST(EcPublicKey, must_have_coordinates_exactly_as_long_as_the_field) {
  const EcPublicParts at = PrivateKey::generate(KeyKind::kEcP256)->public_key().ec_parts();
  Bytes padded = at.x;
  padded.insert(padded.begin(), 0);
  EXPECT_THAT(PublicKey::from_ec(KeyKind::kEcP256, padded, at.y), fails("key_malformed"));
  EXPECT_THAT(PublicKey::from_ec(KeyKind::kEcP256, ByteView(at.x).first(31), at.y),
              fails("key_malformed"));
  EXPECT_THAT(PublicKey::from_ec(KeyKind::kEcP384, at.x, at.y), fails("key_malformed"));
}

TEST(EcPublicKey, on_curves_that_serve_nothing_is_unsupported) {
  const Bytes any(32, 1);
  EXPECT_THAT(PublicKey::from_ec(KeyKind::kSecp256k1, any, any), fails("key_unsupported"));
  EXPECT_THAT(PublicKey::from_ec(KeyKind::kRsa, any, any), fails("key_unsupported"));
  EXPECT_THAT(PublicKey::from_okp(KeyKind::kEd448, Bytes(57, 1)), fails("key_unsupported"));
}

TEST(OkpPublicKey, of_low_order_or_wrong_length_is_refused) {
  EXPECT_THAT(PublicKey::from_okp(KeyKind::kEd25519, Bytes(32, 0)), fails("key_point_invalid"));
  Bytes one(32, 0);
  one[0] = 1;
  EXPECT_THAT(PublicKey::from_okp(KeyKind::kEd25519, one), fails("key_point_invalid"));
  EXPECT_THAT(PublicKey::from_okp(KeyKind::kEd25519, Bytes(32, 0xff)), fails("key_point_invalid"));
  EXPECT_THAT(PublicKey::from_okp(KeyKind::kEd25519, Bytes(31, 1)), fails("key_malformed"));
  EXPECT_THAT(PublicKey::from_okp(KeyKind::kX25519, Bytes(33, 1)), fails("key_malformed"));
}

class EveryKind : public ::testing::TestWithParam<KeyKind> {
 protected:
  static PrivateKey make() {
    if (GetParam() == KeyKind::kRsa) return rsa_key();
    return *PrivateKey::generate(GetParam());
  }
};

TEST_P(EveryKind, survives_spki_and_pkcs8) {
  const PrivateKey key = make();
  auto pub = PublicKey::from_spki(key.public_key().spki());
  ASSERT_THAT(pub, is_ok());
  EXPECT_EQ(*pub, key.public_key());
  EXPECT_EQ(pub->spki(), key.public_key().spki());
  EXPECT_EQ(pub->kind(), GetParam());
  const SecretBytes der = key.pkcs8();
  auto again = PrivateKey::from_pkcs8(der.view());
  ASSERT_THAT(again, is_ok());
  EXPECT_EQ(again->public_key(), key.public_key());
  EXPECT_TRUE(same_bytes(again->pkcs8().view(), der.view()));
}

TEST_P(EveryKind, refuses_a_der_that_is_cut_or_followed_by_anything) {
  const PrivateKey key = make();
  Bytes spki = key.public_key().spki();
  for (std::size_t size = 0; size < spki.size(); ++size) {
    EXPECT_THAT(PublicKey::from_spki(ByteView(spki).first(size)), fails("key_malformed"));
  }
  spki.push_back(0);
  EXPECT_THAT(PublicKey::from_spki(spki), fails("key_malformed"));
  Bytes pkcs8 = to_bytes(key.pkcs8().view());
  for (std::size_t size = 0; size < pkcs8.size(); size += 7) {
    EXPECT_THAT(PrivateKey::from_pkcs8(ByteView(pkcs8).first(size)), fails("key_malformed"));
  }
  pkcs8.push_back(0);
  EXPECT_THAT(PrivateKey::from_pkcs8(pkcs8), fails("key_malformed"));
}

TEST_P(EveryKind, is_rebuilt_from_its_numbers) {
  const PrivateKey key = make();
  const PublicKey pub = key.public_key();
  Result<PrivateKey> again;
  if (GetParam() == KeyKind::kRsa) {
    again = PrivateKey::from_rsa(pub.rsa_parts(), key.rsa_parts());
  } else if (GetParam() == KeyKind::kEd25519 || GetParam() == KeyKind::kX25519) {
    again = PrivateKey::from_okp(GetParam(), pub.okp_x(), key.okp_d().view());
  } else {
    again = PrivateKey::from_ec(GetParam(), pub.ec_parts().x, pub.ec_parts().y, key.ec_d().view());
  }
  ASSERT_THAT(again, is_ok());
  EXPECT_EQ(again->public_key(), pub);
  EXPECT_TRUE(same_bytes(again->pkcs8().view(), key.pkcs8().view()));
}

std::string kind_name(const ::testing::TestParamInfo<KeyKind>& tested) {
  std::string name(to_string(tested.param));
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Keys, EveryKind,
                         ::testing::Values(KeyKind::kRsa, KeyKind::kEcP256, KeyKind::kEcP384,
                                           KeyKind::kEcP521, KeyKind::kEd25519, KeyKind::kX25519),
                         kind_name);

TEST(RsaPrivateKey, whose_numbers_do_not_fit_is_refused) {
  const RsaPublicParts pub = rsa_key().public_key().rsa_parts();
  const RsaPrivateParts parts = rsa_key().rsa_parts();
  for (SecretBytes RsaPrivateParts::*part :
       {&RsaPrivateParts::d, &RsaPrivateParts::p, &RsaPrivateParts::q, &RsaPrivateParts::dp,
        &RsaPrivateParts::dq, &RsaPrivateParts::qi}) {
    RsaPrivateParts bad = copy(parts);
    bad.*part = changed(bad.*part, (bad.*part).size() - 2);
    EXPECT_THAT(PrivateKey::from_rsa(pub, bad), fails("key_mismatch"));
  }
  const PrivateKey other = *PrivateKey::generate(KeyKind::kRsa, 2048);
  EXPECT_THAT(PrivateKey::from_rsa(pub, other.rsa_parts()), fails("key_mismatch"));
}

TEST(RsaPrivateKey, is_completed_where_only_d_is_given) {
  const RsaPrivateParts whole = rsa_key().rsa_parts();
  RsaPrivateParts only_d;
  only_d.d = whole.d.clone();
  auto key = PrivateKey::from_rsa(rsa_key().public_key().rsa_parts(), only_d);
  ASSERT_THAT(key, is_ok());
  const RsaPrivateParts found = key->rsa_parts();
  EXPECT_TRUE(same_bytes(found.p.view(), whole.p.view()) ||
              same_bytes(found.p.view(), whole.q.view()));
  only_d.d = changed(whole.d, 40);
  EXPECT_THAT(PrivateKey::from_rsa(rsa_key().public_key().rsa_parts(), only_d),
              fails("key_mismatch"));
}

TEST(EcPrivateKey, of_another_public_key_or_out_of_range_is_refused) {
  for (KeyKind curve : {KeyKind::kEcP256, KeyKind::kEcP384, KeyKind::kEcP521}) {
    const PrivateKey key = *PrivateKey::generate(curve), other = *PrivateKey::generate(curve);
    const EcPublicParts at = key.public_key().ec_parts();
    EXPECT_THAT(PrivateKey::from_ec(curve, at.x, at.y, other.ec_d().view()), fails("key_mismatch"));
    EXPECT_THAT(PrivateKey::from_ec(curve, at.x, at.y, Bytes(at.x.size(), 0)),
                fails("key_malformed"));
    EXPECT_THAT(PrivateKey::from_ec(curve, at.x, at.y, Bytes(at.x.size(), 0xff)),
                fails("key_malformed"));
    EXPECT_THAT(PrivateKey::from_ec(curve, at.x, at.y, key.ec_d().view().subspan(1)),
                fails("key_malformed"));
  }
}

TEST(OkpPrivateKey, of_another_public_key_is_refused) {
  for (KeyKind curve : {KeyKind::kEd25519, KeyKind::kX25519}) {
    const PrivateKey key = *PrivateKey::generate(curve), other = *PrivateKey::generate(curve);
    EXPECT_THAT(PrivateKey::from_okp(curve, key.public_key().okp_x(), other.okp_d().view()),
                fails("key_mismatch"));
  }
}

TEST(PrivateKey, is_made_only_in_sizes_that_serve) {
  EXPECT_THAT(PrivateKey::generate(KeyKind::kRsa, 1024), fails("key_size_unsupported"));
  EXPECT_THAT(PrivateKey::generate(KeyKind::kRsa), fails("key_size_unsupported"));
  EXPECT_THAT(PrivateKey::generate(KeyKind::kDsa), fails("key_unsupported"));
  EXPECT_THAT(PrivateKey::generate(KeyKind::kSecp256k1), fails("key_unsupported"));
}

TEST(PublicKey, tells_its_size_in_bits) {
  EXPECT_EQ(rsa_key().public_key().bits(), 2048u);
  EXPECT_EQ(PrivateKey::generate(KeyKind::kEcP521)->public_key().bits(), 521u);
  EXPECT_EQ(PrivateKey::generate(KeyKind::kEd25519)->public_key().bits(), 256u);
}

}  // namespace
}  // namespace signet::crypto
