#pragma once
// Instances that rotate the keys of one store by schedule, for the tests of this room.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "secrets/keeper/rotation_runner.h"
#include "secrets/keeper/test_support.h"

namespace signet::secrets::test {

inline constexpr Seconds kDay{86400};
inline constexpr Seconds kMonth = 30 * kDay;
/// From one maintenance of an instance to the next.
inline constexpr Seconds kTurn{10};

/// Instances of a cluster over one storage, all with the same store, mapping and rule. Without any
/// at first.
struct RotationFleet {
  struct Instance {
    std::shared_ptr<Keeper> keeper;
    std::unique_ptr<RotationRunner> runner;
  };

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<FaultyStorage> storage =
      std::make_shared<FaultyStorage>(storage::memory::open(*clock));
  /// Of the instances that are added from now on: a key a month, published for ten minutes before
  /// it signs and kept for a day after.
  RotationRule rule;
  std::vector<Instance> instances;

  /// `alias` of `store_in` is what they map `id` to.
  RotationFleet(std::shared_ptr<Store> store_in, const char* alias_in, const SecretId& id = kEs256);
  ~RotationFleet();

  void add(const std::string& instance);
  /// Called "0", "1", ...
  void add_several(int count);
  /// What the maintenance of each instance does, `times` intervals long.
  void turn(int times = 1, Seconds interval = kTurn);
  /// The schedule is known, and the time of the next key has come.
  void become_due();

  Keeper& keeper(std::size_t of = 0) { return *instances.at(of).keeper; }
  RotationRunner& runner(std::size_t of = 0) { return *instances.at(of).runner; }
  RotationMemory memory(std::size_t of = 0) { return runner(of).status().at(0).memory; }
  KeyId active(std::size_t of = 0) { return World::active(keeper(of), rule.id); }
  std::vector<KeyId> kids(std::size_t of = 0) { return World::kids(keeper(of), rule.id); }

 private:
  const std::shared_ptr<Store> store_;
  const std::string alias_;
};

/// The same with the store as what it is.
template <class S>
struct FleetOver : RotationFleet {
  std::shared_ptr<S> store;

  explicit FleetOver(std::shared_ptr<S> store_in, const char* alias = "web",
                     const SecretId& id = kEs256)
      : RotationFleet(store_in, alias, id), store(std::move(store_in)) {}
};

}  // namespace signet::secrets::test
