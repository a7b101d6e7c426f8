// For how long copies of the JWKS of each instance may be kept, and what that means for the others.

#include "secrets/keeper/keeper.h"
#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const PreparedKey kNext{kGlobal, kEs256, KeyId("next")};
constexpr Seconds kBeat{10};
constexpr Seconds kLong{600}, kShort{5};

/// Instances whose JWKS may be kept for different times, each with its own way to the storage.
struct Publishers {
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<storage::Storage> shared = storage::memory::open(*clock);

  struct Publisher {
    std::shared_ptr<FaultyStorage> storage;
    std::unique_ptr<Instances> instances;
    Instances* operator->() const { return instances.get(); }
    void cut_off(bool is_cut = true) {
      storage->fault.reset();
      if (is_cut) storage->fault = Error{Code::kUnavailable, "storage_unavailable", "cut"};
      storage->read_fault = storage->fault;
    }
    Status beat() { return async::run_now(instances->beat()); }
    Status observe() { return async::run_now(instances->observe()); }
    Status report(std::set<PreparedKey> keys) {
      return async::run_now(instances->report(std::move(keys)));
    }
    /// As a refresh does it.
    void line_up() { instances->lined_up(instances->term()); }
    std::vector<std::string> missing() {
      EXPECT_THAT(observe(), is_ok());
      return instances->missing(kNext);
    }
  };

  Publisher make(const char* id, Seconds cache_life, std::shared_ptr<Clock> its = nullptr) {
    InstanceInfo self;
    self.id = id;
    Publisher made;
    made.storage = std::make_shared<FaultyStorage>(shared);
    made.instances = std::make_unique<Instances>(made.storage, its ? its : clock, std::move(self),
                                                 kBeat, cache_life);
    return made;
  }
  Publisher join(const char* id, Seconds cache_life, std::shared_ptr<Clock> its = nullptr) {
    Publisher made = make(id, cache_life, std::move(its));
    EXPECT_THAT(made.report({}), is_ok());
    made.line_up();
    return made;
  }
  void pass(Seconds time, const std::vector<Publisher*>& living) {
    for (Seconds done{0}; done < time; done += kBeat) {
      clock->advance(kBeat);
      for (Publisher* one : living)
        EXPECT_THAT(one->beat(), is_ok());
      for (Publisher* one : living)
        EXPECT_THAT(one->observe(), is_ok());
    }
  }
  std::string document(const char* id) {
    const auto found = async::run_now(shared->document(kInstanceKind, kGlobal, id));
    return found.ok() && *found ? (*found)->text : std::string();
  }
};

TEST(InstanceCopies, one_that_left_is_waited_for_as_long_as_it_let_its_jwks_be_kept) {
  Publishers cluster;
  auto old = cluster.join("old", kLong);
  ASSERT_THAT(async::run_now(old->leave()), is_ok());
  auto next = cluster.join("new", kShort);
  ASSERT_THAT(next.report({kNext}), is_ok());
  EXPECT_THAT(next.missing(), ElementsAre(AllOf(HasSubstr("old"), HasSubstr("600 more seconds"))));
  cluster.pass(kLong - kBeat, {&next});
  EXPECT_THAT(next.missing(), ElementsAre(HasSubstr("is gone")));
  cluster.pass(kBeat, {&next});
  EXPECT_THAT(next.missing(), IsEmpty());
}

TEST(InstanceCopies, one_that_was_killed_is_waited_for_as_long_from_when_it_is_held_for_dead) {
  Publishers cluster;
  auto old = cluster.join("old", kLong);
  auto next = cluster.join("new", kShort);
  ASSERT_THAT(next.observe(), is_ok());
  cluster.pass(kLong + 2 * kBeat, {&next});
  EXPECT_THAT(next.missing(), ElementsAre(HasSubstr("is gone")));
  cluster.pass(kBeat, {&next});
  EXPECT_THAT(next.missing(), IsEmpty());
}

