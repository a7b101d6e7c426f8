// Several keepers over one storage: no key signs before every live instance publishes it.

#include "secrets/keeper/compromised.h"
#include "secrets/keeper/kinds.h"
#include "secrets/keeper/rotation_runner.h"
#include "secrets/keeper/test_support.h"
#include "secrets/keeper/usage_ledger.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

/// Two instances, each with its own view of the store.
struct TwoInstances {
  World world;
  std::shared_ptr<FakeStore> other = std::make_shared<FakeStore>("ks", Ordering::kByMapping);
  std::unique_ptr<Keeper> one, two;

  TwoInstances() {
    other->put("a", ec(1));
    one = make("one");
    two = make("two");
    start(*one, world.store);
    start(*two, other);
  }
  std::unique_ptr<Keeper> make(const char* id) {
    KeeperOptions options = world.options;
    options.instance.id = id;
    return std::make_unique<Keeper>(world.storage, world.clock, options);
  }
  static void start(Keeper& keeper, std::shared_ptr<FakeStore> store) {
    EXPECT_THAT(World::configure(keeper, {{store, kGlobal, {mapped(kEs256, {"a"})}}}), is_ok());
  }
  /// Time passes with a refresh each interval, as in a server.
  void pass(Seconds time) {
    for (Seconds done{0}; done < time; done += world.options.refresh_every) {
      world.clock->advance(world.options.refresh_every);
      EXPECT_THAT(World::refresh(*one), is_ok());
      if (two) {
        EXPECT_THAT(World::refresh(*two), is_ok());
      }
    }
  }
  Status publish() { return async::run_now(one->publish(world.step("b"))); }
  Status activate(bool force = false) {
    return async::run_now(one->activate(world.step("b", force)));
  }
};

TEST(Readiness, sec_104_a_key_that_one_instance_misses_is_not_activated_and_the_instance_named) {
  TwoInstances cluster;
  ASSERT_THAT(cluster.publish(), is_ok());
  cluster.pass(Seconds(1000));
  const Status refused = cluster.activate();
  EXPECT_THAT(refused, fails("activation_unready"));
  EXPECT_THAT(refused.error().detail, HasSubstr("instance two does not have it"));

  cluster.other->put("b", ec(2));
  cluster.pass(Seconds(300));
  EXPECT_THAT(cluster.activate(), fails("activation_unready")) << "its caches may be older";
  cluster.pass(Seconds(20));
  ASSERT_THAT(cluster.activate(), is_ok());
  cluster.pass(Seconds(10));
  EXPECT_EQ(World::active(*cluster.one), kid(2));
  EXPECT_EQ(World::active(*cluster.two), kid(2));
}

TEST(Readiness, force_activates_all_the_same_and_is_audited) {
  TwoInstances cluster;
  ASSERT_THAT(cluster.publish(), is_ok());
  cluster.pass(Seconds(1000));
  ASSERT_THAT(cluster.activate(true), is_ok());
  const auto audit = cluster.world.audit();
  bool is_found = false;
  for (const auto& event : audit)
    is_found |=
        event.event == "key.activated" && event.detail.find("\"forced\":true") != event.detail.npos;
  EXPECT_TRUE(is_found);
}

TEST(Readiness, sec_104_a_changed_order_waits_for_every_live_instance) {
  TwoInstances cluster;
  ASSERT_THAT(World::configure(*cluster.one,
                               {{cluster.world.store, kGlobal, {mapped(kEs256, {"b", "a"})}}}),
              is_ok());
  cluster.pass(Seconds(2000));
  EXPECT_EQ(World::active(*cluster.one), kid(1));
  EXPECT_EQ(World::ring(*cluster.one)->waiting, kid(2));
  EXPECT_THAT(cluster.one->missing(kGlobal, kEs256, kid(2)), ElementsAre(HasSubstr("two")));
  cluster.two.reset();  // killed: what it served last may be cached for as long as it said
  cluster.pass(Seconds(300));
  EXPECT_EQ(World::active(*cluster.one), kid(1));
  EXPECT_THAT(cluster.one->missing(kGlobal, kEs256, kid(2)),
              ElementsAre(HasSubstr("instance two is gone")));
  cluster.pass(Seconds(40));
  EXPECT_EQ(World::active(*cluster.one), kid(2));
}

