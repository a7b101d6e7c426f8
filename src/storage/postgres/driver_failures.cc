// What becomes of work that was answered with a failure, waits too long, or had its session lost.

#include <algorithm>

#include "base/log.h"
#include "storage/postgres/driver.h"

namespace signet::storage::postgres {
namespace {

constexpr int kMostAttempts = 3;
/// How long a beginning outage is waited for; after that all is refused at once.
constexpr Milliseconds kAwayPatience{1000};

}  // namespace

// While nobody answers, requests wait for the end of a short outage only.
void Driver::note_away() {
  const SteadyTime latest = std::max(std::chrono::steady_clock::now(), away_since_ + kAwayPatience);
  for (Queue* queue : {&reads_, &writes_, &ordered_})
    for (Work& work : *queue)
      work.deadline = std::min(work.deadline, latest);
}

void Driver::expire() {
  const SteadyTime at = std::chrono::steady_clock::now();
  for (Queue* queue : {&reads_, &writes_, &ordered_}) {
    while (!queue->empty() && queue->front().deadline <= at) {
      Work late = std::move(queue->front());
      queue->pop_front();
      answer(late,
             Failure{unavailable(is_away_ ? "the server is away" : "no connection was free")});
    }
  }
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    if (!lanes_[lane].is_up() || lanes_[lane].earliest_deadline() > at) continue;
    lose(lane, "no answer in time");
  }
}

void Driver::handle(Finished finished) {
  if (!finished.failure) {
    std::size_t next = 0;
    for (Work& work : finished.group) {
      Answers answers;
      for (std::size_t i = 0; i < work.calls.size(); ++i)
        answers.push_back(std::move(finished.answers[next++]));
      answer(work, std::move(answers));
    }
    return;
  }
  const Failure& failure = *finished.failure;
  const bool is_group = finished.group.size() > 1;
  for (Work& work : finished.group) {
    const bool repeats = is_group || (failure.may_repeat && work.attempts < kMostAttempts &&
                                      work.deadline > std::chrono::steady_clock::now());
    if (!repeats) {
      answer(work, failure);
      continue;
    }
    work.alone = true;
    ++work.attempts;
    queue_of(work).push_front(std::move(work));
  }
}

void Driver::lose(std::size_t lane, const std::string& why) {
  log::warn("storage_connection_lost", {{"why", why}});
  std::vector<Group> left = lanes_[lane].detach();
  connector_->want(lane);
  const bool any_up =
      std::any_of(lanes_.begin(), lanes_.end(), [](const Lane& l) { return l.is_up(); });
  if (!any_up && !is_away_) {
    is_away_ = true;
    away_since_ = std::chrono::steady_clock::now();
  }
  for (Group& group : left)
    for (Work& work : group)
      repeat_or_fail(std::move(work), unavailable(why));
  if (is_away_) note_away();
}

void Driver::repeat_or_fail(Work work, const Error& why) {
  const bool may_repeat = work.kind == Work::Kind::kRead && work.attempts < kMostAttempts &&
                          work.deadline > std::chrono::steady_clock::now();
  if (!may_repeat) return answer(work, Failure{why});
  ++work.attempts;
  reads_.push_front(std::move(work));
}

}  // namespace signet::storage::postgres
