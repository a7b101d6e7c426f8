#pragma once
// A log-linear histogram of nanoseconds: 128 steps per power of two, so within 0.8 % anywhere.

#include <array>
#include <bit>
#include <cstdint>

namespace bench {

class Histogram {
 public:
  void add(std::uint64_t nanoseconds) {
    ++counts_[index(nanoseconds)];
    ++total_;
    if (nanoseconds > max_) max_ = nanoseconds;
  }
  std::uint64_t total() const { return total_; }
  std::uint64_t max() const { return max_; }
  /// The value at or below which `share` (0..1) of all samples lie; 0 without samples.
  std::uint64_t at(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_) + 0.5);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= wanted && counts_[i] > 0) return value(i);
    }
    return max_;
  }

 private:
  static constexpr unsigned kBits = 7;
  static std::size_t index(std::uint64_t v) {
    if (v < (1U << kBits)) return v;
    const unsigned shift = static_cast<unsigned>(std::bit_width(v)) - kBits - 1;
    return ((static_cast<std::size_t>(shift) + 1) << kBits) + ((v >> shift) - (1U << kBits));
  }
  static std::uint64_t value(std::size_t i) {
    if (i < (1U << kBits)) return i;
    const auto shift = static_cast<unsigned>((i >> kBits) - 1);
    return ((i & ((1U << kBits) - 1)) + (1U << kBits)) << shift;
  }
  std::array<std::uint64_t, (64 - kBits + 1) << kBits> counts_{};
  std::uint64_t total_ = 0, max_ = 0;
};

}  // namespace bench
