// Wycheproof on the primitives as JOSE uses them: CBC-HMAC content encryption, X25519 keys as JWK,
// and the PBKDF2 behind PBES2.
#include <filesystem>

#include "base/text.h"
#include "crypto/kdf.h"
#include "jose/content.h"
#include "jose/jose_test_support.h"
#include "support/vectors.h"

namespace signet::jose {
namespace {

using signet::test::read_file;

json::Value load(const std::filesystem::path& path) {
  return test::must(json::parse(read_file(path), {.max_bytes = 8 << 20, .max_depth = 32}));
}
Bytes bytes(const json::Value& test, std::string_view name) {
  return *from_hex(*test.get(name)->if_string());
}

template <class Check>
int for_each_test(const json::Value& document, Check check) {
  int count = 0;
  for (const json::Value& group : *document.get("testGroups")->if_array()) {
    for (const json::Value& test : *group.get("tests")->if_array()) {
      SCOPED_TRACE("tcId " + std::to_string(*test.get("tcId")->if_int()));
      check(test, *test.get("result")->if_string());
      ++count;
    }
  }
  return count;
}

TEST(WycheproofContent, sec_098_cbc_hmac_is_as_named) {
  SIGNET_VECTORS_OR_SKIP(folder, "wycheproof");
  const std::pair<const char*, JweEnc> kFiles[] = {
      {"a128cbc_hs256_test.json", JweEnc::kA128CbcHs256},
      {"a192cbc_hs384_test.json", JweEnc::kA192CbcHs384},
      {"a256cbc_hs512_test.json", JweEnc::kA256CbcHs512}};
  int checked = 0;
  for (const auto& [file, enc] : kFiles) {
    checked += for_each_test(
        load(folder / file), [&, which = enc](const json::Value& test, const std::string& result) {
          const Bytes key = bytes(test, "key"), iv = bytes(test, "iv"), aad = bytes(test, "aad");
          const auto opened = open(which, key, iv, aad, bytes(test, "ct"), bytes(test, "tag"));
          EXPECT_EQ(opened.ok(), result == "valid");
          if (result != "valid") return;
          EXPECT_TRUE(same_bytes(opened->view(), bytes(test, "msg")));
          const auto sealed = test::must(seal(which, key, iv, aad, bytes(test, "msg")));
          EXPECT_EQ(hex(sealed.ciphertext), *test.get("ct")->if_string());
          EXPECT_EQ(hex(sealed.tag), *test.get("tag")->if_string());
        });
  }
  EXPECT_EQ(checked, 3 * 94);
}

TEST(WycheproofContent, sec_098_x25519_keys_agree_as_named) {
  SIGNET_VECTORS_OR_SKIP(folder, "wycheproof");
  // Acceptable ones are accepted, but for those whose shared secret is zero (RFC 7748 §6.1).
  const auto is_zero = [](const json::Value& test) {
    return test.get("shared")->if_string()->find_first_not_of('0') == std::string::npos;
  };
  const int checked = for_each_test(
      load(folder / "x25519_jwk_test.json"),
      [&](const json::Value& test, const std::string& result) {
        const Jwk mine = test::must(Jwk::parse(*test.get("private")->if_object()));
        const auto theirs = Jwk::parse(*test.get("public")->if_object());
        const bool is_expected = result == "valid" || (result == "acceptable" && !is_zero(test));
        if (!theirs.ok() || !theirs->public_key()) {
          EXPECT_FALSE(is_expected) << (theirs.ok() ? "" : theirs.error().reason);
          return;
        }
        const auto shared = crypto::agree(*mine.private_key(), *theirs->public_key());
        EXPECT_EQ(shared.ok(), is_expected);
        if (shared.ok() && is_expected) {
          EXPECT_EQ(hex(shared->view()), *test.get("shared")->if_string());
        }
      });
  EXPECT_EQ(checked, 531);
}

TEST(WycheproofContent, sec_098_pbes2_derives_the_key_that_decrypts) {
  SIGNET_VECTORS_OR_SKIP(folder, "wycheproof");
  const struct {
    const char* file;
    crypto::Hash hash;
    std::size_t key_bytes;
  } kFiles[] = {{"pbes2_hmacsha256_aes_128_test.json", crypto::Hash::kSha256, 16},
                {"pbes2_hmacsha512_aes_256_test.json", crypto::Hash::kSha512, 32}};
  int checked = 0;
  for (const auto& row : kFiles) {
    checked += for_each_test(
        load(folder / row.file), [&](const json::Value& test, const std::string& result) {
          ASSERT_EQ(result, "valid");
          const SecretBytes key = crypto::pbkdf2(
              row.hash, bytes(test, "password"), bytes(test, "salt"),
              static_cast<std::uint32_t>(*test.get("iterationCount")->if_int()), row.key_bytes);
          const auto plain = crypto::cbc_decrypt(key.view(), bytes(test, "iv"), bytes(test, "ct"));
          ASSERT_THAT(plain, test::is_ok());
          EXPECT_EQ(hex(plain->view()), *test.get("msg")->if_string());
        });
  }
  EXPECT_EQ(checked, 2 * 84);
}

}  // namespace
}  // namespace signet::jose
