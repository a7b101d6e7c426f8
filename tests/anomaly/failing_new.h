#pragma once
// An operator new that fails when it is told to. Only the thread that armed it is touched, so the
// machinery of the test itself and other threads go on.

#include <cstdint>

namespace signet::test {

/// The `nth` allocation of this thread from now on (1 is the next) throws std::bad_alloc; with
/// `for_good` every later one too.
void fail_allocation(std::int64_t nth, bool for_good);
/// Ends it; true if an allocation failed since.
bool stop_failing();

}  // namespace signet::test
