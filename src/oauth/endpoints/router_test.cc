#include "oauth/endpoints/router.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "oauth/endpoints/test_world.h"

namespace signet::oauth::test {
namespace {

/// So many threads that hold slots that nobody else gets one.
class CrowdOfWorkers {
 public:
  CrowdOfWorkers() {
    for (std::size_t i = 0; i < kMaxWorkers; ++i) {
      threads_.emplace_back([this] {
        static_cast<void>(worker_index());
        std::unique_lock hold(mutex_);
        ++seated_;
        wake_.notify_all();
        wake_.wait(hold, [this] { return is_over_; });
      });
    }
    std::unique_lock hold(mutex_);
    wake_.wait(hold, [this] { return seated_ == kMaxWorkers; });
  }
  ~CrowdOfWorkers() {
    {
      std::lock_guard hold(mutex_);
      is_over_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_)
      thread.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::size_t seated_ = 0;
  bool is_over_ = false;
  std::vector<std::thread> threads_;
};

TEST(Router, given_no_slot_is_left_when_another_thread_asks_then_it_is_answered_all_the_same) {
  World world;
  world.realm("root");
  world.client("app");
  const CrowdOfWorkers crowd;
  std::thread late([&world] {
    EXPECT_EQ(worker_index(), kMaxWorkers);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(world.get("/oauth2/connect/jwk_uri").status(), 200);
      EXPECT_FALSE(world.issue("app").empty());
    }
  });
  late.join();
}

}  // namespace
}  // namespace signet::oauth::test
