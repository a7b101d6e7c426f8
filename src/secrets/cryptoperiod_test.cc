#include "secrets/cryptoperiod.h"

#include <gtest/gtest.h>

namespace signet::secrets {
namespace {

constexpr Instant kActivated = from_unix_seconds(1'700'000'000);
constexpr Milliseconds kMoment{1};
constexpr Seconds kOneDay{86400};

const SecretId kSigning = SecretId::literal("am.services.oauth2.stateless.signing.ES256");
const SecretId kOther = SecretId::literal("am.services.oauth2.stateless.signing.RSA");
const RealmName kEverywhere;
const RealmName kEmea("emea");

KeyHistory active_key() {
  KeyHistory key{.kid = KeyId("k"), .state = KeyState::kActive};
  key.published = kActivated - kOneDay;
  key.activated = kActivated;
  return key;
}

TEST(Cryptoperiods, sec_107_given_a_key_when_three_quarters_and_when_all_is_over_then_it_is_told) {
  const auto period = Cryptoperiods().of(kEverywhere, kSigning, active_key());
  ASSERT_TRUE(period);
  EXPECT_EQ(period->since, kActivated);
  EXPECT_EQ(period->length, 730 * kOneDay);
  EXPECT_EQ(period->age_at(kActivated - kOneDay), KeyAge::kFresh) << "by a clock that was set back";
  EXPECT_EQ(period->age_at(kActivated), KeyAge::kFresh);
  const Instant three_quarters = kActivated + 547 * kOneDay + kOneDay / 2;
  EXPECT_EQ(period->ending(), three_quarters);
  EXPECT_EQ(period->age_at(three_quarters - kMoment), KeyAge::kFresh);
  EXPECT_EQ(period->age_at(three_quarters), KeyAge::kEnding);
  EXPECT_EQ(period->end(), kActivated + 730 * kOneDay);
  EXPECT_EQ(period->age_at(period->end() - kMoment), KeyAge::kEnding);
  EXPECT_EQ(period->age_at(period->end()), KeyAge::kOver);
  EXPECT_DOUBLE_EQ(period->share_at(kActivated + 365 * kOneDay), 0.5);
}

TEST(Cryptoperiods, given_periods_of_their_own_when_asked_then_the_nearest_rule_counts) {
  const Cryptoperiods periods(
      100 * kOneDay, {{kSigning, kEverywhere, 30 * kOneDay}, {kSigning, kEmea, 10 * kOneDay}});
  EXPECT_EQ(periods.length(kEmea, kSigning), 10 * kOneDay);
  EXPECT_EQ(periods.length(kEverywhere, kSigning), 30 * kOneDay);
  EXPECT_EQ(periods.length(RealmName("apac"), kSigning), 30 * kOneDay);
  EXPECT_EQ(periods.length(kEmea, kOther), 100 * kOneDay);
}

TEST(Cryptoperiods, given_a_key_that_is_not_active_when_asked_then_it_has_no_period) {
  for (const KeyState state :
       {KeyState::kPrepared, KeyState::kPassive, KeyState::kRetired, KeyState::kCompromised}) {
    KeyHistory key = active_key();
    key.state = state;
    EXPECT_FALSE(Cryptoperiods().of(kEverywhere, kSigning, key)) << to_string(state);
  }
}

TEST(Cryptoperiods, given_a_key_that_came_back_when_asked_then_its_time_does_not_begin_anew) {
  KeyHistory key = active_key();
  key.deactivated = kActivated + 10 * kOneDay;
  key.activated = kActivated + 20 * kOneDay;
  EXPECT_EQ(Cryptoperiods().of(kEverywhere, kSigning, key)->since, kActivated - kOneDay);
}

TEST(Cryptoperiods, given_no_time_of_activation_when_asked_then_it_counts_from_the_first_sight) {
  KeyHistory key = active_key();
  key.activated.reset();
  EXPECT_EQ(Cryptoperiods().of(kEverywhere, kSigning, key)->since, kActivated - kOneDay);
  key.published.reset();
  EXPECT_FALSE(Cryptoperiods().of(kEverywhere, kSigning, key));
}

}  // namespace
}  // namespace signet::secrets
