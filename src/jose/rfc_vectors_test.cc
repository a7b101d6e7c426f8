// Every file of the set jose-rfc7515-7520: compact, flattened and general forms of RFC 7515, RFC
// 7517 and RFC 7520, with the key of the same stem.
#include <filesystem>

#include "jose/jose_test_support.h"
#include "support/vectors.h"

namespace signet::jose {
namespace {

namespace fs = std::filesystem;
using signet::test::read_file;
using test::is_ok;

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
    text.pop_back();
  return text;
}

/// The keys beside a token: stem.jwk, stem.jwkset, or stem.N.jwk.
std::vector<KeyPtr> keys_of(const fs::path& folder, const std::string& stem) {
  std::vector<KeyPtr> keys;
  for (const char* name : {".jwk", ".jwkset", ".1.jwk", ".2.jwk", ".3.jwk"}) {
    const fs::path path = folder / (stem + name);
    if (!fs::exists(path)) continue;
    for (Jwk& key : test::must(JwkSet::parse_any(trimmed(read_file(path)))).keys)
      keys.push_back(Key::local(std::move(key)));
  }
  return keys;
}

TEST(JoseRfcVectors, every_signed_file_verifies_and_every_encrypted_one_decrypts) {
  SIGNET_VECTORS_OR_SKIP(folder, "jose-rfc7515-7520");
  int verified = 0, decrypted = 0, refused = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string extension = entry.path().extension().string();
    const std::string stem = entry.path().stem().string();
    const bool is_jws = extension.starts_with(".jws"), is_jwe = extension.starts_with(".jwe");
    if (!is_jws && !is_jwe) continue;
    const std::string text = trimmed(read_file(entry.path()));
    const std::vector<KeyPtr> keys = keys_of(folder, stem);
    SCOPED_TRACE(entry.path().filename().string());

    if (stem == "rfc7515_A.5") {  // unsecured: refused on purpose
      EXPECT_THAT(verify_compact(text, test::with(keys)), test::fails("jws_alg_none"));
      ++refused;
      continue;
    }
    ASSERT_FALSE(keys.empty());
    // Where several keys belong to one file, each must do alone.
    for (const KeyPtr& key : keys) {
      const std::vector<KeyPtr> one = {key};
      if (is_jws) {
        const fs::path detached = folder / (stem + ".payl");
        VerifyOptions options = test::with(one);
        // RFC 7515 A.6 and A.7 name kids that their keys do not carry.
        options.kid_matching = KidMatching::kIfKeyHasOne;
        Result<VerifiedJws> result;
        if (fs::exists(detached)) {
          const std::string payload = read_file(detached);
          result = extension == ".jwsc" ? verify_detached(text, as_bytes(payload), options)
                                        : verify_json_detached(text, as_bytes(payload), options);
        } else {
          result =
              extension == ".jwsc" ? verify_compact(text, options) : verify_json(text, options);
        }
        EXPECT_THAT(result, is_ok());
        ++verified;
      } else {
        DecryptOptions options = test::decrypt_with(one);
        options.allow_rsa15 = options.allow_pbes2 = options.allow_deflate = true;
        const auto result =
            extension == ".jwec" ? decrypt_compact(text, options) : decrypt_json(text, options);
        ASSERT_THAT(result, is_ok());
        EXPECT_EQ(as_text(result->plain.view()), read_file(folder / (stem + ".pt")));
        ++decrypted;
      }
    }
  }
  EXPECT_GE(verified, 25);
  EXPECT_GE(decrypted, 33);
  EXPECT_EQ(refused, 1);
}

TEST(JoseRfcVectors, every_key_is_read_and_written_back) {
  SIGNET_VECTORS_OR_SKIP(folder, "jose-rfc7515-7520");
  int checked = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".jwk" && extension != ".jwkset") continue;
    SCOPED_TRACE(entry.path().filename().string());
    const auto set = JwkSet::parse_any(trimmed(read_file(entry.path())));
    ASSERT_THAT(set, is_ok());
    EXPECT_TRUE(set->skipped.empty());
    for (const Jwk& key : set->keys) {
      EXPECT_EQ(test::must(Jwk::parse(key.private_json())).thumbprint(), key.thumbprint());
      ++checked;
    }
  }
  EXPECT_GE(checked, 45);
  EXPECT_EQ(test::jwk(read_file(folder / "rfc7638_3.1.jwk")).thumbprint(),
            trimmed(read_file(folder / "rfc7638_3.1.thp")));
}

}  // namespace
}  // namespace signet::jose
