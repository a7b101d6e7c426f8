#include "storage/postgres/connector.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "base/random.h"

namespace signet::storage::postgres {
namespace {

constexpr Milliseconds kLongestAttempt{2000};
constexpr Milliseconds kFirstPause{50};
constexpr Milliseconds kLongestPause{800};
/// An outage is told at its beginning and then this often.
constexpr std::size_t kTellEvery = 50;

}  // namespace

Connector::Connector(Address address, Opened opened)
    : address_(std::move(address)),
      opened_(std::move(opened)),
      stop_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  address_.stop_fd = stop_fd_;
  thread_ = std::thread([this] { work(); });
}

Connector::~Connector() {
  {
    std::lock_guard hold(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  ::eventfd_write(stop_fd_, 1);
  thread_.join();
  ::close(stop_fd_);
}

void Connector::want(std::size_t lane) {
  {
    std::lock_guard hold(mutex_);
    wanted_.push_back(lane);
  }
  wake_.notify_one();
}

Milliseconds Connector::pause(std::size_t failures) const {
  Milliseconds longest = kFirstPause;
  for (std::size_t i = 1; i < failures && longest < kLongestPause; ++i)
    longest *= 2;
  Bytes chance(1);
  SystemRandom().fill(chance);
  return longest / 2 + longest * chance[0] / 512;
}

Result<std::unique_ptr<Session>> Connector::open(std::size_t lane, std::size_t turn) const {
  const SteadyTime deadline =
      std::chrono::steady_clock::now() + std::min(address_.timeout, kLongestAttempt);
  TRY(auto session, Session::open(address_, turn, deadline));
  TRY(session->prepare(lane == 0, deadline));
  return session;
}

bool Connector::is_stopping() {
  std::lock_guard hold(mutex_);
  return stopping_;
}

void Connector::work() {
  std::size_t failures = 0, turn = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !wanted_.empty(); });
    if (stopping_) return;
    const std::size_t lane = wanted_.front();
    lock.unlock();
    auto opened = open(lane, turn);
    if (opened.ok()) {
      if (failures > 0) log::info("storage_connected", {{"after_attempts", failures + 1}});
      failures = 0;
      opened_(lane, std::move(opened).value());
    } else if (failures++ % kTellEvery == 0 && !is_stopping()) {
      log::failure("storage_connect_failed", opened.error());
    }
    turn += opened.ok() ? 0 : 1;  // a host that answered is asked again
    lock.lock();
    if (failures == 0) {
      wanted_.pop_front();
    } else {
      wake_.wait_for(lock, pause(failures), [this] { return stopping_; });
    }
  }
}

}  // namespace signet::storage::postgres
