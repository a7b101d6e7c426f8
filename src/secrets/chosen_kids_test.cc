#include "secrets/chosen_kids.h"

#include "secrets/test_keys.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::IsEmpty;

const ChosenKids kChosen({{Alias("a"), KeyId("login-1")}});

std::vector<Secret> answer_of(const jose::Jwk& jwk) {
  return {named(jwk, "a", "ks")};
}

TEST(ChosenKids, are_what_the_key_behind_the_alias_says_of_itself) {
  std::vector<Secret> answered = answer_of(p256());
  kChosen.name(Alias("a"), answered);
  ASSERT_EQ(answered.size(), 1U);
  const Secret& secret = answered.front();
  EXPECT_EQ(secret.kid, KeyId("login-1"));
  EXPECT_EQ(secret.key->kid(), "login-1");
  EXPECT_EQ(secret.kind, SecretKind::kKeyPair);
  EXPECT_EQ(secret.store, StoreName("ks"));
  EXPECT_TRUE(secret.is_kid_chosen);
  EXPECT_TRUE(same_material(secret, answer_of(p256()).front()));
}

TEST(ChosenKids, take_the_place_of_the_one_that_a_key_brings) {
  std::vector<Secret> answered = {Secret::of_key(p256(), KeyId("its-own"))};
  kChosen.name(Alias("a"), answered);
  EXPECT_EQ(answered.front().kid, KeyId("login-1"));
}

TEST(ChosenKids, leave_a_key_in_a_box_there) {
  const std::vector<jose::JwsAlg> allowed = {jose::JwsAlg::kEs256};
  std::vector<Secret> answered = {Secret::of_remote_key(public_half(p256()), allowed, nullptr)};
  kChosen.name(Alias("a"), answered);
  EXPECT_EQ(answered.front().key->kid(), "login-1");
  EXPECT_TRUE(answered.front().key->is_remote());
  EXPECT_EQ(answered.front().key->allowed(), allowed);
}

TEST(ChosenKids, leave_other_aliases_symmetric_keys_texts_and_several_keys_alone) {
  std::vector<Secret> other = answer_of(p256());
  kChosen.name(Alias("b"), other);
  EXPECT_EQ(other.front().kid.str(), p256().thumbprint());
  EXPECT_FALSE(other.front().is_kid_chosen);

  std::vector<Secret> symmetric = answer_of(oct(64));
  kChosen.name(Alias("a"), symmetric);
  EXPECT_EQ(symmetric.front().kid, answer_of(oct(64)).front().kid);
  EXPECT_THAT(std::string(why_unnamed(symmetric)), HasSubstr("symmetric"));

  std::vector<Secret> text = {Secret::of_text(SecretBytes::from_text("x"))};
  kChosen.name(Alias("a"), text);
  EXPECT_TRUE(text.front().kid.empty());

  std::vector<Secret> several = {Secret::of_key(p256()), Secret::of_key(p384())};
  kChosen.name(Alias("a"), several);
  EXPECT_EQ(several.front().kid.str(), p256().thumbprint());
  EXPECT_THAT(std::string(why_unnamed(several)), HasSubstr("several"));
  EXPECT_THAT(why_unnamed(answer_of(p256())), IsEmpty());
}

TEST(ChosenKids, are_of_visible_ascii) {
  for (const char* good : {"1", "login-1", "https://as.example/keys/2026#1", "a=b;c"})
    EXPECT_THAT(fault_of_kid(good), IsEmpty()) << good;
  for (const char* bad : {"", "two words", "line\nend", "\"quoted\"", "back\\slash", "k\xC3\xA9y"})
    EXPECT_FALSE(fault_of_kid(bad).empty()) << bad;
  EXPECT_THAT(fault_of_kid(std::string(128, 'k')), IsEmpty());
  EXPECT_FALSE(fault_of_kid(std::string(129, 'k')).empty());
}

}  // namespace
}  // namespace signet::secrets