TEST(Readiness, an_instance_that_left_is_waited_for_while_its_jwks_may_be_cached) {
  TwoInstances cluster;
  ASSERT_THAT(cluster.publish(), is_ok());
  cluster.pass(Seconds(600));
  EXPECT_THAT(cluster.activate(), fails("activation_unready"));
  ASSERT_THAT(async::run_now(cluster.two->leave()), is_ok());
  cluster.two.reset();
  cluster.pass(Seconds(290));
  EXPECT_THAT(cluster.activate(), fails("activation_unready"));
  cluster.pass(Seconds(20));
  ASSERT_THAT(cluster.activate(), is_ok());
}

TEST(Readiness, an_outage_of_storage_makes_nobody_seem_dead) {
  TwoInstances cluster;
  ASSERT_THAT(cluster.publish(), is_ok());
  cluster.pass(Seconds(590));
  cluster.world.storage->fault = cluster.world.storage->read_fault =
      Error{Code::kUnavailable, "storage_unavailable", "away"};
  for (int i = 0; i < 100; ++i) {
    cluster.world.clock->advance(Seconds(10));
    static_cast<void>(World::refresh(*cluster.one));
  }
  cluster.world.storage->fault.reset();
  cluster.world.storage->read_fault.reset();
  // Instance two, which does not have the key, has not had the time to say anything.
  ASSERT_THAT(World::refresh(*cluster.one), is_ok());
  EXPECT_THAT(cluster.activate(), fails("activation_unready"));
}

TEST(Readiness, an_activation_in_the_middle_of_a_refresh_elsewhere_stands) {
  TwoInstances cluster;
  ASSERT_THAT(cluster.publish(), is_ok());
  cluster.other->put("b", ec(2));
  cluster.pass(Seconds(1000));
  // Instance two has read the mapping, and not yet the journal.
  cluster.world.storage->before_keys = [&] { EXPECT_THAT(cluster.activate(), is_ok()); };
  ASSERT_THAT(World::refresh(*cluster.two), is_ok());
  EXPECT_EQ(World::active(*cluster.two), kid(2));
  cluster.pass(Seconds(20));
  EXPECT_EQ(World::active(*cluster.one), kid(2));
  const auto events = cluster.world.events();
  EXPECT_EQ(std::count(events.begin(), events.end(), "key.activated"), 2)
      << "the first and this one";
}

TEST(Readiness, one_instance_alone_activates_as_soon_as_the_key_was_published_for_long_enough) {
  TwoInstances cluster;
  ASSERT_THAT(async::run_now(cluster.two->leave()), is_ok());
  cluster.two.reset();
  ASSERT_THAT(cluster.publish(), is_ok());
  cluster.world.clock->advance(cluster.world.options.policy.publish_ahead - Milliseconds(1));
  EXPECT_THAT(cluster.activate(), fails("activation_too_early"));
  cluster.world.clock->advance(Milliseconds(1));
  ASSERT_THAT(cluster.activate(), is_ok());
}

TEST(Readiness, f15_a_clock_that_is_set_forward_lets_no_key_sign_before_caches_know_it) {
  TwoInstances cluster;
  ASSERT_THAT(async::run_now(cluster.two->leave()), is_ok());
  cluster.two.reset();
  cluster.pass(Seconds(400));
  ASSERT_THAT(cluster.publish(), is_ok());
  cluster.pass(Seconds(100));
  auto& clock = *cluster.world.clock;
  clock.set(clock.now() + std::chrono::hours(24));
  EXPECT_THAT(cluster.activate(), fails("activation_unready"));
  cluster.pass(Seconds(190));
  EXPECT_THAT(cluster.activate(), fails("activation_unready"));
  cluster.pass(Seconds(20));
  ASSERT_THAT(cluster.activate(), is_ok());
}

