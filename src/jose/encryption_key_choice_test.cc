#include "jose/encryption_key_choice.h"

#include "jose/encryptor.h"
#include "jose/jose_test_support.h"

namespace signet::jose {
namespace {

using test::fails;
using test::is_ok;
using ::testing::HasSubstr;

constexpr Instant kToday = from_unix_seconds(1'700'000'000);

constexpr std::string_view kDocumentsSet =
    R"({"keys":[{"kty":"oct","use":"enc","kid":"i8X0RShbVxrBEG1-ests_Zx_PE7XYvc3iBTIaTAS_5A",)"
    R"("k":"Vlbwxl5hbCOLMwupPc2hDw","alg":"A128KW"}]})";

Result<KeyPtr> chosen(const std::vector<KeyPtr>& keys, JweAlg alg, std::string_view kid = {},
                      JweEnc enc = JweEnc::kA128CbcHs256) {
  return choose_encryption_key(keys, alg, enc, kid, kToday);
}

/// A public RSA key with further members.
KeyPtr rsa(std::string_view kid, std::string_view members = "{}") {
  auto object = test::must(test::public_half(test::jwk(test::kRfc7515A2Key)).public_json());
  object.set("kid", kid);
  for (const auto& [name, value] : test::object(members))
    object.set(name, value);
  return test::key(test::must(Jwk::parse(object)));
}

KeyPtr certified(std::string_view kid, std::int64_t from, std::int64_t until) {
  const Jwk key = test::jwk(test::kRfc7515A2Key);
  const auto certificate =
      test::must(crypto::self_sign(*key.private_key(), {"api", from_unix_seconds(from),
                                                        from_unix_seconds(until), Bytes(16, 1)}));
  return test::key(test::public_half(key).with_kid(std::string(kid)).with_chain({certificate}));
}

std::string words(const Result<KeyPtr>& result) {
  return result.ok() ? "" : result.error().detail;
}

TEST(EncryptionKeyChoice, the_documents_sample_set_serves_its_algorithms) {
  const auto keys = local_keys(test::must(JwkSet::parse(kDocumentsSet)));
  const auto key = chosen(keys, JweAlg::kA128Kw);
  ASSERT_THAT(key, is_ok());
  EXPECT_EQ((*key)->kid(), "i8X0RShbVxrBEG1-ests_Zx_PE7XYvc3iBTIaTAS_5A");
  const auto encryptor =
      test::must(Encryptor::make(*key, {JweAlg::kA128Kw, JweEnc::kA128CbcHs256}));
  SystemRandom random;
  std::string token;
  ASSERT_THAT(encryptor.append(token, as_bytes("nested"), random), is_ok());
  const auto opened = decrypt_compact(token, test::decrypt_with(keys));
  ASSERT_THAT(opened, is_ok());
  EXPECT_EQ(as_text(opened->plain.view()), "nested");
  EXPECT_THAT(chosen(keys, JweAlg::kA256Kw), fails("encryption_key_missing"));
  EXPECT_THAT(chosen(keys, JweAlg::kDir), fails("encryption_key_missing"));
  EXPECT_THAT(chosen(keys, JweAlg::kRsaOaep256), fails("encryption_key_missing"));
}

TEST(EncryptionKeyChoice, a_key_that_names_the_algorithm_goes_before_one_that_names_none) {
  const std::vector<KeyPtr> keys = {rsa("other", R"({"alg":"RSA-OAEP"})"), rsa("silent"),
                                    rsa("named", R"({"alg":"RSA-OAEP-256"})"),
                                    rsa("later", R"({"alg":"RSA-OAEP-256"})")};
  EXPECT_EQ((*chosen(keys, JweAlg::kRsaOaep256))->kid(), "named");
  EXPECT_EQ((*chosen(keys, JweAlg::kRsaOaep))->kid(), "other");
  EXPECT_EQ((*chosen(keys, JweAlg::kRsa15))->kid(), "silent");
  EXPECT_EQ((*chosen(keys, JweAlg::kRsaOaep256, "silent"))->kid(), "silent");
  EXPECT_EQ((*chosen(keys, JweAlg::kRsaOaep256, "later"))->kid(), "later");
}

TEST(EncryptionKeyChoice, a_kid_that_is_asked_for_is_the_only_one) {
  const std::vector<KeyPtr> keys = {rsa("a"), rsa("b", R"({"alg":"RSA-OAEP"})")};
  const auto result = chosen(keys, JweAlg::kRsaOaep256, "c");
  EXPECT_THAT(result, fails("encryption_key_missing"));
  EXPECT_THAT(words(result), HasSubstr("under the kid 'c'"));
  EXPECT_THAT(chosen(keys, JweAlg::kRsaOaep256, "b"), fails("encryption_key_missing"));
}

TEST(EncryptionKeyChoice, kind_curve_and_size_must_fit) {
  const std::vector<KeyPtr> keys = {
      rsa("r"), test::key(test::public_half(test::jwk(test::kRfc7515A3Key)).with_kid("e")),
      test::key(test::public_half(test::jwk(test::kRfc8037Key)).with_kid("o"))};
  EXPECT_EQ((*chosen(keys, JweAlg::kEcdhEs))->kid(), "e");
  EXPECT_EQ((*chosen(keys, JweAlg::kRsaOaep))->kid(), "r");
  EXPECT_THAT(chosen({keys[2]}, JweAlg::kEcdhEs), fails("encryption_key_missing"));  // Ed25519
  const KeyPtr secret = test::key(test::symmetric(32));
  EXPECT_THAT(chosen({secret}, JweAlg::kDir), is_ok());
  EXPECT_THAT(chosen({secret}, JweAlg::kDir, "", JweEnc::kA128Gcm),
              fails("encryption_key_missing"));
  EXPECT_THAT(chosen({secret}, JweAlg::kA256Kw), is_ok());
  EXPECT_THAT(chosen({secret}, JweAlg::kA128Kw), fails("encryption_key_missing"));
}

TEST(EncryptionKeyChoice, sec_146_a_key_for_signing_is_refused) {
  const auto result = chosen({rsa("s", R"({"use":"sig"})")}, JweAlg::kRsaOaep256);
  EXPECT_THAT(result, fails("encryption_key_missing"));
  EXPECT_THAT(words(result), HasSubstr("key 's': its use is sig"));
  EXPECT_THAT(chosen({rsa("e", R"({"use":"enc"})")}, JweAlg::kRsaOaep256), is_ok());
  // A JWS algorithm in the key says the same.
  EXPECT_THAT(chosen({rsa("s", R"({"alg":"RS256"})")}, JweAlg::kRsaOaep256),
              fails("encryption_key_missing"));
  EXPECT_THAT(chosen({Key::local(test::symmetric(32), {JwsAlg::kHs256})}, JweAlg::kDir),
              fails("encryption_key_missing"));
}

TEST(EncryptionKeyChoice, sec_146_operations_that_do_not_encrypt_are_refused) {
  for (const char* ops : {R"(["decrypt"])", R"(["unwrapKey"])", R"(["sign"])", R"(["verify"])"}) {
    const auto result =
        chosen({rsa("o", std::string(R"({"key_ops":)") + ops + "}")}, JweAlg::kRsaOaep256);
    EXPECT_THAT(result, fails("encryption_key_missing")) << ops;
    EXPECT_THAT(words(result), HasSubstr("key 'o': its key_ops do not let it encrypt"));
  }
  for (const char* op : {"encrypt", "wrapKey", "deriveKey", "deriveBits"}) {
    EXPECT_THAT(
        chosen({rsa("o", std::string(R"({"key_ops":[")") + op + "\"]}")}, JweAlg::kRsaOaep256),
        is_ok())
        << op;
  }
  // Not even a private key, which could derive its public half.
  auto whole = test::object(test::kRfc7515A2Key);
  whole.set("key_ops", json::Array{json::Value("decrypt")});
  EXPECT_THAT(chosen({test::key(test::must(Jwk::parse(whole)))}, JweAlg::kRsaOaep256),
              fails("encryption_key_missing"));
}

TEST(EncryptionKeyChoice, sec_146_a_certificate_out_of_its_time_is_refused) {
  const std::int64_t now = unix_seconds(kToday);
  const auto expired = chosen({certified("old", now - 100, now - 1)}, JweAlg::kRsaOaep256);
  EXPECT_THAT(expired, fails("encryption_key_missing"));
  EXPECT_THAT(words(expired), HasSubstr("key 'old': its certificate has expired on 2023-11-14T"));
  const auto early = chosen({certified("new", now + 1, now + 100)}, JweAlg::kRsaOaep256);
  EXPECT_THAT(early, fails("encryption_key_missing"));
  EXPECT_THAT(words(early), HasSubstr("key 'new': its certificate is not valid before"));
  EXPECT_THAT(chosen({certified("good", now, now + 100)}, JweAlg::kRsaOaep256), is_ok());
  EXPECT_EQ((*chosen({certified("old", now - 100, now - 1), certified("good", now - 1, now + 1)},
                     JweAlg::kRsaOaep256))
                ->kid(),
            "good");
}

TEST(EncryptionKeyChoice, the_error_says_why_each_key_was_passed_over) {
  const auto result = chosen({rsa("s", R"({"use":"sig"})"), rsa("a", R"({"alg":"RSA-OAEP"})"),
                              test::key(test::symmetric(16))},
                             JweAlg::kRsaOaep256);
  EXPECT_THAT(result, fails("encryption_key_missing"));
  EXPECT_THAT(words(result), HasSubstr("key 's': its use is sig; key 'a': its alg is 'RSA-OAEP'; "
                                       "key 3 (no kid): "));
  EXPECT_THAT(words(result), HasSubstr("128 bits"));
  EXPECT_THAT(words(chosen({}, JweAlg::kRsaOaep256)), HasSubstr("the set is empty"));
  const std::vector<KeyPtr> many(40, test::key(test::symmetric(16)));
  EXPECT_THAT(words(chosen(many, JweAlg::kRsaOaep256)), HasSubstr("and 24 more"));
}

}  // namespace
}  // namespace signet::jose
