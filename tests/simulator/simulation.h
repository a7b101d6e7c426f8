#pragma once
// A cluster's life, decided by a seed: 3 to 5 instances, operators, outages, crashes, wrong clocks.

#include "simulator/checker.h"

namespace signet::simulator {

struct Outcome {
  std::vector<std::string> violations;  ///< empty: every invariant held at every moment
  std::vector<std::string> trace;       ///< what happened, and how it ended; the same for a seed
  std::size_t tokens = 0, activations = 0, retirements = 0, lives = 0;
};

class Simulation {
 public:
  Simulation(std::uint64_t seed, Rules rules);
  /// Stops at the first violation.
  Outcome run(Milliseconds lasts);

 private:
  /// A request that took its ring and is not answered yet.
  struct Request {
    std::size_t instance;
    int life;
    RealmName realm;
    std::shared_ptr<const secrets::LiveRing> ring;
    Milliseconds taken, answered, lives;
  };
  struct Notification {
    Milliseconds at;
    std::size_t instance;
  };

  void start(Instance& instance);
  void stop(Instance& instance);
  void turn(Instance& instance);
  void refresh(Instance& instance);
  void link(Instance& instance);
  void event();
  void act(Instance& instance);
  void interleave(Instance& committing);
  void notify(const Instance& by, const storage::Transaction& transaction);

  void take_request(Instance& instance);
  void answer(const Request& request);
  void issue(Instance& instance, const RealmName& realm,
             const std::shared_ptr<const secrets::LiveRing>& ring, Milliseconds taken,
             Milliseconds lives);

  void publish(Instance& instance);
  void activate(Instance& instance);
  void retire(Instance& instance);
  void take_own_keys(Instance& instance);
  void compromise(Instance& instance);
  void undo_compromise(Instance& instance);
  void change_vault();
  void break_store(Instance& instance);
  void cut_storage(Instance& instance);
  void crash(Instance& instance);

  Milliseconds next_moment() const;
  void step();
  Instance* someone(bool must_serve);
  secrets::Keeper::StepRequest request(const RingName& ring, const Alias& alias);
  std::vector<Alias> mapped(Instance& instance, const RingName& ring);
  std::vector<Milliseconds> lags();
  void note(const std::string& what, const Status& outcome = Done{});
  void calm_down();

  const Rules rules_;
  Dice dice_;
  const std::shared_ptr<Truth> truth_ = std::make_shared<Truth>();
  const std::shared_ptr<Clock> true_clock_;
  const std::shared_ptr<storage::Storage> shared_;
  std::vector<RingName> rings_;
  std::vector<std::shared_ptr<Vault>> vaults_;
  std::vector<Instance> instances_;
  std::vector<Verifier> verifiers_;
  Checker checker_;
  std::vector<Request> requests_;
  std::vector<Notification> notifications_;
  std::vector<std::pair<RingName, KeyId>> compromised_;
  std::vector<std::string> trace_;
  Milliseconds next_event_{0}, all_cut_until_{0};
  int next_key_ = 1, next_alias_ = 1;
  std::size_t lives_ = 0;
  bool is_calm_ = false;
};

}  // namespace signet::simulator
