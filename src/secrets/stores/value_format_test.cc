#include "secrets/stores/value_format.h"

#include "base/base64.h"
#include "secrets/stores/store_test_support.h"

namespace signet::secrets {
namespace {

const SecretId kPassword = SecretId::literal("storepass");
const SecretId kEs256 = SecretId::literal("am.services.oauth2.oidc.signing.ES256");
const SecretId kHmac = SecretId::literal("am.services.oauth2.jwt.authenticity.signing");
const SecretId kTrust = SecretId::literal("am.services.oauth2.tls.client.cert.authentication");

Result<ReadValue> read(ValueFormat format, std::string_view content, const SecretId& id,
                       const EncodingKeys* keys = nullptr) {
  return read_value(format, as_bytes(content), id, keys, std::nullopt);
}

std::shared_ptr<const EncodingKeys> test_keys() {
  std::vector<EncodingKeys::Key> keys;
  const Bytes master(32, 7);
  keys.push_back({"k", SecretBytes(master)});
  return EncodingKeys::make(std::move(keys)).value();
}

std::string encoded(const EncodingKeys& keys, std::string_view plain) {
  SystemRandom random;
  return keys.encode(as_bytes(plain), random).value();
}

TEST(ValueFormat, is_named_in_any_case) {
  EXPECT_EQ(parse_value_format("encrypted_Pem").value(), ValueFormat::kEncryptedPem);
  EXPECT_EQ(to_string(ValueFormat::kBase64HmacKey), "BASE64_HMAC_KEY");
  const auto unknown = parse_value_format("ENCRYPTED_PLAN");
  EXPECT_THAT(unknown, fails("format_unknown"));
  EXPECT_NE(unknown.error().detail.find("did you mean ENCRYPTED_PLAIN?"), std::string::npos);
}

TEST(ValueFormat, plain_text_is_taken_as_it_is_with_a_warning_for_a_newline_sec_111_) {
  const auto with = read(ValueFormat::kPlain, "secret\n", kPassword);
  ASSERT_THAT(with, is_ok());
  EXPECT_EQ(text_of(with->secrets[0]), "secret\n");
  ASSERT_EQ(with->warnings.size(), 1U);
  EXPECT_EQ(with->warnings[0].find("secret\n"), std::string::npos);
  EXPECT_TRUE(read(ValueFormat::kPlain, "secret", kPassword)->warnings.empty());
}

TEST(ValueFormat, text_formats_give_texts) {
  const auto keys = test_keys();
  EXPECT_EQ(text_of(read(ValueFormat::kBase64, "Y2hhbmdlaXQ=\n", kPassword)->secrets[0]),
            "changeit");
  EXPECT_EQ(
      text_of(read(ValueFormat::kEncryptedPlain, encoded(*keys, "changeit"), kPassword, keys.get())
                  ->secrets[0]),
      "changeit");
  EXPECT_EQ(text_of(read(ValueFormat::kEncryptedBase64, encoded(*keys, "Y2hhbmdlaXQ="), kPassword,
                         keys.get())
                        ->secrets[0]),
            "changeit");
}

TEST(ValueFormat, broken_values_are_refused_with_their_reason) {
  EXPECT_THAT(read(ValueFormat::kPlain, "", kPassword), fails("value_empty"));
  EXPECT_THAT(read(ValueFormat::kPlain, "\xff\xfe", kPassword), fails("value_not_utf8"));
  EXPECT_THAT(read(ValueFormat::kBase64, "*", kPassword), fails("value_not_base64"));
  EXPECT_THAT(read(ValueFormat::kBase64, " ", kPassword), fails("value_empty"));
  EXPECT_THAT(read(ValueFormat::kEncryptedPlain, "x", kPassword), fails("encoding_key_missing"));
  EXPECT_THAT(read(ValueFormat::kBase64HmacKey, "", kHmac), fails("value_empty"));
  EXPECT_FALSE(read(ValueFormat::kPem, "nothing here", kEs256).ok());
  EXPECT_FALSE(read(ValueFormat::kJwk, "{}", kEs256).ok());
}

TEST(ValueFormat, hmac_key_formats_give_symmetric_keys) {
  const auto keys = test_keys();
  const std::string key = base64::encode(Bytes(64, 0x5a));
  for (const auto& read_one :
       {read(ValueFormat::kBase64HmacKey, key, kHmac),
        read(ValueFormat::kEncryptedHmacKey, encoded(*keys, key), kHmac, keys.get())}) {
    ASSERT_THAT(read_one, is_ok());
    EXPECT_EQ(read_one->secrets[0].kind, SecretKind::kSymmetric);
    EXPECT_EQ(read_one->secrets[0].key->jwk().symmetric().size(), 64U);
  }
}

TEST(ValueFormat, a_text_behind_the_id_of_a_key_is_refused_with_a_remedy) {
  for (const auto format : {ValueFormat::kPlain, ValueFormat::kBase64, ValueFormat::kEncryptedPlain,
                            ValueFormat::kEncryptedBase64}) {
    const auto refused =
        read(format, "AQICmX1ntZv3XETMgDo+0zFynC8UMGJgop+K",
             SecretId::literal("am.global.services.oauth2.oidc.agent.idtoken.signing"));
    EXPECT_THAT(refused, fails("secret_wrong_kind"));
    EXPECT_NE(refused.error().detail.find("PEM or ENCRYPTED_PEM"), std::string::npos);
  }
  EXPECT_THAT(read(ValueFormat::kPlain, "x", kTrust), fails("secret_wrong_kind"));
}

TEST(ValueFormat, a_key_format_behind_the_id_of_a_password_is_refused) {
  EXPECT_THAT(read(ValueFormat::kBase64HmacKey, "AAAA", kPassword), fails("secret_wrong_kind"));
  EXPECT_THAT(read(ValueFormat::kJwk, "{}", kPassword), fails("secret_wrong_kind"));
}

TEST(ValueFormat, google_kms_formats_are_known_and_refused) {
  for (const std::string_view name :
       {"GOOGLE_KMS_ENCRYPTED", "GOOGLE_KMS_ENCRYPTED_HMAC_KEY", "GOOGLE_KMS_ENCRYPTED_PEM"}) {
    const auto refused = read(parse_value_format(name).value(), "AAAA", kEs256);
    EXPECT_THAT(refused, fails("format_needs_google_kms"));
    EXPECT_THAT(refused, fails_with_code(Code::kUnsupported));
    EXPECT_NE(refused.error().detail.find("google_secret_manager"), std::string::npos);
  }
}

TEST(ValueFormat, a_pem_gives_a_key_pair_with_its_chain) {
  const auto keys = test_keys();
  const std::string pem = pem_of("P-256");
  for (const auto& read_one :
       {read(ValueFormat::kPem, pem, kEs256),
        read(ValueFormat::kEncryptedPem, encoded(*keys, pem), kEs256, keys.get())}) {
    ASSERT_THAT(read_one, is_ok());
    ASSERT_EQ(read_one->secrets.size(), 1U);
    EXPECT_EQ(read_one->secrets[0].kind, SecretKind::kKeyPair);
    EXPECT_EQ(read_one->secrets[0].certificates.size(), 1U);
    EXPECT_EQ(read_one->secrets[0].key->jwk().chain().size(), 1U);
    EXPECT_EQ(read_one->secrets[0].kid.str(), read_one->secrets[0].key->jwk().thumbprint());
  }
}

TEST(ValueFormat, a_certificate_of_another_key_is_refused) {
  const std::string mine = pem_of("P-256");
  const std::string other = pem_of("P-256");
  const std::string begin = "-----BEGIN CERTIFICATE-----";
  const std::string key = mine.substr(0, mine.find(begin));
  const std::string own_certificate = mine.substr(mine.find(begin));
  const std::string other_certificate = other.substr(other.find(begin));
  EXPECT_THAT(secrets_of_pem(as_bytes(key), std::nullopt), is_ok());
  EXPECT_THAT(secrets_of_pem(as_bytes(key + other_certificate), std::nullopt),
              fails("pem_chain_mismatch"));
  EXPECT_THAT(secrets_of_pem(as_bytes(mine + key), std::nullopt), fails("pem_several_secrets"));
  const auto anchors = secrets_of_pem(as_bytes(own_certificate + other_certificate), std::nullopt);
  ASSERT_THAT(anchors, is_ok());
  EXPECT_EQ((*anchors)[0].kind, SecretKind::kCertificates);
  EXPECT_EQ((*anchors)[0].certificates.size(), 2U);
}

TEST(ValueFormat, the_labels_for_symmetric_keys_and_texts) {
  const auto hmac = secrets_of_pem(as_bytes(pem_of("HMAC-512")), std::nullopt);
  ASSERT_THAT(hmac, is_ok());
  EXPECT_EQ((*hmac)[0].kind, SecretKind::kSymmetric);
  EXPECT_EQ((*hmac)[0].key->jwk().symmetric().size(), 64U);
  const auto text = secrets_of_pem(
      as_bytes("-----BEGIN GENERIC SECRET-----\nY2hhbmdlaXQ=\n-----END GENERIC SECRET-----\n"),
      std::nullopt);
  ASSERT_THAT(text, is_ok());
  EXPECT_EQ(text_of((*text)[0]), "changeit");
  EXPECT_THAT(secrets_of_pem(as_bytes(pem_of("HMAC-256") + pem_of("AES-256")), std::nullopt),
              fails("pem_several_secrets"));
}

TEST(ValueFormat, a_jwk_may_choose_its_kid) {
  const auto read_one =
      read(ValueFormat::kJwk,
           R"({"kty":"oct","kid":"mine","alg":"HS256",)"
           R"("k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUu)"
           R"(TwjAzZr1Z9CAow"})",
           kHmac);
  ASSERT_THAT(read_one, is_ok());
  EXPECT_EQ(read_one->secrets[0].kid.str(), "mine");
  EXPECT_EQ(read_one->secrets[0].kind, SecretKind::kSymmetric);
}

}  // namespace
}  // namespace signet::secrets
