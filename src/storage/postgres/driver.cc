#include "storage/postgres/driver.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

namespace signet::storage::postgres {
namespace {

constexpr std::size_t kMostInGroup = 64;
constexpr std::size_t kMostReadsOnLane = 32;
constexpr std::size_t kMostWritesOnLane = 2;
constexpr std::size_t kMostOrdered = 16;
constexpr Milliseconds kStopPatience{1000};

SteadyTime now() {
  return std::chrono::steady_clock::now();
}

// Rows are met in the same order by every group, so that no two wait for each other.
void put_in_order(Group& group) {
  std::sort(group.begin(), group.end(), [](const Work& a, const Work& b) {
    const Call &left = a.calls.front(), &right = b.calls.front();
    if (left.statement != right.statement) return left.statement < right.statement;
    for (std::size_t i = 0; i < 2; ++i)
      if (left.parameters.at(i) != right.parameters.at(i))
        return left.parameters.at(i) < right.parameters.at(i);
    return false;
  });
}

}  // namespace

Driver::Driver(DriverOptions options)
    : options_(std::move(options)),
      lanes_(options_.connections),
      away_since_(now() + options_.address.timeout),
      wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  connector_ = std::make_unique<Connector>(
      options_.address, [this](std::size_t lane, std::unique_ptr<Session> session) {
        {
          std::lock_guard hold(mutex_);
          sessions_.emplace_back(lane, std::move(session));
        }
        wake();
      });
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane)
    connector_->want(lane);
  thread_ = std::thread([this] { run(); });
}

