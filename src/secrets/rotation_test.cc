#include "secrets/rotation.h"

#include "secrets/test_life.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using test::kBegin;
using test::Life;

const KeyId A("a"), B("b"), C("c");

TEST(LineUp, nothing_gives_nothing) {
  Life life;
  EXPECT_FALSE(life.line({}).active);
  EXPECT_TRUE(life.last.order.empty());
}

TEST(LineUp, on_the_first_start_the_first_key_signs_at_once) {
  Life life;
  EXPECT_EQ(life.line({A, B}).active, A);
  EXPECT_FALSE(life.last.activated_early);
  EXPECT_EQ(life.of(A).state, KeyState::kActive);
  EXPECT_EQ(life.of(B).state, KeyState::kPrepared);
  EXPECT_EQ(life.of(B).published, kBegin);
}

TEST(LineUp, the_first_key_of_an_id_waits_where_a_jwks_without_it_may_be_cached) {
  Life life;
  life.neighbours.has_stale_jwks = true;
  EXPECT_FALSE(life.line({A}).active);
  EXPECT_EQ(life.last.waiting, A);
  EXPECT_EQ(life.last.order, std::vector{A}) << "it is published";
  life.now += life.policy.publish_ahead - Milliseconds(1);
  EXPECT_FALSE(life.line({A}).active);
  life.now += Milliseconds(1);
  EXPECT_EQ(life.line({A}).active, A);
  EXPECT_FALSE(life.last.activated_early);
  EXPECT_EQ(life.line({B}).active, B) << "early rather than never, once there are tokens to make";
}

TEST(LineUp, sec_104_a_new_first_key_waits_until_it_was_published_for_long_enough) {
  Life life;
  life.line({A});
  life.now += Seconds(1000);
  EXPECT_EQ(life.line({B, A}).active, A);
  EXPECT_EQ(life.last.waiting, B);
  EXPECT_EQ(life.last.waiting_until, life.now + life.policy.publish_ahead);
  EXPECT_EQ(life.last.order, (std::vector{A, B}));
  life.now += life.policy.publish_ahead - Milliseconds(1);
  EXPECT_EQ(life.line({B, A}).active, A);
  life.now += Milliseconds(1);
  EXPECT_EQ(life.line({B, A}).active, B);
  EXPECT_FALSE(life.last.waiting);
  EXPECT_EQ(life.of(A).state, KeyState::kPassive);
  EXPECT_EQ(life.of(A).deactivated, life.now);
}

TEST(LineUp, sec_102_a_key_published_ahead_signs_as_soon_as_it_comes_first) {
  Life life;
  life.line({A, B});
  life.now += life.policy.publish_ahead;
  EXPECT_EQ(life.line({B, A}).active, B);
  EXPECT_EQ(life.line({A, B}).active, A);  // and back
}

TEST(LineUp, rather_signs_early_than_not_at_all_and_says_so) {
  Life life;
  life.line({A});
  EXPECT_EQ(life.line({B}).active, B);
  EXPECT_TRUE(life.last.activated_early);
}

TEST(LineUp, a_key_of_which_only_the_public_half_is_left_does_not_sign) {
  Life life;
  life.line({A});
  EXPECT_EQ(life.line({B, A}, {A}).active, B);
  EXPECT_TRUE(life.last.activated_early);
  EXPECT_FALSE(life.line({B}, {B}).active);
}

TEST(LineUp, prefers_a_ripe_key_to_one_that_would_sign_early) {
  Life life;
  life.line({A, B});
  life.now += life.policy.publish_ahead;
  EXPECT_EQ(life.line({C, B}).active, B);
  EXPECT_EQ(life.last.waiting, C);
  EXPECT_FALSE(life.last.activated_early);
}

TEST(LineUp, sec_105_a_lost_key_stays_until_its_tokens_and_caches_are_dead) {
  Life life;
  life.line({A, B});
  life.of(A).horizon = life.now + Seconds(3600);
  life.now += life.policy.publish_ahead;
  life.line({B});
  EXPECT_EQ(life.last.lost, std::vector{A});
  EXPECT_EQ(life.last.order, (std::vector{B, A}));
  life.now = kBegin + Seconds(3600) + life.policy.clock_skew - Milliseconds(1);
  EXPECT_EQ(life.line({B}).lost, std::vector{A});
  life.now += Milliseconds(1);
  EXPECT_TRUE(life.line({B}).lost.empty());
  EXPECT_EQ(life.of(A).state, KeyState::kRetired);
}

TEST(LineUp, sec_121_the_loss_of_the_only_key_keeps_its_public_half_and_makes_no_other) {
  Life life;
  life.line({A});
  life.of(A).horizon = life.now + Seconds(3600);
  EXPECT_FALSE(life.line({}).active);
  EXPECT_EQ(life.last.order, std::vector{A});
  EXPECT_EQ(life.of(A).state, KeyState::kPassive);
  EXPECT_EQ(life.line({A}).active, A);  // found again
}

TEST(LineUp, a_retired_kid_never_comes_back_by_itself) {
  Life life;
  life.line({A, B});
  life.of(B).state = KeyState::kRetired;
  life.now += life.policy.publish_ahead;
  EXPECT_EQ(life.line({B, A}).order, std::vector{A});
  EXPECT_FALSE(life.line({B}).active);
}

