#include "async/task_thread.h"

namespace signet::async {

void TaskThread::start(Task<Done> task) {
  std::lock_guard hold(mutex_);
  if (is_stopped_) return;
  if (!thread_.joinable()) {
    lease_.emplace();
    guard_.emplace(lease_->loop().get_executor());
    thread_ = std::thread([loop = &lease_->loop()] { loop->run(); });
  }
  async::start<Done>(lease_->loop().get_executor(), std::move(task));
}

void TaskThread::stop() {
  {
    std::lock_guard hold(mutex_);
    is_stopped_ = true;
    guard_.reset();
  }
  if (thread_.joinable()) thread_.join();
  lease_.reset();
}

}  // namespace signet::async
