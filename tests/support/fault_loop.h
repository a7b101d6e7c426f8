#pragma once
// The anomaly loop (F8): an operation is run with the 1st, 2nd, 3rd ... of the things that it asks
// for failing, until it passes undisturbed. Each run ends as a success, an error or an exception,
// and what must hold is looked at after each. What fails is the caller's: memory (tests/anomaly),
// calls of a secret store, calls of storage.

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <new>
#include <random>
#include <string>

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
  /// What must hold after every run; nothing fails any more while it looks.
  std::function<void(Ended)> check = [](Ended) {};
};

/// What fails, and how many of them an operation may ask for at most: one that asks for more is
/// itself a fault.
struct Disturbance {
  std::string name;  ///< of one: "allocation", "call of the store"
  /// From now on the nth fails (1 is the next); with `for_good` every later one too.
  std::function<void(int nth, bool for_good)> begin;
  std::function<bool()> end;  ///< true: something failed since begin()
  int most = 1000;
};

/// Which N are tried: each up to `each_until`, and after it one of `then` on the average, at
/// random.
struct Steps {
  int each_until = std::numeric_limits<int>::max();
  int then = 1;
};

struct FaultCounts {
  int last = 0;  ///< the operation asks for so many
  int tried = 0, refused = 0, threw = 0, unharmed = 0;
};

/// Ends with the first failure of a check.
inline FaultCounts fault_loop(const Operation& operation, const Disturbance& disturbance,
                              bool for_good, const Steps& steps = {}) {
  FaultCounts counts;
  std::minstd_rand chance(std::random_device{}());
  for (int nth = 1; nth <= disturbance.most;) {
    SCOPED_TRACE(operation.name + (for_good ? ", from " : ", ") + disturbance.name + " " +
                 std::to_string(nth));
    operation.prepare();
    if (::testing::Test::HasFailure()) return counts;
    Ended ended = Ended::kThrew;
    disturbance.begin(nth, for_good);
    try {
      ended = operation.act() ? Ended::kRight : Ended::kRefused;
    } catch (const std::bad_alloc&) {
      // The server's last resort makes a 500 of it.
    }
    const bool is_hit = disturbance.end();
    operation.check(ended);
    if (::testing::Test::HasFailure()) return counts;
    if (!is_hit) {
      EXPECT_EQ(ended, Ended::kRight) << "it fails without any disturbance: " << operation.words();
      return counts;
    }
    counts.last = nth;
    ++counts.tried;
    ++(ended == Ended::kRight     ? counts.unharmed
       : ended == Ended::kRefused ? counts.refused
                                  : counts.threw);
    const int widest = 2 * steps.then - 1;
    nth += nth < steps.each_until ? 1 : 1 + static_cast<int>(chance() % unsigned(widest));
  }
  ADD_FAILURE() << operation.name << " did not pass within " << disturbance.most << " times "
                << disturbance.name;
  return counts;
}

/// Counts calls, and says which of them is to fail. For one thread.
class NthCall {
 public:
  void begin(int nth, bool for_good) {
    left_ = nth;
    for_good_ = for_good;
    is_hit_ = false;
  }
  bool end() {
    left_ = 0;
    return is_hit_;
  }
  /// Called once for each call: whether this one fails.
  bool is_next_to_fail() {
    if (left_ == 0) return false;
    if (left_ > 1) {
      --left_;
      return false;
    }
    is_hit_ = true;
    if (!for_good_) left_ = 0;
    return true;
  }

 private:
  int left_ = 0;  ///< 0: nothing fails
  bool for_good_ = false, is_hit_ = false;
};

}  // namespace signet::test
