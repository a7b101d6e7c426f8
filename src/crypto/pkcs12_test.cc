#include "crypto/pkcs12.h"

#include <algorithm>

#include "crypto/pbe.h"
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

// The count of iterations is the last INTEGER: 10,000 is 02 02 27 10.
TEST(Pkcs12, sec_115_whose_iterations_are_excessive_is_refused_before_the_work) {
  Bytes der =
      to_bytes(write_pkcs12(own().key, {own().certificate}, "a", as_bytes("password"))->view());
  const Bytes tail = {0x02, 0x02, 0x27, 0x10};
  ASSERT_TRUE(std::equal(tail.begin(), tail.end(), der.end() - 4));
  der[der.size() - 2] = 0x80;  // negative
  EXPECT_THAT(read_pkcs12(der, as_bytes("password")), fails("keystore_iterations_excessive"));
  // The first encryption: PBKDF2's SEQUENCE { salt of 8 bytes, INTEGER 10,000, ... }.
  der[der.size() - 2] = 0x27;
  const auto at = std::search(der.begin(), der.end(), tail.begin(), tail.end());
  ASSERT_LT(at, der.end() - 4);
  const auto store = [&](std::uint8_t high) {
    Bytes changed = der;
    changed[static_cast<std::size_t>(at - der.begin()) + 2] = high;
    return changed;
  };
  // The MAC is over this too: without it being right nothing is decrypted at all.
  EXPECT_THAT(read_pkcs12(store(0x7f), as_bytes("password")), fails("keystore_password_wrong"));
}

TEST(Pkcs12, a_budget_counts_dearer_digests_for_more_and_ends) {
  PbeBudget budget;
  EXPECT_THAT(budget.spend(std::int64_t{0}), fails("keystore_iterations_excessive"));
  EXPECT_THAT(budget.spend(-1), fails("keystore_iterations_excessive"));
  EXPECT_THAT(budget.spend(INT64_MAX, 5), fails("keystore_iterations_excessive"));
  // OpenSSL with -iter 600000: a MAC and two encryptions.
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(budget.spend(600'000), is_ok());
  EXPECT_THAT(budget.spend(600'000, 3), fails("keystore_iterations_excessive"));
  EXPECT_THAT(budget.spend(600'000), is_ok());
  EXPECT_THAT(budget.spend(600'000), fails("keystore_iterations_excessive"));
  PbeBudget keytools;
  for (int i = 0; i < 250; ++i)
    EXPECT_THAT(keytools.spend(10'000), is_ok()) << i;
  EXPECT_THAT(keytools.spend(10'000), fails("keystore_iterations_excessive"));
}

TEST(Pkcs12, holds_several_keys_of_all_kinds) {
  std::vector<Pkcs12Entry> entries(3);
  entries[0].friendly_name = "pair";
  entries[0].private_key = own().key;
  entries[0].chain = {own().certificate};
  entries[1].friendly_name = "mac";
  entries[1].secret_key = SecretBytes(Bytes(64, 1));
  entries[1].secret_key_algorithm = "HmacSHA512";
  entries[2].friendly_name = "äes";
  entries[2].secret_key = SecretBytes(Bytes(32, 2));
  entries[2].secret_key_algorithm = "AES";
  const auto der = write_pkcs12(entries, as_bytes("password"));
  ASSERT_THAT(der, is_ok());
  const auto bags = read_pkcs12(der->view(), as_bytes("password"));
  ASSERT_THAT(bags, is_ok());
  ASSERT_EQ(bags->size(), 4u);
  EXPECT_EQ((*bags)[0].certificate->der(), own().certificate.der());
  EXPECT_EQ((*bags)[1].private_key->public_key(), own().key.public_key());
  EXPECT_EQ((*bags)[2].secret_key_algorithm, "HmacSHA512");
  EXPECT_TRUE(same_bytes((*bags)[2].secret_key->view(), Bytes(64, 1)));
  EXPECT_EQ((*bags)[2].friendly_name, "mac");
  EXPECT_EQ((*bags)[3].secret_key_algorithm, "AES");
  EXPECT_TRUE(same_bytes((*bags)[3].secret_key->view(), Bytes(32, 2)));
  EXPECT_EQ((*bags)[3].friendly_name, "äes");

  entries[2].secret_key_algorithm = "Blowfish";
  EXPECT_THAT(write_pkcs12(entries, as_bytes("password")), fails("key_unsupported"));
}

}  // namespace
}  // namespace signet::crypto
