#pragma once
// So many in a second and no more, counted by all threads together without a lock.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/clock.h"

namespace signet {

/// Accepts at most N in any 1000 ms, wherever on the time line they begin, and refuses only while N
/// were accepted in the last 1000 ms. Each acceptance counts at the moment at which it asked.
/// Shared by all threads; 8 bytes for each of the N. Time is the clock's monotone one, so setting
/// the clock neither closes nor opens it.
class RateLimit {
 public:
  /// `per_second` is at least 1.
  explicit RateLimit(std::size_t per_second);

  bool take(const Clock& clock);
  std::size_t per_second() const { return size_; }
  /// Whether nothing was accepted in the last 1000 ms: then a new one in its place counts alike.
  bool is_idle(const Clock& clock) const;

 private:
  std::size_t size_;
  /// When each of the last N was accepted, in milliseconds, twice; and, as the lowest bit, whether
  /// that was in an even or an odd lap around the ring.
  std::unique_ptr<std::atomic<std::int64_t>[]> slots_;
  /// How many were accepted; one less for a moment, while an acceptance is half done.
  std::atomic<std::uint64_t> head_{0};
};

}  // namespace signet
