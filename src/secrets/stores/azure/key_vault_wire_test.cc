#include "secrets/stores/azure/key_vault_wire.h"

#include "support/matchers.h"

namespace signet::secrets::azure {
namespace {

using test::fails;
using test::is_ok;

TEST(KeyVaultWire, a_certificate_is_named_by_its_url_without_a_version) {
  const auto good = parse_certificate_url("https://v.vault.azure.net/certificates/my-cert", "");
  ASSERT_THAT(good, is_ok());
  EXPECT_EQ(good->name, "my-cert");
  EXPECT_EQ(good->vault.origin, "https://v.vault.azure.net");
  EXPECT_THAT(parse_certificate_url("https://v.vault.azure.net/secrets/x/", ""), is_ok());
  for (const char* odd :
       {"https://v.vault.azure.net", "https://v.vault.azure.net/certificates/",
        "https://v.vault.azure.net/certificates/x/0123", "https://v.vault.azure.net/keys/x",
        "https://v.example.net/certificates/x", "my-cert"})
    EXPECT_THAT(parse_certificate_url(odd, ""), fails("azure_vault_invalid")) << odd;
}

TEST(KeyVaultWire, answers_that_are_none_are_told) {
  const auto body = [](std::string_view text) { return json::parse_object(text).value(); };
  for (const char* odd :
       {R"({})", R"({"value":1})", R"({"value":[1]})", R"({"value":[{"id":"x"}]})",
        R"({"value":[{"id":"https://v/secrets/a/b?c","attributes":{}}]})",
        R"({"value":[{"id":"x","attributes":{"enabled":1}}]})"})
    EXPECT_THAT(parse_versions(body(odd)), fails("azure_answer_malformed")) << odd;
  for (const char* odd : {R"({})", R"({"key":{}})", R"({"key":{"kid":"a/b","kty":"RSA"}})"})
    EXPECT_THAT(parse_key(body(odd)), fails("azure_answer_malformed")) << odd;
  for (const char* type : {R"("oct-HSM")", R"("EC","crv":"P-256K","x":"AA","y":"AA")"})
    EXPECT_THAT(parse_key(body(R"({"key":{"kid":"a/b","kty":)" + std::string(type) +
                               R"(},"attributes":{}})")),
                fails("azure_key_unsupported"));
  for (const char* odd : {R"({})", R"({"kid":"a/other","value":"AAAA"})",
                          R"({"kid":"a/v","value":"A+/="})", R"({"kid":"a/v","value":""})"})
    EXPECT_THAT(parse_operation(body(odd), "v"), fails("azure_answer_malformed")) << odd;
}

TEST(KeyVaultWire, a_key_does_what_its_operations_say) {
  const auto key = [](std::string_view operations) {
    const std::string text = R"({"key":{"kid":"https://v/keys/a/v1","kty":"EC-HSM","crv":"P-256",)"
                             R"("x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",)"
                             R"("y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","key_ops":)" +
                             std::string(operations) + R"(},"attributes":{"enabled":true}})";
    return parse_key(json::parse_object(text).value());
  };
  ASSERT_THAT(key(R"(["sign"])"), is_ok());
  EXPECT_EQ(key(R"(["sign"])")->signs, std::vector<jose::JwsAlg>{jose::JwsAlg::kEs256});
  EXPECT_TRUE(key(R"(["verify"])")->signs.empty());
  EXPECT_TRUE(key(R"(["unwrapKey"])")->unwraps.empty());
}

}  // namespace
}  // namespace signet::secrets::azure
