#include "secrets/keeper/instances.h"

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const PreparedKey kKey{kGlobal, kEs256, KeyId("k")};
constexpr Seconds kCacheLife{300};
constexpr Seconds kHeartbeat{10};

/// Its wall clock may be wrong; its monotone one runs like everybody's.
class CrookedClock : public Clock {
 public:
  CrookedClock(const Clock& true_clock, Milliseconds off) : true_(true_clock), off_(off) {}
  Instant now() const override { return true_.now() + off_; }
  Milliseconds monotone() const override { return true_.monotone() + Seconds(5000); }

 private:
  const Clock& true_;
  const Milliseconds off_;
};

struct Cluster {
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<FaultyStorage> storage =
      std::make_shared<FaultyStorage>(storage::memory::open(*clock));

  std::unique_ptr<Instances> join(const char* id, std::shared_ptr<Clock> its = nullptr) {
    InstanceInfo self;
    self.id = id;
    self.address = std::string(id) + ":8080";
    auto made = std::make_unique<Instances>(storage, its ? its : clock, std::move(self), kHeartbeat,
                                            kCacheLife);
    EXPECT_THAT(report(*made, {}), is_ok());
    return made;
  }
  static Status report(Instances& instance, std::set<PreparedKey> prepared) {
    return async::run_now(instance.report(std::move(prepared)));
  }
  static Status observe(Instances& instance) { return async::run_now(instance.observe()); }
  static Status beat(Instances& instance) { return async::run_now(instance.beat()); }
  std::vector<std::string> missing(Instances& instance) {
    EXPECT_THAT(observe(instance), is_ok());
    return instance.missing(kKey);
  }
  void pass(Seconds time, const std::vector<Instances*>& living) {
    for (Seconds done{0}; done < time; done += kHeartbeat) {
      clock->advance(kHeartbeat);
      for (Instances* one : living)
        EXPECT_THAT(beat(*one), is_ok());
      for (Instances* one : living)
        EXPECT_THAT(observe(*one), is_ok());
    }
  }
  std::size_t documents() {
    return async::run_now(storage->documents(kInstanceKind, kGlobal, "", 100))->size();
  }
};

TEST(Instances, one_alone_has_nobody_to_wait_for) {
  Cluster cluster;
  auto one = cluster.join("one");
  EXPECT_THAT(cluster.missing(*one), IsEmpty());
  EXPECT_EQ(one->all().size(), 1u);
}

TEST(Instances, f15_a_clock_that_was_set_is_noticed_also_by_one_that_is_alone) {
  Cluster cluster;
  auto alone = cluster.join("");
  ASSERT_THAT(Cluster::observe(*alone), is_ok());
  EXPECT_FALSE(alone->clock_step());
  cluster.clock->set(cluster.clock->now() + Seconds(600));
  ASSERT_THAT(Cluster::observe(*alone), is_ok());
  ASSERT_TRUE(alone->clock_step());
  EXPECT_EQ(alone->clock_step()->by, Seconds(600));
}

TEST(Instances, a_key_is_missing_until_every_live_one_published_it_for_a_cache_life) {
  Cluster cluster;
  auto one = cluster.join("one");
  auto two = cluster.join("two");
  ASSERT_THAT(Cluster::report(*one, {kKey}), is_ok());
  auto missing = cluster.missing(*one);
  ASSERT_EQ(missing.size(), 2u);
  EXPECT_THAT(missing[0], HasSubstr("two ('two:8080') does not have it"));
  EXPECT_THAT(missing[1], HasSubstr("300 more"));
  cluster.pass(Seconds(300), {one.get(), two.get()});
  EXPECT_THAT(cluster.missing(*one), ElementsAre(HasSubstr("two")));
  ASSERT_THAT(Cluster::report(*two, {kKey}), is_ok());
  cluster.pass(Seconds(290), {one.get(), two.get()});
  EXPECT_THAT(cluster.missing(*one), ElementsAre(HasSubstr("10 more")));
  cluster.pass(Seconds(10), {one.get(), two.get()});
  EXPECT_THAT(cluster.missing(*one), IsEmpty());
  EXPECT_THAT(cluster.missing(*two), IsEmpty());
}

