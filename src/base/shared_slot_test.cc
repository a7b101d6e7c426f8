#include "base/shared_slot.h"

#include <gtest/gtest.h>

#include <vector>

namespace signet {
namespace {

TEST(SharedSlot, gives_what_was_put_last_and_frees_what_was_before) {
  SharedSlot<const int> slot(std::make_shared<const int>(1));
  const std::weak_ptr<const int> first = slot.load();
  EXPECT_EQ(*slot.load(), 1);
  slot.store(std::make_shared<const int>(2));
  EXPECT_EQ(*slot.load(), 2);
  EXPECT_TRUE(first.expired());
  slot.store(nullptr);
  EXPECT_EQ(slot.load(), nullptr);
  EXPECT_EQ(SharedSlot<int>().load(), nullptr);
}

TEST(SharedSlot, readers_on_other_threads_see_whole_values_that_never_go_back) {
  using Pair = std::pair<int, int>;
  SharedSlot<const Pair> slot(std::make_shared<const Pair>(0, 0));
  constexpr int kLast = 20'000;
  std::atomic<int> faults{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      for (int before = 0; before < kLast;) {
        const auto now = slot.load();
        if (now->first != now->second || now->first < before) ++faults;
        before = now->first;
      }
    });
  }
  for (int i = 1; i <= kLast; ++i)
    slot.store(std::make_shared<const Pair>(i, i));
  for (auto& reader : readers)
    reader.join();
  EXPECT_EQ(faults, 0);
}

}  // namespace
}  // namespace signet
