#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "async/blocking_pool.h"

namespace signet::secrets {

/// Runs `work` on the pool. What it holds is let go before the waiter goes on: otherwise a pool
/// thread could be the last to hold a store, and with it the pool, which cannot end on its own
/// thread.
template <class T, class Work>
Task<T> on_pool(std::shared_ptr<async::BlockingPool> pool, Work work) {
  std::function<Result<T>()> once = [work = std::move(work)]() mutable -> Result<T> {
    Work held = std::move(work);
    return held();
  };
  co_return co_await pool->run<T>(std::move(once));
}

}  // namespace signet::secrets
