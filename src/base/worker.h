#pragma once
// Which worker thread this is, so that what is prepared per worker needs no lock.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <memory>

namespace signet {

/// At most this many threads have a slot of their own; later ones share none (index ==
/// kMaxWorkers).
inline constexpr std::size_t kMaxWorkers = 64;

/// At most this many threads answer requests. They need slots; the rest is for threads that run
/// beside them and use slots too: those of the management listener, of upkeep, of pools.
inline constexpr std::size_t kMaxLoops = kMaxWorkers - 16;

/// Event loops on a machine with so many processor cores (0: nobody knows): one for each, to
/// kMaxLoops.
constexpr std::size_t loops_for(std::size_t cores) {
  return std::clamp<std::size_t>(cores, 1, kMaxLoops);
}

/// A small number unique to the calling thread while it lives; kMaxWorkers if all are taken.
std::size_t worker_index();

/// One lazily made T for each worker thread. `get` takes no lock: a slot is touched by its own
/// thread only. A thread without a slot gets a fresh T for the call.
template <class T>
class PerWorker {
 public:
  /// Calls `use(T&)` with this worker's T, made by `make()` (a std::unique_ptr<T>) if need be.
  template <class Make, class Use>
  auto with(Make&& make, Use&& use) const {
    const std::size_t index = worker_index();
    if (index == kMaxWorkers) {
      std::unique_ptr<T> fresh = make();
      return use(*fresh);
    }
    auto& slot = slots_[index];
    if (!slot) slot = make();
    return use(*slot);
  }

 private:
  mutable std::array<std::unique_ptr<T>, kMaxWorkers> slots_{};
};

}  // namespace signet
