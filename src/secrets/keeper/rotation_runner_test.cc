#include "secrets/keeper/rotation_runner.h"

#include <barrier>
#include <thread>

#include "secrets/keeper/test_rotation.h"
#include "secrets/stores/memory/memory_store.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::HasSubstr;

/// Over a store that makes keys.
struct Fleet : FleetOver<MemoryStore> {
  explicit Fleet(int count) : FleetOver(std::make_shared<MemoryStore>(StoreName("ks"))) {
    store->put(Alias("web"), {Secret::of_key(ec(1))});
    add_several(count);
  }
  std::size_t aliases() { return async::run_now(store->aliases())->size(); }
  std::map<std::string, int> states() {
    std::map<std::string, int> out;
    const auto keys = async::run_now(storage->keys(kGlobal));
    for (const auto& key : *keys)
      ++out[key.state];
    return out;
  }
};

TEST(RotationRunner, publishes_activates_and_retires_by_itself) {
  Fleet fleet(2);
  fleet.turn(3);
  EXPECT_EQ(fleet.aliases(), 1u);
  EXPECT_TRUE(fleet.memory().due);
  fleet.clock->advance(kMonth);
  fleet.turn(2);
  ASSERT_EQ(fleet.aliases(), 2u);
  EXPECT_EQ(fleet.active(), kid(1)) << "published, not yet active";
  fleet.turn(70);
  EXPECT_NE(fleet.active(0), kid(1));
  EXPECT_EQ(fleet.active(0), fleet.active(1));
  fleet.clock->advance(kDay);
  fleet.turn(3);
  EXPECT_EQ(fleet.states(), (std::map<std::string, int>{{"active", 1}, {"retired", 1}}));
  EXPECT_EQ(fleet.aliases(), 2u) << "one rotation is one key";
}

TEST(RotationRunner, due_times_survive_a_restart) {
  Fleet fleet(1);
  fleet.turn(2);
  const auto due = fleet.memory().due;
  fleet.instances.clear();
  fleet.clock->advance(20 * kDay);
  fleet.add("after");
  fleet.turn(10);
  EXPECT_EQ(fleet.memory().due, due);
  fleet.clock->advance(10 * kDay);
  fleet.turn(1);
  EXPECT_EQ(fleet.aliases(), 2u);
}

TEST(RotationRunner, after_a_rotation_by_hand_no_second_key_follows_soon) {
  Fleet fleet(2);
  fleet.turn(2);
  fleet.clock->advance(29 * kDay);
  fleet.turn();
  fleet.store->put(Alias("by-hand"), {Secret::of_key(ec(2))});
  Keeper::StepRequest step;
  step.store = StoreName("ks");
  step.id = kEs256;
  step.alias = Alias("by-hand");
  step.actor = "operator";
  ASSERT_THAT(async::run_now(fleet.keeper().publish(step)), is_ok());
  fleet.turn(70);
  ASSERT_THAT(async::run_now(fleet.keeper().activate(step)), is_ok());
  fleet.turn(2);
  ASSERT_EQ(fleet.active(1), kid(2));
  fleet.clock->advance(29 * kDay);
  fleet.turn(3);
  EXPECT_EQ(fleet.aliases(), 2u);
  EXPECT_EQ(fleet.active(1), kid(2));
  fleet.clock->advance(kDay);
  fleet.turn(3);
  EXPECT_EQ(fleet.aliases(), 3u) << "a month after it began to sign";
}

TEST(RotationRunner, after_a_compromise_no_second_key_follows_soon) {
  Fleet fleet(1);
  fleet.turn(2);
  fleet.clock->advance(29 * kDay);
  fleet.turn();
  Keeper::CompromiseRequest request;
  request.id = kEs256;
  request.kid = kid(1);
  request.actor = "operator";
  ASSERT_THAT(async::run_now(fleet.keeper().compromise(request)), is_ok());
  fleet.turn(2);
  const KeyId successor = fleet.active();
  ASSERT_NE(successor, kid(1));
  fleet.clock->advance(29 * kDay);
  fleet.turn(70);
  EXPECT_EQ(fleet.active(), successor);
  fleet.clock->advance(kDay);
  fleet.turn(3);
  EXPECT_TRUE(fleet.memory().pending);
}