TEST(Instances, a_dead_one_is_waited_for_while_its_jwks_may_be_cached_and_buried_later) {
  Cluster cluster;
  auto one = cluster.join("one");
  auto two = cluster.join("two");
  ASSERT_THAT(Cluster::report(*one, {kKey}), is_ok());
  ASSERT_THAT(Cluster::observe(*one), is_ok());
  cluster.pass(Seconds(20), {one.get()});
  EXPECT_FALSE(cluster.missing(*one).empty());
  cluster.pass(Seconds(10), {one.get()});
  EXPECT_FALSE(one->all().at(1).is_live);
  EXPECT_THAT(cluster.missing(*one), ElementsAre(HasSubstr("is gone")));
  cluster.pass(Seconds(290), {one.get()});
  EXPECT_FALSE(cluster.missing(*one).empty()) << "it may have served until it was held for dead";
  cluster.pass(Seconds(10), {one.get()});
  EXPECT_THAT(cluster.missing(*one), IsEmpty());
  EXPECT_EQ(cluster.documents(), 2u);
  cluster.pass(Seconds(310), {one.get()});
  EXPECT_EQ(cluster.documents(), 1u);
  // It was only asleep: it is there again.
  ASSERT_THAT(Cluster::beat(*two), is_ok());
  EXPECT_THAT(cluster.missing(*one).at(0), HasSubstr("two"));
}

TEST(Instances, time_in_which_nobody_looked_makes_nobody_silent) {
  Cluster cluster;
  auto one = cluster.join("one");
  auto two = cluster.join("two");
  ASSERT_THAT(Cluster::observe(*one), is_ok());
  cluster.storage->read_fault = Error{Code::kUnavailable, "storage_unavailable", "cut"};
  cluster.clock->advance(Seconds(1000));
  EXPECT_THAT(Cluster::observe(*one), fails("storage_unavailable"));
  cluster.storage->read_fault.reset();
  ASSERT_THAT(Cluster::observe(*one), is_ok());
  cluster.clock->advance(Seconds(15));
  EXPECT_TRUE(one->all().at(1).is_live) << "it had no more than an interval and a half";
  cluster.pass(Seconds(30), {one.get()});
  EXPECT_FALSE(one->all().at(1).is_live);
}

TEST(Instances, sec_133_wrong_clocks_neither_kill_nor_revive) {
  Cluster cluster;
  auto ahead =
      cluster.join("ahead", std::make_shared<CrookedClock>(*cluster.clock, std::chrono::hours(24)));
  auto behind = cluster.join(
      "behind", std::make_shared<CrookedClock>(*cluster.clock, -std::chrono::hours(24)));
  for (Instances* one : {ahead.get(), behind.get()}) {
    ASSERT_THAT(Cluster::observe(*one), is_ok());
    EXPECT_TRUE(one->all().at(1).is_live);
  }
  cluster.pass(Seconds(100), {ahead.get(), behind.get()});
  for (Instances* one : {ahead.get(), behind.get()}) {
    ASSERT_THAT(Cluster::observe(*one), is_ok());
    EXPECT_TRUE(one->all().at(1).is_live);
  }
  cluster.pass(Seconds(30), {ahead.get()});
  EXPECT_FALSE(ahead->all().at(1).is_live);
}

