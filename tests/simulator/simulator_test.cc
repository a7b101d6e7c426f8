// F7: a cluster's life by seed, with every invariant checked after every step. SIGNET_SEEDS=N runs
// that many seeds, from SIGNET_FIRST_SEED on; SIGNET_SEED=N runs that one and tells its story. A
// life lasts SIGNET_SIMULATED_HOURS.

#include "simulator/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "base/log.h"

namespace signet::simulator {
namespace {

constexpr std::uint64_t kHours = 6;
constexpr Milliseconds kLasts = Seconds(kHours * 3600);
/// A year: a slip of the finger beyond that would only seem to hang.
constexpr std::uint64_t kMostHours = 24 * 366;
constexpr std::uint64_t kSeeds = 16;
/// Each a test of its own, so that they can run side by side.
constexpr std::uint64_t kShares = 4;
/// So many lives are enough to find what is switched off on purpose.
constexpr std::uint64_t kSeedsToFind = 8;

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

/// Those of one share of a run; empty where another share has them all.
std::vector<std::uint64_t> seeds_of(std::uint64_t share) {
  std::vector<std::uint64_t> out;
  if (const std::uint64_t one = setting("SIGNET_SEED", 0); one != 0) {
    if (share == 0) out.push_back(one);
    return out;
  }
  const std::uint64_t first = setting("SIGNET_FIRST_SEED", 1);
  const std::uint64_t end = first + setting("SIGNET_SEEDS", kSeeds);
  for (std::uint64_t seed = first + share; seed < end; seed += kShares)
    out.push_back(seed);
  return out;
}

class SimulatorShare : public testing::TestWithParam<std::uint64_t> {
  void SetUp() override { log::configure(log::Level::kOff, true); }
};

TEST_P(SimulatorShare, f7_every_invariant_holds_through_the_life_of_every_seed) {
  const auto seeds = seeds_of(GetParam());
  if (seeds.empty()) GTEST_SKIP() << "the seeds are lived through in another share";
  const std::uint64_t hours = setting("SIGNET_SIMULATED_HOURS", kHours);
  ASSERT_TRUE(hours > 0 && hours <= kMostHours)
      << "SIGNET_SIMULATED_HOURS is a number from 1 to " << kMostHours;
  std::size_t tokens = 0, activations = 0, retirements = 0, lives = 0;
  for (const std::uint64_t seed : seeds) {
    const Outcome outcome = Simulation(seed, Rules{}).run(Seconds(hours * 3600));
    if (setting("SIGNET_SEED", 0) != 0) std::cout << story_of(outcome);
    ASSERT_TRUE(outcome.violations.empty())
        << story_of(outcome) << "again: SIGNET_SEED=" << seed << " SIGNET_SIMULATED_HOURS=" << hours
        << " simulator_test";
    tokens += outcome.tokens;
    activations += outcome.activations;
    retirements += outcome.retirements;
    lives += outcome.lives;
  }
  std::cout << tokens << " tokens, " << activations << " activations, " << retirements
            << " retirements, " << lives << " processes\n";
  // One life may be a quiet one, and so may short ones.
  if (seeds.size() < kSeeds / kShares || hours < kHours) return;
  EXPECT_GT(tokens, 100u);
  EXPECT_GT(activations, 10u);
  EXPECT_GT(retirements, 3u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimulatorShare, testing::Range(std::uint64_t{0}, kShares));

TEST_F(Simulator, f7_a_seed_replays_the_same_life) {
  const Outcome first = Simulation(7, Rules{}).run(kLasts / 4);
  const Outcome again = Simulation(7, Rules{}).run(kLasts / 4);
  EXPECT_EQ(first.trace, again.trace);
  EXPECT_GT(first.trace.size(), 20u);
}

/// The first seed whose life breaks an invariant; 0 if none does.
std::uint64_t found_with(const Rules& rules) {
  for (std::uint64_t seed = 1; seed <= kSeedsToFind; ++seed) {
    const Outcome outcome = Simulation(seed, rules).run(kLasts);
    if (outcome.violations.empty()) continue;
    std::cout << "seed " << seed << ": " << outcome.violations.front() << "\n";
    return seed;
  }
  return 0;
}

TEST_F(Simulator, f7_notices_a_key_that_signs_before_caches_know_it) {
  Rules rules;
  rules.policy.publish_ahead = Seconds(0);
  EXPECT_NE(found_with(rules), 0u);
}

TEST_F(Simulator, f7_notices_instances_that_do_not_wait_for_each_other) {
  // Instances look for news seldom, and a key is published for little more than a JWKS is cached:
  // one that lags behind is not in time, unless the others wait for it.
  Rules rules;
  rules.refresh_every = Seconds(1200);
  rules.policy.publish_ahead = rules.jwks_cached + rules.policy.clock_skew;
  rules.instances_wait = false;
  const std::uint64_t seed = found_with(rules);
  ASSERT_NE(seed, 0u);
  rules.instances_wait = true;
  EXPECT_THAT(Simulation(seed, rules).run(kLasts).violations, testing::IsEmpty());
}

TEST_F(Simulator, f7_notices_tokens_that_outlive_the_horizon_of_their_key) {
  Rules rules;
  rules.horizons_are_raised = false;
  EXPECT_NE(found_with(rules), 0u);
}

TEST_F(Simulator, f7_notices_clocks_that_are_wrong_beyond_what_is_allowed) {
  Rules rules;
  rules.most_skew = Seconds(3600);
  EXPECT_NE(found_with(rules), 0u);
}

}  // namespace
}  // namespace signet::simulator
