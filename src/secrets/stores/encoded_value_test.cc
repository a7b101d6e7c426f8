#include "secrets/stores/encoded_value.h"

#include "base/base64.h"
#include "crypto/cipher.h"
#include "crypto/kdf.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using test::fails;
using test::is_ok;

constexpr std::string_view kForkPassword = "KmhUnWR1MYWDYW4xuqdF5nbm+CXIyOVt";

using KeysPtr = std::shared_ptr<const EncodingKeys>;

EncodingKeys::Key key(std::string name, std::uint8_t fill) {
  const Bytes master(32, fill);
  return {std::move(name), SecretBytes(master)};
}

KeysPtr keys_of(std::vector<std::pair<std::string, std::uint8_t>> wanted) {
  std::vector<EncodingKeys::Key> keys;
  for (auto& [name, fill] : wanted)
    keys.push_back(key(name, fill));
  return EncodingKeys::make(std::move(keys)).value();
}

LegacyEncoding legacy(std::string_view password) {
  LegacyEncoding legacy;
  legacy.password = SecretBytes::from_text(password);
  return legacy;
}

KeysPtr legacy_keys(std::string_view password) {
  return EncodingKeys::make({}, legacy(password)).value();
}

std::string decoded(const KeysPtr& keys, std::string_view text) {
  const auto plain = keys->decode(text);
  EXPECT_THAT(plain, is_ok());
  return plain ? to_text(plain->view()) : "";
}

TEST(EncodedValue, comes_back_and_never_looks_the_same_twice) {
  const auto keys = keys_of({{"a", 1}});
  SystemRandom random;
  const std::string one = keys->encode(as_bytes("changeit"), random).value();
  const std::string two = keys->encode(as_bytes("changeit"), random).value();
  EXPECT_NE(one, two);
  EXPECT_TRUE(one.starts_with("SGN1."));
  EXPECT_EQ(decoded(keys, one), "changeit");
  EXPECT_EQ(decoded(keys, "\n " + two + " \r\n"), "changeit");
  EXPECT_EQ(decoded(keys, keys->encode({}, random).value()), "");
}

TEST(EncodedValue, any_changed_bit_is_noticed) {
  const auto keys = keys_of({{"a", 1}});
  SystemRandom random;
  const std::string text = keys->encode(as_bytes("changeit"), random).value();
  Bytes raw = base64::url_decode(text.substr(5)).value();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    for (const std::uint8_t bit : {0x01, 0x80}) {
      raw[i] ^= bit;
      EXPECT_FALSE(keys->decode("SGN1." + base64::url_encode(raw)).ok()) << "byte " << i;
      raw[i] ^= bit;
    }
  }
  for (std::size_t size = 0; size < raw.size(); ++size) {
    EXPECT_FALSE(keys->decode("SGN1." + base64::url_encode(ByteView(raw).first(size))).ok());
  }
  EXPECT_THAT(keys->decode("SGN1." + base64::url_encode(ByteView(raw).first(20))),
              fails("encoded_value_truncated"));
  raw.back() ^= 1;
  EXPECT_THAT(keys->decode("SGN1." + base64::url_encode(raw)), fails("encoded_value_damaged"));
}

TEST(EncodedValue, names_its_key_so_that_keys_can_be_rotated) {
  SystemRandom random;
  const std::string old = keys_of({{"old", 1}})->encode(as_bytes("x"), random).value();
  const auto both = keys_of({{"new", 2}, {"renamed", 1}});
  EXPECT_EQ(decoded(both, old), "x");
  EXPECT_TRUE(both->is_stale(old));
  EXPECT_FALSE(both->is_stale(both->encode(as_bytes("x"), random).value()));
  EXPECT_THAT(keys_of({{"new", 2}})->decode(old), fails("encoded_value_key_unknown"));
  EXPECT_EQ(both->names(), (std::vector<std::string>{"new", "renamed"}));
}

TEST(EncodedValue, sec_123_tells_by_an_id_of_the_material_under_which_key_it_is) {
  SystemRandom random;
  const auto old = keys_of({{"old", 1}});
  const auto both = keys_of({{"new", 2}, {"renamed", 1}});
  const std::string value = old->encode(as_bytes("x"), random).value();
  EXPECT_EQ(EncodingKeys::key_id_of(value), old->keys()[0].id);
  EXPECT_EQ(old->keys()[0].id, both->keys()[1].id);
  EXPECT_NE(both->keys()[0].id, both->keys()[1].id);
  EXPECT_EQ(both->keys()[1].name, "renamed");
  for (const char* none :
       {"", "plain", "SGN1.", "SGN1.AQID", "AQIC5wM2LY4Sfcz6b5SbkYIFEt5eZQbbU3Q/"})
    EXPECT_EQ(EncodingKeys::key_id_of(none), std::nullopt) << none;
}