TEST(InstanceCopies, what_one_that_is_gone_said_is_not_buried_before_its_copies_are_dead) {
  Publishers cluster;
  constexpr Seconds kLife{3000};
  auto old = cluster.join("old", kLife);
  auto next = cluster.join("new", kShort);
  ASSERT_THAT(next.observe(), is_ok());
  cluster.pass(kLife, {&next});
  EXPECT_NE(cluster.document("old"), "");
  EXPECT_THAT(next.missing(), ElementsAre(HasSubstr("is gone")));
  cluster.pass(kLife, {&next});
  EXPECT_EQ(cluster.document("old"), "");
}

TEST(InstanceCopies, live_ones_wait_for_the_longest_time_that_any_of_them_lets_copies_be_kept) {
  Publishers cluster;
  auto slow = cluster.join("slow", kLong);
  auto fast = cluster.join("fast", kShort);
  ASSERT_THAT(slow.report({kNext}), is_ok());
  ASSERT_THAT(fast.report({kNext}), is_ok());
  cluster.pass(kLong - kBeat, {&slow, &fast});
  EXPECT_THAT(fast.missing(), testing::Not(IsEmpty()));
  EXPECT_THAT(fast.missing(), Each(HasSubstr("10 more seconds")));
  EXPECT_THAT(slow.missing(), Each(HasSubstr("10 more seconds"))) << "both judge alike";
  cluster.pass(kBeat, {&slow, &fast});
  EXPECT_THAT(fast.missing(), IsEmpty());
  EXPECT_THAT(slow.missing(), IsEmpty());
}

TEST(InstanceCopies, one_of_an_older_version_is_judged_by_our_own_time) {
  Publishers cluster;
  auto one = cluster.join("one", kLong);
  storage::PutDocument put;
  put.document.kind = kInstanceKind;
  put.document.id = "older";
  put.document.text = R"({"interval":10,"prepared":[]})";
  storage::Transaction transaction;
  transaction.emplace_back(std::move(put));
  ASSERT_THAT(async::run_now(cluster.shared->commit(std::move(transaction))), is_ok());
  ASSERT_THAT(one.observe(), is_ok());
  cluster.pass(kLong + 2 * kBeat, {&one});
  EXPECT_THAT(one.missing(), ElementsAre(HasSubstr("older is gone")));
  cluster.pass(kBeat, {&one});
  EXPECT_THAT(one.missing(), IsEmpty());
}

TEST(InstanceCopies, a_shorter_time_does_not_shorten_what_the_same_instance_said_before) {
  Publishers cluster;
  auto other = cluster.join("other", kShort);
  static_cast<void>(cluster.join("one", kLong));
  auto one = cluster.join("one", kShort);
  ASSERT_THAT(one.report({kNext}), is_ok());
  ASSERT_THAT(other.report({kNext}), is_ok());
  cluster.pass(kLong - kBeat, {&one, &other});
  EXPECT_THAT(cluster.document("one"), HasSubstr(R"("cache_life":600)")) << "at each beat";
  EXPECT_THAT(one.missing(), testing::Contains(HasSubstr("before its start")));
  EXPECT_THAT(other.missing(), testing::Contains(HasSubstr("one publishes it since 590 seconds")));
  cluster.pass(2 * kBeat, {&one, &other});
  EXPECT_THAT(one.missing(), IsEmpty());
  EXPECT_THAT(other.missing(), IsEmpty());
  EXPECT_THAT(cluster.document("one"), HasSubstr(R"("cache_life":5)"));
}

TEST(InstanceCopies, nothing_is_said_before_it_is_known_what_was_said_under_the_same_name) {
  Publishers cluster;
  static_cast<void>(cluster.join("one", kLong));
  auto one = cluster.make("one", kShort);
  one.storage->read_fault = Error{Code::kUnavailable, "storage_unavailable", "cut"};
  EXPECT_THAT(one.report({}), fails("storage_unavailable"));
  EXPECT_THAT(cluster.document("one"), HasSubstr(R"("cache_life":600)"));
  one.storage->read_fault.reset();
  ASSERT_THAT(one.beat(), is_ok());
  EXPECT_THAT(cluster.document("one"), HasSubstr(R"("cache_life":600)"));
}

