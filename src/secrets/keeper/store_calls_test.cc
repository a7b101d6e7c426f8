// How often a store is asked, and what is counted of it.

#include "secrets/keeper/test_support.h"
#include "secrets/stores/memory/memory_store.h"
#include "secrets/stores/remote_key.h"
#include "support/matchers.h"

namespace signet::secrets::test {
namespace {

using signet::test::fails;
using signet::test::is_ok;
using std::chrono::seconds;

const Error kStoreDown{Code::kUnavailable, "store_down", "nobody there"};

// The fake store, counting every question.
class CountedStore : public FakeStore {
 public:
  using FakeStore::FakeStore;
  Task<std::string> fingerprint() override {
    ++questions;
    co_return co_await FakeStore::fingerprint();
  }
  int questions = 0;
};

struct BackoffWorld : World {
  std::shared_ptr<CountedStore> counted =
      std::make_shared<CountedStore>("ks", Ordering::kByMapping);
  std::unique_ptr<Keeper> keeper_;

  BackoffWorld() { counted->put("a", ec(1)); }
  void begin() {
    keeper_ = keeper();
    ASSERT_THAT(configure(*keeper_, {{counted, kGlobal, {mapped(kEs256, {"a"})}}}), is_ok());
  }
  /// Refreshes when they are due for so long; how often the store was asked.
  int questions_in(Seconds time) {
    const int before = counted->questions;
    for (Seconds gone{0}; gone < time; gone += options.refresh_every) {
      clock->advance(options.refresh_every);
      EXPECT_THAT(async::run_now(keeper_->refresh_due()), is_ok());
    }
    return counted->questions - before;
  }
};

TEST(StoreCalls, a_store_that_answers_is_asked_at_every_refresh) {
  BackoffWorld world;
  world.begin();
  EXPECT_EQ(world.questions_in(Seconds(600)), 60);
}

TEST(StoreCalls, an_unreachable_store_is_asked_less_and_less_while_its_lease_serves) {
  BackoffWorld world;
  world.begin();
  const KeyId kid = world.active(*world.keeper_);
  world.counted->outage = kStoreDown;
  // After 10, 20 (10 later), 40 (20 later), 80 (40 later), then every 60 seconds.
  EXPECT_EQ(world.questions_in(Seconds(80)), 4);
  EXPECT_EQ(world.questions_in(Seconds(600)), 10);
  EXPECT_EQ(world.active(*world.keeper_), kid);
  EXPECT_FALSE(world.keeper_->health()[0].ok);

  world.counted->outage.reset();
  EXPECT_EQ(world.questions_in(Seconds(60)), 1);
  EXPECT_TRUE(world.keeper_->health()[0].ok);
  EXPECT_EQ(world.questions_in(Seconds(100)), 10);
}

TEST(StoreCalls, an_operator_who_asks_for_a_refresh_does_not_wait) {
  BackoffWorld world;
  world.begin();
  world.counted->outage = kStoreDown;
  world.questions_in(Seconds(300));
  const int before = world.counted->questions;
  EXPECT_THAT(world.refresh(*world.keeper_), is_ok());
  EXPECT_THAT(world.refresh(*world.keeper_), is_ok());
  EXPECT_EQ(world.counted->questions, before + 2);
  world.counted->outage.reset();
  EXPECT_THAT(world.refresh(*world.keeper_), is_ok());
  EXPECT_TRUE(world.keeper_->health()[0].ok);
}

TEST(StoreCalls, a_store_is_asked_at_the_end_of_its_lease_and_from_then_on_at_every_refresh) {
  BackoffWorld world;
  world.options.lease = Seconds(100);
  world.begin();
  world.counted->outage = kStoreDown;
  // 10, 20, 40, 80; the lease ends at 100.
  EXPECT_EQ(world.questions_in(Seconds(100)), 5);
  EXPECT_EQ(world.questions_in(Seconds(200)), 20);
  EXPECT_EQ(world.active(*world.keeper_), KeyId());
}

TEST(StoreCalls, a_store_that_never_answered_is_asked_at_every_refresh) {
  BackoffWorld world;
  world.counted->outage = kStoreDown;
  world.begin();
  EXPECT_EQ(world.questions_in(Seconds(100)), 10);
  EXPECT_EQ(world.keeper_->health()[0].last_good, Instant{});
  EXPECT_EQ(world.keeper_->health()[0].lease_until, Instant{}) << "there is nothing to serve";
}

TEST(StoreCalls, an_alias_that_cannot_be_asked_for_is_left_alone_and_the_others_go_on) {
  BackoffWorld world;
  world.options.lease = Seconds(600);
  world.counted->put("hmac", oct(64));
  world.keeper_ = world.keeper();
  ASSERT_THAT(World::configure(
                  *world.keeper_,
                  {{world.counted, kGlobal, {mapped(kEs256, {"a"}), mapped(kHmac, {"hmac"})}}}),
              is_ok());
  world.counted->broken.insert_or_assign("a", kStoreDown);
  ++world.counted->version;
  const auto fetches_in = [&](Seconds time) {
    const int before = world.counted->fetches;
    world.questions_in(time);
    return world.counted->fetches - before;
  };
  // "hmac" once, and "a" after 10, 20, 40 and 80 seconds.
  EXPECT_EQ(fetches_in(Seconds(80)), 5);
  EXPECT_EQ(World::active(*world.keeper_), kid(1));
  // Every 60 seconds, and at the end of its lease after 600.
  EXPECT_EQ(fetches_in(Seconds(600)), 10);
  EXPECT_FALSE(World::ring(*world.keeper_)->can_sign);
  EXPECT_EQ(fetches_in(Seconds(600)), 10) << "nor is it asked for at every refresh from then on";
  EXPECT_TRUE(World::ring(*world.keeper_, kHmac)->can_sign);

  // Of the store as a whole: what was read last is served, and it rests, although the last time
  // that all was read is longer ago than a lease.
  world.counted->outage = kStoreDown;
  EXPECT_EQ(world.questions_in(Seconds(80)), 4);
  EXPECT_TRUE(World::ring(*world.keeper_, kHmac)->can_sign);
  world.counted->outage.reset();
  world.counted->broken.clear();
  ASSERT_THAT(World::refresh(*world.keeper_), is_ok());
  EXPECT_EQ(World::active(*world.keeper_), kid(1));
  EXPECT_TRUE(world.keeper_->health()[0].ok);
}

TEST(StoreCalls, instances_with_jitter_do_not_come_back_in_step) {
  std::set<int> counts;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    BackoffWorld world;
    world.options.random = std::make_shared<SeededRandom>(seed);
    world.options.refresh_every = Seconds(1);
    world.begin();
    world.counted->outage = kStoreDown;
    const int asked = world.questions_in(Seconds(3600));
    EXPECT_GE(asked, 60);
    EXPECT_LE(asked, 140);
    counts.insert(asked);
  }
  EXPECT_GT(counts.size(), 1U);
}

TEST(StoreCalls, a_clock_that_is_set_forward_ends_no_lease) {
  BackoffWorld world;
  world.begin();
  const KeyId kid = world.active(*world.keeper_);
  world.counted->outage = kStoreDown;
  world.questions_in(Seconds(20));
  world.clock->set(world.clock->now() + 2 * world.options.lease);
  world.questions_in(Seconds(20));
  EXPECT_EQ(world.active(*world.keeper_), kid);
}

TEST(StoreCalls, a_clock_that_is_set_back_leaves_no_store_alone_for_longer) {
  BackoffWorld world;
  world.begin();
  world.counted->outage = kStoreDown;
  world.questions_in(Seconds(300));
  world.counted->outage.reset();
  world.clock->set(world.clock->now() - Seconds(24 * 3600));
  // Its rest is not over yet, and ends when it would have ended anyway.
  const auto rest = std::chrono::duration_cast<Seconds>(world.options.backoff_most);
  EXPECT_GE(world.questions_in(rest), 1);
  EXPECT_TRUE(world.keeper_->health()[0].ok);
}

TEST(StoreCalls, what_a_store_warns_of_is_in_its_health_while_it_does) {
  World world;
  const auto store = std::make_shared<FakeStore>("ks", Ordering::kByMapping);
  store->put("a", ec(1));
  const auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{store, kGlobal, {mapped(kEs256, {"a"})}}}), is_ok());
  EXPECT_TRUE(keeper->health()[0].warnings.empty());
  store->said.emplace_back("version 2 of 'a' was skipped");
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_TRUE(keeper->health()[0].ok);
  EXPECT_EQ(keeper->health()[0].warnings, store->said);
  store->said.clear();
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_TRUE(keeper->health()[0].warnings.empty());
}

