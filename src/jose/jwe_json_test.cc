#include "crypto/cipher.h"
#include "jose/content.h"
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

const Bytes kContentKey(16, 5);

/// One member of `recipients`: the content key under the first key, whatever its header says.
std::string recipient(std::string_view header) {
  std::string out = R"({"header":)";
  out.append(header).append(R"(,"encrypted_key":")");
  base64::url_append(out, test::must(crypto::aes_wrap(kFirst[0]->jwk().symmetric(), kContentKey)));
  return out.append("\"}");
}

/// The general form as senders write it for keys of several kinds: each recipient has its own alg.
std::string addressed_to(const std::vector<std::string>& recipients,
                         std::string_view header = R"({"enc":"A128GCM"})") {
  const std::string first = test::encoded(header);
  const Bytes iv(12, 9);
  const Sealed sealed = test::must(seal(JweEnc::kA128Gcm, kContentKey, iv, as_bytes(first),
                                        as_bytes("for whom it may concern")));
  json::Array entries;
  for (const std::string& entry : recipients)
    entries.push_back(test::must(json::parse(entry)));
  json::Object out;
  out.set("protected", first);
  out.set("recipients", std::move(entries));
  out.set("iv", base64::url_encode(iv));
  out.set("ciphertext", base64::url_encode(sealed.ciphertext));
  out.set("tag", base64::url_encode(sealed.tag));
  return json::dump(out);
}

const std::string kKnown = recipient(R"({"alg":"A128KW"})");
const std::string kUnknown = recipient(R"({"alg":"HPKE-0","ek":"AA"})");

TEST(JweJson, a_recipient_whose_alg_is_unknown_does_not_refuse_the_others) {
  const std::string none = recipient(R"({"alg":"none"})");
  for (const std::vector<std::string>& recipients :
       {std::vector{kUnknown, kKnown}, {kKnown, kUnknown}, {kUnknown, none, kKnown, kUnknown}}) {
    const std::string text = addressed_to(recipients);
    const auto opened = decrypt_json(text, decrypt_with(kFirst));
    ASSERT_THAT(opened, is_ok());
    EXPECT_EQ(as_text(opened->plain.view()), "for whom it may concern");
    EXPECT_EQ(opened->header.alg, JweAlg::kA128Kw);
    EXPECT_EQ(opened->key, kFirst[0]);

    const std::vector<KeyPtr> impostor = {wrapping_key(3, "one")};
    EXPECT_THAT(decrypt_json(text, decrypt_with(impostor)), fails("jwe_decrypt_failed"));
    const JweAlg pinned[] = {JweAlg::kA128GcmKw};
    EXPECT_THAT(decrypt_json(text, decrypt_with(kFirst, pinned)), fails("jwe_alg_not_allowed"));
  }
}

TEST(JweJson, a_recipient_whose_alg_is_not_allowed_does_not_refuse_the_others) {
  const std::string old = recipient(R"({"alg":"RSA1_5"})"), direct = recipient(R"({"alg":"dir"})");
  const JweAlg pinned[] = {JweAlg::kA128Kw};
  EXPECT_THAT(decrypt_json(addressed_to({old, direct, kKnown}), decrypt_with(kFirst, pinned)),
              is_ok());
  EXPECT_THAT(decrypt_json(addressed_to({old, direct}), decrypt_with(kFirst, pinned)),
              fails("jwe_alg_not_allowed"));
}

TEST(JweJson, recipients_of_which_none_is_understood_are_refused) {
  EXPECT_THAT(decrypt_json(addressed_to({kUnknown}), decrypt_with(kFirst)),
              fails("jwe_alg_unknown"));
  EXPECT_THAT(decrypt_json(addressed_to({kUnknown, kUnknown}), decrypt_with({})),
              fails("jwe_alg_unknown"));
  json::Object flattened = object(addressed_to({kUnknown}));
  flattened.set("header", object(R"({"alg":"HPKE-0"})"));
  flattened.erase("recipients");
  EXPECT_THAT(decrypt_json(json::dump(flattened), decrypt_with(kFirst)), fails("jwe_alg_unknown"));
}

