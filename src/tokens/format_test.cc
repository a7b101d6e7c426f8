#include "tokens/format.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "support/matchers.h"

namespace signet::tokens {
namespace {

using test::is_ok;

TEST(AccessTokenClaims, sec_064_carry_everything_rfc9068_asks_for) {
  const auto ready =
      make_claims_template("https://as.example", "c1", "c1", {"https://api.example"}, "read write");
  std::string text;
  SeededRandom random(1);
  append_claims(text, ready, from_unix_seconds(1000), from_unix_seconds(1600),
                make_token_id(random));
  const auto claims = json::parse_object(text);
  ASSERT_THAT(claims, is_ok());
  for (const char* name : {"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope"})
    EXPECT_NE(claims->find(name), nullptr) << name;
  EXPECT_EQ(*claims->find("aud")->if_string(), "https://api.example");
  EXPECT_EQ(claims->find("exp")->if_int(), 1600);
}

TEST(AccessTokenClaims, several_audiences_are_a_list_and_texts_are_escaped) {
  const auto ready = make_claims_template("https://as/\"x", "c", "c", {"a", "b"}, "");
  const auto claims = json::parse_object(ready.prefix + "}");
  ASSERT_THAT(claims, is_ok());
  EXPECT_EQ(claims->find("aud")->if_array()->size(), 2U);
  EXPECT_EQ(claims->find("scope"), nullptr);
  EXPECT_EQ(*claims->find("iss")->if_string(), "https://as/\"x");
}

constexpr std::size_t kMillion = 1'000'000;

/// Each of the 64 characters at each place of the texts, which are all random there, within seven
/// standard deviations of its mean.
void expect_even(const std::vector<std::string>& texts, std::size_t from, std::size_t to) {
  const double mean = static_cast<double>(texts.size()) / 64;
  const double most = 7 * std::sqrt(mean);
  for (std::size_t place = from; place < to; ++place) {
    std::array<std::size_t, 256> count{};
    for (const std::string& text : texts)
      ++count[static_cast<unsigned char>(text[place])];
    for (const char c : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
      if (c == 0) continue;
      EXPECT_NEAR(static_cast<double>(count[static_cast<unsigned char>(c)]), mean, most)
          << c << " at " << place;
    }
  }
}

void expect_no_repeat(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(std::adjacent_find(texts.begin(), texts.end()), texts.end());
}

TEST(TokenId, sec_068_has_128_bits_and_does_not_repeat) {
  SystemRandom random;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < kMillion; ++i)
    ids.emplace_back(make_token_id(random).view());
  expect_even(ids, 0, 21);  // the last of the 22 holds two bits
  expect_no_repeat(std::move(ids));
}

TEST(OpaqueToken, sec_068_is_random_behind_its_moment_and_does_not_repeat) {
  SystemRandom random;
  std::vector<std::string> tokens(kMillion);
  for (std::string& token : tokens)
    append_opaque(token, from_unix_seconds(1'700'000'000), random);
  const std::size_t moment = kOpaquePrefix.size() + 8;  // 48 bits
  expect_even(tokens, moment, kOpaqueSize - 1);
  for (std::string& token : tokens)
    token.erase(0, moment);
  expect_no_repeat(std::move(tokens));
}

TEST(OpaqueToken, sec_068_has_256_random_bits_beside_its_prefix) {
  SystemRandom random;
  std::string token;
  append_opaque(token, from_unix_seconds(1'700'000'000), random);
  EXPECT_EQ(token.size(), kOpaqueSize);
  EXPECT_EQ(shape_of(token), Shape::kOpaque);
  EXPECT_NE(opaque_key(token), opaque_key(token.substr(0, token.size() - 1) + '_'));
}

TEST(OpaqueToken, keys_of_one_moment_lie_side_by_side) {
  SystemRandom random;
  const auto key_at = [&](std::int64_t milliseconds) {
    std::string token;
    append_opaque(token, Instant(Milliseconds(milliseconds)), random);
    return opaque_key(token);
  };
  for (std::int64_t moment = 1'700'000'000'000; moment < 1'700'000'000'300; ++moment)
    EXPECT_LT(key_at(moment), key_at(moment + 1));
  EXPECT_NE(key_at(5), key_at(5));
}

TEST(OpaqueToken, any_text_has_a_key) {
  for (const char* text : {"", "sgo_", "sgo_short", "sgo_++++++++", "sgo_AAAAAAAAA"})
    EXPECT_EQ(opaque_key(text), opaque_key(text)) << text;
}

TEST(Shape, is_told_by_form_alone) {
  EXPECT_EQ(shape_of("a.b.c"), Shape::kJws);
  EXPECT_EQ(shape_of("a.b.c.d.e"), Shape::kJwe);
  EXPECT_EQ(shape_of("sgo_short"), Shape::kUnknown);
  EXPECT_EQ(shape_of(""), Shape::kUnknown);
}

TEST(SigningId, every_algorithm_has_one_whose_registry_row_names_it) {
  for (const auto alg : jose::all_jws_algs()) {
    const auto* row = secrets::find_row(signing_id(alg));
    ASSERT_NE(row, nullptr);
    EXPECT_THAT(row->algorithms, ::testing::Contains(jose::name(alg)));
  }
}

}  // namespace
}  // namespace signet::tokens
