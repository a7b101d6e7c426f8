#include "crypto/pkcs12.h"

#include "support/matchers.h"

namespace signet::crypto {
namespace {

using test::fails;
using test::is_ok;

const Instant kNow = from_unix_seconds(1'750'000'000);

struct Pair {
  PrivateKey key;
  Certificate certificate;
};
const Pair& own() {
  static const Pair pair = [] {
    PrivateKey key = *PrivateKey::generate(KeyKind::kEcP256);
    Certificate made = *self_sign(key, {"own", kNow, kNow + Seconds(60), Bytes(16, 1)});
    return Pair{std::move(key), std::move(made)};
  }();
  return pair;
}

TEST(Pkcs12, reads_what_it_wrote) {
  const auto der = write_pkcs12(own().key, {own().certificate}, "Älias", as_bytes("pässword"));
  ASSERT_THAT(der, is_ok());
  const auto bags = read_pkcs12(der->view(), as_bytes("pässword"));
  ASSERT_THAT(bags, is_ok());
  ASSERT_EQ(bags->size(), 2u);
  EXPECT_EQ((*bags)[0].certificate->der(), own().certificate.der());
  EXPECT_EQ((*bags)[1].private_key->public_key(), own().key.public_key());
  EXPECT_EQ((*bags)[1].friendly_name, "Älias");
  EXPECT_FALSE((*bags)[1].local_key_id.empty());
  EXPECT_EQ((*bags)[0].local_key_id, (*bags)[1].local_key_id);
}

TEST(Pkcs12, writes_and_reads_an_empty_password_and_no_chain) {
  const auto der = write_pkcs12(own().key, {}, "", {});
  ASSERT_THAT(der, is_ok());
  const auto bags = read_pkcs12(der->view(), {});
  ASSERT_THAT(bags, is_ok());
  ASSERT_EQ(bags->size(), 1u);
  EXPECT_TRUE((*bags)[0].private_key);
}

TEST(Pkcs12, is_not_opened_by_another_password) {
  const auto der = write_pkcs12(own().key, {own().certificate}, "a", as_bytes("password"));
  for (const char* wrong : {"", "Password", "password ", "passwor"}) {
    EXPECT_THAT(read_pkcs12(der->view(), as_bytes(wrong)), fails("keystore_password_wrong"));
  }
}

TEST(Pkcs12, is_not_written_with_a_certificate_of_another_key) {
  const PrivateKey other = *PrivateKey::generate(KeyKind::kEcP256);
  EXPECT_THAT(write_pkcs12(other, {own().certificate}, "a", as_bytes("p")), fails("key_mismatch"));
}

TEST(Pkcs12, sec_115_that_is_hostile_is_refused) {
  EXPECT_THAT(read_pkcs12({}, {}), fails("keystore_malformed"));
  EXPECT_THAT(read_pkcs12(Bytes(5 << 20, 0x30), {}), fails("keystore_too_large"));
  Bytes deep(100'000, 0x30);
  for (std::size_t i = 1; i < deep.size(); i += 2)
    deep[i] = 0x80;
  EXPECT_THAT(read_pkcs12(deep, {}), fails("keystore_malformed"));
  const Bytes der =
      to_bytes(write_pkcs12(own().key, {own().certificate}, "a", as_bytes("password"))->view());
  for (std::size_t size = 0; size < der.size(); size += 13) {
    EXPECT_THAT(read_pkcs12(ByteView(der).first(size), as_bytes("password")),
                fails("keystore_malformed"));
  }
}

// The count of iterations is the last INTEGER: 100,000 is 02 03 01 86 a0.
TEST(Pkcs12, sec_115_whose_iterations_are_excessive_is_refused_before_the_work) {
  Bytes der =
      to_bytes(write_pkcs12(own().key, {own().certificate}, "a", as_bytes("password"))->view());
  const Bytes count = {0x02, 0x03, 0x01, 0x86, 0xa0};
  ASSERT_TRUE(std::equal(count.begin(), count.end(), der.end() - 5));
  der[der.size() - 3] = 0x7f;
  EXPECT_THAT(read_pkcs12(der, as_bytes("password")), fails("keystore_iterations_excessive"));
  der[der.size() - 3] = 0x80;  // negative
  EXPECT_THAT(read_pkcs12(der, as_bytes("password")), fails("keystore_iterations_excessive"));
}

}  // namespace
}  // namespace signet::crypto
