#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/result.h"

namespace signet::secrets {

/// What asking one store came to since start. Counted and read from any thread.
class StoreMeter {
 public:
  /// Calls by outcome: [0] those that succeeded, [1 + code] those that failed with that code.
  using Outcomes = std::array<std::uint64_t, 2 + static_cast<std::size_t>(Code::kInternal)>;

  void count(std::optional<Code> failure, std::chrono::nanoseconds took) {
    const std::size_t place = failure ? 1 + static_cast<std::size_t>(*failure) : 0;
    outcomes_[place].fetch_add(1, std::memory_order_relaxed);
    nanoseconds_.fetch_add(static_cast<std::uint64_t>(took.count()), std::memory_order_relaxed);
  }
  Outcomes outcomes() const {
    Outcomes out{};
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = outcomes_[i].load(std::memory_order_relaxed);
    return out;
  }
  double seconds() const {
    return static_cast<double>(nanoseconds_.load(std::memory_order_relaxed)) / 1e9;
  }

 private:
  std::array<std::atomic<std::uint64_t>, std::tuple_size_v<Outcomes>> outcomes_{};
  std::atomic<std::uint64_t> nanoseconds_{0};
};

}  // namespace signet::secrets
