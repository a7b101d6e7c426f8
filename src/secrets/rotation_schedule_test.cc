#include "secrets/rotation_schedule.h"

#include <gtest/gtest.h>

namespace signet::secrets {
namespace {

using Kind = RotationStep::Kind;

constexpr Instant kStart = from_unix_seconds(1'700'000'000);
constexpr Seconds kDay{86400};

RotationRule rule() {
  RotationRule made;
  made.id = SecretId::literal("am.services.oauth2.stateless.signing.ES256");
  made.store = StoreName("local");
  made.every = 90 * kDay;
  made.publish_ahead = Seconds(900);
  made.keep = 7 * kDay;
  return made;
}

ScheduledKey active(const char* alias = "web") {
  KeyHistory history{.kid = KeyId(alias), .state = KeyState::kActive};
  history.published = history.activated = kStart;
  return {Alias(alias), history};
}
ScheduledKey prepared(const char* alias, Instant published) {
  return {Alias(alias), KeyHistory{.kid = KeyId(alias), .published = published}};
}
ScheduledKey passive(const char* alias, Instant deactivated, Instant horizon) {
  KeyHistory history{.kid = KeyId(alias), .state = KeyState::kPassive};
  history.published = history.activated = kStart;
  history.deactivated = deactivated;
  history.horizon = horizon;
  return {Alias(alias), history};
}

RotationMemory due_at(Instant due, const char* after = "web") {
  RotationMemory memory;
  memory.due = due;
  memory.due_after = KeyId(after);
  return memory;
}

RotationStep next(const RotationMemory& memory, const std::vector<ScheduledKey>& keys,
                  Instant now) {
  return next_rotation_step(rule(), memory, keys, RotationPolicy{}, now);
}

TEST(RotationSchedule, counts_from_the_last_activation_and_remembers_when_it_is_due) {
  const auto step = next({}, {active()}, kStart + kDay);
  EXPECT_EQ(step.kind, Kind::kRemember);
  EXPECT_EQ(step.before.due, kStart + 90 * kDay);
  const auto overdue = next({}, {active()}, kStart + 400 * kDay);
  EXPECT_EQ(overdue.before.due, kStart + 400 * kDay) << "late, but not for every missed time";
}

TEST(RotationSchedule, names_a_successor_after_the_family_of_its_predecessor) {
  RotationMemory memory = due_at(kStart + 90 * kDay, "1234");
  ScheduledKey nameless = active("1234");
  nameless.family = Alias("alias/signet-1234");
  EXPECT_EQ(next(memory, {nameless}, *memory.due).alias, Alias("alias/signet-1234-20240212221320"));
}

TEST(RotationSchedule, makes_a_key_when_it_is_due_and_goes_on_with_the_same_one_after_a_crash) {
  RotationMemory memory = due_at(kStart + 90 * kDay);
  EXPECT_EQ(next(memory, {active()}, *memory.due - Milliseconds(1)).kind, Kind::kNone);
  const auto step = next(memory, {active()}, *memory.due);
  EXPECT_EQ(step.kind, Kind::kMake);
  EXPECT_EQ(step.alias, Alias("web-20240212221320"));
  EXPECT_EQ(step.before.making, step.alias);
  const auto again = next(step.before, {active()}, *memory.due + kDay);
  EXPECT_EQ(again.kind, Kind::kMake);
  EXPECT_EQ(again.alias, step.alias);
  const RotationMemory after = after_step(rule(), again, *memory.due + kDay);
  EXPECT_FALSE(after.making);
  EXPECT_EQ(after.pending, step.alias);
  EXPECT_EQ(after.due, kStart + 181 * kDay);
}

TEST(RotationSchedule, activates_after_its_own_publish_ahead_and_makes_no_other_key_before) {
  RotationMemory memory = due_at(kStart);
  memory.pending = Alias("new");
  const std::vector keys{active(), prepared("new", kStart)};
  EXPECT_EQ(next(memory, keys, kStart + Seconds(899)).kind, Kind::kNone);
  const auto step = next(memory, keys, kStart + Seconds(900));
  EXPECT_EQ(step.kind, Kind::kActivate);
  EXPECT_EQ(step.alias, Alias("new"));
  EXPECT_FALSE(after_step(rule(), step, kStart).pending);
}

TEST(RotationSchedule, leaves_keys_alone_that_operators_published) {
  RotationMemory memory = due_at(kStart + 90 * kDay);
  EXPECT_EQ(next(memory, {active(), prepared("by-hand", kStart)}, kStart + 10 * kDay).kind,
            Kind::kNone);
}

TEST(RotationSchedule, forgets_a_pending_key_that_an_operator_activated_or_took_away) {
  RotationMemory memory = due_at(kStart + kDay);
  memory.pending = Alias("new");
  for (const auto& keys : {std::vector{active()}, std::vector{active("new")}}) {
    const auto step = next(memory, keys, kStart + Seconds(10));
    EXPECT_EQ(step.kind, Kind::kRemember);
    EXPECT_FALSE(step.before.pending);
  }
}

ScheduledKey active_since(const char* alias, Instant since) {
  ScheduledKey key = active(alias);
  key.history.published = key.history.activated = since;
  return key;
}

TEST(RotationSchedule, a_key_that_was_rotated_by_hand_signs_for_the_whole_time_too) {
  const Instant by_hand = kStart + 80 * kDay;
  const ScheduledKey key = active_since("by-hand", by_hand);
  const RotationMemory memory = due_at(kStart + 90 * kDay);
  for (const Instant seen : {by_hand + Seconds(10), kStart + 95 * kDay}) {
    const auto step = next(memory, {key}, seen);
    EXPECT_EQ(step.kind, Kind::kRemember);
    EXPECT_EQ(step.before.due, by_hand + 90 * kDay) << "whenever it is seen";
    EXPECT_EQ(step.before.due_after, KeyId("by-hand"));
  }
  const RotationMemory after = next(memory, {key}, by_hand + Seconds(10)).before;
  EXPECT_EQ(next(after, {key}, by_hand + 90 * kDay - Milliseconds(1)).kind, Kind::kNone);
  EXPECT_EQ(next(after, {key}, by_hand + 90 * kDay).kind, Kind::kMake);
}

TEST(RotationSchedule, a_key_that_is_seen_late_is_followed_no_later_for_that) {
  const auto step =
      next(due_at(kStart), {active_since("by-hand", kStart + kDay)}, kStart + 120 * kDay);
  EXPECT_EQ(step.before.due, kStart + 120 * kDay) << "at once, the next look";
  EXPECT_EQ(next(step.before, {active_since("by-hand", kStart + kDay)}, kStart + 120 * kDay).kind,
            Kind::kMake);
}

TEST(RotationSchedule, the_rules_own_keys_come_every_so_often_however_long_they_are_published) {
  const RotationMemory memory = due_at(kStart + 90 * kDay);
  const Instant made = kStart + 90 * kDay, signs = made + kDay;
  const auto make = next(memory, {active()}, made);
  RotationMemory after = after_step(rule(), make, made);
  const std::vector waiting{active(), prepared(make.alias.str().c_str(), made)};
  const auto activate = next(after, waiting, signs);
  ASSERT_EQ(activate.kind, Kind::kActivate);
  EXPECT_EQ(activate.kid, KeyId(make.alias.str()));
  const ScheduledKey key = active_since(make.alias.str().c_str(), signs);
  // The one who activated it wrote that down, or died before.
  for (RotationMemory then :
       {after_step(rule(), activate, signs), next(after, {key}, signs + Seconds(1)).before}) {
    EXPECT_FALSE(then.pending);
    EXPECT_EQ(then.due_after, KeyId(make.alias.str()));
    EXPECT_EQ(then.due, made + 90 * kDay);
    EXPECT_EQ(next(then, {key}, made + 90 * kDay - Milliseconds(1)).kind, Kind::kNone);
    EXPECT_EQ(next(then, {key}, made + 90 * kDay).kind, Kind::kMake);
  }
}

TEST(RotationSchedule, a_pending_key_that_went_leaves_the_due_time_as_it_was) {
  RotationMemory memory = due_at(kStart + 90 * kDay);
  memory.pending = Alias("new");
  const auto step = next(memory, {active()}, kStart + kDay);
  ASSERT_EQ(step.kind, Kind::kRemember);
  EXPECT_EQ(step.before.due, memory.due);
  EXPECT_EQ(next(step.before, {active()}, kStart + kDay).kind, Kind::kNone);
}

TEST(RotationSchedule, a_key_that_could_not_be_made_is_not_made_after_somebody_rotated) {
  RotationMemory memory = due_at(kStart + 90 * kDay);
  memory.making = Alias("web-2");
  const Instant by_hand = kStart + 92 * kDay;
  const ScheduledKey key = active_since("by-hand", by_hand);
  const auto step = next(memory, {key}, by_hand + kDay);
  EXPECT_EQ(step.kind, Kind::kRemember);
  EXPECT_FALSE(step.before.making);
  EXPECT_EQ(next(step.before, {key}, by_hand + kDay).before.due, by_hand + 90 * kDay);
  const auto published = next(memory, {key, prepared("web-2", kStart + 91 * kDay)}, by_hand);
  EXPECT_EQ(published.kind, Kind::kMake) << "one that is in the ring goes on";
  EXPECT_EQ(published.alias, Alias("web-2"));
}

TEST(RotationSchedule, a_memory_that_names_no_key_keeps_its_due_time_and_learns_the_key) {
  RotationMemory memory;
  memory.due = kStart + 30 * kDay;
  for (const auto& step : {next(memory, {active()}, kStart + kDay),
                           next_version_step(rule(), memory, {active()}, kStart + kDay)}) {
    EXPECT_EQ(step.kind, Kind::kRemember);
    EXPECT_EQ(step.before.due, kStart + 30 * kDay);
    EXPECT_EQ(step.before.due_after, KeyId("web"));
  }
  EXPECT_EQ(next(memory, {active()}, kStart + 30 * kDay).kind, Kind::kMake);
}

TEST(RotationSchedule, retires_what_is_safe_and_older_than_keep) {
  RotationMemory memory = due_at(kStart + 90 * kDay);
  const Instant off = kStart + kDay;
  const std::vector keys{active(), passive("old", off, off + Seconds(3600))};
  EXPECT_EQ(next(memory, keys, off + 7 * kDay - Milliseconds(1)).kind, Kind::kNone);
  const auto step = next(memory, keys, off + 7 * kDay);
  EXPECT_EQ(step.kind, Kind::kRetire);
  EXPECT_EQ(step.alias, Alias("old"));
  const std::vector living{active(), passive("old", off, off + 30 * kDay)};
  EXPECT_EQ(next(memory, living, off + 29 * kDay).kind, Kind::kNone);
}

TEST(RotationSchedule, rests_longer_after_each_failure_and_never_more_than_an_hour) {
  RotationMemory memory = due_at(kStart);
  const Error error{Code::kUnavailable, "store_timeout", "no answer"};
  Seconds last{0};
  for (int i = 0; i < 12; ++i) {
    memory = after_failure(memory, error, kStart);
    const auto rest = std::chrono::duration_cast<Seconds>(*memory.retry_at - kStart);
    EXPECT_GE(rest, last);
    EXPECT_LE(rest, Seconds(3600));
    last = rest;
    EXPECT_EQ(next(memory, {active()}, *memory.retry_at - Milliseconds(1)).kind, Kind::kNone);
    EXPECT_EQ(next(memory, {active()}, *memory.retry_at).kind, Kind::kMake);
  }
  EXPECT_EQ(memory.failures, 12);
  EXPECT_EQ(memory.last_error, "store_timeout: no answer");
  const auto step = next(memory, {active()}, kStart + kDay);
  EXPECT_EQ(after_step(rule(), step, kStart + kDay).failures, 0);
}

RotationStep next_version(const RotationMemory& memory, const std::vector<ScheduledKey>& keys,
                          Instant now) {
  return next_version_step(rule(), memory, keys, now);
}
ScheduledKey versioned(ScheduledKey key, const char* version) {
  key.version = version;
  return key;
}

TEST(RotationSchedule, asks_for_a_version_after_the_active_one_when_it_is_due) {
  const std::vector keys{versioned(active(), "7")};
  const auto first = next_version({}, keys, kStart + kDay);
  EXPECT_EQ(first.kind, Kind::kRemember);
  EXPECT_EQ(first.before.due, kStart + 90 * kDay);
  RotationMemory memory = first.before;
  EXPECT_EQ(next_version(memory, keys, *memory.due - Milliseconds(1)).kind, Kind::kNone);
  const auto step = next_version(memory, keys, *memory.due);
  EXPECT_EQ(step.kind, Kind::kMake);
  EXPECT_EQ(step.alias, Alias("web"));
  EXPECT_EQ(step.before.making, Alias("web"));
  EXPECT_EQ(step.before.after, "7");
  const std::vector other{versioned(active(), "8")};
  const auto again = next_version(step.before, other, *memory.due + kDay);
  EXPECT_EQ(again.kind, Kind::kMake) << "after a crash it is asked again, after the same version";
  EXPECT_EQ(again.before.after, "7");
  memory = after_step(rule(), again, *memory.due + kDay);
  EXPECT_FALSE(memory.making);
  EXPECT_EQ(memory.pending, Alias("web"));
  EXPECT_EQ(memory.after, "7");
}

TEST(RotationSchedule, waits_for_a_version_until_it_signs_and_makes_no_other_before) {
  RotationMemory memory;
  memory.pending = Alias("web");
  memory.after = "7";
  memory.due = kStart + 90 * kDay;
  const std::vector waiting{versioned(active(), "7"), versioned(prepared("web", kStart), "8")};
  EXPECT_EQ(next_version(memory, waiting, kStart + kDay).kind, Kind::kNone);
  EXPECT_EQ(next_version(memory, waiting, kStart + 91 * kDay).kind, Kind::kNone)
      << "an instance that is not ready holds it up";
  const std::vector unseen{versioned(active(), "7")};
  EXPECT_EQ(next_version(memory, unseen, kStart + kDay).kind, Kind::kNone);
  const std::vector signing{versioned(active(), "8"),
                            versioned(passive("web", kStart + kDay, kStart + kDay), "7")};
  for (const auto& [keys, at] :
       {std::pair(signing, kStart + 60 * kDay), std::pair(unseen, kStart + 90 * kDay)}) {
    const auto step = next_version(memory, keys, at);
    EXPECT_EQ(step.kind, Kind::kRemember);
    EXPECT_FALSE(step.before.pending);
    EXPECT_EQ(step.before.after, "");
  }
}

TEST(RotationSchedule, a_version_that_came_by_hand_signs_for_the_whole_time_too) {
  const RotationMemory memory = due_at(kStart + 90 * kDay, "v7");
  const Instant by_hand = kStart + 80 * kDay;
  ScheduledKey key = versioned(active_since("web", by_hand), "8");
  key.history.kid = KeyId("v8");
  const auto step = next_version(memory, {key}, by_hand + kDay);
  EXPECT_EQ(step.kind, Kind::kRemember);
  EXPECT_EQ(step.before.due, by_hand + 90 * kDay);

  // One that the rule asked for comes when it was to come.
  RotationMemory asked = memory;
  asked.pending = Alias("web");
  asked.after = "7";
  const auto signs = next_version(asked, {key}, by_hand + kDay);
  EXPECT_EQ(signs.kind, Kind::kRemember);
  EXPECT_EQ(signs.before.due, kStart + 90 * kDay);
  EXPECT_EQ(signs.before.due_after, KeyId("v8"));
  EXPECT_EQ(next_version(signs.before, {key}, by_hand + kDay).kind, Kind::kNone);
}

TEST(RotationSchedule, versions_that_sign_no_more_are_left_to_the_operator) {
  RotationMemory memory = due_at(kStart + 590 * kDay);
  const std::vector keys{versioned(active(), "8"),
                         versioned(passive("web", kStart + kDay, kStart + kDay), "7")};
  EXPECT_EQ(next_version(memory, keys, kStart + 500 * kDay).kind, Kind::kNone);
}

TEST(RotationSchedule, a_version_of_an_alias_that_is_mapped_no_more_is_not_asked_for_again) {
  RotationMemory memory = due_at(kStart + 90 * kDay, "new");
  memory.making = Alias("old");
  memory.after = "7";
  const std::vector keys{versioned(active("new"), "1")};
  const auto step = next_version(memory, keys, *memory.due);
  EXPECT_EQ(step.kind, Kind::kRemember);
  EXPECT_FALSE(step.before.making);
  EXPECT_EQ(step.before.after, "");
  EXPECT_EQ(next_version(step.before, keys, *memory.due).alias, Alias("new"));
}

TEST(RotationSchedule, an_interval_that_was_made_shorter_counts_from_now_on) {
  RotationMemory memory = due_at(kStart + 900 * kDay);
  for (const auto& step : {next(memory, {active()}, kStart + kDay),
                           next_version(memory, {versioned(active(), "7")}, kStart + kDay)}) {
    EXPECT_EQ(step.kind, Kind::kRemember);
    EXPECT_EQ(step.before.due, kStart + 90 * kDay);
  }
  EXPECT_EQ(next(memory, {active()}, kStart + 100 * kDay).before.due, kStart + 100 * kDay);
  memory.due = kStart + 90 * kDay + Seconds(60);
  EXPECT_EQ(next(memory, {active()}, kStart).kind, Kind::kNone) << "clocks may be a little apart";
}

TEST(RotationSchedule, a_rest_that_a_clock_ahead_wrote_does_not_last) {
  RotationMemory memory = due_at(kStart);
  memory.failures = 1;
  memory.retry_at = kStart + 365 * kDay;
  EXPECT_FALSE(is_resting(memory, kStart));
  EXPECT_EQ(next(memory, {active()}, kStart).kind, Kind::kMake);
  memory.retry_at = kStart + Seconds(3600);
  EXPECT_TRUE(is_resting(memory, kStart));
  EXPECT_FALSE(is_resting(memory, *memory.retry_at));
}

TEST(RotationSchedule, names_successors_without_growing) {
  EXPECT_EQ(next_alias(Alias("es256-main"), kStart), Alias("es256-main-20231114221320"));
  EXPECT_EQ(next_alias(Alias("es256-main-20231114221320"), kStart + kDay),
            Alias("es256-main-20231115221320"));
}

}  // namespace
}  // namespace signet::secrets
