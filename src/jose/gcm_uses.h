#pragma once
// How often a key may still serve AES-GCM with random IVs.

#include <atomic>
#include <cstdint>

#include "base/result.h"

namespace signet::jose {

/// NIST SP 800-38D §8.3: at most 2^32 encryptions with one key, lest an IV come twice. What may
/// still be done of these by whom this object was given to; counting is one atomic step. Shared by
/// all threads.
class GcmUses {
 public:
  static constexpr std::uint64_t kMost = std::uint64_t{1} << 32;

  /// For a key that nobody else uses: others, and earlier runs, would count for themselves.
  explicit GcmUses(std::uint64_t most = kMost) : left_(static_cast<std::int64_t>(most)) {}
  /// Nothing yet: whoever counts for all hands out uses with grant().
  static GcmUses to_be_granted() { return GcmUses(Granted{}); }

  /// Takes one. "key_worn_out" once there will never be more; kUnavailable "key_uses_not_reserved"
  /// where there may be more later.
  Status take() {
    if (left_.fetch_sub(1, std::memory_order_relaxed) > 0) return Done{};
    left_.fetch_add(1, std::memory_order_relaxed);
    if (is_final_.load(std::memory_order_relaxed))
      return Error{Code::kConfig, "key_worn_out",
                   "the key has served AES-GCM too often: it must be replaced"};
    return Error{Code::kUnavailable, "key_uses_not_reserved",
                 "no use of the key for AES-GCM could be reserved in storage"};
  }
  void grant(std::uint64_t more) {
    left_.fetch_add(static_cast<std::int64_t>(more), std::memory_order_relaxed);
  }
  /// What was granted is all there will ever be.
  void end() { is_final_.store(true, std::memory_order_relaxed); }
  bool is_final() const { return is_final_.load(std::memory_order_relaxed); }

  /// Exact while nobody is taking one.
  std::uint64_t left() const {
    const std::int64_t left = left_.load(std::memory_order_relaxed);
    return left > 0 ? static_cast<std::uint64_t>(left) : 0;
  }

 private:
  struct Granted {};
  explicit GcmUses(Granted) : is_final_(false) {}

  std::atomic<std::int64_t> left_{0};  ///< below 0 for a moment, where one is refused
  std::atomic<bool> is_final_{true};
};

}  // namespace signet::jose
