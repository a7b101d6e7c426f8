#pragma once
// The anomaly loop (F8): an operation is run with its 1st, 2nd, 3rd ... allocation failing, until
// it passes without a failure. Each failing run ends as an exception or an error, and what must
// hold is looked at after each.

#include <gtest/gtest.h>

#include <functional>
#include <new>
#include <string>

#include "anomaly/failing_new.h"

namespace signet::test {

/// How a run ended.
enum class Ended : std::uint8_t { kRight, kRefused, kThrew };

struct Operation {
  std::string name;
  /// Makes the state that the operation starts from; not disturbed.
  std::function<void()> prepare = [] {};
  /// True: it says that it succeeded.
  std::function<bool()> act;
  /// What the last run answered, for the reader of a failed test.
  std::function<std::string()> words = [] { return std::string(); };
  /// What must hold after every run.
  std::function<void(Ended)> check = [](Ended) {};
};

/// Steps the loop takes at most: an operation that asks for more memory in pieces than this is
/// itself a fault.
constexpr int kMostAllocations = 6000;

inline void anomaly_loop(const Operation& operation, bool for_good) {
  int refused = 0, threw = 0, survived = 0;
  for (int nth = 1; nth <= kMostAllocations; ++nth) {
    SCOPED_TRACE(operation.name + (for_good ? ", from allocation " : ", allocation ") +
                 std::to_string(nth));
    operation.prepare();
    Ended ended = Ended::kThrew;
    fail_allocation(nth, for_good);
    try {
      ended = operation.act() ? Ended::kRight : Ended::kRefused;
    } catch (const std::bad_alloc&) {
      // The server's last resort makes a 500 of it.
    }
    const bool hit = stop_failing();
    operation.check(ended);
    if (::testing::Test::HasFailure()) return;
    if (!hit) {
      ASSERT_EQ(ended, Ended::kRight) << "it fails without any disturbance: " << operation.words();
      ::testing::Test::RecordProperty(operation.name + (for_good ? "_for_good" : "_once"), nth - 1);
      std::printf("%-34s %-8s %5d steps: %d refused, %d threw, %d unharmed\n",
                  operation.name.c_str(), for_good ? "for good" : "once", nth - 1, refused, threw,
                  survived);
      return;
    }
    ++(ended == Ended::kRight ? survived : ended == Ended::kRefused ? refused : threw);
  }
  ADD_FAILURE() << operation.name << " did not pass within " << kMostAllocations << " allocations";
}

inline void anomaly_loops(const Operation& operation) {
  for (const bool for_good : {false, true}) {
    anomaly_loop(operation, for_good);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace signet::test
