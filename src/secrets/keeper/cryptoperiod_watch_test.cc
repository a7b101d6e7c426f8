#include "secrets/keeper/cryptoperiod_watch.h"

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Seconds kADay{86400};
constexpr Seconds kLength = 100 * kADay;

/// A keeper and what its watch told: "KID ending" or "KID over", with the realm before it.
struct Watched {
  World world;
  std::shared_ptr<Keeper> keeper;
  std::vector<std::string> told;
  std::unique_ptr<CryptoperiodWatch> watch;

  Watched() : keeper(world.start({"a"})) { begin(); }
  void begin(std::vector<CryptoperiodRule> rules = {}) {
    Cryptoperiods periods(kLength, std::move(rules));
    const auto tell = [this](const CryptoperiodWatch::Key& key, KeyAge age) {
      const std::string realm = key.realm.empty() ? "" : key.realm.str() + "/";
      told.push_back(realm + key.kid.str() + " " + std::string(to_string(age)));
    };
    watch = std::make_unique<CryptoperiodWatch>(keeper, world.clock, std::move(periods), tell);
    watch->look();
  }
  std::vector<std::string> news_after(Milliseconds time) {
    told.clear();
    world.clock->advance(time);
    watch->look();
    return told;
  }
  CryptoperiodWatch::Report report() const { return *watch->report(); }
};

TEST(CryptoperiodWatch, sec_107_given_an_active_key_when_it_comes_of_age_then_it_is_told_once) {
  Watched the;
  EXPECT_THAT(the.told, IsEmpty());
  EXPECT_THAT(the.news_after(75 * kADay - Milliseconds(1)), IsEmpty());
  EXPECT_EQ(the.report().keys, 1u);
  EXPECT_EQ(the.report().ending, 0u);
  EXPECT_THAT(the.news_after(Milliseconds(1)), ElementsAre(kid(1).str() + " ending"));
  EXPECT_EQ(the.report().ending, 1u);
  for (int i = 0; i < 10; ++i) {
    ASSERT_THAT(World::refresh(*the.keeper), is_ok());
    EXPECT_THAT(the.news_after(kADay), IsEmpty()) << "not at each look";
  }
  EXPECT_THAT(the.news_after(15 * kADay), ElementsAre(kid(1).str() + " over"));
  EXPECT_EQ(the.report().ending, 0u);
  EXPECT_EQ(the.report().over, 1u);
  EXPECT_THAT(the.news_after(100 * kADay), IsEmpty());
  EXPECT_EQ(World::active(*the.keeper), kid(1)) << "it is told, and signs on";
}

TEST(CryptoperiodWatch, given_a_successor_when_it_signs_then_its_own_time_begins) {
  Watched the;
  EXPECT_THAT(the.news_after(kLength), ElementsAre(kid(1).str() + " over"));
  ASSERT_THAT(async::run_now(the.keeper->publish(the.world.step("b"))), is_ok());
  EXPECT_THAT(the.news_after(the.world.options.policy.publish_ahead), IsEmpty());
  ASSERT_THAT(async::run_now(the.keeper->activate(the.world.step("b"))), is_ok());
  EXPECT_THAT(the.news_after(Seconds(0)), IsEmpty());
  ASSERT_EQ(the.report().furthest.size(), 1u);
  EXPECT_EQ(the.report().over, 0u);
  EXPECT_EQ(the.report().furthest[0].kid, kid(2));
  EXPECT_EQ(the.report().furthest[0].period.since, the.world.clock->now());
}

TEST(CryptoperiodWatch,
     given_a_key_that_signs_again_when_it_is_looked_at_then_it_is_as_old_as_ever) {
  Watched the;
  const Instant begin = the.world.clock->now();
  ASSERT_THAT(async::run_now(the.keeper->publish(the.world.step("b"))), is_ok());
  the.news_after(50 * kADay);
  ASSERT_THAT(async::run_now(the.keeper->activate(the.world.step("b"))), is_ok());
  the.news_after(30 * kADay);
  ASSERT_THAT(async::run_now(the.keeper->activate(the.world.step("a"))), is_ok());
  EXPECT_THAT(the.news_after(Seconds(0)), ElementsAre(kid(1).str() + " ending"));
  EXPECT_EQ(the.report().furthest.at(0).period.since, begin);
}