TEST(JweJson, a_malformed_recipient_refuses_the_whole) {
  const struct {
    std::string entry;
    const char* reason;
  } kRows[] = {
      {recipient("{}"), "jwe_header_malformed"},
      {recipient(R"({"alg":1})"), "jwe_header_malformed"},
      {recipient(R"({"alg":"HPKE-0","kid":1})"), "jwe_header_malformed"},
      {recipient(R"({"alg":"HPKE-0","enc":"A128GCM"})"), "jwe_header_malformed"},
      {recipient(R"({"alg":"HPKE-0","zip":"DEF"})"), "jwe_header_malformed"},
      {recipient(R"({"alg":"HPKE-0","crit":["x"],"x":1})"), "jwe_header_malformed"},
      {recipient("[]"), "jwe_json_malformed"},
      {R"({"header":{"alg":"HPKE-0"},"encrypted_key":"A="})", "base64url_invalid"},
      {R"({"header":{"alg":"HPKE-0"},"encrypted_key":1})", "jwe_json_malformed"},
      {"1", "jwe_json_malformed"},
  };
  for (const auto& row : kRows) {
    for (const auto& recipients : {std::vector{row.entry, kKnown}, {kKnown, row.entry}}) {
      EXPECT_THAT(decrypt_json(addressed_to(recipients), decrypt_with(kFirst)), fails(row.reason))
          << row.entry;
    }
  }
}

TEST(JweJson, what_is_not_understood_of_the_content_refuses_the_whole) {
  const auto refused_as = [](const char* header, const char* reason) {
    EXPECT_THAT(decrypt_json(addressed_to({kUnknown, kKnown}, header), decrypt_with(kFirst)),
                fails(reason))
        << header;
  };
  refused_as(R"({"enc":"A128GCM","crit":["x"],"x":1})", "jwe_crit_unknown");
  refused_as(R"({"enc":"A128GCM","crit":[]})", "jwe_crit_malformed");
  refused_as(R"({"enc":"A128GCM","zip":"LZ4"})", "jwe_zip_unknown");
  refused_as(R"({"enc":"A128GCM-SIV"})", "jwe_enc_unknown");
  refused_as(R"({"typ":"x"})", "jwe_header_malformed");
}

TEST(JweJson, recipients_that_differ_in_enc_are_refused_even_where_one_is_unknown) {
  const auto to = [](std::string_view first, std::string_view second) {
    return addressed_to({recipient(first), recipient(second)}, R"({"typ":"x"})");
  };
  constexpr std::string_view kOurs = R"({"alg":"A128KW","enc":"A128GCM"})";
  EXPECT_THAT(decrypt_json(to(R"({"alg":"HPKE-0","enc":"A128GCM"})", kOurs), decrypt_with(kFirst)),
              is_ok());
  EXPECT_THAT(decrypt_json(to(R"({"alg":"HPKE-0","enc":"A256GCM"})", kOurs), decrypt_with(kFirst)),
              fails("jwe_json_malformed"));
  EXPECT_THAT(decrypt_json(to(kOurs, R"({"alg":"HPKE-0","enc":"A256GCM"})"), decrypt_with(kFirst)),
              fails("jwe_json_malformed"));
}

TEST(JweJson, recipients_that_are_not_understood_count_too) {
  std::vector<std::string> recipients(15, kUnknown);
  recipients.push_back(kKnown);
  EXPECT_THAT(decrypt_json(addressed_to(recipients), decrypt_with(kFirst)), is_ok());
  recipients.push_back(kUnknown);
  EXPECT_THAT(decrypt_json(addressed_to(recipients), decrypt_with(kFirst)),
              fails("jwe_json_malformed"));
}

}  // namespace
}  // namespace signet::jose
