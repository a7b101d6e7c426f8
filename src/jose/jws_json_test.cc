#include "jose/jose_test_support.h"

namespace signet::jose {
namespace {

using test::changed;
using test::fails;
using test::is_ok;
using test::object;
using test::with;

const std::vector<KeyPtr> kKeys = {test::hmac_key(), test::ec_key()};

JsonSignature by_hmac(std::string_view unprotected = "{}") {
  return {test::hmac_key(), JwsAlg::kHs256, {}, object(unprotected)};
}
JsonSignature by_ec() {
  return {test::ec_key(), JwsAlg::kEs256, {}, {}};
}

std::string flattened(std::string_view unprotected = "{}") {
  const JsonSignature one[] = {by_hmac(unprotected)};
  return test::must(sign_json(one, as_bytes("{}")));
}

std::string general() {
  const JsonSignature two[] = {by_hmac(), by_ec()};
  return test::must(sign_json(two, as_bytes("{}")));
}

TEST(JwsJson, compact_verifier_never_takes_a_json_form_nor_the_reverse) {
  EXPECT_FALSE(verify_compact(flattened(), with(kKeys)).ok());
  EXPECT_FALSE(verify_compact(general(), with(kKeys)).ok());
  const auto compact = test::must(sign_compact(test::hmac_key(), JwsAlg::kHs256, as_bytes("{}")));
  EXPECT_THAT(verify_json(compact, with(kKeys)), fails("jws_json_malformed"));
  for (const std::string& any : {compact, flattened(), " " + general() + "\n"}) {
    EXPECT_THAT(verify_any(any, with(kKeys)), is_ok());
  }
}

TEST(JwsJson, refuses_malformed_forms) {
  const struct {
    const char* name;
    const char* value;
  } kRows[] = {{"payload", ""},      {"payload", "{}"},    {"signature", ""},
               {"signature", "[]"},  {"protected", "{}"},  {"header", "\"text\""},
               {"signatures", "[]"}, {"signatures", "{}"}, {"signatures", "[{}]"},
               {"protected", ""}};
  for (const auto& row : kRows) {
    EXPECT_THAT(verify_json(changed(flattened(), row.name, row.value), with(kKeys)),
                fails("jws_json_malformed"))
        << row.name << " " << row.value;
  }
  for (const char* value : {"[]", "{}", "[1]", "[{\"signature\":\"AA\"}]"}) {
    EXPECT_THAT(verify_json(changed(general(), "signatures", value), with(kKeys)),
                fails("jws_json_malformed"))
        << value;
  }
  EXPECT_THAT(verify_json("", with(kKeys)), fails("jws_json_malformed"));
  EXPECT_THAT(verify_json("[]", with(kKeys)), fails("jws_json_malformed"));
  EXPECT_THAT(verify_json(R"({"payload":"","payload":""})", with(kKeys)),
              fails("json_duplicate_member"));
  EXPECT_THAT(verify_json(std::string(70000, ' '), with(kKeys)), fails("jws_too_large"));
}

TEST(JwsJson, refuses_a_member_in_both_headers_and_unprotected_crit) {
  for (const char* header :
       {R"({"alg":"HS256"})", R"({"crit":["b64"]})", R"({"b64":false})", R"({"kid":1})"}) {
    EXPECT_THAT(verify_json(changed(flattened(), "header", header), with(kKeys)),
                fails("jws_header_malformed"))
        << header;
  }
}

TEST(JwsJson, refuses_more_signatures_than_sixteen) {
  const std::vector<JsonSignature> many(17, by_hmac());
  EXPECT_THAT(verify_json(test::must(sign_json(many, as_bytes("{}"))), with(kKeys)),
              fails("jws_json_malformed"));
}

TEST(JwsJson, needs_one_good_signature) {
  const std::vector<KeyPtr> only_ec = {test::ec_key()};
  const auto verified = verify_json(general(), with(only_ec));
  ASSERT_THAT(verified, is_ok());
  EXPECT_EQ(verified->header.alg, JwsAlg::kEs256);
  EXPECT_EQ(as_text(verified->payload), "{}");
  const std::vector<KeyPtr> strangers = {test::key(test::symmetric(32))};
  EXPECT_THAT(verify_json(general(), with(strangers)), fails("jws_signature_invalid"));
  EXPECT_THAT(verify_json(changed(general(), "payload", "\"e30x\""), with(kKeys)),
              fails("jws_signature_invalid"));
}

// The general form with a third entry, put first.
std::string with_first_entry(const std::string& entry) {
  std::string text = general();
  const std::string_view before = "\"signatures\":[";
  const std::size_t at = text.find(before);
  if (at == std::string::npos) throw std::runtime_error("no signatures");
  return text.insert(at + before.size(), entry + ",");
}

std::string entry_of(std::string_view header, std::string_view signature = "AA") {
  return R"({"protected":")" + test::encoded(header) + R"(","signature":")" +
         std::string(signature) + "\"}";
}

TEST(JwsJson, a_signature_that_is_not_understood_does_not_refuse_the_others) {
  const std::vector<KeyPtr> strangers = {test::key(test::symmetric(32))};
  for (const char* header : {R"({"alg":"HS1"})", R"({"alg":"ML-DSA-44","crit":["x"],"x":1})",
                             R"({"alg":"HS256","crit":["x"],"x":1})"}) {
    const std::string text = with_first_entry(entry_of(header));
    const auto verified = verify_json(text, with(kKeys));
    ASSERT_THAT(verified, is_ok()) << header;
    EXPECT_EQ(as_text(verified->payload), "{}");
    EXPECT_EQ(verified->header.alg, JwsAlg::kHs256);
    EXPECT_EQ(verified->header.members.find("crit"), nullptr);
    EXPECT_THAT(verify_json_detached(changed(text, "payload", ""), as_bytes("{}"), with(kKeys)),
                is_ok());
    EXPECT_THAT(verify_json(text, with(strangers)), fails("jws_signature_invalid")) << header;
  }
}

TEST(JwsJson, signatures_of_which_none_is_understood_are_refused_by_their_own_reason) {
  const std::string alg = entry_of(R"({"alg":"HS1"})");
  const std::string crit = entry_of(R"({"alg":"HS256","crit":["x"],"x":1})");
  EXPECT_THAT(verify_json(changed(general(), "signatures", "[" + alg + "]"), with(kKeys)),
              fails("jws_alg_unknown"));
  EXPECT_THAT(verify_json(changed(general(), "signatures", "[" + crit + "]"), with(kKeys)),
              fails("jws_crit_unknown"));
  EXPECT_THAT(verify_json(R"({"payload":"e30",)" + alg.substr(1), with(kKeys)),
              fails("jws_alg_unknown"));
}

TEST(JwsJson, a_malformed_or_unsigned_entry_refuses_the_whole) {
  const struct {
    std::string entry;
    const char* reason;
  } kRows[] = {
      {entry_of(R"({"alg":"none"})", ""), "jws_alg_none"},
      {entry_of("{}"), "jws_header_malformed"},
      {entry_of(R"({"alg":1})"), "jws_header_malformed"},
      {entry_of(R"({"alg":"HS1","kid":1})"), "jws_header_malformed"},
      {entry_of(R"({"alg":"HS1","alg":"HS1"})"), "json_duplicate_member"},
      {entry_of("{"), "jws_header_malformed"},
      {entry_of(R"({"alg":"HS256","crit":[]})"), "jws_crit_malformed"},
      {entry_of(R"({"alg":"HS1","b64":false})"), "jws_crit_malformed"},
      {entry_of(R"({"alg":"HS1","b64":false,"crit":["b64"]})"), "jws_json_malformed"},
      {entry_of(R"({"alg":"HS1"})", "A="), "base64url_invalid"},
      {entry_of(R"({"alg":"HS256"})", "+w"), "base64url_invalid"},
      {R"({"protected":"!","signature":"AA"})", "base64url_invalid"},
  };
  for (const auto& row : kRows) {
    EXPECT_THAT(verify_json(with_first_entry(row.entry), with(kKeys)), fails(row.reason))
        << row.entry;
  }
}

TEST(JwsJson, keeps_unprotected_members_apart) {
  const std::string text = flattened(R"({"typ":"at+jwt","kid":"k"})");
  const std::vector<KeyPtr> keys = {test::key(test::jwk(test::kRfc7515A1Key).with_kid("k"))};
  const auto verified = verify_json(text, with(keys));
  ASSERT_THAT(verified, is_ok());
  EXPECT_EQ(verified->header.typ, "");
  EXPECT_EQ(verified->header.kid, "k");
  EXPECT_EQ(verified->header.members.find("typ"), nullptr);
}

TEST(JwsJson, sec_074_refuses_unsigned_entries) {
  const std::string header = test::encoded(R"({"alg":"none"})");
  EXPECT_THAT(verify_json(R"({"payload":"e30","protected":")" + header + R"(","signature":""})",
                          with(kKeys)),
              fails("jws_alg_none"));
  EXPECT_THAT(
      verify_json(R"({"payload":"e30","header":{"alg":"none"},"signature":""})", with(kKeys)),
      fails("jws_alg_none"));
}

TEST(JwsJson, verifies_a_detached_payload) {
  const std::string text = changed(general(), "payload", "");
  EXPECT_THAT(verify_json_detached(text, as_bytes("{}"), with(kKeys)), is_ok());
  EXPECT_THAT(verify_json_detached(text, as_bytes("[]"), with(kKeys)),
              fails("jws_signature_invalid"));
  EXPECT_THAT(verify_json_detached(general(), as_bytes("{}"), with(kKeys)),
              fails("jws_json_malformed"));
}

TEST(JwsJson, signs_no_unprotected_alg) {
  const JsonSignature one[] = {by_hmac(R"({"alg":"HS256"})")};
  EXPECT_THAT(sign_json(one, as_bytes("{}")), fails("jws_header_malformed"));
  EXPECT_THAT(sign_json({}, as_bytes("{}")), fails("jws_header_malformed"));
}

}  // namespace
}  // namespace signet::jose
