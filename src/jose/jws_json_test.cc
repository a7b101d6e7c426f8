#include "jose/jose_test_support.h"

namespace signet::jose {
namespace {

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

/// The text with one member replaced by JSON text, or erased where that is empty.
std::string changed_jws(const std::string& text, std::string_view name, std::string_view value) {
  json::Object out = object(text);
  if (value.empty()) {
    out.erase(name);
  } else {
    out.set(name, test::must(json::parse(value)));
  }
  return json::dump(out);
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
    EXPECT_THAT(verify_json(changed_jws(flattened(), row.name, row.value), with(kKeys)),
                fails("jws_json_malformed"))
        << row.name << " " << row.value;
  }
  for (const char* value : {"[]", "{}", "[1]", "[{\"signature\":\"AA\"}]"}) {
    EXPECT_THAT(verify_json(changed_jws(general(), "signatures", value), with(kKeys)),
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
    EXPECT_THAT(verify_json(changed_jws(flattened(), "header", header), with(kKeys)),
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
  EXPECT_THAT(verify_json(changed_jws(general(), "payload", "\"e30x\""), with(kKeys)),
              fails("jws_signature_invalid"));
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
  const std::string text = changed_jws(general(), "payload", "");
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