TEST(StoreCalls, calls_are_counted_by_outcome) {
  BackoffWorld world;
  world.begin();
  const auto calls = [&] { return world.keeper_->store_calls().at(0); };
  // One fingerprint and one alias.
  EXPECT_EQ(calls().outcomes[0], 2U);
  EXPECT_EQ(calls().name.str(), "ks");
  EXPECT_EQ(calls().realm, kGlobal);
  EXPECT_GE(calls().seconds, 0.0);
  world.counted->outage = kStoreDown;
  EXPECT_THAT(world.refresh(*world.keeper_), is_ok());
  EXPECT_EQ(calls().outcomes[0], 2U);
  EXPECT_EQ(calls().outcomes[1 + static_cast<std::size_t>(Code::kUnavailable)], 1U);
  world.counted->outage.reset();
  world.counted->broken.insert_or_assign("a", Error{Code::kConfig, "secret_unreadable", "broken"});
  EXPECT_THAT(world.refresh(*world.keeper_), is_ok());
  EXPECT_EQ(calls().outcomes[0], 3U);
  EXPECT_EQ(calls().outcomes[1 + static_cast<std::size_t>(Code::kConfig)], 1U);
}

/// Answers questions about aliases when it is told to.
class SlowStore : public FakeStore {
 public:
  using FakeStore::FakeStore;
  Task<std::vector<Secret>> fetch(Alias alias) override {
    if (is_slow) CO_TRY(co_await answer.wait());
    co_return co_await FakeStore::fetch(std::move(alias));
  }
  bool is_slow = false;
  async::OneShot<Done> answer;
};