TEST(EncodedValue, each_reader_knows_which_keys_it_used) {
  SystemRandom random;
  const auto both = keys_of({{"new", 2}, {"old", 1}});
  const auto store = both->for_one_reader();
  const std::string value = keys_of({{"old", 1}})->encode(as_bytes("x"), random).value();
  EXPECT_TRUE(store->used().empty());
  EXPECT_EQ(decoded(store, value), "x");
  EXPECT_EQ(store->used(), std::vector<std::string>{both->keys()[1].id});
  EXPECT_TRUE(both->used().empty());
  EXPECT_EQ(decoded(both, store->encode(as_bytes("y"), random).value()), "y");
}

TEST(EncodedValue, refuses_short_and_repeated_keys) {
  std::vector<EncodingKeys::Key> keys;
  keys.push_back({"short", SecretBytes(31)});
  EXPECT_THAT(EncodingKeys::make(std::move(keys)), fails("encoding_key_too_short"));
  std::vector<EncodingKeys::Key> same_name;
  same_name.push_back(key("a", 1));
  same_name.push_back(key("a", 2));
  EXPECT_THAT(EncodingKeys::make(std::move(same_name)), fails("encoding_key_repeated"));
  std::vector<EncodingKeys::Key> same_bytes;
  same_bytes.push_back(key("a", 1));
  same_bytes.push_back(key("b", 1));
  EXPECT_THAT(EncodingKeys::make(std::move(same_bytes)), fails("encoding_key_repeated"));
}

TEST(EncodedValue, what_is_no_encoded_value_is_refused_with_a_reason_of_its_own) {
  const auto keys = keys_of({{"a", 1}});
  EXPECT_THAT(keys->decode(""), fails("encoded_value_empty"));
  EXPECT_THAT(keys->decode(" \n"), fails("encoded_value_empty"));
  EXPECT_THAT(keys->decode("this is plain!"), fails("encoded_value_not_base64"));
  EXPECT_THAT(keys->decode("SGN1.***"), fails("encoded_value_not_base64"));
  EXPECT_THAT(keys->decode(base64::encode(Bytes{3, 1, 2, 3})),
              fails("encoded_value_version_unknown"));
  EXPECT_THAT(keys->decode(base64::encode(Bytes{0})), fails("encoded_value_version_unknown"));
  EXPECT_THAT(keys->decode("AQIC5wM2LY4Sfcz6b5SbkYIFEt5eZQbbU3Q/"),
              fails("encoded_value_needs_legacy_password"));
  EXPECT_THAT(legacy_keys("x")->decode(base64::encode(Bytes{1, 2, 2})),
              fails("encoded_value_truncated"));
  EXPECT_THAT(legacy_keys("x")->decode(base64::encode(Bytes{2, 16, 2})),
              fails("encoded_value_truncated"));
}

TEST(EncodedValue, new_values_need_a_key_whatever_may_be_read) {
  SystemRandom random;
  EXPECT_THAT(legacy_keys("x")->encode(as_bytes("x"), random), fails("encoding_key_missing"));
}

TEST(JceEncryption, reads_what_encode_jsp_wrote) {
  const auto keys = legacy_keys(kForkPassword);
  EXPECT_EQ(decoded(keys, "AQIC5wM2LY4Sfcz6b5SbkYIFEt5eZQbbU3Q/"), "changeit");
  EXPECT_EQ(decoded(keys, "AQIC5wM2LY4SfczLlj6134qMTx0nkE5XiFMg"), "password");
  EXPECT_EQ(decoded(keys, "AQIC5wM2LY4SfcxPEcjVKCEI7QdmYvlOZvKZpdEErxVPvx8=\n"),
            "90f2aba3c955ecb0@01");
  EXPECT_EQ(decoded(legacy_keys("O6QWwHPO4os+zEz3Nqn/2daAYWyiFE32"),
                    "AQIC0eDazaPM4YHWmM1ntCJqshT8kuNRaR/7"),
            "changeit");
}

TEST(JceEncryption, is_deterministic_so_our_reading_equals_their_writing) {
  const Bytes salt(8, 1);
  const SecretBytes derived = crypto::pbkdf1_md5(as_bytes(kForkPassword), salt, 5);
  const ByteView iv = derived.view().last(8);
  const Bytes cipher =
      crypto::des_cbc_encrypt(derived.view().first(8), iv, as_bytes("password")).value();
  Bytes whole{1, 2, 2};
  whole.insert(whole.end(), iv.begin(), iv.end());
  whole.insert(whole.end(), cipher.begin(), cipher.end());
  EXPECT_EQ(base64::encode(whole), "AQIC5wM2LY4SfczLlj6134qMTx0nkE5XiFMg");
}

