#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "oauth/endpoints/direct_key_sweep.h"
#include "oauth/endpoints/services.h"
#include "secrets/keeper/rotation_runner.h"

namespace signet::app {

/// What a running server does by itself, in threads of its own: rings are kept fresh, keys rotate
/// by schedule, what expired is swept out, and the other instances hear that this one lives. Want
/// of memory, or a bug, costs a round of one of them: the log has it, and the next round comes.
class Upkeep {
 public:
  struct Parts {
    std::shared_ptr<oauth::Services> services;
    std::shared_ptr<secrets::RotationRunner> rotation;
    Milliseconds every{10'000};       ///< between two refreshes, and between two signs of life
    std::function<void()> refreshed;  ///< called after each refresh
  };
  explicit Upkeep(Parts parts) : parts_(std::move(parts)), direct_keys_(parts_.services) {}
  ~Upkeep() { stop(); }

  void start();
  /// Another instance changed keys: refreshes at once. Any thread; does not wait.
  void note_changed_keys();
  /// Nothing more is begun.
  void ask_to_stop();
  /// Waits for what is under way as well, but for a rotation: a box may take minutes for a key.
  void stop_all_but_rotation();
  /// Waits for that too.
  void stop();

  /// Rows of the storage that expired and were removed here; about, where several instances do.
  std::int64_t purged_rows() const { return purged_rows_; }
  /// The last sweep had no time for all that expired: the storage grows, or catches up.
  bool is_purge_behind() const { return is_purge_behind_; }

 private:
  void maintain();
  void rotate();
  void beat();
  void tell_refreshed();
  void sweep();
  void flush();
  void purge();
  Status purge_until(std::chrono::steady_clock::time_point end);

  const Parts parts_;
  std::thread maintenance_, heart_, purger_, rotation_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false, has_changed_keys_ = false, has_refreshed_ = false;
  std::atomic<std::int64_t> purged_rows_{0};
  std::atomic<bool> is_purge_behind_{false};
  // Of the maintenance thread.
  Milliseconds next_flush_{0};  ///< by the monotone clock
  oauth::DirectKeySweep direct_keys_;
};

/// Writes down how often keys were used; a failure is told to the log.
void flush_usage(secrets::Keeper& keeper);

}  // namespace signet::app