TEST(Instances, sec_133_clocks_that_are_apart_are_told_by_how_much_at_least) {
  for (const Seconds off : {Seconds(-600), Seconds(-45), Seconds(45), Seconds(600)}) {
    Cluster cluster;
    auto one = cluster.join("one");
    auto other = cluster.join("other", std::make_shared<CrookedClock>(*cluster.clock, off));
    cluster.pass(Seconds(20), {one.get(), other.get()});
    const Milliseconds ahead = one->all().at(1).clock_ahead, ours = other->all().at(1).clock_ahead;
    EXPECT_GE(std::chrono::abs(ahead), kClocksApart) << off.count();
    EXPECT_LE(std::chrono::abs(ahead), std::chrono::abs(off)) << off.count();
    EXPECT_EQ(ahead > Seconds(0), off > Seconds(0));
    EXPECT_EQ(ours > Seconds(0), off < Seconds(0));
    EXPECT_GE(std::chrono::abs(ours), kClocksApart) << "neither knows whose clock is wrong";
    EXPECT_EQ(one->all().at(0).clock_ahead, Milliseconds(0));
  }
}

TEST(Instances, sec_133_clocks_that_agree_are_not_called_apart_however_late_one_looks) {
  Cluster cluster;
  auto one = cluster.join("one");
  cluster.clock->advance(Seconds(200));
  auto late = cluster.join("late");
  ASSERT_THAT(Cluster::observe(*late), is_ok());
  EXPECT_EQ(late->all().at(1).clock_ahead, Milliseconds(0)) << "it may have written long ago";
  ASSERT_THAT(Cluster::beat(*one), is_ok());
  cluster.clock->advance(Seconds(100));
  ASSERT_THAT(Cluster::observe(*late), is_ok());
  EXPECT_EQ(late->all().at(1).clock_ahead, Milliseconds(0));
  cluster.pass(Seconds(60), {one.get(), late.get()});
  EXPECT_EQ(late->all().at(1).clock_ahead, Milliseconds(0));
}

TEST(Instances, sec_133_a_clock_that_is_put_right_is_no_longer_told) {
  Cluster cluster;
  auto one = cluster.join("one");
  const auto its = std::make_shared<ManualClock>(cluster.clock->now() - std::chrono::minutes(10));
  auto other = cluster.join("other", its);
  const auto pass = [&] {
    its->advance(kHeartbeat);
    cluster.pass(kHeartbeat, {one.get(), other.get()});
  };
  for (int i = 0; i < 3; ++i)
    pass();
  EXPECT_LE(one->all().at(1).clock_ahead, -Seconds(590));
  its->set(cluster.clock->now());
  for (int i = 0; i < 2; ++i)
    pass();
  EXPECT_EQ(one->all().at(1).clock_ahead, Milliseconds(0));
}

