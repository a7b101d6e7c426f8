#include "base/worker.h"

namespace signet {
namespace {

std::array<std::atomic<bool>, kMaxWorkers> g_taken{};

// A thread that ends gives its index to the next one; the acquire/release pair hands over what the
// old thread left in the slots.
struct Seat {
  std::size_t index = kMaxWorkers;
  Seat() {
    for (std::size_t i = 0; i < kMaxWorkers; ++i) {
      bool free = false;
      if (g_taken[i].compare_exchange_strong(free, true, std::memory_order_acq_rel)) {
        index = i;
        return;
      }
    }
  }
  ~Seat() {
    if (index < kMaxWorkers) g_taken[index].store(false, std::memory_order_release);
  }
};

}  // namespace

std::size_t worker_index() {
  thread_local Seat seat;
  return seat.index;
}

}  // namespace signet
