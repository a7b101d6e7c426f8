#include "jose/issuer_key.h"

#include <array>

#include "jose/content.h"
#include "jose/encryptor.h"
#include "jose/jose_test_support.h"

namespace signet::jose {
namespace {

using test::decrypt_with;
using test::fails;
using test::is_ok;

struct World {
  KeyPtr issuer = test::key(test::symmetric(32, 0x42).with_kid("issuer"));
  KeyPtr recipient = test::key(test::symmetric(16).with_kid("server"));

  std::string token(std::string_view plain, JweAlg alg = JweAlg::kA128Kw,
                    JweEnc enc = JweEnc::kA128CbcHs256, KeyPtr key = nullptr) const {
    SystemRandom random;
    const auto encryptor =
        test::must(Encryptor::make(key ? key : recipient, {alg, enc, {}, false, issuer}));
    std::string out;
    test::must(encryptor.append(out, as_bytes(plain), random));
    return out;
  }
  Result<DecryptedJwe> open(std::string_view token) const {
    const KeyPtr keys[] = {issuer};
    return decrypt_as_issuer(token, keys);
  }
};

std::vector<std::string> parts_of(std::string_view token) {
  std::vector<std::string> parts(1);
  for (const char c : token) {
    if (c == '.')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}
std::string joined(const std::vector<std::string>& parts) {
  return parts[0] + '.' + parts[1] + '.' + parts[2] + '.' + parts[3] + '.' + parts[4];
}
/// The token with another header.
std::string with_header(std::string_view token, const json::Object& header) {
  auto parts = parts_of(token);
  parts[0] = test::encoded(json::dump(header));
  return joined(parts);
}
json::Object header_of(std::string_view token) {
  return test::must(parse_jwe_header(token)).members;
}

TEST(IssuerKey, any_of_the_issuers_keys_opens_its_token) {
  const World world;
  const KeyPtr keys[] = {test::key(test::symmetric(32, 1)), test::ec_key(), world.issuer,
                         test::key(test::symmetric(32, 2))};
  const auto opened = decrypt_as_issuer(world.token("hello"), keys);
  ASSERT_THAT(opened, is_ok());
  EXPECT_EQ(as_text(opened->plain.view()), "hello");
  EXPECT_EQ(opened->key, world.issuer);
  EXPECT_EQ(opened->header.kid, "server");
}

TEST(IssuerKey, no_other_issuer_opens_it) {
  const World world;
  World other;
  other.issuer = test::key(test::symmetric(32, 0x43));
  for (const auto& [alg, key] :
       {std::pair(JweAlg::kA128Kw, world.recipient), std::pair(JweAlg::kEcdhEs, test::ec_key())}) {
    const std::string token = world.token("hello", alg, JweEnc::kA128CbcHs256, key);
    EXPECT_THAT(world.open(token), is_ok());
    EXPECT_THAT(other.open(token), fails("jwe_decrypt_failed"));
    EXPECT_THAT(decrypt_as_issuer(token, {}), fails("jwe_decrypt_failed"));
  }
  // The recipient's own key is no issuer's key.
  const KeyPtr recipients[] = {world.recipient};
  EXPECT_THAT(decrypt_as_issuer(world.token("hello"), recipients), fails("jwe_decrypt_failed"));
}

TEST(IssuerKey, a_token_by_dir_is_opened_with_the_recipients_key) {
  const World world;
  const KeyPtr direct = test::key(test::symmetric(32));
  const std::string token = world.token("hello", JweAlg::kDir, JweEnc::kA128CbcHs256, direct);
  const KeyPtr issuers[] = {world.issuer}, recipients[] = {direct};
  EXPECT_THAT(decrypt_as_issuer(token, issuers), fails("jwe_no_key"));
  EXPECT_THAT(decrypt_as_issuer(token, issuers, recipients), is_ok());
}

TEST(IssuerKey, every_changed_byte_of_the_header_is_noticed) {
  const World world;
  const std::string token = world.token("hello");
  const KeyPtr keys[] = {world.recipient};
  for (std::size_t i = 0; i < token.find('.'); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(world.open(changed).ok()) << i;
    EXPECT_FALSE(decrypt_compact(changed, decrypt_with(keys)).ok()) << i;
  }
}

TEST(IssuerKey, an_agreement_that_is_not_ours_is_refused) {
  const World world;
  const std::string token =
      world.token("hello", JweAlg::kEcdhEs, JweEnc::kA128CbcHs256, test::ec_key());
  auto header = header_of(token);
  for (const std::size_t size : {0u, 1u, 16u, 24u, 39u, 40u, 41u, 48u, 4096u}) {
    header.set("apu", base64::url_encode(Bytes(size, 7)));
    EXPECT_FALSE(world.open(with_header(token, header)).ok()) << size;
  }
  header.erase("apu");
  EXPECT_THAT(world.open(with_header(token, header)), fails("jwe_decrypt_failed"));
  header = header_of(token);
  header.erase("epk");
  EXPECT_FALSE(world.open(with_header(token, header)).ok());
}

TEST(IssuerKey, content_swapped_between_two_tokens_is_refused) {
  const World world;
  for (const auto& [alg, key] :
       {std::pair(JweAlg::kA128Kw, world.recipient), std::pair(JweAlg::kEcdhEs, test::ec_key())}) {
    const auto one = parts_of(world.token("one", alg, JweEnc::kA128CbcHs256, key));
    const auto two = parts_of(world.token("two", alg, JweEnc::kA128CbcHs256, key));
    for (const std::size_t swapped : {2u, 3u, 4u}) {  // IV, ciphertext, tag
      auto mixed = one;
      mixed[swapped] = two[swapped];
      EXPECT_THAT(world.open(joined(mixed)), fails("jwe_decrypt_failed")) << name(alg) << swapped;
    }
  }
}

TEST(IssuerKey, what_is_no_token_fails_as_it_does_for_a_recipient) {
  const World world;
  EXPECT_THAT(world.open("a.b"), fails("jwe_not_compact"));
  EXPECT_THAT(world.open(std::string(70'000, 'a')), fails("jwe_too_large"));
  const std::string token = world.token("hello");
  for (const auto& [member, value, reason] :
       {std::tuple("zip", json::Value("DEF"), "jwe_zip_not_allowed"),
        std::tuple("zip", json::Value("LZ"), "jwe_zip_unknown"),
        std::tuple("alg", json::Value("none"), "jwe_alg_unknown"),
        std::tuple("enc", json::Value("A128CBC"), "jwe_enc_unknown"),
        std::tuple("crit", json::Value(json::Array{json::Value("b64")}), "jwe_crit_unknown")}) {
    auto header = header_of(token);
    header.set(member, value);
    if (std::string_view(member) == "crit") header.set("b64", true);
    EXPECT_THAT(world.open(with_header(token, header)), fails(reason));
  }
}

TEST(IssuerKey, each_purpose_has_a_secret_of_its_own) {
  const World world;
  const SecretBytes content = test::must(issuer_content_secret(world.issuer));
  const SecretBytes agreement = test::must(issuer_agreement_secret(world.issuer));
  EXPECT_FALSE(same_bytes(content.view(), agreement.view()));
  EXPECT_FALSE(same_bytes(content.view(), world.issuer->jwk().symmetric()));
  EXPECT_TRUE(same_bytes(content.view(), test::must(issuer_content_secret(world.issuer)).view()));
}

TEST(IssuerKey, the_content_key_is_one_round_of_hkdf_expand_over_algorithm_and_iv) {
  const Bytes secret(32, 1), iv(16, 2), other_iv(16, 3);
  std::array<std::uint8_t, 64> one{}, again{}, other{};
  derive_content_key(secret, JweEnc::kA256CbcHs512, iv, one.data());
  derive_content_key(secret, JweEnc::kA256CbcHs512, iv, again.data());
  derive_content_key(secret, JweEnc::kA256CbcHs512, other_iv, other.data());
  EXPECT_EQ(one, again);
  EXPECT_NE(one, other);
  derive_content_key(secret, JweEnc::kA256Gcm, iv, other.data());
  EXPECT_FALSE(std::equal(other.begin(), other.begin() + 32, one.begin()));
}

TEST(IssuerKey, the_content_key_is_derived_by_the_smaller_hash_that_is_long_enough) {
  const Bytes secret(32, 1), iv(16, 2), first_round(1, 1);
  std::array<std::uint8_t, 64> key{}, expected{};
  for (const auto& [enc, hash] : {std::pair(JweEnc::kA128CbcHs256, crypto::Hash::kSha256),
                                  std::pair(JweEnc::kA256CbcHs512, crypto::Hash::kSha512)}) {
    derive_content_key(secret, enc, iv, key.data());
    crypto::MacKey(hash, secret).mac({as_bytes(name(enc)), iv, first_round}, expected.data());
    EXPECT_TRUE(std::equal(key.begin(), key.begin() + key_size(enc), expected.begin()));
  }
}

}  // namespace
}  // namespace signet::jose