TEST(ClockDifference, is_known_between_two_moments_and_better_with_each_look) {
  const Instant now = from_unix_seconds(1'700'000'000);
  const ClockDifference first(now - Seconds(50), now, std::nullopt);
  EXPECT_EQ(first.certain(), Milliseconds(0)) << "it may have been there for long";
  const ClockDifference wide = first.then({now - Seconds(50), now, Seconds(40)});
  EXPECT_EQ(wide.certain(), -Milliseconds(Seconds(10)));
  EXPECT_FALSE(wide.is_apart());
  const ClockDifference narrow = wide.then({now - Seconds(45), now, Seconds(10)});
  EXPECT_EQ(narrow.certain(), -Milliseconds(Seconds(35)));
  EXPECT_TRUE(narrow.is_apart());
  EXPECT_EQ(narrow.then({now - Seconds(55), now, Seconds(30)}).certain(), narrow.certain());
  EXPECT_EQ(narrow.then({now, now, Seconds(10)}).certain(), Milliseconds(0)) << "it was set";
  EXPECT_EQ(ClockDifference(now + Seconds(31), now, std::nullopt).certain(),
            Milliseconds(Seconds(31)));
}

TEST(Instances, one_that_leaves_is_gone_at_once_and_stays_gone) {
  Cluster cluster;
  auto one = cluster.join("one");
  auto two = cluster.join("two");
  EXPECT_FALSE(cluster.missing(*one).empty());
  ASSERT_THAT(async::run_now(two->leave()), is_ok());
  EXPECT_THAT(cluster.missing(*one), ElementsAre(HasSubstr("is gone")));
  EXPECT_EQ(one->all().size(), 1u);
  cluster.clock->advance(kHeartbeat);
  ASSERT_THAT(Cluster::beat(*two), is_ok());
  cluster.pass(kCacheLife - kHeartbeat, {one.get()});
  EXPECT_THAT(cluster.missing(*one), IsEmpty());
  EXPECT_EQ(one->all().size(), 1u);
}

TEST(Instances, one_that_published_the_key_before_it_died_holds_nobody_up) {
  Cluster cluster;
  auto one = cluster.join("one");
  auto two = cluster.join("two");
  ASSERT_THAT(Cluster::report(*one, {kKey}), is_ok());
  ASSERT_THAT(Cluster::report(*two, {kKey}), is_ok());
  cluster.pass(kCacheLife, {one.get(), two.get()});
  two.reset();
  cluster.pass(Seconds(40), {one.get()});
  EXPECT_FALSE(one->all().at(1).is_live);
  EXPECT_THAT(cluster.missing(*one), IsEmpty());
}

TEST(Instances, sec_123_tell_each_other_which_sealing_keys_they_have) {
  Cluster cluster;
  auto one = cluster.join("one");
  InstanceInfo with_keys;
  with_keys.id = "two";
  with_keys.sealing_keys = {"00ff", "11ee"};
  Instances two(cluster.storage, cluster.clock, with_keys, kHeartbeat, kCacheLife);
  ASSERT_THAT(Cluster::report(two, {}), is_ok());
  ASSERT_THAT(Cluster::observe(*one), is_ok());
  ASSERT_EQ(one->all().size(), 2u);
  EXPECT_THAT(one->all().at(1).info.sealing_keys, ElementsAre("00ff", "11ee"));
  ASSERT_THAT(Cluster::observe(two), is_ok());
  EXPECT_THAT(two.all().at(1).info.sealing_keys, IsEmpty()) << "it told nothing";
}

TEST(Instances, write_only_when_the_list_changed_or_an_interval_is_over) {
  Cluster cluster;
  auto one = cluster.join("one");
  const int before = cluster.storage->commits;
  ASSERT_THAT(Cluster::report(*one, {}), is_ok());
  ASSERT_THAT(Cluster::beat(*one), is_ok());
  EXPECT_EQ(cluster.storage->commits, before);
  ASSERT_THAT(Cluster::report(*one, {kKey}), is_ok());
  EXPECT_EQ(cluster.storage->commits, before + 1);
  cluster.clock->advance(kHeartbeat);
  ASSERT_THAT(Cluster::beat(*one), is_ok());
  EXPECT_EQ(cluster.storage->commits, before + 2);
}

TEST(Instances, a_list_that_could_not_be_written_is_written_with_the_next_beat) {
  Cluster cluster;
  auto one = cluster.join("one");
  auto two = cluster.join("two");
  cluster.storage->fault = Error{Code::kUnavailable, "storage_full", ""};
  EXPECT_THAT(Cluster::report(*one, {kKey}), fails("storage_full"));
  cluster.storage->fault.reset();
  ASSERT_THAT(Cluster::beat(*one), is_ok());
  ASSERT_THAT(Cluster::observe(*two), is_ok());
  EXPECT_EQ(two->all().at(1).prepared.count(kKey), 1u);
}

TEST(Instances, nobody_is_taken_for_ready_while_the_others_cannot_be_read) {
  Cluster cluster;
  auto one = cluster.join("one");
  cluster.storage->read_fault = Error{Code::kUnavailable, "storage_unavailable", "cut"};
  EXPECT_THAT(Cluster::observe(*one), fails("storage_unavailable"));
  EXPECT_THAT(one->missing(kKey), ElementsAre(HasSubstr("could not be read")));
}

}  // namespace
}  // namespace signet::secrets
