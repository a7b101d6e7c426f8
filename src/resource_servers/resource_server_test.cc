#include "resource_servers/resource_server.h"

#include "base/base64.h"
#include "resource_servers/document.h"
#include "resource_servers/inject_policy.h"
#include "resource_servers/key_set.h"
#include "resource_servers/selection.h"
#include "support/matchers.h"

namespace signet::resource_servers {
namespace {

using signet::test::fails;
using signet::test::is_ok;

constexpr std::string_view kSampleJwks =
    R"({"keys":[{"kty":"oct","use":"enc","kid":"i8X0RShbVxrBEG1-ests_Zx_PE7XYvc3iBTIaTAS_5A",)"
    R"("k":"Vlbwxl5hbCOLMwupPc2hDw","alg":"A128KW"}]})";

Result<ResourceServer> read(const std::string& text) {
  return ResourceServer::from_json(*json::parse_object(text));
}
Result<ResourceServer> with_access(const std::string& access) {
  return read(R"({"name":"RS2","access_token":{)" + access + "}}");
}
std::string sample(const std::string& more) {
  return R"("encryption":"resource_server_key","jwks":)" + std::string(kSampleJwks) + more;
}

TEST(ResourceServer, EncryptsWithTheServersKeyUnlessToldOtherwise) {
  const auto server = read(R"({"name":"RS1"})");
  ASSERT_THAT(server, is_ok());
  EXPECT_EQ(server->encryption, Encryption::kServerKey);
  EXPECT_EQ(server->content_enc, jose::JweEnc::kA128CbcHs256);
  EXPECT_EQ(server->audience(), "RS1");
}

TEST(ResourceServer, TakesTheSampleKeySetOfTheDocument) {
  const auto server = with_access(sample(R"(,"key_encryption_algorithm":"A128KW")"));
  ASSERT_THAT(server, is_ok());
  EXPECT_EQ(server->keys.size(), 1U);
  EXPECT_EQ(server->key_alg, jose::JweAlg::kA128Kw);
}

TEST(ResourceServer, ContradictionsAreToldInWords) {
  const auto contradiction = fails("resource_server_contradiction");
  EXPECT_THAT(with_access(R"("encryption":"resource_server_key")"), contradiction);
  EXPECT_THAT(with_access(sample("")), contradiction) << "no algorithm";
  EXPECT_THAT(with_access(sample(
                  R"(,"key_encryption_algorithm":"A128KW","jwks_uri":"https://rs.example/k")")),
              contradiction);
  EXPECT_THAT(with_access(R"("encryption":"none","jwks_uri":"https://rs.example/k")"),
              contradiction);
  EXPECT_THAT(with_access(sample(R"(,"key_encryption_algorithm":"RSA1_5")")), contradiction);
  EXPECT_THAT(with_access(sample(R"(,"key_encryption_algorithm":"A128KW","format":"opaque")")),
              contradiction);
  EXPECT_THAT(with_access(R"("encryption":"as_realm")"), contradiction);
}

TEST(ResourceServer, FaultsOfSettingsAreAllToldAtOnce) {
  const auto server = read(R"({"name":"a/b","uri":"no uri","scopess":[]})");
  ASSERT_THAT(server, fails("settings_invalid"));
  for (const char* what : {"name", "uri", "scopess"})
    EXPECT_NE(server.error().detail.find(what), std::string::npos) << what;
}

TEST(ResourceServer, NamesAreThoseThatEveryPathAndHeaderCanHold) {
  const std::string longest(128, 'n');
  for (const std::string& name : {std::string("Identity Provider"), std::string("orders.v1"),
                                  std::string("https:orders"), std::string("B\xC3\xBCro"), longest})
    EXPECT_TRUE(is_resource_server_name(name)) << name;
  const std::string with_nul("a\0b", 3);
  for (const std::string& name :
       {std::string(), longest + 'n', std::string(" a"), std::string("a "), std::string("."),
        std::string(".."), std::string("a/b"), std::string("a\\b"), std::string("a%2Fb"),
        std::string("a;b"), std::string("a\nb"), std::string("a\x7F"), std::string("\xFF"),
        with_nul})
    EXPECT_FALSE(is_resource_server_name(name)) << name;
}

TEST(ResourceServer, WhatATokenIsHasBoundsAndKnownWords) {
  EXPECT_EQ(with_access(R"("lifetime":86400)")->lifetime, Seconds(86400));
  for (const char* wrong : {R"("lifetime":0)", R"("lifetime":86401)", R"("format":"encrypted_jwt")",
                            R"("signing_algorithm":"none")", R"("encryption":"Server_Key")",
                            R"("token_encryption_algorithm":"A128CBC")"})
    EXPECT_THAT(with_access(wrong), fails("settings_invalid")) << wrong;
}

TEST(ResourceServer, ScopesSayInWordsThatAreKnownWhatTheyStandFor) {
  const auto scope = [](const std::string& more) {
    return read(R"({"name":"RS1","scopes":[{"name":"s")" + more + "}]}");
  };
  const auto whole = scope(
      R"(,"description":"d","include":"user_attributes","values":["cn"],"needs_consent":false,)"
      R"("tokens":["access_token","id_token"])");
  ASSERT_THAT(whole, is_ok());
  EXPECT_FALSE(whole->scopes.front().needs_consent);
  for (const char* wrong : {R"(,"include":"everything")", R"(,"tokens":["refresh_token"])",
                            R"(,"values":"cn")", R"(,"needs_consent":"no")", R"(,"claims":["cn"])"})
    EXPECT_THAT(scope(wrong), fails("settings_invalid")) << wrong;
}

TEST(ResourceServer, ScopeIsDefinedOnceAndHasAtMostSixtyCharacters) {
  EXPECT_THAT(read(R"({"name":"RS1","scopes":[{"name":"Scope1"},{"name":"scope1"}]})"), is_ok())
      << "names are case-sensitive";
  EXPECT_THAT(read(R"({"name":"RS1","scopes":[{"name":"a"},{"name":"a"}]})"),
              fails("settings_invalid"));
  EXPECT_THAT(read(R"({"name":"RS1","scopes":[{"name":")" + std::string(61, 'a') + R"("}]})"),
              fails("settings_invalid"));
}

TEST(ResourceServer, AttributesNeedConsentUnlessToldOtherwise) {
  const auto scope = ScopeDefinition::from_json(
      *json::parse_object(R"({"name":"profile","include":"user_attributes","values":["cn"]})"));
  ASSERT_THAT(scope, is_ok());
  EXPECT_TRUE(scope->needs_consent);
}

TEST(ResourceServerDocument, SymmetricKeysAreSealedInStorageAndNeverShown) {
  const auto document =
      *json::parse_object(R"({"name":"RS2","access_token":{)" +
                          sample(R"(,"key_encryption_algorithm":"A128KW")") + "}}");
  const Seal seal = [](ByteView plain) -> Result<std::string> {
    return "sealed:" + std::string(as_text(plain)).substr(0, 3) + std::to_string(plain.size());
  };
  const auto stored = to_stored(document, seal);
  ASSERT_THAT(stored, is_ok());
  EXPECT_EQ(json::dump(*stored).find("Vlbwxl5hbCOLMwupPc2hDw"), std::string::npos);
  const Unseal unseal = [](std::string_view) -> Result<SecretBytes> {
    return SecretBytes::from_text(kSampleJwks);
  };
  const auto back = from_stored(*stored, unseal);
  ASSERT_THAT(back, is_ok());
  EXPECT_THAT(ResourceServer::from_json(*back), is_ok());
  EXPECT_EQ(json::dump(shown(*back)).find("Vlbwxl5hbCOLMwupPc2hDw"), std::string::npos);
}

TEST(ResourceServerDocument, WhatWasShownMayComeBackWithoutItsKeys) {
  const auto document =
      *json::parse_object(R"({"name":"RS2","access_token":{)" +
                          sample(R"(,"key_encryption_algorithm":"A128KW")") + "}}");
  const auto again = with_known_keys(shown(document), &document);
  ASSERT_THAT(again, is_ok());
  EXPECT_TRUE(*again == document);
  EXPECT_THAT(with_known_keys(shown(document), nullptr), fails("resource_server_key_missing"));
}

TEST(ResourceServerDocument, KeysOfOneKidOrOfNoneAreTheSameOnlyIfAllElseIs) {
  const auto document_of = [](const std::string& keys) {
    return *json::parse_object(R"({"name":"RS2","access_token":{"jwks":{"keys":[)" + keys + "]}}}");
  };
  const auto two = document_of(R"({"kty":"oct","kid":"a","use":"sig","k":"Zmlyc3Q"},)"
                               R"({"kty":"oct","kid":"a","use":"enc","k":"c2Vjb25k"},)"
                               R"({"kty":"oct","alg":"A128KW","k":"dGhpcmQ"})");
  const auto again = with_known_keys(shown(two), &two);
  ASSERT_THAT(again, is_ok());
  EXPECT_TRUE(*again == two);
  EXPECT_THAT(with_known_keys(document_of(R"({"kty":"oct","kid":"a"})"), &two),
              fails("resource_server_key_missing"))
      << "which of the two?";
  EXPECT_THAT(with_known_keys(document_of(R"({"kty":"oct","alg":"A256KW"})"), &two), is_ok())
      << "the only one without a kid";
  const auto alike = document_of(R"({"kty":"oct","k":"Zmlyc3Q"},{"kty":"oct","k":"c2Vjb25k"})");
  EXPECT_THAT(with_known_keys(shown(alike), &alike), fails("resource_server_key_missing"));
}

TEST(KeySet, Sec144ReservedKidsAreRefusedInEverySpelling) {
  for (const char* kid : {"0",    "10",     "07",     "+7",    "7.0",
                          "0x7",  "0X0a",   " 7 ",    "1e1",   "-0",
                          "007",  "10.000", "100e-1", "0b111", "0B1010",
                          "+0b0", "0o7",    "0O12",   "-0o0",  "1_0",
                          "0x_7", "0x0_A",  "0b_11",  "0_7",   "0x0000000000000000000a",
                          "010",  "011",    "012",    "0012",  "+011",
                          "0_12", "0o11",   "0O12",   "0d9",   "0D10"})
    EXPECT_TRUE(is_reserved_kid(kid)) << kid;
  EXPECT_TRUE(is_reserved_kid(std::string(1000, '0') + "7"));
  EXPECT_TRUE(is_reserved_kid(std::string(1000, '0') + "12"));
  EXPECT_TRUE(is_reserved_kid("7." + std::string(1000, '0')));
  EXPECT_TRUE(is_reserved_kid("0b" + std::string(1000, '0') + "111"));
  for (const char* kid : {"11",
                          "-1",
                          "7a",
                          "0.5",
                          "",
                          "key-7",
                          "seven",
                          "10.1",
                          "nan",
                          "inf",
                          "0b1011",
                          "0b2",
                          "0b",
                          "0o13",
                          "013",
                          "018",
                          "-011",
                          "011.0",
                          "0d11",
                          "0d",
                          "-0b1",
                          "0o",
                          "1_1",
                          "_",
                          "a_7",
                          "7_",
                          "0b11111111111111111111111111111111111111111"
                          "111111111111111111111111111111111"})
    EXPECT_FALSE(is_reserved_kid(kid)) << kid;
  EXPECT_FALSE(is_reserved_kid(std::string(1000, '1')));
  EXPECT_THAT(parse_key_set(R"({"keys":[{"kty":"oct","kid":"07","k":"Vlbwxl5hbCOLMwupPc2hDw"}]})"),
              fails("key_set_reserved_kid"));
  EXPECT_THAT(
      parse_key_set(
          "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"\xD9\xA7\",\"k\":\"Vlbwxl5hbCOLMwupPc2hDw\"}]}"),
      fails("key_set_kid_malformed"))
      << "digits of other scripts are numbers to some readers";
}

TEST(KeySet, PrivateKeysAndEmptySetsAreRefused) {
  EXPECT_THAT(parse_key_set(R"({"keys":[]})"), fails("key_set_empty"));
  const auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256, 0);
  json::Object set;
  set.set("keys", json::Array{jose::Jwk::from_private(*key).private_json()});
  EXPECT_THAT(parse_key_set(json::dump(set)), fails("key_set_private"));
}

TEST(KeySet, OneWeakKeyRefusesTheSetAndEachOneIsNamedWithItsFault) {
  const std::string weak =
      R"("kty":"RSA","e":"AQAB","n":")" + base64::url_encode(Bytes(128, 0xAB)) + "\"";
  const auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256, 0);
  const std::string good = json::dump(*jose::Jwk::from_private(*key).public_json());
  const auto refused = parse_key_set(R"({"keys":[)" + good + R"(,{"kid":"old",)" + weak + "},{" +
                                     weak + R"(},{"kty":"EC","kid":"odd","crv":"P-256"}]})");
  ASSERT_THAT(refused, fails("rsa_too_small"));
  EXPECT_THAT(refused.error().detail,
              testing::AllOf(testing::HasSubstr("key 2 of 4"), testing::HasSubstr("old"),
                             testing::HasSubstr("1024 bits"), testing::HasSubstr("key 3 of 4"),
                             testing::HasSubstr("key 4 of 4"), testing::HasSubstr("odd")));
  const auto none = parse_key_set(R"({"keys":[{"kty":"AKP","kid":"new","pub":"AAEC"}]})");
  ASSERT_THAT(none, fails("key_set_empty"));
  EXPECT_THAT(none.error().detail,
              testing::AllOf(testing::HasSubstr("new"), testing::HasSubstr("AKP")));
}

TEST(KeySet, KeysOfUnknownKindsArePassedOverUnlessTheSetMayNotHaveThem) {
  const auto beside_a_good_one = [](const std::string& members) {
    const auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256, 0);
    json::Object good = *jose::Jwk::from_private(*key).public_json();
    return parse_key_set(R"({"keys":[{)" + members + "}," + json::dump(good) + "]}");
  };
  EXPECT_THAT(beside_a_good_one(R"("kty":"AKP","alg":"ML-KEM-768","kid":"new","pub":"AAEC")"),
              is_ok());
  for (const char* kid : {R"("7")", R"("007")", "7", "7.0", R"("1_0")"})
    EXPECT_THAT(beside_a_good_one(R"("kty":"AKP","pub":"AAEC","kid":)" + std::string(kid)),
                fails("key_set_reserved_kid"))
        << kid;
  for (const char* secret :
       {R"("kty":"AKP","pub":"AAEC","priv":"AAEC")",
        R"("kty":"OKP","crv":"X9","x":"AA","d":"AAEC")", R"("kty":"OCT","k":"AAEC")"})
    EXPECT_THAT(beside_a_good_one(secret), fails("key_set_private")) << secret;
}

TEST(KeySet, WhatIsNoSetFailsAsTheFormatSays) {
  EXPECT_THAT(parse_key_set("<html>"), fails("json_malformed"));
  EXPECT_THAT(parse_key_set(R"({"issuer":"x"})"), fails("jwks_malformed"));
  EXPECT_THAT(parse_key_set(R"({"keys":[{"kty":"oct","kid":"a","k":""}]})"), fails("jwk_malformed"))
      << "one broken key refuses the set";
}

TEST(Selection, ParameterThenDefaultThenIdentityProviderThenServerKey) {
  State state;
  EXPECT_EQ(select(state, std::nullopt), kIdentityProvider);
  state.default_name = "RS1";
  EXPECT_EQ(select(state, std::nullopt), "RS1");
  EXPECT_EQ(select(state, "RS2"), "RS2");
  state.default_name.clear();
  EXPECT_EQ(select(state, std::nullopt), kIdentityProvider);
  state.identity_provider.clear();
  EXPECT_EQ(select(state, std::nullopt), "");
}

TEST(Selection, IdentityProviderIsNeitherDeletedNorRenamedWhileItIsTheDefault) {
  State state;
  EXPECT_THAT(after_delete(state, kIdentityProvider), fails("resource_server_is_default"));
  EXPECT_THAT(after_rename(state, kIdentityProvider, "IdP"), fails("resource_server_is_default"));
  state.default_name = "RS1";
  EXPECT_EQ(after_rename(state, kIdentityProvider, "IdP")->identity_provider, "IdP");
  EXPECT_EQ(after_delete(state, kIdentityProvider)->identity_provider, "");
}

TEST(Selection, DeletingTheDefaultMakesIdentityProviderTheDefaultIfItIsThere) {
  State state;
  state.default_name = "RS1";
  EXPECT_EQ(after_delete(state, "RS1")->default_name, kIdentityProvider);
  state.identity_provider.clear();
  EXPECT_EQ(after_delete(state, "RS1")->default_name, "");
  EXPECT_EQ(select(*after_delete(state, "RS1"), std::nullopt), "");
}

TEST(Selection, StateSurvivesItsDocument) {
  State state;
  state.default_name.clear();
  state.identity_provider = "IdP";
  EXPECT_EQ(*State::from_json(state.to_json()), state);
}

TEST(InjectPolicy, NamesItsGateway) {
  EXPECT_THAT(InjectPolicy::from_json(*json::parse_object(R"({"name":"p"})")),
              fails("settings_invalid"));
  const auto policy = InjectPolicy::from_json(*json::parse_object(
      R"({"name":"p","client_id":"nginx","resource_server":"RS2","scopes":["Scope1"],"renew_before":"5m"})"));
  ASSERT_THAT(policy, is_ok());
  EXPECT_EQ(policy->renew_before, Seconds(300));
}

}  // namespace
}  // namespace signet::resource_servers