TEST(JceEncryption, another_password_is_never_taken_for_a_garbled_text) {
  constexpr int kPasswords = 300;
  for (int i = 0; i < kPasswords; ++i) {
    EXPECT_THAT(
        legacy_keys("wrong " + std::to_string(i))->decode("AQIC5wM2LY4Sfcz6b5SbkYIFEt5eZQbbU3Q/"),
        fails("encoded_value_undecodable"));
  }
}

TEST(JceEncryption, a_text_that_is_not_utf8_or_badly_padded_is_undecodable) {
  const Bytes salt(8, 1);
  const SecretBytes derived = crypto::pbkdf1_md5(as_bytes(kForkPassword), salt, 5);
  const ByteView iv = derived.view().last(8);
  const Bytes garbled{0xff, 0xfe, 0x80};
  const Bytes cipher = crypto::des_cbc_encrypt(derived.view().first(8), iv, garbled).value();
  Bytes whole{1, 2, 2};
  whole.insert(whole.end(), iv.begin(), iv.end());
  whole.insert(whole.end(), cipher.begin(), cipher.end());
  EXPECT_THAT(legacy_keys(kForkPassword)->decode(base64::encode(whole)),
              fails("encoded_value_undecodable"));
  EXPECT_THAT(legacy_keys(kForkPassword)->decode("AQICmX1ntZv3XETMgDo+0zFynC8UMGJgop+K"),
              fails("encoded_value_undecodable"));
}

TEST(AesWrapEncryption, reads_both_ways_of_wrapping) {
  const auto keys = legacy_keys("password");
  EXPECT_EQ(decoded(keys, "AhAqKioqKioqKioqKioqKioqdlHCpm5zv+yy8jPkfwqUpVM/J4/1NcFF"), "changeit");
  EXPECT_EQ(decoded(keys, "AhAqKioqKioqKioqKioqKioq5tGXW2/h99F1FuCO5mBv+vhYWQKMtinI"), "changeit");
  EXPECT_EQ(decoded(keys,
                    "AhAqKioqKioqKioqKioqKioq+6r3whgcB3SD7DtXO2JqPt2j5koEaX3GkVoqKDw7hhoasUw7kUk"
                    "JUQ=="),
            "A test message to be encrypted");
}

TEST(AesWrapEncryption, derives_the_key_that_the_published_test_derives) {
  const Bytes salt(16, 0x2A);
  const SecretBytes key =
      crypto::pbkdf2(crypto::Hash::kSha1, as_bytes("password"), salt, 10'000, 16);
  EXPECT_EQ(base64::encode(key.view()), "D2kG4OYraGm4A8Htz9k3VA==");
  Bytes padded = to_bytes("changeit");
  padded.insert(padded.end(), 8, 8);
  Bytes whole{2, 16};
  whole.insert(whole.end(), salt.begin(), salt.end());
  const Bytes wrapped = crypto::aes_wrap(key.view(), padded).value();
  whole.insert(whole.end(), wrapped.begin(), wrapped.end());
  EXPECT_EQ(base64::encode(whole), "AhAqKioqKioqKioqKioqKioqdlHCpm5zv+yy8jPkfwqUpVM/J4/1NcFF");
}

TEST(AesWrapEncryption, a_changed_value_or_parameter_is_damaged) {
  constexpr std::string_view kValue = "AhAqKioqKioqKioqKioqKioqdlHCpm5zv+yy8jPkfwqUpVM/J4/1NcFF";
  EXPECT_THAT(legacy_keys("passwort")->decode(kValue), fails("encoded_value_damaged"));
  LegacyEncoding other = legacy("password");
  other.digest = crypto::Hash::kSha256;
  EXPECT_THAT(EncodingKeys::make({}, std::move(other)).value()->decode(kValue),
              fails("encoded_value_damaged"));
  const SecretBytes raw = base64::decode(kValue).value();
  for (const std::size_t at : {1U, 5U, 20U, 41U}) {
    Bytes changed = to_bytes(raw.view());
    changed[at] ^= 1;
    EXPECT_THAT(legacy_keys("password")->decode(base64::encode(changed)),
                fails("encoded_value_damaged"));
  }
}

TEST(AesWrapEncryption, weaker_parameters_than_the_old_server_allowed_are_refused) {
  LegacyEncoding few = legacy("password");
  few.iterations = 9'999;
  EXPECT_THAT(EncodingKeys::make({}, std::move(few)), fails("legacy_encoding_invalid"));
  LegacyEncoding odd = legacy("password");
  odd.key_bits = 64;
  EXPECT_THAT(EncodingKeys::make({}, std::move(odd)), fails("legacy_encoding_invalid"));
  EXPECT_THAT(EncodingKeys::make({}, legacy("")), fails("legacy_encoding_invalid"));
}

}  // namespace
}  // namespace signet::secrets
