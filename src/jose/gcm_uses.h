#pragma once
// How often a key has served AES-GCM with random IVs.

#include <atomic>
#include <cstdint>

#include "base/result.h"

namespace signet::jose {

/// NIST SP 800-38D §8.3: at most 2^32 encryptions with one key, lest an IV come twice. Counts those
/// of this process; other instances and earlier runs count for themselves. Shared by all threads.
class GcmUses {
 public:
  static constexpr std::uint64_t kMost = std::uint64_t{1} << 32;
  explicit GcmUses(std::uint64_t most = kMost) : most_(most) {}

  /// Counts one more; "key_worn_out" once there are too many.
  Status take() {
    if (count_.fetch_add(1, std::memory_order_relaxed) < most_) return Done{};
    return Error{Code::kConfig, "key_worn_out",
                 "the key has served AES-GCM too often: it must be replaced"};
  }
  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::uint64_t most_;
  std::atomic<std::uint64_t> count_{0};
};

}  // namespace signet::jose
