// F7: a cluster's life by seed, with every invariant checked after every step. SIGNET_SEEDS=N runs
// that many seeds; SIGNET_SEED=N runs that one.

#include "simulator/simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "base/log.h"

namespace signet::simulator {
namespace {

constexpr Milliseconds kLasts = Seconds(12 * 3600);
constexpr std::uint64_t kSeeds = 8;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::string story_of(const Outcome& outcome) {
  constexpr std::size_t kMostLines = 400;
  std::string out;
  const std::size_t size = outcome.trace.size();
  for (std::size_t i = size > kMostLines ? size - kMostLines : 0; i < size; ++i)
    out += outcome.trace[i] + "\n";
  for (const auto& violation : outcome.violations)
    out += "VIOLATED " + violation + "\n";
  return out;
}

struct Quiet : testing::Test {
  void SetUp() override { log::configure(log::Level::kOff, true); }
};
using Simulator = Quiet;

TEST_F(Simulator, f7_every_invariant_holds_through_simulated_days_of_every_seed) {
  const std::uint64_t one = setting("SIGNET_SEED", 0);
  const std::uint64_t last = one != 0 ? one : setting("SIGNET_SEEDS", kSeeds);
  std::size_t tokens = 0, activations = 0, retirements = 0, lives = 0;
  for (std::uint64_t seed = one != 0 ? one : 1; seed <= last; ++seed) {
    const Outcome outcome = Simulation(seed, Rules{}).run(kLasts);
    ASSERT_TRUE(outcome.violations.empty())
        << story_of(outcome) << "again: SIGNET_SEED=" << seed << " simulator_test";
    tokens += outcome.tokens;
    activations += outcome.activations;
    retirements += outcome.retirements;
    lives += outcome.lives;
  }
  std::cout << tokens << " tokens, " << activations << " activations, " << retirements
            << " retirements, " << lives << " processes\n";
  EXPECT_GT(tokens, 100u);
  EXPECT_GT(activations, 10u);
  EXPECT_GT(retirements, 3u);
}

TEST_F(Simulator, f7_a_seed_replays_the_same_life) {
  const Outcome first = Simulation(7, Rules{}).run(kLasts / 4);
  const Outcome again = Simulation(7, Rules{}).run(kLasts / 4);
  EXPECT_EQ(first.trace, again.trace);
  EXPECT_GT(first.trace.size(), 50u);
}

/// The first violation that some seed finds; empty if none does.
std::string found_with(const Rules& rules) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Outcome outcome = Simulation(seed, rules).run(kLasts);
    if (outcome.violations.empty()) continue;
    std::cout << "seed " << seed << ": " << outcome.violations.front() << "\n";
    return outcome.violations.front();
  }
  return "";
}

TEST_F(Simulator, f7_notices_a_key_that_signs_before_caches_know_it) {
  Rules rules;
  rules.policy.publish_ahead = Seconds(0);
  EXPECT_NE(found_with(rules), "");
}

TEST_F(Simulator, f7_notices_instances_that_do_not_wait_for_each_other) {
  Rules rules;
  rules.instances_wait = false;
  EXPECT_NE(found_with(rules), "");
}

TEST_F(Simulator, f7_notices_tokens_that_outlive_the_horizon_of_their_key) {
  Rules rules;
  rules.horizons_are_raised = false;
  EXPECT_NE(found_with(rules), "");
}

TEST_F(Simulator, f7_notices_clocks_that_are_wrong_beyond_what_is_allowed) {
  Rules rules;
  rules.most_skew = Seconds(3600);
  EXPECT_NE(found_with(rules), "");
}

}  // namespace
}  // namespace signet::simulator
