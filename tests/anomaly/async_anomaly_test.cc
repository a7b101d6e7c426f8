// F8 over waiting: whoever waits is woken, with a value or an error, whatever memory was there.
#include "anomaly/anomaly_loop.h"
#include "async/blocking_pool.h"
#include "async/single_flight.h"
#include "base/log.h"
#include "support/matchers.h"

namespace signet::async {
namespace {

using test::anomaly_loops;
using test::Ended;
using test::Operation;

/// Quiet: the loops tell of thousands of failures.
class AsyncAnomaly : public ::testing::Test {
 protected:
  AsyncAnomaly() { log::configure(log::Level::kOff, true); }
  ~AsyncAnomaly() override { log::configure(log::Level::kInfo, true); }

  static Operation operation(const char* name, std::function<bool()> act) {
    Operation out;
    out.name = name;
    out.act = std::move(act);
    return out;
  }
};

Task<Done> wait_for_all(std::vector<Task<Done>> waits) {
  for (auto& wait : waits) {
    CO_TRY(co_await std::move(wait));
  }
  co_return Done{};
}

TEST_F(AsyncAnomaly, f_8_work_on_another_thread_comes_back) {
  BlockingPool pool("anomaly", 1, 8);
  anomaly_loops(operation("pool_run", [&] {
    const auto five = run_now(pool.run<int>([]() -> Result<int> { return 5; }));
    return five.ok() && *five == 5;
  }));
}

TEST_F(AsyncAnomaly, f_8_those_who_are_woken_together_are_all_woken) {
  anomaly_loops(operation("completions", [] {
    std::vector<OneShot<Done>> shots(20);
    std::vector<Task<Done>> waits;
    for (auto& shot : shots)
      waits.push_back(shot.wait());
    Completions<Done> completions;
    for (auto& shot : shots)
      completions.add(shot, Done{});
    completions.send();
    return run_now(wait_for_all(std::move(waits))).ok();
  }));
}

TEST_F(AsyncAnomaly, f_8_a_flight_lands_and_the_next_one_flies) {
  SingleFlight<int> flight;
  const auto fly = [&] {
    std::function<Task<int>()> work = []() -> Task<int> { co_return 7; };
    return run_now(flight.run(std::move(work)));
  };
  Operation out = operation("single_flight", [&] {
    const auto landed = fly();
    return landed.ok() && *landed == 7;
  });
  out.check = [&](Ended) {
    const auto landed = fly();
    ASSERT_TRUE(landed.ok());
    ASSERT_EQ(*landed, 7);
  };
  anomaly_loops(out);
}

}  // namespace
}  // namespace signet::async