Driver::~Driver() {
  {
    std::lock_guard hold(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
  connector_.reset();
  ::close(wake_fd_);
}

void Driver::wake() {
  if (!is_woken_.exchange(true)) ::eventfd_write(wake_fd_, 1);
}

void Driver::submit(Work work) {
  work.deadline = now() + options_.address.timeout;
  {
    std::unique_lock lock(mutex_);
    if (stopping_ || unanswered_ >= options_.max_waiting) {
      lock.unlock();
      return work.done(
          Failure{{Code::kUnavailable, "storage_busy", "too many requests wait for PostgreSQL"}});
    }
    ++unanswered_;
    arrivals_.push_back(std::move(work));
  }
  wake();
}

void Driver::answer(Work& work, Result<Answers, Failure> outcome) {
  --unanswered_;
  work.done(std::move(outcome));
}

Driver::Queue& Driver::queue_of(const Work& work) {
  if (work.kind == Work::Kind::kRead) return reads_;
  return work.kind == Work::Kind::kOrdered ? ordered_ : writes_;
}

bool Driver::is_idle() const {
  return reads_.empty() && writes_.empty() && ordered_.empty() &&
         std::all_of(lanes_.begin(), lanes_.end(),
                     [](const Lane& lane) { return lane.groups() == 0; });
}

void Driver::run() {
  std::optional<SteadyTime> stop_at;
  for (;;) {
    take_arrivals();
    expire();
    dispatch();
    {
      std::lock_guard hold(mutex_);
      if (stopping_ && !stop_at) stop_at = now() + kStopPatience;
    }
    if (stop_at && (is_idle() || now() >= *stop_at)) break;
    poll_lanes();
  }
  const Error stopped = unavailable("the server is stopping");
  for (Lane& lane : lanes_)
    for (Group& group : lane.detach())
      for (Work& work : group)
        answer(work, Failure{stopped});
  for (Queue* queue : {&reads_, &writes_, &ordered_})
    for (Work& work : *queue)
      answer(work, Failure{stopped});
}

void Driver::take_arrivals() {
  std::vector<Work> arrived;
  std::vector<std::pair<std::size_t, std::unique_ptr<Session>>> sessions;
  is_woken_ = false;
  {
    std::lock_guard hold(mutex_);
    arrived.swap(arrivals_);
    sessions.swap(sessions_);
  }
  for (auto& [lane, session] : sessions) {
    lanes_[lane].attach(std::move(session));
    is_away_ = false;
    if (lane == 0 && options_.returned) options_.returned();
  }
  for (Work& work : arrived)
    queue_of(work).push_back(std::move(work));
  if (is_away_) note_away();
}

template <class Fits>
std::size_t Driver::least_busy(Fits fits) const {
  const bool others_up =
      std::any_of(lanes_.begin() + 1, lanes_.end(), [](const Lane& lane) { return lane.is_up(); });
  std::size_t best = lanes_.size();
  for (std::size_t i = others_up ? 1 : 0; i < lanes_.size(); ++i) {
    if (!lanes_[i].is_up() || !fits(lanes_[i])) continue;
    if (best == lanes_.size() || lanes_[i].groups() < lanes_[best].groups()) best = i;
  }
  return best;
}

void Driver::dispatch() {
  while (!ordered_.empty()) {
    std::size_t lane = 0;
    if (!lanes_[0].is_up()) lane = least_busy([](const Lane&) { return true; });
    if (lane == lanes_.size() || lanes_[lane].groups() >= kMostOrdered) break;
    Group group;
    group.push_back(std::move(ordered_.front()));
    ordered_.pop_front();
    send(lane, std::move(group));
  }
  while (!writes_.empty()) {
    const std::size_t lane =
        least_busy([](const Lane& l) { return l.writes() < kMostWritesOnLane; });
    if (lane == lanes_.size()) break;
    send(lane, gather());
  }
  while (!reads_.empty()) {
    const std::size_t lane =
        least_busy([](const Lane& l) { return l.groups() < kMostReadsOnLane; });
    if (lane == lanes_.size()) break;
    Group group;
    group.push_back(std::move(reads_.front()));
    reads_.pop_front();
    send(lane, std::move(group));
  }
}

Group Driver::gather() {
  const auto may_share = [](const Work& work) {
    return work.kind == Work::Kind::kAppend && !work.alone;
  };
  Group group;
  do {
    group.push_back(std::move(writes_.front()));
    writes_.pop_front();
  } while (may_share(group.back()) && !writes_.empty() && may_share(writes_.front()) &&
           group.size() < kMostInGroup);
  if (group.size() > 1) put_in_order(group);
  return group;
}

void Driver::send(std::size_t lane, Group group) {
  if (lanes_[lane].send(std::move(group))) return;
  lose(lane, lanes_[lane].why_lost());
}

void Driver::poll_lanes() {
  std::vector<pollfd> fds{{wake_fd_, POLLIN, 0}};
  std::vector<std::size_t> polled;
  SteadyTime wake_at = now() + Milliseconds(1000);
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const Lane& lane = lanes_[i];
    if (!lane.is_up()) continue;
    fds.push_back(
        {lane.socket(), static_cast<short>(lane.wants_to_write() ? POLLIN | POLLOUT : POLLIN), 0});
    polled.push_back(i);
    wake_at = std::min(wake_at, lane.earliest_deadline());
  }
  for (const Queue* queue : {&reads_, &writes_, &ordered_})
    if (!queue->empty()) wake_at = std::min(wake_at, queue->front().deadline);
  const auto left = std::chrono::ceil<Milliseconds>(wake_at - now()).count();
  if (::poll(fds.data(), fds.size(), static_cast<int>(std::max<std::int64_t>(left, 0))) <= 0)
    return;
  if (fds[0].revents) {
    eventfd_t ignored = 0;
    ::eventfd_read(wake_fd_, &ignored);
  }
  for (std::size_t i = 0; i < polled.size(); ++i) {
    if (!fds[i + 1].revents) continue;
    Lane& lane = lanes_[polled[i]];
    std::vector<Finished> finished;
    const bool is_alive = lane.receive(finished);
    const auto payloads = lane.notifications();
    if (!is_alive) lose(polled[i], lane.why_lost());
    for (Finished& one : finished)
      handle(std::move(one));
    for (const std::string& payload : payloads)
      if (options_.told) options_.told(payload);
  }
}

}  // namespace signet::storage::postgres
