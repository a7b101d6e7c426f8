#include "app/upkeep.h"

#include <atomic>
#include <future>
#include <new>

#include "secrets/keeper/test_rotation.h"
#include "secrets/stores/memory/memory_store.h"
#include "storage/forwarding_storage.h"
#include "support/matchers.h"

namespace signet::app {
namespace {

using secrets::test::kGlobal;
using secrets::test::kHmac;
using test::is_ok;

/// A box that takes a while for a key: until the test lets it.
class SlowBox : public secrets::MemoryStore {
 public:
  SlowBox() : MemoryStore(StoreName("ks")) {
    put(Alias("web"), {secrets::Secret::of_key(secrets::test::ec(1))});
    put(Alias("hmac"), {secrets::Secret::of_key(secrets::test::oct(64))});
  }
  Task<secrets::Secret> make_key(Alias alias, crypto::KeyKind kind, std::size_t bits) override {
    asked.set_value();
    async::OneShot<Done> wait_for = answer;
    CO_TRY(co_await wait_for.wait());
    co_return co_await MemoryStore::make_key(std::move(alias), kind, bits);
  }
  std::promise<void> asked;
  async::OneShot<Done> answer;
};

/// Has no memory for the first sign of life that is asked of it.
class ShortStorage : public storage::ForwardingStorage {
 public:
  explicit ShortStorage(std::shared_ptr<storage::Storage> inner) : inner_(std::move(inner)) {}
  // No coroutine, so that its caller has the exception.
  Task<Done> ping() override {
    const int call = ++pings;
    if (call == 1) throw std::bad_alloc();
    if (call == 2) asked_again.set_value();
    if (call == 3) swept.set_value();
    return ForwardingStorage::ping();
  }
  std::promise<void> asked_again, swept;
  std::atomic<int> pings = 0;

 protected:
  storage::Storage& next() override { return *inner_; }

 private:
  const std::shared_ptr<storage::Storage> inner_;
};

/// Two instances, of which the first is kept up here, with a key due.
struct UpkeepWorld : secrets::test::FleetOver<SlowBox> {
  std::shared_ptr<secrets::RotationRunner> rotation;
  std::shared_ptr<ShortStorage> short_storage;  ///< of the threads that keep it up
  std::shared_ptr<oauth::DenyList> denied = std::make_shared<oauth::DenyList>();
  std::promise<void> followed;
  bool has_followed = false;  ///< of the maintenance thread
  std::unique_ptr<Upkeep> upkeep;

  UpkeepWorld() : FleetOver(std::make_shared<SlowBox>()) {
    add("one");
    add("two");
    become_due();
    rotation = std::move(instances[0].runner);
    Upkeep::Parts parts;
    parts.services = std::make_shared<oauth::Services>();
    parts.services->clock = clock;
    parts.services->random = std::make_shared<SystemRandom>();
    short_storage = std::make_shared<ShortStorage>(storage);
    parts.services->storage = short_storage;
    parts.services->keeper = instances[0].keeper;
    parts.services->denied = denied;
    parts.services->changes = std::make_shared<oauth::ChangeFeed>();
    parts.services->metrics = std::make_shared<net::Metrics>();
    parts.services->counters = oauth::Counters::in(*parts.services->metrics);
    parts.rotation = rotation;
    parts.every = Milliseconds(20);
    parts.refreshed = [this] { look(); };
    upkeep = std::make_unique<Upkeep>(std::move(parts));
  }
  ~UpkeepWorld() { store->answer.complete(Done{}); }

  void look() {
    const auto rings = keeper(0).rings_now(kGlobal);
    if (has_followed || rings->find(kHmac) == nullptr) return;
    has_followed = true;
    followed.set_value();
  }
  /// On the other instance.
  Status map_another_key() {
    secrets::Keeper::StepRequest step;
    step.store = StoreName("ks");
    step.id = kHmac;
    step.alias = Alias("hmac");
    step.actor = "operator";
    return async::run_now(keeper(1).publish(std::move(step)));
  }
};

TEST(Upkeep, other_instances_are_followed_while_a_rotation_waits_for_its_box) {
  UpkeepWorld world;
  world.upkeep->start();
  world.store->asked.get_future().wait();
  ASSERT_THAT(world.map_another_key(), is_ok());
  world.upkeep->note_changed_keys();
  world.followed.get_future().wait();
  EXPECT_EQ(world.rotation->steps(), 0u) << "the box is still busy";
  EXPECT_EQ(world.rotation->failures(), 0u) << "nor was it given up";

  // The end does not wait for the box either, but for what must not be cut in two.
  world.upkeep->stop_all_but_rotation();
  EXPECT_EQ(world.rotation->steps(), 0u);
  world.store->answer.complete(Done{});
  world.upkeep->stop();
  EXPECT_EQ(world.rotation->steps(), 1u);
  EXPECT_THAT(world.rotation->status().at(0).possible, is_ok());
}

TEST(Upkeep, a_sweep_that_runs_out_of_memory_is_followed_by_the_next_one) {
  UpkeepWorld world;
  world.upkeep->start();
  world.short_storage->asked_again.get_future().wait();
  EXPECT_GE(world.short_storage->pings.load(), 2);
}

TEST(Upkeep, f15_what_was_revoked_stays_so_while_the_clock_is_a_day_ahead) {
  UpkeepWorld world;
  const Bytes gone(32, std::uint8_t{1}), revoked(32, std::uint8_t{2});
  world.denied->add(kGlobal, gone, world.clock->now() - Seconds(1));
  world.denied->add(kGlobal, revoked, world.clock->now() + Seconds(600));
  world.clock->set(world.clock->now() + std::chrono::hours(24));
  world.upkeep->start();
  world.short_storage->swept.get_future().wait();
  EXPECT_FALSE(world.denied->contains("", gone)) << "a sweep was made";
  EXPECT_TRUE(world.denied->contains("", revoked));
}

TEST(Upkeep, no_step_is_begun_when_it_is_to_stop) {
  UpkeepWorld world;
  world.upkeep->ask_to_stop();
  ASSERT_THAT(async::run_now(world.rotation->run()), is_ok());
  EXPECT_EQ(world.rotation->steps(), 0u);
  EXPECT_FALSE(world.rotation->status().at(0).memory.pending);
}

}  // namespace
}  // namespace signet::app