TEST(RotationRunner, f3_exactly_one_new_key_in_a_thousand_races) {
  for (int race = 0; race < 1000; ++race) {
    const int count = 2 + race % 4;
    Fleet fleet(count);
    fleet.turn();
    fleet.clock->advance(kMonth);
    std::barrier start(count);
    std::vector<std::thread> threads;
    for (auto& instance : fleet.instances) {
      threads.emplace_back([&] {
        start.arrive_and_wait();
        ASSERT_THAT(async::run_now(instance.runner->run()), is_ok());
      });
    }
    for (auto& thread : threads)
      thread.join();
    for (auto& instance : fleet.instances)
      ASSERT_THAT(async::run_now(instance.runner->run()), is_ok());
    ASSERT_EQ(fleet.aliases(), 2u) << "race " << race;
    ASSERT_EQ(fleet.states(), (std::map<std::string, int>{{"active", 1}, {"prepared", 1}}))
        << "race " << race;
  }
}

TEST(RotationRunner, goes_on_with_the_key_of_an_instance_that_died_while_it_made_one) {
  Fleet fleet(1);
  fleet.turn();
  fleet.clock->advance(kMonth);
  // It remembers what it is about to make, makes it, and storage is gone before it is published.
  EXPECT_THAT(World::refresh(*fleet.instances[0].keeper), is_ok());
  int commits = 0;
  fleet.storage->on_commit = [&](const storage::Transaction& transaction) -> std::optional<Error> {
    ++commits;
    const auto* put = std::get_if<storage::PutDocument>(&transaction.front());
    if (put != nullptr && put->document.kind == "mapping")
      return Error{Code::kUnavailable, "storage_unavailable", "cut"};
    return std::nullopt;
  };
  ASSERT_THAT(async::run_now(fleet.instances[0].runner->run()), is_ok());
  EXPECT_GE(commits, 2);
  EXPECT_EQ(fleet.aliases(), 2u);
  EXPECT_TRUE(fleet.memory().making);
  EXPECT_EQ(fleet.memory().failures, 1);
  EXPECT_THAT(fleet.memory().last_error, HasSubstr("storage_unavailable"));
  fleet.storage->on_commit = nullptr;
  fleet.instances.clear();
  fleet.add("next");
  fleet.turn(20);
  EXPECT_EQ(fleet.aliases(), 2u) << "the same key, not another one";
  EXPECT_FALSE(fleet.memory().making);
  EXPECT_TRUE(fleet.memory().pending);
}

TEST(RotationRunner, a_store_that_fails_is_asked_rarely_and_shows) {
  Fleet fleet(1);
  fleet.turn();
  fleet.clock->advance(kMonth);
  RotationRule broken = fleet.rule;
  broken.store = StoreName("nowhere");
  RotationRunner runner(fleet.instances[0].keeper, fleet.storage, fleet.clock, {broken}, "0",
                        kTurn);
  for (int i = 0; i < 360; ++i) {  // an hour
    ASSERT_THAT(async::run_now(runner.run()), is_ok());
    fleet.clock->advance(kTurn);
  }
  EXPECT_LE(runner.failures(), 7u);
  EXPECT_GE(runner.failures(), 5u);
  const auto status = runner.status().at(0);
  EXPECT_THAT(status.memory.last_error, HasSubstr("rotation_no_active_key"));
}