TEST(StoreCalls, what_is_asked_of_one_store_has_a_limit_on_its_time) {
  World world;
  world.options.store_timeout = Milliseconds(1);
  const auto store = std::make_shared<SlowStore>("slow", Ordering::kByMapping);
  store->put("a", ec(1));
  const auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{store, kGlobal, {}}}), is_ok());
  const auto ask = [&]() -> Task<std::vector<Secret>> {
    auto found = co_await keeper->fetch(kGlobal, StoreName("slow"), Alias("a"));
    store->answer.complete(Done{});  // the late answer comes after all and is dropped
    co_return found;
  };
  store->is_slow = true;
  EXPECT_THAT(async::run_now(ask()), fails("store_timeout"));
}

TEST(StoreCalls, a_store_that_is_not_there_or_makes_nothing_says_so) {
  World world;
  const auto keeper = world.start({"a"});
  const StoreName other("other"), ks("ks");
  EXPECT_THAT(async::run_now(keeper->fetch(kGlobal, other, Alias("a"))), fails("store_unknown"));
  EXPECT_THAT(async::run_now(keeper->aliases(kGlobal, other)), fails("store_unknown"));
  const auto nowhere = async::run_now(keeper->probe(kGlobal, other));
  ASSERT_THAT(nowhere, fails("store_unknown"));
  EXPECT_EQ(nowhere.error().detail, "there is no global store 'other'");
  const auto of_realm = async::run_now(keeper->probe(kAlpha, ks));
  ASSERT_THAT(of_realm, fails("store_unknown"));
  EXPECT_THAT(of_realm.error().detail, testing::HasSubstr("leave the realm out"));
  EXPECT_THAT(async::run_now(keeper->aliases(kGlobal, ks)), is_ok());
  const Secret model = World::ring(*keeper)->ring->active();
  EXPECT_THAT(async::run_now(keeper->make_like(kGlobal, ks, Alias("b2"), model)),
              fails("store_makes_no_keys"));
  EXPECT_THAT(async::run_now(keeper->make_successor(kGlobal, other, model)),
              fails("store_makes_no_keys"));
  EXPECT_THAT(async::run_now(keeper->make_version(kGlobal, ks, Alias("a"), "1")),
              fails("store_makes_no_keys"));
}