TEST(Readiness, f15_a_clock_that_is_set_back_makes_a_key_wait_and_takes_none_away) {
  TwoInstances cluster;
  ASSERT_THAT(async::run_now(cluster.two->leave()), is_ok());
  cluster.two.reset();
  ASSERT_THAT(cluster.publish(), is_ok());
  cluster.pass(Seconds(650));
  auto& clock = *cluster.world.clock;
  clock.set(clock.now() - std::chrono::hours(24));
  EXPECT_THAT(cluster.activate(), fails("activation_too_early"));
  cluster.pass(Seconds(10));
  EXPECT_EQ(World::active(*cluster.one), kid(1));
  EXPECT_EQ(World::kids(*cluster.one).size(), 2u);
}

TEST(Readiness, an_instance_takes_part_in_realms_that_only_its_neighbours_serve) {
  TwoInstances cluster;
  const auto configure = [&](Keeper& keeper, std::shared_ptr<FakeStore> store) {
    ASSERT_THAT(World::configure(keeper, {{store, kAlpha, {mapped(kEs256, {"a"})}}}), is_ok());
  };
  configure(*cluster.one, cluster.world.store);
  configure(*cluster.two, cluster.other);
  cluster.other->put("b", ec(2));
  ASSERT_EQ(World::active(*cluster.one, kEs256, kAlpha), kid(1));
  auto step = cluster.world.step("b");
  step.realm = kAlpha;
  ASSERT_THAT(async::run_now(cluster.one->publish(step)), is_ok());
  cluster.pass(Seconds(620));
  ASSERT_THAT(async::run_now(cluster.one->activate(step)), is_ok());
  EXPECT_NE(cluster.two->rings_now(kAlpha), nullptr);
}

TEST(Readiness, a_new_instance_reports_itself_before_it_serves) {
  TwoInstances cluster;
  ASSERT_THAT(cluster.publish(), is_ok());
  cluster.other->put("b", ec(2));
  cluster.pass(Seconds(640));
  auto three = cluster.make("three");
  TwoInstances::start(*three, cluster.other);
  EXPECT_THAT(cluster.activate(), fails("activation_unready")) << "who knows what it served before";
  std::vector<std::string> ids;
  for (const auto& instance : cluster.one->instances())
    ids.push_back(instance.info.id);
  EXPECT_THAT(ids, ElementsAre("one", "three", "two"));
}

TEST(Readiness, what_instances_write_for_each_other_makes_nobody_reload) {
  for (const char* kind : {kInstanceKind, kLeaseKind, kRotationKind, kUsageKind}) {
    EXPECT_TRUE(is_bookkeeping(kind)) << kind;
    EXPECT_FALSE(changes_rings(kind)) << kind;
  }
  EXPECT_TRUE(changes_rings(kCompromisedKind));
  TwoInstances cluster;
  const std::uint64_t before = cluster.two->generation();
  cluster.pass(Seconds(100));
  EXPECT_EQ(cluster.two->generation(), before);
}

TEST(Readiness, a_refresh_that_cannot_tell_the_others_is_no_success) {
  TwoInstances cluster;
  ASSERT_THAT(cluster.publish(), is_ok());
  cluster.other->put("b", ec(2));
  cluster.world.storage->fault = Error{Code::kUnavailable, "storage_full", "full"};
  EXPECT_THAT(World::refresh(*cluster.two), fails("instance_unreported"));
  cluster.world.storage->fault.reset();
  EXPECT_THAT(World::refresh(*cluster.two), is_ok());
}

}  // namespace
}  // namespace signet::secrets