TEST(CryptoperiodWatch, given_realms_when_they_share_a_ring_then_it_is_watched_once) {
  Watched the;
  const auto own = std::make_shared<FakeStore>("own", Ordering::kByMapping);
  own->put("b", ec(2));
  ASSERT_THAT(World::configure(*the.keeper, {{the.world.store, kGlobal, {mapped(kEs256, {"a"})}},
                                             {own, kAlpha, {mapped(kEs256, {"b"})}}}),
              is_ok());
  ASSERT_NE(World::ring(*the.keeper, kEs256, kAlpha), nullptr);
  ASSERT_NE(World::ring(*the.keeper, kEs256, kBeta), nullptr);
  the.begin({{kEs256, kAlpha, 10 * kADay}});
  EXPECT_THAT(the.news_after(8 * kADay), ElementsAre("alpha/" + kid(2).str() + " ending"));
  const auto report = the.report();
  EXPECT_EQ(report.keys, 2u);
  ASSERT_EQ(report.furthest.size(), 2u);
  EXPECT_EQ(report.furthest[0].realm, kAlpha) << "the one that is nearest to its end is first";
  EXPECT_EQ(report.furthest[0].period.length, 10 * kADay);
  EXPECT_EQ(report.furthest[1].realm, kGlobal);
  EXPECT_EQ(report.furthest[1].period.length, kLength);
}

TEST(CryptoperiodWatch, given_keys_that_make_macs_or_decrypt_when_looked_at_then_they_count_too) {
  Watched the;
  ASSERT_THAT(World::configure(*the.keeper, {{the.world.store,
                                              kGlobal,
                                              {mapped(kEs256, {"a"}), mapped(kHmac, {"hmac"}),
                                               mapped(kDecrypt, {"rsa"})}}}),
              is_ok());
  EXPECT_EQ(the.news_after(kLength).size(), 3u);
  EXPECT_EQ(the.report().over, 3u);
}

TEST(CryptoperiodWatch, given_no_time_of_activation_then_it_counts_from_when_it_was_first_seen) {
  World world;
  storage::PutKey put;
  put.key.secret_id = kEs256.str();
  put.key.kid = kid(1);
  put.key.state = "active";
  put.expected = 0;
  storage::Transaction transaction;
  transaction.emplace_back(std::move(put));
  ASSERT_THAT(async::run_now(world.storage->commit(std::move(transaction))), is_ok());
  const auto since = [&] {
    const std::shared_ptr<Keeper> keeper = world.start({"a"});
    CryptoperiodWatch watch(keeper, world.clock, Cryptoperiods(kLength));
    watch.look();
    EXPECT_EQ(watch.report()->furthest.size(), 1u);
    return watch.report()->furthest.at(0).period.since;
  };
  const Instant first_seen = world.clock->now();
  EXPECT_EQ(since(), first_seen);
  world.clock->advance(10 * kADay);
  EXPECT_EQ(since(), first_seen) << "after a restart too";
}

TEST(CryptoperiodWatch, given_a_clock_that_was_ahead_when_it_is_set_back_then_the_key_is_young) {
  Watched the;
  const Instant begin = the.world.clock->now();
  the.world.clock->set(begin + 2 * kLength);
  EXPECT_THAT(the.news_after(Seconds(0)), ElementsAre(kid(1).str() + " over"));
  the.world.clock->set(begin + kADay);
  EXPECT_THAT(the.news_after(Seconds(0)), IsEmpty());
  EXPECT_EQ(the.report().over, 0u);
  EXPECT_THAT(the.news_after(75 * kADay), ElementsAre(kid(1).str() + " ending"));
  EXPECT_THAT(the.news_after(25 * kADay), ElementsAre(kid(1).str() + " over"));
}

TEST(CryptoperiodWatch, given_keys_of_very_many_realms_when_all_are_over_then_the_log_stays_short) {
  Watched the;
  const std::size_t count = CryptoperiodWatch::kMostTold + 5;
  std::vector<ConfiguredStore> stores;
  for (std::size_t i = 0; i < count; ++i) {
    const auto own = std::make_shared<FakeStore>("own", Ordering::kByMapping);
    own->put("a", ec(1));
    stores.push_back({own, RealmName("realm" + std::to_string(i)), {mapped(kEs256, {"a"})}});
  }
  ASSERT_THAT(World::configure(*the.keeper, std::move(stores)), is_ok());
  for (std::size_t i = 0; i < count; ++i)
    ASSERT_NE(World::ring(*the.keeper, kEs256, RealmName("realm" + std::to_string(i))), nullptr);
  EXPECT_THAT(the.news_after(Seconds(0)), IsEmpty());
  EXPECT_EQ(the.news_after(kLength).size(), CryptoperiodWatch::kMostTold);
  EXPECT_EQ(the.report().over, count);
  EXPECT_THAT(the.news_after(kADay), IsEmpty());
}

}  // namespace
}  // namespace signet::secrets
