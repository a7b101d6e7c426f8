#pragma once
// Randomness as an argument.

#include "base/bytes.h"

namespace signet {

/// Gives unpredictable bytes. Shared by all threads.
class Random {
 public:
  virtual ~Random() = default;
  /// Fills the whole span, or ends the process: no weak key is ever made (sec_136).
  virtual void fill(ByteSpan out) = 0;
};

/// getrandom(2), drawn in blocks per thread so that a request costs no system call.
class SystemRandom : public Random {
 public:
  void fill(ByteSpan out) override;
};

/// A reproducible stream for tests. Never for keys that guard anything.
class SeededRandom : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(ByteSpan out) override;

 private:
  std::uint64_t state_;
};

}  // namespace signet