TEST(StoreCalls, keys_that_a_store_is_asked_to_make_are_counted_with_its_calls) {
  World world;
  const StoreName ks("ks");
  const auto store = std::make_shared<MemoryStore>(ks);
  store->put(Alias("a"), {Secret::of_key(ec(1))});
  const auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{store, kGlobal, {mapped(kEs256, {"a"})}}}), is_ok());
  const auto calls = [&] { return keeper->store_calls().at(0); };
  const auto failed = [&](Code code) {
    return calls().outcomes[1 + static_cast<std::size_t>(code)];
  };
  const Secret model = World::ring(*keeper)->ring->active();
  const std::uint64_t before = calls().outcomes[0];
  const double seconds = calls().seconds;
  ASSERT_THAT(async::run_now(keeper->make_like(kGlobal, ks, Alias("b"), model)), is_ok());
  EXPECT_EQ(calls().outcomes[0], before + 1);
  EXPECT_GT(calls().seconds, seconds) << "the time it took counts too";
  ASSERT_THAT(async::run_now(keeper->make_successor(kGlobal, ks, model)), is_ok());
  EXPECT_EQ(calls().outcomes[0], before + 2);
  EXPECT_THAT(async::run_now(keeper->make_like(kGlobal, ks, Alias("b"), model)),
              fails("alias_exists"));
  EXPECT_EQ(failed(Code::kConflict), 1U);
  EXPECT_EQ(calls().outcomes[0], before + 2);
  // Nobody asked the store.
  const std::uint64_t unsupported = failed(Code::kUnsupported);
  EXPECT_THAT(async::run_now(keeper->make_version(kGlobal, ks, Alias("a"), "1")),
              fails("store_makes_no_keys"));
  EXPECT_EQ(failed(Code::kUnsupported), unsupported);
}

/// Makes the next version when it is told to.
class VersionsOnRequest : public FakeStore, public VersionMaker {
 public:
  VersionsOnRequest() : FakeStore("kms", Ordering::kByStore) {}
  Task<Done> make_version(Alias, std::string) override {
    if (outage) co_return *outage;
    co_return Done{};
  }
};

TEST(StoreCalls, versions_that_a_store_is_asked_to_make_are_counted_with_its_calls) {
  World world;
  const StoreName kms("kms");
  const auto store = std::make_shared<VersionsOnRequest>();
  store->put("a", ec(1));
  const auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{store, kAlpha, {mapped(kEs256, {"a"})}}}), is_ok());
  const auto calls = [&] { return keeper->store_calls().at(0); };
  const auto make = [&] {
    return async::run_now(keeper->make_version(kAlpha, kms, Alias("a"), "1"));
  };
  const std::uint64_t before = calls().outcomes[0];
  ASSERT_THAT(make(), is_ok());
  EXPECT_EQ(calls().outcomes[0], before + 1);
  store->outage = kStoreDown;
  EXPECT_FALSE(make().ok());
  EXPECT_EQ(calls().outcomes[0], before + 1);
  EXPECT_EQ(calls().outcomes[1 + static_cast<std::size_t>(kStoreDown.code)], 1U);
}

/// Signs as long as it is told nothing else.
class CountedKey : public RemoteKey {
 public:
  explicit CountedKey(std::shared_ptr<std::optional<Error>> failure)
      : failure_(std::move(failure)) {}
  Task<Bytes> sign(jose::JwsAlg alg, Bytes signing_input) const override {
    if (*failure_) co_return **failure_;
    const jose::KeyPtr key = jose::Key::local(ec(1));
    Bytes signature(key->signature_size(alg));
    CO_TRY(key->sign(alg, signing_input, signature.data()));
    co_return signature;
  }

 private:
  std::shared_ptr<std::optional<Error>> failure_;
};

TEST(StoreCalls, what_a_key_in_a_box_does_is_counted_with_its_store) {
  BackoffWorld world;
  auto failure = std::make_shared<std::optional<Error>>();
  const jose::Jwk half = jose::Jwk::from_public(*ec(1).public_key());
  world.counted->put(
      "a", std::vector<Secret>(1, Secret::of_remote_key(half, {jose::JwsAlg::kEs256},
                                                        std::make_shared<CountedKey>(failure))));
  world.begin();
  const auto calls = [&] { return world.keeper_->store_calls().at(0); };
  const auto sign = [&] {
    return async::run_now(world.keeper_->sign_in_box(World::ring(*world.keeper_),
                                                     jose::JwsAlg::kEs256, Bytes{1, 2, 3}));
  };
  EXPECT_EQ(calls().key_outcomes[0], 0U);
  EXPECT_THAT(sign(), is_ok());
  EXPECT_EQ(calls().key_outcomes[0], 1U);
  EXPECT_GT(calls().key_seconds, 0.0);
  *failure = kStoreDown;
  EXPECT_FALSE(sign().ok());
  EXPECT_EQ(calls().key_outcomes[0], 1U);
  EXPECT_EQ(calls().key_outcomes[1 + static_cast<std::size_t>(Code::kUnavailable)], 1U);
  EXPECT_EQ(calls().outcomes[1 + static_cast<std::size_t>(Code::kUnavailable)], 0U);
}

}  // namespace
}  // namespace signet::secrets::test
