#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "secrets/keeper/keeper.h"
#include "secrets/keeper/kinds.h"
#include "secrets/keeper/lease.h"
#include "secrets/rotation_schedule.h"

namespace signet::secrets {

/// A rule and how it stands.
struct RotationStatus {
  RotationRule rule;
  RotationMemory memory;     ///< as of the last run
  Status possible = Done{};  ///< may_rotate(), as of now
};

/// Rotates keys by schedule. One instance of the cluster does it at a time, under a lease; that a
/// key is made once is guarded by the rule's document besides, which is changed by compare-and-swap
/// before the key is made. One run at a time.
class RotationRunner {
 public:
  /// `holder`: this instance's random id. `interval`: how often run() is called.
  RotationRunner(std::shared_ptr<Keeper> keeper, std::shared_ptr<storage::Storage> storage,
                 std::shared_ptr<Clock> clock, std::vector<RotationRule> rules, std::string holder,
                 Seconds interval);

  /// Does what is due: at most one step for each rule. What fails rests for a while and shows in
  /// status(); an error here is storage's.
  Task<Done> run();
  /// No step is begun any more. Any thread; does not wait.
  void ask_to_stop() { is_stopping_.store(true, std::memory_order_relaxed); }
  /// Lets another instance go on at once. When no run is under way.
  Task<Done> stop();

  /// Of every rule. Any thread.
  std::vector<RotationStatus> status() const;
  /// Tells the log of the rules that the configuration of their stores makes impossible.
  void tell_impossible() const;
  std::uint64_t steps() const { return steps_.load(std::memory_order_relaxed); }
  std::uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }

 private:
  struct Remembered {
    RotationMemory memory;
    std::int64_t revision = 0;
  };
  Task<Remembered> load(RotationRule rule);
  /// False: another instance changed it first.
  Task<bool> save(RotationRule rule, RotationMemory memory, std::int64_t expected);
  Task<Done> run_rule(RotationRule rule);
  Task<Done> make(RotationRule rule, Alias alias);
  Task<Done> make_version(RotationRule rule, Alias alias, std::string after);
  Task<Done> act(RotationRule rule, RotationStep step);
  Keeper::StepRequest request(const RotationRule& rule, const Alias& alias) const;
  void show(const RotationRule& rule, const RotationMemory& memory);

  const std::shared_ptr<Keeper> keeper_;
  const std::shared_ptr<storage::Storage> storage_;
  const std::shared_ptr<Clock> clock_;
  const std::vector<RotationRule> rules_;
  Lease lease_;
  std::atomic<bool> is_stopping_{false};
  std::atomic<std::uint64_t> steps_{0}, failures_{0};
  mutable std::mutex mutex_;
  std::map<std::string, RotationMemory> shown_;
};

}  // namespace signet::secrets
