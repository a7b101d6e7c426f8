#include "jose/jose_test_support.h"

namespace signet::jose {
namespace {

using test::changed;
using test::decrypt_with;
using test::encryption;
using test::fails;
using test::is_ok;
using test::object;

KeyPtr wrapping_key(std::uint8_t byte, std::string kid) {
  return test::key(test::symmetric(16, byte).with_kid(std::move(kid)));
}
const std::vector<KeyPtr> kFirst = {wrapping_key(1, "one")};
const std::vector<KeyPtr> kSecond = {wrapping_key(2, "two")};

std::string encrypted(std::size_t recipients, std::string_view aad = "",
                      JweAlg alg = JweAlg::kA128GcmKw) {
  SystemRandom random;
  const std::vector<JsonRecipient> all = {{kFirst[0], {}}, {kSecond[0], {}}};
  return test::must(encrypt_json(std::span(all).first(recipients), as_bytes("hello"),
                                 encryption(alg, JweEnc::kA128Gcm), as_bytes(aad), random));
}

TEST(JweJson, each_recipient_decrypts) {
  for (const JweAlg alg : {JweAlg::kA128Kw, JweAlg::kA128GcmKw}) {
    const std::string text = encrypted(2, "context", alg);
    for (const auto& keys : {kFirst, kSecond}) {
      const auto plain = decrypt_json(text, decrypt_with(keys));
      ASSERT_THAT(plain, is_ok());
      EXPECT_EQ(as_text(plain->plain.view()), "hello");
    }
    const std::vector<KeyPtr> stranger = {wrapping_key(3, "three")};
    EXPECT_THAT(decrypt_json(text, decrypt_with(stranger)), fails("jwe_kid_unknown"));
    const std::vector<KeyPtr> impostor = {wrapping_key(3, "one")};
    EXPECT_THAT(decrypt_json(text, decrypt_with(impostor)), fails("jwe_decrypt_failed"));
  }
}

TEST(JweJson, one_recipient_gives_the_flattened_form) {
  const std::string text = encrypted(1);
  EXPECT_EQ(object(text).find("recipients"), nullptr);
  EXPECT_THAT(decrypt_json(text, decrypt_with(kFirst)), is_ok());
  EXPECT_THAT(decrypt_any("  " + text, decrypt_with(kFirst)), is_ok());
  EXPECT_FALSE(decrypt_compact(text, decrypt_with(kFirst)).ok());
}

TEST(JweJson, additional_data_is_authenticated) {
  const std::string text = encrypted(1, "context");
  EXPECT_THAT(decrypt_json(text, decrypt_with(kFirst)), is_ok());
  EXPECT_THAT(decrypt_json(changed(text, "aad", "\"AAAA\""), decrypt_with(kFirst)),
              fails("jwe_decrypt_failed"));
  EXPECT_THAT(decrypt_json(changed(text, "aad", ""), decrypt_with(kFirst)),
              fails("jwe_decrypt_failed"));
  EXPECT_THAT(decrypt_json(changed(text, "aad", "\"*\""), decrypt_with(kFirst)),
              fails("base64url_invalid"));
}

TEST(JweJson, refuses_malformed_forms) {
  const struct {
    const char* name;
    const char* value;
    const char* reason;
  } kRows[] = {{"ciphertext", "", "jwe_json_malformed"},
               {"ciphertext", "1", "jwe_json_malformed"},
               {"protected", "{}", "jwe_json_malformed"},
               {"unprotected", "[]", "jwe_json_malformed"},
               {"unprotected", R"({"enc":"A128GCM"})", "jwe_header_malformed"},
               {"unprotected", R"({"crit":["x"],"x":1})", "jwe_header_malformed"},
               {"unprotected", R"({"zip":"DEF"})", "jwe_header_malformed"},
               {"header", R"({"alg":"dir"})", "jwe_header_malformed"},
               {"header", "1", "jwe_json_malformed"},
               {"recipients", "[]", "jwe_json_malformed"},
               {"recipients", "[{}]", "jwe_json_malformed"},
               {"iv", "\"AAA=\"", "base64url_invalid"},
               {"tag", "", "jwe_decrypt_failed"},
               {"encrypted_key", "", "jwe_decrypt_failed"},
               {"protected", "", "jwe_header_malformed"}};
  for (const auto& row : kRows) {
    EXPECT_THAT(decrypt_json(changed(encrypted(1), row.name, row.value), decrypt_with(kFirst)),
                fails(row.reason))
        << row.name << " " << row.value;
  }
  for (const char* bad : {"", "[]", "{", "a.b.c.d.e"}) {
    EXPECT_THAT(decrypt_json(bad, decrypt_with(kFirst)), fails("jwe_json_malformed"));
  }
  EXPECT_THAT(decrypt_json(R"({"iv":"","iv":""})", decrypt_with(kFirst)),
              fails("json_duplicate_member"));
}

TEST(JweJson, direct_algorithms_serve_one_recipient_only) {
  SystemRandom random;
  const KeyPtr key = wrapping_key(1, "d");
  const std::vector<JsonRecipient> two = {{key, {}}, {key, {}}};
  EXPECT_THAT(encrypt_json(two, {}, encryption(JweAlg::kDir, JweEnc::kA128Gcm), {}, random),
              fails("jwe_alg_not_allowed"));
  const auto one = encrypt_json(std::span(two).first(1), as_bytes("x"),
                                encryption(JweAlg::kDir, JweEnc::kA128Gcm), {}, random);
  ASSERT_THAT(one, is_ok());
  const std::vector<KeyPtr> keys = {key};
  EXPECT_THAT(decrypt_json(*one, decrypt_with(keys)), is_ok());
}

TEST(JweJson, refuses_more_than_sixteen_recipients) {
  json::Object text = object(encrypted(2));
  json::Array& recipients = *text.find("recipients")->if_array();
  while (recipients.size() < 17)
    recipients.push_back(recipients.front());
  EXPECT_THAT(decrypt_json(json::dump(text), decrypt_with(kFirst)), fails("jwe_json_malformed"));
}

}  // namespace
}  // namespace signet::jose
