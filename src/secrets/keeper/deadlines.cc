#include "secrets/keeper/deadlines.h"

namespace signet::secrets {

Deadlines::~Deadlines() {
  {
    std::lock_guard hold(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Deadlines::Ticket Deadlines::at(Milliseconds delay, std::function<void()> fire) {
  std::lock_guard hold(mutex_);
  const Ticket ticket{std::chrono::steady_clock::now() + delay, ++next_};
  pending_.emplace(ticket, std::move(fire));
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  if (ticket.first < looks_at_) {
    looks_at_ = ticket.first;
    changed_.notify_all();
  }
  return ticket;
}

void Deadlines::cancel(const Ticket& ticket) {
  std::lock_guard hold(mutex_);
  pending_.erase(ticket);
}

void Deadlines::run() {
  std::unique_lock hold(mutex_);
  while (!stopping_) {
    if (pending_.empty()) {
      looks_at_ = std::chrono::steady_clock::time_point::max();
      changed_.wait(hold);
      continue;
    }
    const auto first = pending_.begin();
    if (std::chrono::steady_clock::now() < first->first.first) {
      const auto until = first->first.first;
      looks_at_ = until;
      changed_.wait_until(hold, until);
      continue;
    }
    const auto fire = std::move(first->second);
    pending_.erase(first);
    hold.unlock();
    fire();
    hold.lock();
  }
}

}  // namespace signet::secrets