TEST(InstanceCopies, of_one_that_is_cut_off_are_dead_an_interval_before_others_go_on_without_it) {
  Publishers cluster;
  auto cut = cluster.join("cut", kLong);
  auto other = cluster.join("other", kShort);
  cluster.pass(Seconds(100), {&cut, &other});
  EXPECT_TRUE(cut->copies_may_be_kept());
  ASSERT_THAT(other.report({kNext}), is_ok());
  cut.cut_off();
  Milliseconds last_copy{};
  std::optional<Milliseconds> gone_on;
  for (int i = 0; i < 1000 && !gone_on; ++i) {
    cluster.clock->advance(Seconds(1));
    EXPECT_FALSE(i % 10 == 9 && cut.beat().ok());
    if (cut->copies_may_be_kept()) last_copy = cluster.clock->monotone();
    ASSERT_THAT(other.beat(), is_ok());
    if (other.missing().empty()) gone_on = cluster.clock->monotone();
  }
  ASSERT_TRUE(gone_on);
  EXPECT_LE(last_copy + kLong + kBeat, *gone_on);
  EXPECT_GT(last_copy, Milliseconds(Seconds(100))) << "one beat that fails changes nothing";
}

TEST(InstanceCopies, of_one_that_is_heard_again_may_be_kept_when_it_has_read_what_it_missed) {
  Publishers cluster;
  auto one = cluster.join("one", kLong);
  cluster.clock->advance(2 * kBeat - Milliseconds(1));
  EXPECT_TRUE(one->copies_may_be_kept());
  EXPECT_EQ(one->why_no_copies(), "");
  cluster.clock->advance(Milliseconds(1));
  EXPECT_FALSE(one->copies_may_be_kept());
  EXPECT_THAT(one->why_no_copies(), HasSubstr("for 20 seconds"));
  const std::uint64_t before = one->term();
  ASSERT_THAT(one.beat(), is_ok());
  EXPECT_FALSE(one->copies_may_be_kept());
  one->lined_up(before);
  EXPECT_FALSE(one->copies_may_be_kept()) << "that reading began before the others heard of it";
  EXPECT_THAT(one->why_no_copies(), HasSubstr("did not read yet"));
  one.line_up();
  EXPECT_TRUE(one->copies_may_be_kept());
}

TEST(InstanceCopies, of_one_whose_sign_of_life_was_long_on_its_way_are_looked_at_as_after_a_cut) {
  Publishers cluster;
  auto one = cluster.join("one", kLong);
  cluster.clock->advance(kBeat);
  one.storage->before_commit = [&] { cluster.clock->advance(kBeat); };
  ASSERT_THAT(one.beat(), is_ok());
  EXPECT_FALSE(one->copies_may_be_kept()) << "nobody heard of it for two intervals";
  one.line_up();
  EXPECT_TRUE(one->copies_may_be_kept());
}

TEST(InstanceCopies,
     of_a_machine_that_slept_may_not_be_kept_though_its_monotone_clock_stood_still) {
  Publishers cluster;
  const auto its = std::make_shared<ManualClock>(cluster.clock->now());
  auto one = cluster.join("one", kLong, its);
  its->set(its->now() + std::chrono::hours(1));
  EXPECT_FALSE(one->copies_may_be_kept());
  its->advance(kBeat);
  ASSERT_THAT(one.beat(), is_ok());
  EXPECT_FALSE(one->copies_may_be_kept());
  one.line_up();
  EXPECT_TRUE(one->copies_may_be_kept());
  its->set(its->now() - std::chrono::hours(2));
  EXPECT_TRUE(one->copies_may_be_kept()) << "no time passed by any clock";
}

TEST(InstanceCopies, of_one_that_never_told_of_itself_may_not_be_kept) {
  Publishers cluster;
  auto one = cluster.make("one", kLong);
  one.cut_off();
  EXPECT_THAT(one.report({}), fails("storage_unavailable"));
  one.line_up();
  EXPECT_FALSE(one->copies_may_be_kept());
  EXPECT_THAT(one->why_no_copies(), HasSubstr("yet"));
  one.cut_off(false);
  ASSERT_THAT(one.beat(), is_ok());
  one.line_up();
  EXPECT_TRUE(one->copies_may_be_kept());
  ASSERT_THAT(async::run_now(one->leave()), is_ok());
  EXPECT_FALSE(one->copies_may_be_kept());
  auto alone = cluster.make("", kLong);
  EXPECT_TRUE(alone->copies_may_be_kept()) << "there is nobody who could go on without it";
  EXPECT_EQ(alone->why_no_copies(), "");
}

