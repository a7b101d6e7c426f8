#include "crypto/kdf.h"

#include "base/text.h"
#include "support/matchers.h"
#include "support/vectors.h"

namespace signet::crypto {
namespace {

using test::fails;
using test::is_ok;

// The "NAME = value" blocks of the password-kdf vectors.
std::vector<std::map<std::string, std::string>> blocks_of(const std::string& text) {
  std::vector<std::map<std::string, std::string>> blocks;
  for (std::string_view line : split(text, '\n')) {
    const std::size_t at = line.find('=');
    if (line.starts_with('#') || at == std::string_view::npos) continue;
    const std::string name(trim(line.substr(0, at)));
    std::string value(trim(line.substr(at + 1)));
    for (std::size_t nul; (nul = value.find("\\0")) != std::string::npos;) {
      value.replace(nul, 2, 1, '\0');
    }
    if (name == "COUNT") blocks.emplace_back();
    blocks.back()[name] = value;
  }
  return blocks;
}

TEST(Pbkdf2, gives_the_values_of_rfc_6070) {
  SIGNET_VECTORS_OR_SKIP(folder, "password-kdf");
  for (auto& row : blocks_of(test::read_file(folder / "rfc-6070-PBKDF2-SHA1.txt"))) {
    const auto iterations = static_cast<std::uint32_t>(std::stoul(row["ITERATIONS"]));
    if (iterations > 1'000'000) continue;  // many seconds, and nothing new in it
    EXPECT_EQ(hex(pbkdf2(Hash::kSha1, as_bytes(row["PASSWORD"]), as_bytes(row["SALT"]), iterations,
                         std::stoul(row["LENGTH"]))
                      .view()),
              row["DERIVED_KEY"]);
  }
}

TEST(ConcatKdf, gives_the_value_of_rfc_7518_appendix_c) {
  const Bytes z = {158, 86, 217, 29,  129, 113, 53,  211, 114, 131, 66,  131, 191, 132, 38,  156,
                   251, 49, 110, 163, 218, 128, 106, 72,  246, 218, 167, 121, 140, 254, 144, 196};
  const Bytes other = {0,   0,   0,  7,   65, 49, 50, 56, 71, 67,  77, 0, 0, 0, 5,  65,
                       108, 105, 99, 101, 0,  0,  0,  3,  66, 111, 98, 0, 0, 0, 128};
  const Bytes expected = {86, 170, 141, 234, 248, 35, 109, 32, 92, 34, 40, 205, 113, 167, 16, 26};
  EXPECT_TRUE(same_bytes(concat_kdf_sha256(z, other, 16).view(), expected));
  EXPECT_TRUE(same_bytes(concat_kdf_sha256(z, other, 64).view().first(16), expected));
}

TEST(LegacyPbe, round_trips_single_des) {
  const SecretBytes derived = pbkdf1_md5(as_bytes("password"), as_bytes("saltsalt"), 5);
  ASSERT_EQ(derived.size(), 16u);
  const ByteView key = derived.view().first(8), iv = derived.view().subspan(8);
  const auto sealed = des_cbc_encrypt(key, iv, as_bytes("what was hidden"));
  ASSERT_THAT(sealed, is_ok());
  const auto opened = des_cbc_decrypt(key, iv, *sealed);
  ASSERT_THAT(opened, is_ok());
  EXPECT_EQ(as_text(opened->view()), "what was hidden");
  EXPECT_THAT(des_cbc_decrypt(key, iv, ByteView(*sealed).first(7)), fails("decrypt_failed"));
  EXPECT_THAT(des_cbc_decrypt(key.first(7), iv, *sealed), fails("decrypt_failed"));
}

// FIPS 81: the sample of the cipher block chaining mode, without padding.
TEST(LegacyPbe, is_the_des_of_fips_81) {
  const Bytes key = *from_hex("0123456789abcdef"), iv = *from_hex("1234567890abcdef");
  const auto sealed = des_cbc_encrypt(key, iv, as_bytes("Now is the time for all "));
  ASSERT_THAT(sealed, is_ok());
  EXPECT_EQ(hex(ByteView(*sealed).first(24)), "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6");
}

TEST(Argon2id, verifies_what_it_hashed_and_nothing_else) {
  const auto hash = argon2id_hash(as_bytes("correct horse"));
  ASSERT_THAT(hash, is_ok());
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *hash;
  EXPECT_TRUE(argon2id_verify(*hash, as_bytes("correct horse")));
  EXPECT_FALSE(argon2id_verify(*hash, as_bytes("correct horsf")));
  EXPECT_FALSE(argon2id_verify(*hash, {}));
  EXPECT_NE(*hash, *argon2id_hash(as_bytes("correct horse")));
}

TEST(Argon2id, refuses_stored_hashes_that_cost_too_much_or_are_not_hashes) {
  for (const char* bad :
       {"", "$", "$argon2id$", "plain text", "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA",
        "$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA",
        "$argon2id$v=19$m=19456,t=4000000,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA",
        "$argon2id$v=19$m=19456,t=2,p=1,x=9$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA",
        "$argon2id$v=19$m=99999999999,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA"}) {
    EXPECT_FALSE(argon2id_verify(bad, as_bytes("password"))) << bad;
  }
  EXPECT_FALSE(argon2id_verify(std::string(4096, '$'), as_bytes("password")));
}

}  // namespace
}  // namespace signet::crypto
