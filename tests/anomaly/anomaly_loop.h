#pragma once
// The anomaly loop over memory: the Nth allocation of an operation fails.

#include <cstdio>
#include <string>

#include "anomaly/failing_new.h"
#include "support/fault_loop.h"
#include "support/tries.h"

namespace signet::test {

/// Steps the loop takes at most: an operation that asks for more memory in pieces than this is
/// itself a fault.
constexpr int kMostAllocations = 12000;
/// Every N up to here, and after it one in five; with SIGNET_LONG each.
constexpr int kEachAllocationUntil = 1000;

inline void anomaly_loop(const Operation& operation, bool for_good) {
  const Disturbance memory{"allocation", fail_allocation, stop_failing, kMostAllocations};
  Steps steps;
  steps.each_until = static_cast<int>(tries(kEachAllocationUntil, kMostAllocations));
  steps.then = 5;
  const FaultCounts counts = fault_loop(operation, memory, for_good, steps);
  if (::testing::Test::HasFailure()) return;
  EXPECT_GT(counts.last, 0) << operation.name << " asks for no memory: nothing was made to fail";
  ::testing::Test::RecordProperty(operation.name + (for_good ? "_for_good" : "_once"), counts.last);
  std::printf("%-34s %-8s %5d allocations, %5d tried: %d refused, %d threw, %d unharmed\n",
              operation.name.c_str(), for_good ? "for good" : "once", counts.last, counts.tried,
              counts.refused, counts.threw, counts.unharmed);
}

inline void anomaly_loops(const Operation& operation) {
  for (const bool for_good : {false, true}) {
    anomaly_loop(operation, for_good);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace signet::test
