#pragma once

#include <atomic>
#include <optional>
#include <utility>

namespace signet::secrets {

/// The questions that are put to stores before those in front of them are answered, of all readings
/// together. A reading may always have one question under way; for each more it takes a turn here.
/// So the stores of many realms in one vault do not queue up there until their time is over. Any
/// thread; must outlive its turns.
class AskingAhead {
 public:
  /// Three stores at their most (kAliasesAtOnce).
  static constexpr int kMost = 24;

  /// Given back when it is destroyed.
  class Turn {
   public:
    explicit Turn(AskingAhead* of) : of_(of) {}
    Turn(Turn&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (of_ != nullptr) of_->free_.fetch_add(1, std::memory_order_relaxed);
    }

   private:
    AskingAhead* of_;
  };

  /// Nothing where all are taken.
  std::optional<Turn> take() {
    int free = free_.load(std::memory_order_relaxed);
    while (free > 0) {
      if (free_.compare_exchange_weak(free, free - 1, std::memory_order_relaxed))
        return std::optional<Turn>(std::in_place, this);
    }
    return std::nullopt;
  }

 private:
  std::atomic<int> free_{kMost};
};

}  // namespace signet::secrets