/// Keepers over one storage and one store, configured differently.
struct Differing {
  World world;
  std::unique_ptr<Keeper> start(const char* id, Seconds publish_ahead,
                                std::initializer_list<const char*> aliases) {
    KeeperOptions options = world.options;
    options.instance.id = id;
    options.policy.publish_ahead = publish_ahead;
    auto made = std::make_unique<Keeper>(world.storage, world.clock, options);
    EXPECT_THAT(World::configure(*made, {{world.store, kGlobal, {mapped(kEs256, aliases)}}}),
                is_ok());
    return made;
  }
  void pass(Seconds time, const std::vector<Keeper*>& living) {
    for (Seconds done{0}; done < time; done += kBeat) {
      world.clock->advance(kBeat);
      for (Keeper* one : living)
        EXPECT_THAT(World::refresh(*one), is_ok());
    }
  }
};

TEST(CacheLives, sec_104_a_key_waits_for_the_copies_from_before_publish_ahead_was_shortened) {
  Differing cluster;
  auto before = cluster.start("before", Seconds(1200), {"a"});
  cluster.pass(Seconds(60), {before.get()});
  ASSERT_THAT(async::run_now(before->leave()), is_ok());
  before.reset();
  auto after = cluster.start("after", Seconds(10), {"b", "a"});
  cluster.pass(Seconds(590), {after.get()});
  EXPECT_EQ(World::active(*after), kid(1)) << "a verifier may hold a JWKS from before";
  EXPECT_THAT(after->missing(kGlobal, kEs256, kid(2)), ElementsAre(HasSubstr("before is gone")));
  cluster.pass(Seconds(20), {after.get()});
  EXPECT_EQ(World::active(*after), kid(2));
}

TEST(CacheLives, sec_104_a_key_waits_for_the_copies_of_an_instance_that_is_configured_otherwise) {
  Differing cluster;
  auto slow = cluster.start("slow", Seconds(1200), {"a"});
  auto fast = cluster.start("fast", Seconds(10), {"a"});
  cluster.pass(Seconds(20), {slow.get(), fast.get()});
  ASSERT_THAT(async::run_now(fast->publish(cluster.world.step("b"))), is_ok());
  cluster.pass(Seconds(590), {slow.get(), fast.get()});
  const Status refused = async::run_now(fast->activate(cluster.world.step("b")));
  ASSERT_THAT(refused, fails("activation_unready"));
  EXPECT_THAT(refused.error().detail, HasSubstr("instance slow publishes it since"));
  cluster.pass(Seconds(30), {slow.get(), fast.get()});
  EXPECT_THAT(async::run_now(fast->activate(cluster.world.step("b"))), is_ok());
  EXPECT_EQ(World::active(*fast), kid(2));
}

TEST(CacheLives, a_keeper_that_reads_what_it_missed_lets_copies_be_kept_again) {
  Differing cluster;
  auto one = cluster.start("one", Seconds(600), {"a"});
  EXPECT_TRUE(one->copies_may_be_kept());
  cluster.world.clock->advance(Seconds(60));
  ASSERT_THAT(async::run_now(one->beat()), is_ok());
  EXPECT_FALSE(one->copies_may_be_kept());
  cluster.world.storage->read_fault = Error{Code::kUnavailable, "storage_unavailable", "cut"};
  EXPECT_FALSE(World::refresh(*one).ok());
  EXPECT_FALSE(one->copies_may_be_kept());
  cluster.world.storage->read_fault.reset();
  ASSERT_THAT(World::refresh(*one), is_ok());
  EXPECT_TRUE(one->copies_may_be_kept());
}

}  // namespace
}  // namespace signet::secrets
