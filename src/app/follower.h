#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "oauth/endpoints/realm_directory.h"
#include "oauth/endpoints/services.h"

namespace signet::app {

/// Follows what other instances over the same storage change: revocations, realms, clients,
/// mappings and keys. At once where storage tells of a change, and at intervals in any case.
class Follower {
 public:
  struct Parts {
    std::shared_ptr<oauth::Services> services;
    oauth::RealmDirectory* directory = nullptr;  ///< outlives the follower
    Milliseconds every{10'000};
    std::function<void()> keys_changed;  ///< key rings are to be made anew; must not wait
  };
  explicit Follower(Parts parts) : parts_(std::move(parts)) {}
  ~Follower() { stop(); }

  /// Where following begins: before anything is read that may change.
  Status prepare();
  void start();
  void stop();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  void run();
  Status follow(bool anew);
  Status follow_documents(bool anew);
  void begin_anew();
  void apply(const storage::DocumentChange& change);
  void note(const Status& outcome);

  Parts parts_;
  std::int64_t last_change_ = 0;
  bool is_failing_ = false;
  SteadyTime last_success_{};

  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable wake_;
  storage::Changed told_;
  bool is_told_ = false, stopping_ = false;
};

}  // namespace signet::app
