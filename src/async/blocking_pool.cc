#include "async/blocking_pool.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace signet::async {

struct BlockingPool::State {
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> queue;
  std::size_t max_queue;
  bool stopping = false;
  std::vector<std::thread> threads;

  void work() {
    for (;;) {
      std::function<void()> next;
      {
        std::unique_lock hold(mutex);
        wake.wait(hold, [&] { return stopping || !queue.empty(); });
        if (queue.empty()) return;
        next = std::move(queue.front());
        queue.pop_front();
      }
      next();
    }
  }
};

BlockingPool::BlockingPool(std::string name, std::size_t threads, std::size_t max_queue)
    : name_(std::move(name)), state_(std::make_unique<State>()) {
  state_->max_queue = max_queue;
  for (std::size_t i = 0; i < threads; ++i)
    state_->threads.emplace_back([state = state_.get()] { state->work(); });
}

BlockingPool::~BlockingPool() {
  {
    std::lock_guard hold(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  for (auto& thread : state_->threads)
    thread.join();
}

bool BlockingPool::submit(std::function<void()> work) {
  {
    std::lock_guard hold(state_->mutex);
    if (state_->stopping || state_->queue.size() >= state_->max_queue) return false;
    state_->queue.push_back(std::move(work));
  }
  state_->wake.notify_one();
  return true;
}

std::size_t BlockingPool::queued() const {
  std::lock_guard hold(state_->mutex);
  return state_->queue.size();
}

}  // namespace signet::async
