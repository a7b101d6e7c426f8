#include "keystores/jks.h"

#include "base/text.h"
#include "keystores/jks_test_support.h"
#include "support/matchers.h"

namespace signet::keystores {
namespace {

using test::fails;
using test::is_ok;

const std::string kJceksMagic = "\xce\xce\xce\xce";

struct Pair {
  crypto::PrivateKey key;
  crypto::Certificate certificate;
};
const Pair& own() {
  static const Pair pair = [] {
    auto key = *crypto::PrivateKey::generate(crypto::KeyKind::kEcP256);
    const Instant now = from_unix_seconds(1'750'000'000);
    auto made = *crypto::self_sign(key, {"own", now, now + Seconds(60), Bytes(16, 1)});
    return Pair{std::move(key), std::move(made)};
  }();
  return pair;
}

Result<std::vector<Entry>> read(const std::string& store,
                                std::optional<std::string_view> store_password,
                                std::optional<std::string_view> key_password = std::nullopt) {
  JksOptions options;
  if (store_password) options.store_password = as_bytes(*store_password);
  if (key_password) options.key_password = as_bytes(*key_password);
  return read_jks(as_bytes(store), options);
}

std::string one_key(std::string_view password) {
  return JksWriter().private_key("k", own().key, {own().certificate}, password).finish("store");
}

TEST(Jks, gives_keys_with_their_chains_and_trusted_certificates) {
  for (const std::uint32_t version : {1, 2}) {
    for (const std::string& magic : {std::string("\xfe\xed\xfe\xed"), kJceksMagic}) {
      const auto entries =
          read(JksWriter(magic, version)
                   .private_key("MyKey", own().key, {own().certificate}, "password")
                   .certificate("root", own().certificate)
                   .finish("password"),
               "password");
      ASSERT_THAT(entries, is_ok()) << version;
      ASSERT_EQ(entries->size(), 2U);
      EXPECT_EQ((*entries)[0].alias, "mykey");
      EXPECT_EQ((*entries)[0].kind, Entry::kPrivateKey);
      ASSERT_TRUE((*entries)[0].private_key) << (*entries)[0].unusable->reason;
      EXPECT_EQ((*entries)[0].private_key->public_key(), own().key.public_key());
      ASSERT_EQ((*entries)[0].chain.size(), 1U);
      EXPECT_EQ((*entries)[1].kind, Entry::kTrustedCertificate);
      EXPECT_EQ((*entries)[1].chain.at(0).der(), own().certificate.der());
    }
  }
}

TEST(Jks, reads_what_keytool_wrote_secret_keys_included) {
  const auto entries = read(keytool_jceks(), "changeit");
  ASSERT_THAT(entries, is_ok());
  ASSERT_EQ(entries->size(), 3U);
  EXPECT_TRUE((*entries)[0].private_key);
  EXPECT_EQ((*entries)[1].alias, "triple");
  ASSERT_TRUE((*entries)[1].unusable);
  EXPECT_STREQ((*entries)[1].unusable->reason, "key_password_wrong");
  EXPECT_EQ((*entries)[2].secret_key_algorithm, "HmacSHA512");
  EXPECT_EQ((*entries)[2].secret_key->size(), 64U);

  const auto others = read(keytool_jceks(), "changeit", "entrypass");
  ASSERT_THAT(others, is_ok());
  EXPECT_EQ((*others)[1].secret_key_algorithm, "DESede");
  EXPECT_EQ((*others)[1].secret_key->size(), 24U);
  EXPECT_STREQ((*others)[0].unusable->reason, "key_password_wrong");
  EXPECT_STREQ((*others)[2].unusable->reason, "key_password_wrong");
}

TEST(Jks, tells_a_wrong_store_password_from_a_wrong_key_password_and_from_damage) {
  EXPECT_THAT(read(one_key("store"), "Store"), fails("keystore_password_wrong"));
  EXPECT_THAT(read(one_key("store"), ""), fails("keystore_password_wrong"));
  EXPECT_THAT(read(one_key("store"), "st\xffore"), fails("keystore_password_wrong"));
  const auto wrong_key = read(one_key("entry"), "store", "Entry");
  ASSERT_THAT(wrong_key, is_ok());
  EXPECT_STREQ(wrong_key->at(0).unusable->reason, "key_password_wrong");
  EXPECT_FALSE(wrong_key->at(0).private_key);

  std::string damaged = one_key("store");
  damaged[damaged.size() - 30] ^= 1;  // in the certificate
  EXPECT_THAT(read(damaged, "store"), fails("keystore_changed"));
  damaged = keytool_jceks();
  damaged[18] ^= 1;  // in an alias
  EXPECT_THAT(read(damaged, "changeit"), fails("keystore_changed"));
  damaged = one_key("store");
  EXPECT_THAT(read(damaged.substr(0, damaged.size() - 1), "store"), fails("keystore_malformed"));
}

TEST(Jks, passwords_are_any_text) {
  const std::string password = "pässword \xf0\x9f\x98\x80";
  const auto store =
      JksWriter().private_key("k", own().key, {own().certificate}, password).finish(password);
  const auto entries = read(store, password);
  ASSERT_THAT(entries, is_ok());
  EXPECT_TRUE(entries->at(0).private_key);
  EXPECT_THAT(read(store, "password"), fails("keystore_password_wrong"));
}

// PBEWithMD5AndTripleDES takes ASCII only; Java refuses to seal with anything else.
TEST(Jks, a_jceks_key_under_a_password_that_is_not_ascii_is_told_so) {
  const auto entries = read(keytool_jceks(), "changeit", "pässword");
  ASSERT_THAT(entries, is_ok());
  EXPECT_NE(entries->at(0).unusable->detail.find("ASCII"), std::string::npos);
}

TEST(Jks, without_a_store_password_the_integrity_is_not_checked_and_no_key_opens) {
  const std::string store = JksWriter()
                                .certificate("root", own().certificate)
                                .private_key("k", own().key, {}, "entry")
                                .finish("store");
  const auto entries = read(store, std::nullopt);
  ASSERT_THAT(entries, is_ok());
  EXPECT_EQ(entries->at(0).chain.size(), 1U);
  EXPECT_STREQ(entries->at(1).unusable->reason, "key_password_missing");
  EXPECT_TRUE(read(store, std::nullopt, "entry")->at(1).private_key);
}

TEST(Jks, the_later_of_two_entries_with_one_alias_stands) {
  const auto entries = read(JksWriter()
                                .private_key("same", own().key, {}, "p")
                                .certificate("SAME", own().certificate)
                                .finish("p"),
                            "p");
  ASSERT_THAT(entries, is_ok());
  ASSERT_EQ(entries->size(), 1U);
  EXPECT_EQ(entries->at(0).kind, Entry::kTrustedCertificate);
}

TEST(Jks, aliases_are_in_modified_utf8) {
  const std::pair<std::string_view, std::string_view> good[] = {
      {"", ""},
      {"\xc0\x80", std::string_view("\0", 1)},
      {"\xc3\xa4", "\xc3\xa4"},
      {"\xe2\x82\xac", "\xe2\x82\xac"},
      {"\xed\xa0\xbd\xed\xb8\x80", "\xf0\x9f\x98\x80"}};
  for (const auto& [written, alias] : good) {
    const auto entries = read(JksWriter().certificate(written, own().certificate).finish("p"), "p");
    ASSERT_THAT(entries, is_ok()) << alias;
    EXPECT_EQ(entries->at(0).alias, alias);
  }
  for (const std::string_view bad :
       {"\xc1\x81", "\xc3", "\xe0\x80\x80", "\xed\xa0\xbd", "\xed\xb8\x80", "\xed\xa0\xbdz",
        "\xf0\x9f\x98\x80", "\x80", "\xff"}) {
    EXPECT_THAT(read(JksWriter().certificate(bad, own().certificate).finish("p"), "p"),
                fails("keystore_malformed"))
        << hex(as_bytes(bad));
  }
}

TEST(Jks, an_entry_that_cannot_be_served_does_not_fail_the_others) {
  const auto other = *crypto::PrivateKey::generate(crypto::KeyKind::kEcP256);
  const auto entries = read(JksWriter()
                                .private_key("mismatch", other, {own().certificate}, "p")
                                .head(2, "pgp")
                                .text("OpenPGP")
                                .blob("x")
                                .head(2, "broken")
                                .text("X.509")
                                .blob("no certificate")
                                .head(1, "plain")
                                .blob(as_text(own().key.pkcs8().view()))
                                .number(0, 4)
                                .certificate("good", own().certificate)
                                .finish("p"),
                            "p");
  ASSERT_THAT(entries, is_ok());
  ASSERT_EQ(entries->size(), 5U);
  const char* const reasons[] = {"key_mismatch", "certificate_unsupported", "certificate_malformed",
                                 "key_malformed"};
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_STREQ((*entries)[i].unusable->reason, reasons[i]);
  EXPECT_FALSE((*entries)[4].unusable);
}

TEST(Jks, sec_115_that_is_hostile_is_refused) {
  EXPECT_THAT(read("", "p"), fails("keystore_malformed"));
  EXPECT_THAT(read("PK\3\4", "p"), fails("keystore_malformed"));
  EXPECT_THAT(read("\xfe\xed\xfe\xed", "p"), fails("keystore_malformed"));
  EXPECT_THAT(read("\xfe\xed\xfe\xed" + std::string(5 << 20, '\0'), "p"),
              fails("keystore_too_large"));
  EXPECT_THAT(read(JksWriter("\xfe\xed\xfe\xed", 3).finish("p"), "p"),
              fails("keystore_version_unknown"));
  EXPECT_THAT(read(JksWriter().head(7, "a").finish("p"), "p"), fails("keystore_malformed"));
  EXPECT_THAT(read(JksWriter().head(3, "a").finish("p"), "p"), fails("keystore_malformed"));
  EXPECT_THAT(read(JksWriter().head(2, "a").text("X.509").number(0xffffffff, 4).finish("p"), "p"),
              fails("keystore_malformed"));
  EXPECT_THAT(read(JksWriter().head(1, "a").blob("").number(0xffffffff, 4).finish("p"), "p"),
              fails("keystore_too_large"));
  EXPECT_THAT(read(JksWriter().number(0, 1).finish("p"), "p"), fails("keystore_malformed"));
  std::string many = JksWriter().finish("p");
  many[9] = 1;  // 65,536 entries
  EXPECT_THAT(read(many, "p"), fails("keystore_too_large"));
}

TEST(Jks, sec_115_that_is_cut_anywhere_is_refused) {
  const std::string stores[] = {one_key("store"), keytool_jceks()};
  for (const std::string& store : stores) {
    for (std::size_t size = 0; size < store.size(); ++size) {
      EXPECT_THAT(read(store.substr(0, size), "store"), fails("keystore_malformed")) << size;
    }
  }
}

TEST(Jks, survives_every_changed_byte_of_its_structure) {
  std::string store = keytool_jceks();
  JksOptions options;
  options.most_iterations_unproven = 20'000;  // two of its three keys
  for (std::size_t at = 0; at < store.size() - 20; at += 7) {
    store[at] = static_cast<char>(store[at] ^ 0x41);
    EXPECT_FALSE(read_jks(as_bytes(store), options).ok() && read(store, "changeit").ok());
    store[at] = static_cast<char>(store[at] ^ 0x41);
  }
}

// The count of iterations of the first key is 02 02 27 10.
TEST(Jks, sec_115_whose_iterations_are_excessive_is_refused_before_the_work) {
  std::string store = keytool_jceks();
  const std::size_t at = store.find("\x02\x02\x27\x10");
  ASSERT_NE(at, store.npos);
  JksOptions options;
  options.store_password = as_bytes("changeit");
  options.most_iterations = 9'999;
  EXPECT_THAT(read_jks(as_bytes(store), options), fails("keystore_iterations_excessive"));
  options.most_iterations = 29'999;  // all three together are too many
  EXPECT_THAT(read_jks(as_bytes(store), options), fails("keystore_iterations_excessive"));
  options.most_iterations = 30'000;
  EXPECT_THAT(read_jks(as_bytes(store), options), is_ok());

  store[at + 2] = '\x80';  // negative
  const auto negative = read(with_trailer(store, "changeit"), "changeit");
  ASSERT_THAT(negative, is_ok());
  EXPECT_STREQ(negative->at(0).unusable->reason, "key_malformed");
  store[at + 2] = store[at + 3] = '\0';
  EXPECT_STREQ(read(with_trailer(store, "changeit"), "changeit")->at(0).unusable->reason,
               "key_malformed");
}

}  // namespace
}  // namespace signet::keystores
