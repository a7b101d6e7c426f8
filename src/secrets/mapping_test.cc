#include "secrets/mapping.h"

#include "support/matchers.h"

namespace signet::secrets {
namespace {

using signet::test::fails;
using signet::test::is_ok;

const SecretId kSign = SecretId::literal("am.services.oauth2.oidc.signing.RSA");
const SecretId kDecryption = SecretId::literal("am.services.oauth2.oidc.decryption.RSA1.5");
const SecretId kDecrypt2 = SecretId::literal("am.services.oauth2.oidc.decryption.RSA.OAEP");

Result<Mapping> parse(std::string_view text, bool versioned = false) {
  return Mapping::from_json(json::parse_object(text).value(), versioned);
}

TEST(Mapping, refuses_none_repeated_and_unusable_aliases) {
  EXPECT_THAT(Mapping::make(kSign, {}, false), fails("mapping_malformed"));
  EXPECT_THAT(Mapping::make(kSign, {Alias("a"), Alias("a")}, false), fails("mapping_malformed"));
  EXPECT_THAT(Mapping::make(kSign, {Alias("")}, false), fails("mapping_malformed"));
  EXPECT_THAT(Mapping::make(kSign, {Alias("a\nb")}, false), fails("mapping_malformed"));
  EXPECT_THAT(Mapping::make(kSign, std::vector<Alias>(65, Alias("a")), false),
              fails("mapping_malformed"));
}

TEST(Mapping, a_versioned_store_takes_exactly_one_alias) {
  EXPECT_THAT(Mapping::make(kSign, {Alias("a"), Alias("b")}, true), fails("mapping_one_alias"));
  EXPECT_THAT(Mapping::make(kSign, {Alias("a")}, true), is_ok());
}

TEST(Mapping, json_of_another_shape_is_refused) {
  for (const char* text :
       {"{}", R"({"secretId":"a.b"})", R"({"secretId":"a.b","aliases":"x"})",
        R"({"secretId":"a.b","aliases":[1]})", R"({"secretId":1,"aliases":["x"]})",
        R"({"secretId":"a.b","aliases":["x"],"alias":"y"})"}) {
    EXPECT_THAT(parse(text), fails("mapping_malformed")) << text;
  }
  EXPECT_THAT(parse(R"({"secretId":"../b","aliases":["x"]})"), fails("secret_id_invalid"));
}

TEST(Mapping, json_goes_there_and_back_in_order) {
  const auto mapping = parse(R"({"_id":"x","secretId":"a.b","aliases":["y","x"]})");
  ASSERT_THAT(mapping, is_ok());
  EXPECT_EQ(json::dump(mapping->to_json()), R"({"secretId":"a.b","aliases":["y","x"]})");
}

TEST(TwoPurposes, sec_108_one_alias_for_signing_and_decryption_is_refused) {
  const std::vector<Mapping> mappings = {{kSign, {Alias("own"), Alias("shared")}},
                                         {kDecryption, {Alias("shared")}}};
  const auto shared = aliases_of_two_purposes(mappings);
  ASSERT_EQ(shared.size(), 1u);
  EXPECT_EQ(shared[0].alias.str(), "shared");
  EXPECT_THAT(refuse_two_purposes(mappings, false), fails("mapping_two_purposes"));
  EXPECT_THAT(refuse_two_purposes(mappings, true), is_ok());
}

TEST(TwoPurposes, one_alias_for_several_decryption_ids_is_fine) {
  const std::vector<Mapping> mappings = {{kDecryption, {Alias("test")}},
                                         {kDecrypt2, {Alias("test")}}};
  EXPECT_THAT(refuse_two_purposes(mappings, false), is_ok());
}

TEST(TwoPurposes, the_default_aliases_of_the_registry_share_none) {
  std::vector<Mapping> mappings;
  for (const auto& row : registry()) {
    if (!row.default_alias.empty())
      mappings.push_back({SecretId::literal(row.name), {Alias(row.default_alias)}});
  }
  EXPECT_THAT(refuse_two_purposes(mappings, false), is_ok());
}

}  // namespace
}  // namespace signet::secrets
