#include "secrets/stores/vault/vault_wire.h"

#include "base/base64.h"
#include "support/matchers.h"

namespace signet::secrets::vault {
namespace {

using test::fails;
using test::is_ok;

json::Object body(std::string_view text) {
  return json::parse_object(text).value();
}

TEST(VaultWire, plain_http_goes_to_the_loopback_alone) {
  for (const char* good : {"http://127.0.0.1:8200", "http://localhost:8200", "http://[::1]:8200"})
    EXPECT_THAT(parse_address(good), is_ok()) << good;
  for (const char* odd :
       {"http://vault.example:8200", "http://127.0.0.1.example:8200", "http://127.example"})
    EXPECT_THAT(parse_address(odd), fails("vault_address_invalid")) << odd;
}

TEST(VaultWire, a_lease_is_never_longer_than_can_be_reckoned_with) {
  constexpr std::int64_t kTenYears = 315'360'000;
  auto login = body(R"({"auth":{"client_token":"t","lease_duration":9223372036854775807}})");
  EXPECT_EQ(parse_login(login)->lasts, Seconds(kTenYears));
  EXPECT_EQ(parse_lookup(body(R"({"data":{"ttl":9223372036854775807}})"), nullptr)->lasts,
            Seconds(kTenYears));
  EXPECT_EQ(parse_lookup(body(R"({"data":{"ttl":-1}})"), nullptr)->lasts, Seconds(0));
}

TEST(VaultWire, a_transit_key_is_of_the_type_it_tells) {
  const auto made = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256);
  const std::string pem = "-----BEGIN PUBLIC KEY-----" + base64::encode(made->public_key().spki()) +
                          "-----END PUBLIC KEY-----";
  const auto answer = [&](const std::string& type) {
    return body(R"({"data":{"type":")" + type + R"(","keys":{"1":{"public_key":")" + pem +
                "\"}}}}");
  };
  EXPECT_THAT(parse_transit_key(answer("ecdsa-p256"), 1), is_ok());
  for (const char* other : {"ecdsa-p384", "rsa-2048"})
    EXPECT_THAT(parse_transit_key(answer(other), 1), fails("vault_answer_malformed")) << other;
}

TEST(VaultWire, a_signature_is_by_the_version_that_was_asked_and_not_empty) {
  const auto signature = [](std::string_view text) {
    return parse_transit_signature(body(R"({"data":{"signature":")" + std::string(text) + "\"}}"),
                                   3);
  };
  EXPECT_THAT(signature("vault:v3:AAAA"), is_ok());
  for (const char* odd : {"vault:v3:", "vault:v2:AAAA", "vault:v3:AA=", "AAAA"})
    EXPECT_THAT(signature(odd), fails("vault_answer_malformed")) << odd;
}

}  // namespace
}  // namespace signet::secrets::vault
