#include <algorithm>
#include <random>
#include <set>

#include "secrets/test_life.h"

namespace signet::secrets {
namespace {

using test::Life;

/// What a verifier with a cached JWKS and a token in the hand would see, over thousands of random
/// steps of an operator and of time.
class RandomLife {
 public:
  explicit RandomLife(unsigned seed) : random_(seed) {}

  void step() {
    change_stores();
    life_.now += Seconds(pick(120));
    const auto before = life_.histories;
    const Lineup& lineup = life_.line(store_, verify_only_);
    check_signer(before, lineup);
    check_kept(before, lineup);
    check_forward(before);
    if (lineup.active && pick(2) == 0) {  // a token is made
      auto& horizon = life_.of(*lineup.active).horizon;
      horizon = std::max(horizon, life_.now + Seconds(pick(4000)));
    }
    last_order_ = lineup.order;
  }

 private:
  unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }

  void change_stores() {
    switch (pick(8)) {
      case 0:
        store_.insert(store_.begin(), KeyId("k" + std::to_string(next_++)));
        break;
      case 1:
        store_.emplace_back("k" + std::to_string(next_++));
        break;
      case 2:
        if (!store_.empty()) {
          const auto at = store_.begin() + pick(static_cast<unsigned>(store_.size()));
          gone_.push_back(*at);
          store_.erase(at);
        }
        break;
      case 3:
        std::shuffle(store_.begin(), store_.end(), random_);
        break;
      case 4:
        if (!gone_.empty()) {  // found again
          store_.insert(store_.begin(), gone_.back());
          gone_.pop_back();
        }
        break;
      case 5:
        verify_only_.clear();
        if (!store_.empty() && pick(3) == 0) verify_only_.push_back(store_.front());
        break;
      default:
        break;
    }
  }

  static const KeyHistory* find(const std::vector<KeyHistory>& in, const KeyId& kid) {
    const auto found =
        std::find_if(in.begin(), in.end(), [&](const KeyHistory& key) { return key.kid == kid; });
    return found == in.end() ? nullptr : &*found;
  }
  bool could_sign(const KeyId& kid) const {
    return std::find(store_.begin(), store_.end(), kid) != store_.end() &&
           std::find(verify_only_.begin(), verify_only_.end(), kid) == verify_only_.end();
  }

  void check_signer(const std::vector<KeyHistory>& before, const Lineup& lineup) {
    ASSERT_LE(std::count_if(life_.histories.begin(), life_.histories.end(),
                            [](const KeyHistory& key) { return key.state == KeyState::kActive; }),
              1);
    if (!lineup.active) return;
    ASSERT_TRUE(could_sign(*lineup.active));
    ASSERT_EQ(lineup.order.front(), *lineup.active);
    const KeyHistory* was = find(before, *lineup.active);
    ASSERT_FALSE(was != nullptr && was->state == KeyState::kRetired);
    const bool was_signing = was != nullptr && was->state == KeyState::kActive;
    if (before.empty() || was_signing) return;
    const bool ripe = was != nullptr && was->published &&
                      life_.now >= *was->published + life_.policy.publish_ahead;
    ASSERT_EQ(lineup.activated_early, !ripe);
    if (ripe) {
      ASSERT_TRUE(std::count(last_order_.begin(), last_order_.end(), *lineup.active) > 0)
          << "it must have been in the JWKS until now";
      return;
    }
    for (const auto& key : before) {  // early: then nothing else could sign
      const bool can = could_sign(key.kid) && key.state != KeyState::kRetired && key.published &&
                       (key.state == KeyState::kActive ||
                        life_.now >= *key.published + life_.policy.publish_ahead);
      ASSERT_FALSE(can) << key.kid;
    }
  }

  void check_kept(const std::vector<KeyHistory>& before, const Lineup& lineup) {
    for (const auto& key : before) {
      const bool lives =
          key.state != KeyState::kRetired && life_.now < key.horizon + life_.policy.clock_skew;
      if (lives && key.activated) {
        ASSERT_TRUE(std::count(lineup.order.begin(), lineup.order.end(), key.kid) == 1) << key.kid;
      }
    }
  }

  void check_forward(const std::vector<KeyHistory>& before) {
    std::set<KeyId> kids;
    for (const auto& key : life_.histories)
      ASSERT_TRUE(kids.insert(key.kid).second);
    for (const auto& old : before) {
      const KeyHistory* key = find(life_.histories, old.kid);
      ASSERT_NE(key, nullptr);
      if (old.state == KeyState::kRetired) {
        ASSERT_EQ(*key, old);
      }
      if (old.state != KeyState::kPrepared) {
        ASSERT_NE(key->state, KeyState::kPrepared);
        ASSERT_EQ(key->published, old.published);
      }
      ASSERT_GE(key->activated, old.activated);
      ASSERT_GE(key->deactivated, old.deactivated);
    }
  }

  std::mt19937 random_;
  Life life_;
  std::vector<KeyId> store_, gone_, verify_only_, last_order_;
  int next_ = 0;
};

TEST(LineUp, sec_104_sec_105_hold_over_thousands_of_random_steps) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    RandomLife life(seed);
    for (int i = 0; i < 300; ++i) {
      life.step();
      if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed << ", step " << i;
    }
  }
}

}  // namespace
}  // namespace signet::secrets
