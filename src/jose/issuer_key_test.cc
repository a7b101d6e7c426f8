#include "jose/issuer_key.h"

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

TEST(IssuerKey, a_token_without_the_issuers_part_or_of_another_issuer_has_no_key) {
  const World world;
  World other;
  other.issuer = test::key(test::symmetric(32, 0x43));
  const std::string token = world.token("hello");
  EXPECT_THAT(other.open(token), fails("jwe_no_key"));
  EXPECT_THAT(decrypt_as_issuer(token, {}), fails("jwe_no_key"));
  auto header = header_of(token);
  header.erase(kIssuerMember);
  EXPECT_THAT(world.open(with_header(token, header)), fails("jwe_no_key"));
  // The recipient's own key is no issuer's key.
  const KeyPtr recipients[] = {world.recipient};
  EXPECT_THAT(decrypt_as_issuer(token, recipients), fails("jwe_no_key"));
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

TEST(IssuerKey, a_part_that_is_no_wrapped_key_is_refused) {
  const World world;
  const std::string token = world.token("hello");
  auto header = header_of(token);
  header.set(kIssuerMember, 17);
  EXPECT_THAT(world.open(with_header(token, header)), fails("jwe_header_malformed"));
  header.set(kIssuerMember, "not base64!");
  EXPECT_THAT(world.open(with_header(token, header)), fails("jwe_header_malformed"));
  for (const std::size_t size : {0u, 1u, 16u, 24u, 39u, 40u, 41u, 48u, 4096u}) {
    header.set(kIssuerMember, base64::url_encode(Bytes(size, 7)));
    EXPECT_THAT(world.open(with_header(token, header)), fails("jwe_no_key")) << size;
  }
}

TEST(IssuerKey, the_part_of_one_token_does_not_open_another) {
  const World world;
  const std::string one = world.token("one"), two = world.token("two");
  auto header = header_of(one);
  header.set(kIssuerMember, *header_of(two).find(kIssuerMember));
  EXPECT_THAT(world.open(with_header(one, header)), fails("jwe_decrypt_failed"));
  // With a content key of another size the wrapped key is genuine, but no key for this content.
  const std::string wide = world.token("wide", JweAlg::kA128Kw, JweEnc::kA256CbcHs512);
  header.set(kIssuerMember, *header_of(wide).find(kIssuerMember));
  EXPECT_THAT(world.open(with_header(one, header)), fails("jwe_no_key"));
}

TEST(IssuerKey, content_swapped_between_two_tokens_is_refused) {
  const World world;
  const KeyPtr direct = test::key(test::symmetric(32));
  for (const auto& [alg, key] :
       {std::pair(JweAlg::kA128Kw, world.recipient), std::pair(JweAlg::kDir, direct)}) {
    const auto one = parts_of(world.token("one", alg, JweEnc::kA128CbcHs256, key));
    const auto two = parts_of(world.token("two", alg, JweEnc::kA128CbcHs256, key));
    for (const std::size_t swapped : {2u, 3u, 4u}) {  // IV, ciphertext, tag
      auto mixed = one;
      mixed[swapped] = two[swapped];
      EXPECT_THAT(world.open(joined(mixed)), fails("jwe_decrypt_failed")) << name(alg) << swapped;
    }
  }
  auto mixed = parts_of(world.token("one"));
  const auto two = parts_of(world.token("two"));
  std::copy(two.begin() + 2, two.end(), mixed.begin() + 2);
  EXPECT_THAT(world.open(joined(mixed)), fails("jwe_decrypt_failed"));
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

TEST(IssuerKey, the_wrapping_key_is_not_the_issuers_key_itself) {
  const World world;
  const SecretBytes key = test::must(issuer_wrapping_key(world.issuer));
  EXPECT_EQ(key.size(), 32u);
  EXPECT_FALSE(same_bytes(key.view(), world.issuer->jwk().symmetric()));
  const SecretBytes again = test::must(issuer_wrapping_key(world.issuer));
  EXPECT_TRUE(same_bytes(key.view(), again.view()));
}

}  // namespace
}  // namespace signet::jose
