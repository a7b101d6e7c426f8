#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "storage/sqlite/connection.h"
#include "storage/storage.h"

namespace signet::storage::sqlite {

/// One thread that owns the writing connection. It takes all transactions that wait, applies them
/// inside one transaction of SQLite, syncs once, then answers all: a token costs its share of a
/// sync, not a sync. While it syncs, the next group gathers; and where those who were just answered
/// are likely to come again at once, it waits for them for a fraction of what a sync takes.
class GroupCommit {
 public:
  struct Limits {
    std::size_t max_waiting = 4096;   ///< more are refused at once
    int checkpoint_when_idle = 2000;  ///< pages of 4 KiB in the log
    int checkpoint_when_busy = 8000;
  };

  GroupCommit(std::unique_ptr<Connection> writer, Limits limits);
  ~GroupCommit();  ///< answers those who wait, then stops
  GroupCommit(const GroupCommit&) = delete;

  /// The transaction must be checked. kUnavailable "storage_busy" when too many wait.
  Task<Done> commit(Transaction transaction);

  /// The disk refused the last group that had something to write.
  bool is_refusing() const { return is_refusing_.load(std::memory_order_relaxed); }

 private:
  struct Waiting {
    Transaction transaction;
    async::OneShot<Done> done;
    Status answer;
  };
  using Group = std::vector<Waiting>;

  bool enqueue(Transaction transaction, const async::OneShot<Done>& done);
  void work();
  void wait_for_work(std::unique_lock<std::mutex>& lock);
  void gather(std::unique_lock<std::mutex>& lock);
  void give_back_memory();
  void apply_together(Group& group);
  void apply_one_by_one(Group& group);
  Status apply(const Transaction& transaction);
  void checkpoint(bool idle);
  void note_outcome(const Group& group);

  const Limits limits_;
  std::unique_ptr<Connection> writer_;     ///< of the thread alone
  int pages_in_log_ = 0;                   ///< of the thread alone
  bool wrote_ = false;                     ///< of the thread alone
  bool holds_memory_ = false;              ///< of the thread alone: the page cache may be full
  std::chrono::nanoseconds last_round_{};  ///< of the thread alone
  std::atomic<bool> is_refusing_{false};

  std::mutex mutex_;  ///< guards what follows
  std::condition_variable wake_;
  Group waiting_;
  std::size_t wake_at_ = 1;   ///< how many must wait before the thread is woken
  std::size_t expected_ = 1;  ///< as many wrote in the last round
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace signet::storage::sqlite
