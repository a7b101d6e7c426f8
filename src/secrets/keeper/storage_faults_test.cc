// F8 over the calls of storage: a rotation by schedule, of which each call of storage fails in its
// turn, before it was made or with its answer lost.

#include "secrets/keeper/invariants.h"
#include "secrets/keeper/test_rotation.h"
#include "secrets/stores/memory/memory_store.h"
#include "storage/test_failing_storage.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using signet::test::Ended;
using signet::test::fault_loop;
using signet::test::Operation;
using namespace test;
using testing::Contains;
using testing::IsEmpty;
using testing::SizeIs;

/// One instance whose next key is due, over a storage that fails.
struct UnsafePlan : FleetOver<MemoryStore> {
  std::shared_ptr<storage::test::FailingStorage> failing;

  UnsafePlan() : FleetOver(std::make_shared<MemoryStore>(StoreName("ks")), "web") {
    failing = std::make_shared<storage::test::FailingStorage>(storage);
    storage = std::make_shared<FaultyStorage>(failing);
    store->put(Alias("web"), {Secret::of_key(ec(1))});
    add("one");
    become_due();
  }
  /// As turn(), where storage may be away.
  Status try_turn() {
    clock->advance(kTurn);
    Status refreshed = World::refresh(keeper());
    Status run = async::run_now(runner().run());
    return refreshed.ok() ? run : refreshed;
  }
  std::size_t keys_made() { return async::run_now(store->aliases())->size() - 1; }
  void expect_sound() {
    const auto records = async::run_now(storage->keys(kGlobal)).value();
    Invariant one_active{.name = "one_active_key", .violations = {}};
    Invariant lives{.name = "lives_are_whole", .violations = {}};
    check_records(records, one_active, lives);
    LifePaths paths;
    const auto events = async::run_now(storage->audit(0, 1000)).value();
    for (const auto& event : events)
      paths.add(event);
    for (const auto* invariant : {&one_active, &lives, &paths.paths, &paths.waits})
      EXPECT_THAT(invariant->violations, IsEmpty()) << invariant->name;
  }
};

/// Lives through the loop once: what fails, and how.
void rotate_over_faults(bool loses_answers, bool for_good) {
  std::unique_ptr<UnsafePlan> plan;
  Status last = Done{};
  Operation operation;
  operation.name = loses_answers ? "rotation, answers lost" : "rotation, storage away";
  operation.prepare = [&] {
    plan = std::make_unique<UnsafePlan>();
    plan->failing->loses_answers = loses_answers;
  };
  operation.act = [&] {
    last = plan->try_turn();
    return last.ok();
  };
  operation.words = [&] { return last.ok() ? "" : std::string(last.error().reason); };
  operation.check = [&](Ended ended) {
    ASSERT_NE(ended, Ended::kThrew);
    ASSERT_EQ(plan->active(), kid(1)) << "a key that was just made does not sign yet";
    ASSERT_THAT(plan->kids(), Contains(kid(1)));
    ASSERT_LE(plan->keys_made(), 1U);
    plan->expect_sound();
    for (int turns = 0; plan->active() == kid(1) && turns < 300; ++turns)
      plan->turn(1, Seconds(60));
    ASSERT_NE(plan->active(), kid(1));
    ASSERT_FALSE(plan->active().empty());
    ASSERT_THAT(plan->kids(), SizeIs(2));
    ASSERT_EQ(plan->keys_made(), 1U);
    plan->expect_sound();
  };
  signet::test::Disturbance disturbance;
  disturbance.name = "call of storage";
  disturbance.begin = [&](int nth, bool on) { plan->failing->calls.begin(nth, on); };
  disturbance.end = [&] { return plan->failing->calls.end(); };
  fault_loop(operation, disturbance, for_good);
}

TEST(StorageFaults, f_8_a_scheduled_rotation_makes_one_key_whatever_storage_does) {
  for (const bool loses_answers : {false, true}) {
    for (const bool for_good : {false, true}) {
      rotate_over_faults(loses_answers, for_good);
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace signet::secrets