TEST(LineUp, a_prepared_key_that_vanished_is_published_anew_when_it_returns) {
  Life life;
  life.line({A, B});
  life.now += Seconds(500);
  life.line({A});
  EXPECT_FALSE(life.of(B).published);
  life.now += Seconds(500);
  EXPECT_EQ(life.line({B, A}).active, A);
  EXPECT_EQ(life.of(B).published, life.now);
}

TEST(LineUp, several_active_keys_of_a_faulty_journal_become_one) {
  Life life;
  life.line({A, B});
  life.of(B).state = KeyState::kActive;
  life.of(B).activated = life.now + Seconds(1);
  life.now += Seconds(2);
  EXPECT_EQ(life.line({B, A}).active, B);
  EXPECT_EQ(life.of(A).state, KeyState::kPassive);
}

TEST(LineUp, sec_104_a_key_that_a_neighbour_does_not_publish_yet_waits) {
  Life life;
  life.line({A, B});
  life.now += life.policy.publish_ahead;
  const Neighbours neighbours{.unready = {B}, .publish = {}};
  const Lineup waiting = line_up({B, A}, life.histories, life.policy, life.now, {}, neighbours);
  EXPECT_EQ(waiting.active, A);
  EXPECT_EQ(waiting.waiting, B);
  EXPECT_EQ(line_up({B}, life.histories, life.policy, life.now, {}, neighbours).activated_early,
            true)
      << "rather early than not at all";
}

TEST(LineUp, a_prepared_key_that_a_neighbour_publishes_is_not_taken_back_by_one_who_misses_it) {
  Life life;
  life.line({A, B});
  const Neighbours neighbours{.unready = {}, .publish = {B}};
  EXPECT_TRUE(line_up({A}, life.histories, life.policy, life.now, {}, neighbours).changes.empty());
}

TEST(LineUp, changes_nothing_when_nothing_changed) {
  Life life;
  life.line({A, B});
  EXPECT_TRUE(life.line({A, B}).changes.empty());
}

TEST(LineUp, sec_133_a_clock_that_is_behind_activates_nothing_and_drops_nothing) {
  Life life;
  life.line({A, B});
  life.now -= Seconds(600);
  EXPECT_EQ(life.line({B, A}).active, A);
  EXPECT_EQ(life.last.waiting, B);
}

TEST(Refuse, sec_104_activation_says_how_many_seconds_are_left) {
  KeyHistory key{.kid = A, .published = kBegin};
  const auto error = refuse_activation(key, {}, kBegin + Milliseconds(1));
  ASSERT_TRUE(error);
  EXPECT_STREQ(error->reason, "activation_too_early");
  EXPECT_THAT(error->detail, testing::HasSubstr("600 seconds"));
  EXPECT_FALSE(refuse_activation(key, {}, kBegin + Seconds(600)));
  key.state = KeyState::kRetired;
  EXPECT_STREQ(refuse_activation(key, {}, kBegin + Seconds(600))->reason, "activation_of_retired");
}

TEST(Refuse, sec_105_retirement_says_how_many_seconds_are_left) {
  KeyHistory key{.kid = A, .state = KeyState::kPassive, .horizon = kBegin + Seconds(100)};
  const auto error = refuse_retirement(key, {}, kBegin);
  ASSERT_TRUE(error);
  EXPECT_STREQ(error->reason, "retirement_too_early");
  EXPECT_THAT(error->detail, testing::HasSubstr("160 seconds"));
  EXPECT_FALSE(refuse_retirement(key, {}, kBegin + Seconds(160)));
  key.deactivated = kBegin + Seconds(50);  // the JWKS may be cached for a while after that
  EXPECT_TRUE(refuse_retirement(key, {}, kBegin + Seconds(649)));
  EXPECT_FALSE(refuse_retirement(key, {}, kBegin + Seconds(650)));
  key.state = KeyState::kActive;
  EXPECT_STREQ(refuse_retirement(key, {}, kBegin + Seconds(700))->reason, "retirement_of_active");
}

TEST(RotationPolicy, sec_106_verifiers_cache_for_half_of_the_publish_ahead_time_at_most) {
  EXPECT_LE(2 * RotationPolicy{}.jwks_max_age(), RotationPolicy{}.publish_ahead);
}

TEST(KeyState, goes_to_text_and_back) {
  for (const auto state :
       {KeyState::kPrepared, KeyState::kActive, KeyState::kPassive, KeyState::kRetired}) {
    EXPECT_EQ(parse_key_state(to_string(state)), state);
  }
  EXPECT_FALSE(parse_key_state("Active"));
}

TEST(Rotation, a_key_is_never_passive_before_it_was_active_whatever_the_clocks_say) {
  KeyHistory key;
  key.kid = KeyId("k");
  key.state = KeyState::kActive;
  key.activated = from_unix_seconds(1'700'000'030);  // by a clock that is ahead
  deactivate(key, from_unix_seconds(1'700'000'000));
  EXPECT_EQ(key.state, KeyState::kPassive);
  EXPECT_EQ(key.deactivated, key.activated);
  deactivate(key, from_unix_seconds(1'700'000'060));
  EXPECT_EQ(key.deactivated, from_unix_seconds(1'700'000'060));
}

}  // namespace
}  // namespace signet::secrets