TEST(RotationRunner, a_rule_over_a_store_that_makes_no_keys_shows_before_a_key_is_due) {
  World world;
  std::shared_ptr<Keeper> keeper = world.start({"a"});
  RotationRule rule;
  rule.id = kEs256;
  rule.store = StoreName("ks");
  rule.every = 30 * kDay;
  RotationRunner runner(keeper, world.storage, world.clock, {rule}, "0", kTurn);
  ASSERT_THAT(async::run_now(runner.run()), is_ok());
  EXPECT_THAT(runner.status().at(0).memory.last_error, HasSubstr("store_makes_no_keys"));
}

TEST(RotationRunner, a_key_of_the_next_name_that_does_less_is_told_and_not_used) {
  const auto key =
      jose::Jwk::from_private(*crypto::PrivateKey::generate(crypto::KeyKind::kRsa, 2048));
  const auto other =
      jose::Jwk::from_private(*crypto::PrivateKey::generate(crypto::KeyKind::kRsa, 2048));
  const auto store = std::make_shared<MemoryStore>(StoreName("ks"));
  store->put(Alias("web"), {Secret::of_key(key)});
  FleetOver<MemoryStore> fleet(store, "web",
                               SecretId::literal("am.services.oauth2.stateless.signing.RSA"));
  fleet.add_several(1);
  fleet.turn(2);
  fleet.clock->advance(kMonth);
  // Somebody chose the very name that comes next, for whatever second that may be.
  const Instant now = fleet.clock->now();
  for (int later = 0; later < 60; ++later)
    store->put(next_alias(Alias("web"), now + Seconds(later)),
               {Secret::of_key(other.with_alg("PS256"))});
  const KeyId before = fleet.active();
  fleet.turn(3);
  EXPECT_THAT(fleet.memory().last_error, HasSubstr("rotation_successor_differs"));
  fleet.turn(80);
  EXPECT_EQ(fleet.active(), before);
  EXPECT_EQ(fleet.kids().size(), 1u) << "nor is it published";
}

TEST(RotationRunner, another_instance_goes_on_when_the_first_stops) {
  Fleet fleet(2);
  fleet.turn(2);
  ASSERT_THAT(async::run_now(fleet.instances[0].runner->stop()), is_ok());
  ASSERT_THAT(async::run_now(fleet.instances[0].keeper->leave()), is_ok());
  fleet.instances.erase(fleet.instances.begin());
  fleet.clock->advance(kMonth);
  fleet.turn();
  EXPECT_EQ(fleet.aliases(), 2u);
}

TEST(RotationRunner, who_takes_over_with_older_rings_does_not_forget_the_new_key) {
  Fleet fleet(2);
  fleet.turn(2);
  fleet.clock->advance(kMonth);
  auto& [keeper, runner] = fleet.instances[0];
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  ASSERT_THAT(async::run_now(runner->run()), is_ok());
  ASSERT_THAT(async::run_now(runner->stop()), is_ok());
  ASSERT_EQ(fleet.aliases(), 2u);
  ASSERT_THAT(async::run_now(fleet.instances[1].runner->run()), is_ok());
  EXPECT_TRUE(fleet.memory(1).pending);
  fleet.turn(70);
  EXPECT_NE(fleet.active(), kid(1));
}

TEST(RotationRunner, a_new_key_that_cannot_be_read_is_told_and_used_when_it_can) {
  Fleet fleet(1);
  fleet.turn(2);
  fleet.clock->advance(kMonth);
  fleet.turn(2);
  ASSERT_TRUE(fleet.memory().pending);
  const Alias alias = *fleet.memory().pending;
  const auto made = async::run_now(fleet.store->fetch(alias));
  ASSERT_THAT(made, is_ok());
  fleet.store->erase(alias);
  fleet.turn(2);
  EXPECT_EQ(fleet.memory().pending, alias);
  EXPECT_EQ(fleet.memory().failures, 1);
  EXPECT_THAT(fleet.memory().last_error, HasSubstr("alias_unknown"));
  fleet.store->put(alias, *made);
  fleet.turn(80);
  EXPECT_EQ(fleet.memory().failures, 0);
  EXPECT_NE(fleet.active(), kid(1));
}

}  // namespace
}  // namespace signet::secrets
