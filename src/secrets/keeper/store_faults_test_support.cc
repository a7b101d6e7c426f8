#include "secrets/keeper/invariants.h"
#include "secrets/keeper/test_store_faults.h"
#include "support/matchers.h"

namespace signet::secrets::test {

using signet::test::Disturbance;
using signet::test::Ended;
using signet::test::fault_loop;
using signet::test::is_ok;
using signet::test::Operation;
using testing::AnyOf;
using testing::Contains;
using testing::Eq;
using testing::IsEmpty;
using testing::Not;

namespace {

constexpr int kMostStoreCalls = 200;

/// A failure says what it is, and of what.
void expect_clear(const Status& status) {
  if (status.ok()) return;
  EXPECT_STRNE(status.error().reason, "");
  EXPECT_THAT(status.error().detail, Not(IsEmpty())) << status.error().reason;
  EXPECT_NE(status.error().code, Code::kInternal) << status.error().reason;
}

}  // namespace

FailingWorld::FailingWorld() {
  failing->put(Alias("a"), {Secret::of_key(ec(1))});
  failing->put(Alias("b"), {Secret::of_key(ec(2))});
  failing->put(Alias("c"), {Secret::of_key(ec(3))});
}
FailingWorld::~FailingWorld() = default;

Status FailingWorld::load(std::initializer_list<const char*> aliases) {
  return configure(*instance, {{failing, kGlobal, {mapped(kEs256, aliases)}}});
}

void FailingWorld::begin(std::initializer_list<const char*> aliases) {
  ASSERT_THAT(load(aliases), is_ok());
  clock->advance(options.policy.publish_ahead);
  ASSERT_THAT(refresh(*instance), is_ok());
  ASSERT_EQ(signer(), kid(1));
}

std::vector<std::string> FailingWorld::list() {
  std::vector<std::string> out;
  const auto mappings = async::run_now(instance->mappings(kGlobal, StoreName("ks")));
  EXPECT_THAT(mappings, is_ok());
  for (const auto& mapping : *mappings) {
    for (const auto& alias : mapping.aliases)
      out.push_back(alias.str());
  }
  return out;
}

void FailingWorld::heal() {
  clock->advance(options.backoff_most);
  ASSERT_THAT(refresh(*instance), is_ok());
}

void FailingWorld::expect_sound() {
  const auto records = async::run_now(storage->keys(kGlobal));
  ASSERT_THAT(records, is_ok());
  const auto here = served();
  for (const auto& key : *records) {
    const auto state = parse_key_state(key.state);
    ASSERT_TRUE(state);
    if (is_gone(*state)) {
      EXPECT_THAT(here, Not(Contains(key.kid))) << "it is " << key.state;
    } else if (key.published) {
      EXPECT_THAT(here, Contains(key.kid)) << "no verifier can know it: " << key.state;
    }
  }
  if (!signer().empty()) {
    EXPECT_EQ(record(signer())->state, "active");
  }
  Invariant one_active{.name = "one_active_key", .violations = {}};
  Invariant lives{.name = "lives_are_whole", .violations = {}};
  check_records(*records, one_active, lives);
  LifePaths paths;
  for (const auto& event : audit())
    paths.add(event);
  for (const auto* invariant : {&one_active, &lives, &paths.paths, &paths.waits})
    EXPECT_THAT(invariant->violations, IsEmpty()) << invariant->name;
}

void store_fault_loops(const KeeperOperation& row) {
  for (const auto& how : kStoreFaults) {
    for (const bool for_good : {false, true}) {
      std::unique_ptr<FailingWorld> world;
      Status last = Done{};
      Operation operation;
      operation.name = std::string(row.name) + ", the store is " + how.name;
      operation.prepare = [&] {
        world = std::make_unique<FailingWorld>();
        world->faults->how = how;
        row.prepare(*world);
      };
      operation.act = [&] {
        last = row.act(*world);
        return last.ok();
      };
      operation.words = [&] { return last.ok() ? "" : std::string(last.error().reason); };
      operation.check = [&](Ended ended) {
        ASSERT_NE(ended, Ended::kThrew);
        expect_clear(last);
        world->expect_sound();
        row.check(*world, ended);
      };
      const Disturbance disturbance{"call of the store",
                                    [&](int nth, bool on) { world->faults->calls.begin(nth, on); },
                                    [&] { return world->faults->calls.end(); }, kMostStoreCalls};
      fault_loop(operation, disturbance, for_good);
      if (testing::Test::HasFailure()) return;
    }
  }
}

void expect_old_or_new(FailingWorld& world, Ended ended, const std::vector<std::string>& before,
                       const std::vector<std::string>& after,
                       const std::function<Status(FailingWorld&)>& again) {
  if (ended == Ended::kRight) {
    ASSERT_EQ(world.list(), after);
  } else {
    ASSERT_THAT(world.list(), AnyOf(Eq(before), Eq(after)));
  }
  ASSERT_FALSE(world.signer().empty());
  if (world.list() != after) {
    ASSERT_THAT(again(world), is_ok());
  }
  ASSERT_EQ(world.list(), after);
  world.heal();
  EXPECT_TRUE(world.instance->health().at(0).ok) << world.instance->health().at(0).detail;
  world.expect_sound();
}

}  // namespace signet::secrets::test
