#include "base/rate_limit.h"

#include <algorithm>
#include <limits>

namespace signet {
namespace {

constexpr std::int64_t kWindow = 1000;
// Long before any clock's beginning, in an odd lap: the one before the first.
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min() / 4 * 2 + 1;

std::int64_t lap_bit(std::uint64_t index, std::size_t size) {
  return static_cast<std::int64_t>(index / size & 1);
}

std::int64_t time_of(std::int64_t slot) {
  return slot >> 1;
}

}  // namespace

RateLimit::RateLimit(std::size_t per_second)
    : size_(std::max<std::size_t>(per_second, 1)),
      slots_(std::make_unique<std::atomic<std::int64_t>[]>(size_)) {
  for (std::size_t i = 0; i < size_; ++i)
    slots_[i].store(kNever, std::memory_order_relaxed);
}

// The slot at the head holds the oldest of the last N, and whoever replaces it has been accepted.
// That none but an old one is ever replaced is what makes the limit hold; that the head follows is
// what makes it not refuse too many, and any thread moves it for one that was interrupted.
bool RateLimit::take(const Clock& clock) {
  for (;;) {
    std::uint64_t head = head_.load();
    std::atomic<std::int64_t>& slot = slots_[head % size_];
    const std::int64_t lap = lap_bit(head, size_);
    std::int64_t oldest = slot.load();
    if ((oldest & 1) == lap) {
      head_.compare_exchange_strong(head, head + 1);
      continue;
    }
    if (head_.load() != head) continue;  // the slot may be of another lap
    // Read only now: not older than what is in the ring, so that a thread that was interrupted
    // before does not refuse by a time long gone.
    const std::int64_t now = clock.monotone().count();
    if (now - time_of(oldest) < kWindow) return false;
    if (!slot.compare_exchange_strong(oldest, now * 2 + lap)) continue;
    head_.compare_exchange_strong(head, head + 1);
    return true;
  }
}

bool RateLimit::is_idle(const Clock& clock) const {
  const std::uint64_t head = head_.load();
  const std::int64_t now = clock.monotone().count();
  const std::int64_t newest = slots_[(head + size_ - 1) % size_].load();
  const std::int64_t next = slots_[head % size_].load();
  return now - std::max(time_of(newest), time_of(next)) >= kWindow;
}

}  // namespace signet
