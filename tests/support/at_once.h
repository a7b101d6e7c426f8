#pragma once
// Threads that begin at the same moment.

#include <atomic>
#include <thread>
#include <vector>

namespace signet::test {

/// Calls work(0) to work(count - 1), each in a thread of its own and none before all are there;
/// comes back when the last one is done.
template <class Work>
void at_once(int count, const Work& work) {
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      ++ready;
      while (ready < count)
        std::this_thread::yield();
      work(i);
    });
  }
  for (std::thread& thread : threads)
    thread.join();
}

}  // namespace signet::test
