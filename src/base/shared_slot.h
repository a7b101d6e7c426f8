#pragma once
// One pointer that many threads read while others replace it.

#include <atomic>
#include <memory>
#include <thread>
#include <utility>

namespace signet {

/// What std::atomic<std::shared_ptr> is for. That one of libstdc++ 12 ends the lock inside of its
/// load() with relaxed order, so that on a processor that reorders (ARM) a reader could be given
/// the old pointer with the count of the new one; ThreadSanitizer tells of it. Any thread; nobody
/// waits for longer than a pointer takes to copy.
template <class T>
class SharedSlot {
 public:
  SharedSlot() = default;
  explicit SharedSlot(std::shared_ptr<T> first) : held_(std::move(first)) {}

  std::shared_ptr<T> load() const {
    const Hold hold(is_busy_);
    return held_;
  }
  /// What was there before is given up after the replacement, in the caller's time.
  void store(std::shared_ptr<T> next) {
    const Hold hold(is_busy_);
    held_.swap(next);
  }

 private:
  class Hold {
   public:
    explicit Hold(std::atomic_flag& is_busy) : is_busy_(is_busy) {
      while (is_busy_.test_and_set(std::memory_order_acquire))
        std::this_thread::yield();
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { is_busy_.clear(std::memory_order_release); }

   private:
    std::atomic_flag& is_busy_;
  };

  mutable std::atomic_flag is_busy_;
  std::shared_ptr<T> held_;
};

}  // namespace signet
