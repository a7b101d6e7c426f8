#include "storage/sqlite/group_commit.h"

#include <malloc.h>

#include <algorithm>

#include "base/log.h"
#include "storage/sqlite/changes.h"
#include "storage/transaction_check.h"

namespace signet::storage::sqlite {
namespace {

constexpr std::chrono::microseconds kMostPatience{500};
constexpr std::chrono::seconds kIdleBeforeRelease{1};

}  // namespace

GroupCommit::GroupCommit(std::unique_ptr<Connection> writer, Limits limits)
    : limits_(limits), writer_(std::move(writer)) {
  sqlite3_wal_hook(
      writer_->handle(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<GroupCommit*>(self)->pages_in_log_ = pages;
        static_cast<GroupCommit*>(self)->wrote_ = true;
        return SQLITE_OK;
      },
      this);
  thread_ = std::thread([this] { work(); });
}

GroupCommit::~GroupCommit() {
  {
    std::lock_guard hold(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

Task<Done> GroupCommit::commit(Transaction transaction) {
  async::OneShot<Done> done;
  if (!enqueue(std::move(transaction), done)) {
    co_return Error{Code::kUnavailable, "storage_busy", "too many transactions wait for the disk"};
  }
  co_return co_await done.wait();
}

bool GroupCommit::enqueue(Transaction transaction, const async::OneShot<Done>& done) {
  {
    std::lock_guard hold(mutex_);
    if (waiting_.size() >= limits_.max_waiting || stopping_) return false;
    waiting_.push_back({std::move(transaction), done, Status()});
    if (waiting_.size() < wake_at_) return true;
  }
  wake_.notify_one();
  return true;
}

void GroupCommit::work() {
  Group group;
  bool idle = false;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wait_for_work(lock);
      if (waiting_.empty()) return;
      gather(lock);
      group.swap(waiting_);
    }
    const auto begun = std::chrono::steady_clock::now();
    wrote_ = false;
    holds_memory_ = true;
    apply_together(group);
    note_outcome(group);
    last_round_ = std::chrono::steady_clock::now() - begun;
    {
      std::lock_guard hold(mutex_);
      idle = waiting_.empty();
      expected_ = std::min(group.size() + waiting_.size(), limits_.max_waiting);
    }
    async::Completions<Done> answers;
    for (Waiting& one : group)
      answers.add(one.done, std::move(one.answer));
    answers.send();
    group.clear();
    checkpoint(idle);
  }
}

void GroupCommit::wait_for_work(std::unique_lock<std::mutex>& lock) {
  const auto has_work = [this] { return stopping_ || !waiting_.empty(); };
  if (holds_memory_ && !wake_.wait_for(lock, kIdleBeforeRelease, has_work)) {
    lock.unlock();
    give_back_memory();
    lock.lock();
  }
  wake_.wait(lock, has_work);
}

// One who writes alone never waits here.
void GroupCommit::gather(std::unique_lock<std::mutex>& lock) {
  if (stopping_ || waiting_.size() >= expected_) return;
  const auto patience = std::min<std::chrono::nanoseconds>(kMostPatience, last_round_ / 2);
  wake_at_ = expected_;
  wake_.wait_for(lock, patience, [this] { return stopping_ || waiting_.size() >= wake_at_; });
  wake_at_ = 1;
}

// What a burst of writes needed: pages, and the heap that the transactions came in.
void GroupCommit::give_back_memory() {
  holds_memory_ = false;
  sqlite3_db_release_memory(writer_->handle());
  ::malloc_trim(0);
}

void GroupCommit::apply_together(Group& group) {
  Status outcome = writer_->begin();
  bool is_one_at_fault = false;
  for (std::size_t i = 0; outcome.ok() && i < group.size(); ++i) {
    group[i].answer = apply(group[i].transaction);
    if (!group[i].answer.ok() && !is_refusal(group[i].answer.error())) {
      is_one_at_fault = group.size() > 1;
      outcome = group[i].answer;
    }
  }
  if (outcome.ok()) outcome = writer_->commit();
  if (outcome.ok()) return;
  writer_->roll_back();
  if (is_one_at_fault) return apply_one_by_one(group);
  // Refusals too: they may have refused because of a neighbour that did not come to be.
  for (Waiting& one : group)
    one.answer = outcome;
}

void GroupCommit::apply_one_by_one(Group& group) {
  Status disk = Done{};
  for (Waiting& one : group) {
    if (disk.ok()) disk = writer_->begin();
    if (!disk.ok()) {
      one.answer = disk;
      continue;
    }
    one.answer = apply(one.transaction);
    if (!one.answer.ok()) {
      writer_->roll_back();
      continue;
    }
    disk = writer_->commit();
    one.answer = disk;
  }
}

void GroupCommit::note_outcome(const Group& group) {
  bool failed = false;
  for (const Waiting& one : group)
    failed = failed || (!one.answer.ok() && !is_refusal(one.answer.error()));
  // Only a write that reached the log proves that the disk takes writes again.
  if (failed || wrote_) is_refusing_ = failed;
}

Status GroupCommit::apply(const Transaction& transaction) {
  if (!needs_savepoint(transaction)) return apply_changes(*writer_, transaction);
  TRY(writer_->run("SAVEPOINT one"));
  Status done = apply_changes(*writer_, transaction);
  if (done.ok()) {
    TRY(writer_->run("RELEASE one"));
    return done;
  }
  if (is_refusal(done.error())) {
    TRY(writer_->run("ROLLBACK TO one"));
    TRY(writer_->run("RELEASE one"));
  }
  return done;
}

void GroupCommit::checkpoint(bool idle) {
  if (pages_in_log_ < (idle ? limits_.checkpoint_when_idle : limits_.checkpoint_when_busy)) return;
  // What was answered is durable already in the log: a checkpoint that fails costs only space.
  const int code = sqlite3_wal_checkpoint_v2(writer_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                             nullptr, nullptr);
  pages_in_log_ = 0;
  if (code != SQLITE_OK) {
    log::failure("storage_checkpoint_failed", error_of(code, writer_->handle(), "checkpoint"));
  }
}

}  // namespace signet::storage::sqlite
