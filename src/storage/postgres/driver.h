#pragma once
// Owns the connections: one thread that polls their sockets. Work that waits is sent together, and
// work that may share a transaction does.

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/postgres/connector.h"
#include "storage/postgres/lane.h"

namespace signet::storage::postgres {

struct DriverOptions {
  Address address;
  std::size_t connections = 4;
  std::size_t max_waiting = 20'000;
  /// Called on the driver's thread: what a commit of some instance told, and that the server is
  /// back after it was away (what was told meanwhile is lost).
  std::function<void(const std::string& payload)> told;
  std::function<void()> returned;
};

/// Lane 0 takes what is ordered, and notifications; the others take the rest, so that a wait for
/// the order holds up no reader. While lanes are missing, those that are there take everything.
class Driver {
 public:
  explicit Driver(DriverOptions options);
  /// Finishes what is under way, for a second at most.
  ~Driver();
  Driver(const Driver&) = delete;

  /// Any thread. The deadline is set here. `done` may be called before this returns.
  void submit(Work work);

 private:
  using Queue = std::deque<Work>;
  void run();
  void take_arrivals();
  void dispatch();
  void send(std::size_t lane, Group group);
  Group gather();
  void expire();
  void poll_lanes();
  void handle(Finished finished);
  void answer(Work& work, Result<Answers, Failure> outcome);
  void lose(std::size_t lane, const std::string& why);
  void repeat_or_fail(Work work, const Error& why);
  void note_away();
  bool is_idle() const;
  Queue& queue_of(const Work& work);
  /// The lane with the least under way of those that `fits`; lanes_.size() if there is none.
  template <class Fits>
  std::size_t least_busy(Fits fits) const;
  void wake();

  DriverOptions options_;
  std::vector<Lane> lanes_;
  Queue reads_, writes_, ordered_;
  bool is_away_ = true;
  SteadyTime away_since_{};

  int wake_fd_;
  std::atomic<bool> is_woken_{false};
  std::atomic<std::size_t> unanswered_{0};
  std::mutex mutex_;
  std::vector<Work> arrivals_;
  std::vector<std::pair<std::size_t, std::unique_ptr<Session>>> sessions_;
  bool stopping_ = false;

  std::unique_ptr<Connector> connector_;
  std::thread thread_;
};

}  // namespace signet::storage::postgres
