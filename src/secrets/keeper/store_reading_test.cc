// Several aliases of one store are asked for at the same time, where it waits for the network.

#include "secrets/keeper/store_reading.h"

#include <algorithm>
#include <utility>

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::ElementsAre;

const Error kNobodyThere{Code::kUnavailable, "store_down", "nobody there"};

/// Keeps its answers until it is told to give them.
class HeldStore : public FakeStore {
 public:
  HeldStore(std::size_t at_once, std::size_t aliases)
      : FakeStore("held", Ordering::kByMapping), at_once_(at_once) {
    for (std::size_t i = 0; i < aliases; ++i) {
      // Two digits, so that the order of names is that of numbers.
      names.push_back(std::string(i < 10 ? "k0" : "k") + std::to_string(i));
      put(names.back().c_str(), oct(64, i + 1));
    }
  }
  std::size_t aliases_at_once() const override { return at_once_; }
  Task<std::vector<Secret>> fetch(Alias alias) override {
    async::OneShot<Done> may_answer;
    held[alias.str()] = may_answer;
    asked.push_back(alias.str());
    most_held = std::max(most_held, held.size());
    CO_TRY(co_await may_answer.wait());
    co_return co_await FakeStore::fetch(std::move(alias));
  }
  void answer(const std::string& alias) {
    auto found = held.find(alias);
    ASSERT_NE(found, held.end()) << alias << " was not asked for";
    async::OneShot<Done> may_answer = found->second;
    held.erase(found);
    may_answer.complete(Done{});
  }
  void answer_all() {
    while (!held.empty())
      answer(held.begin()->first);
  }

  std::vector<std::string> names;
  std::vector<std::string> asked;  ///< in this order
  std::map<std::string, async::OneShot<Done>> held;
  std::size_t most_held = 0;

 private:
  const std::size_t at_once_;
};

/// Everybody else on this thread gets as far as he can.
Task<Done> let_others_go_on() {
  constexpr int kMoreThanAnybodyTakes = 200;
  for (int i = 0; i < kMoreThanAnybodyTakes; ++i) {
    async::OneShot<Done> turn;
    turn.complete(Done{});
    CO_TRY(co_await turn.wait());
  }
  co_return Done{};
}

struct Readings {
  std::unique_ptr<Deadlines> deadlines = std::make_unique<Deadlines>();
  std::unique_ptr<AskingAhead> ahead = std::make_unique<AskingAhead>();
  std::size_t over = 0;

  /// Of all aliases of the store.
  static StoreReadingPtr of(const std::shared_ptr<HeldStore>& store) {
    auto reading = std::make_shared<StoreReading>();
    reading->contact = {store, kGlobal, std::make_shared<StoreMeter>(),
                        std::make_shared<StoreMeter>()};
    reading->limit = Seconds(30);  // of real time: nothing here ends by it
    StoreMappings mappings;
    Mapping mapping;
    mapping.id = kHmac;
    for (const auto& name : store->names)
      mapping.aliases.emplace_back(name);
    mappings.all.push_back(std::move(mapping));
    reading->mapped = mappings.aliases();
    reading->mappings = std::make_shared<const StoreMappings>(std::move(mappings));
    return reading;
  }
  /// Goes on beside whoever called this, and has asked all that it may.
  Task<Done> begin(StoreReadingPtr reading) {
    const async::Executor executor = co_await async::current_executor();
    std::function<void(Result<Done>)> done = [this](const Result<Done>& result) {
      EXPECT_THAT(result, is_ok());
      ++over;
    };
    async::start<Done>(executor, ask_store(std::move(reading), *deadlines, *ahead),
                       std::move(done));
    co_return co_await let_others_go_on();
  }
};

std::vector<std::string> answered(const StoreReading& reading) {
  std::vector<std::string> out;
  for (const auto& answer : reading.answers)
    out.push_back(answer.alias.str());
  return out;
}
std::vector<std::string> unanswered(const StoreReading& reading) {
  std::vector<std::string> out;
  for (const auto& [alias, why] : reading.away)
    out.push_back(alias.str());
  return out;
}

TEST(StoreReading, asks_for_as_many_aliases_at_once_as_the_store_allows_and_no_more) {
  Readings readings;
  const auto store = std::make_shared<HeldStore>(4, 10);
  const auto reading = Readings::of(store);
  const auto story = [&]() -> Task<Done> {
    CO_TRY(co_await readings.begin(reading));
    EXPECT_EQ(store->held.size(), 1u) << "nobody knows yet whether the store answers";
    store->answer("k00");
    CO_TRY(co_await let_others_go_on());
    EXPECT_EQ(store->held.size(), 4u);
    store->answer("k01");
    CO_TRY(co_await let_others_go_on());
    EXPECT_EQ(store->held.size(), 4u);
    EXPECT_EQ(store->asked.back(), "k05");
    while (readings.over == 0) {
      store->answer_all();
      CO_TRY(co_await let_others_go_on());
    }
    co_return Done{};
  };
  ASSERT_THAT(async::run_now(story()), is_ok());
  EXPECT_EQ(store->most_held, 4u);
  EXPECT_EQ(store->asked, store->names);
  EXPECT_EQ(answered(*reading), store->names);
  EXPECT_FALSE(reading->outage);
  EXPECT_TRUE(reading->is_over);
  EXPECT_EQ(reading->contact.meter->outcomes()[0], store->names.size() + 1) << "each is counted";
}

TEST(StoreReading, gives_what_it_was_told_in_the_order_of_the_aliases_whoever_answered_first) {
  Readings readings;
  const auto store = std::make_shared<HeldStore>(4, 5);
  store->broken.insert_or_assign("k02", Error{Code::kConfig, "secret_unreadable", "torn"});
  const auto reading = Readings::of(store);
  const std::vector<std::string> order = {"k00", "k04", "k03", "k02", "k01"};
  const auto story = [&]() -> Task<Done> {
    CO_TRY(co_await readings.begin(reading));
    for (const auto& alias : order) {
      EXPECT_EQ(readings.over, 0u);
      store->answer(alias);
      CO_TRY(co_await let_others_go_on());
    }
    co_return Done{};
  };
  ASSERT_THAT(async::run_now(story()), is_ok());
  ASSERT_EQ(readings.over, 1u);
  ASSERT_EQ(answered(*reading), store->names);
  for (std::size_t i = 0; i < store->names.size(); ++i) {
    const auto& secrets = reading->answers[i].secrets;
    if (i == 2) {
      EXPECT_THAT(secrets, fails("secret_unreadable")) << "an answer too";
      continue;
    }
    ASSERT_THAT(secrets, is_ok());
    EXPECT_EQ(secrets->at(0).kid, Secret::of_key(oct(64, i + 1)).kid) << store->names[i];
  }
  EXPECT_FALSE(reading->outage);
}

TEST(StoreReading, one_that_cannot_be_asked_for_keeps_no_other_from_being_read) {
  Readings readings;
  const auto store = std::make_shared<HeldStore>(4, 10);
  store->broken.insert_or_assign("k03", kNobodyThere);
  const auto reading = Readings::of(store);
  const auto story = [&]() -> Task<Done> {
    CO_TRY(co_await readings.begin(reading));
    while (readings.over == 0) {
      store->answer_all();
      CO_TRY(co_await let_others_go_on());
    }
    co_return Done{};
  };
  ASSERT_THAT(async::run_now(story()), is_ok());
  EXPECT_EQ(answered(*reading).size(), store->names.size() - 1);
  EXPECT_THAT(unanswered(*reading), ElementsAre("k03"));
  EXPECT_FALSE(reading->outage) << "the store answers";
}

TEST(StoreReading, a_store_that_is_away_is_asked_two_questions_one_after_the_other) {
  Readings readings;
  const auto store = std::make_shared<HeldStore>(8, 60);
  for (const auto& name : store->names)
    store->broken.insert_or_assign(name, kNobodyThere);
  const auto reading = Readings::of(store);
  const auto story = [&]() -> Task<Done> {
    CO_TRY(co_await readings.begin(reading));
    while (readings.over == 0) {
      store->answer_all();
      CO_TRY(co_await let_others_go_on());
    }
    co_return Done{};
  };
  ASSERT_THAT(async::run_now(story()), is_ok());
  EXPECT_THAT(store->asked, ElementsAre("k00", "k01"));
  EXPECT_EQ(store->most_held, 1u);
  ASSERT_TRUE(reading->outage);
  EXPECT_TRUE(reading->outage->is("store_down"));
}

TEST(StoreReading, a_store_that_goes_away_is_asked_nothing_more) {
  Readings readings;
  const auto store = std::make_shared<HeldStore>(8, 60);
  const auto reading = Readings::of(store);
  const auto story = [&]() -> Task<Done> {
    CO_TRY(co_await readings.begin(reading));
    store->answer("k00");
    CO_TRY(co_await let_others_go_on());
    EXPECT_EQ(store->held.size(), 8u);
    for (const auto& name : store->names)
      store->broken.insert_or_assign(name, kNobodyThere);
    store->answer_all();
    CO_TRY(co_await let_others_go_on());
    co_return Done{};
  };
  ASSERT_THAT(async::run_now(story()), is_ok());
  ASSERT_EQ(readings.over, 1u);
  EXPECT_EQ(store->asked.size(), 9u) << "those that were under way, and no other";
  EXPECT_THAT(answered(*reading), ElementsAre("k00"));
  ASSERT_TRUE(reading->outage);
  EXPECT_TRUE(reading->outage->is("store_down"));
}

TEST(StoreReading, after_one_failure_it_asks_nothing_more_before_an_answer) {
  Readings readings;
  const auto store = std::make_shared<HeldStore>(2, 6);
  store->broken.insert_or_assign("k01", kNobodyThere);
  const auto reading = Readings::of(store);
  const auto story = [&]() -> Task<Done> {
    CO_TRY(co_await readings.begin(reading));
    store->answer("k00");
    CO_TRY(co_await let_others_go_on());
    store->answer("k01");
    CO_TRY(co_await let_others_go_on());
    EXPECT_THAT(store->asked, ElementsAre("k00", "k01", "k02"));
    store->answer("k02");
    CO_TRY(co_await let_others_go_on());
    EXPECT_EQ(store->held.size(), 2u) << "it answers";
    while (readings.over == 0) {
      store->answer_all();
      CO_TRY(co_await let_others_go_on());
    }
    co_return Done{};
  };
  ASSERT_THAT(async::run_now(story()), is_ok());
  EXPECT_EQ(store->asked, store->names);
}

TEST(StoreReading, a_store_that_reads_for_itself_is_asked_one_question_after_the_other) {
  Readings readings;
  const auto store = std::make_shared<HeldStore>(1, 5);
  const auto reading = Readings::of(store);
  const auto story = [&]() -> Task<Done> {
    CO_TRY(co_await readings.begin(reading));
    while (readings.over == 0) {
      store->answer_all();
      CO_TRY(co_await let_others_go_on());
    }
    co_return Done{};
  };
  ASSERT_THAT(async::run_now(story()), is_ok());
  EXPECT_EQ(store->most_held, 1u);
  EXPECT_EQ(answered(*reading), store->names);
}

TEST(StoreReading, all_readings_together_have_a_limit_of_their_own_and_each_goes_on) {
  constexpr std::size_t kStores = 10, kMostAhead = AskingAhead::kMost;
  Readings readings;
  std::vector<std::shared_ptr<HeldStore>> stores;
  const auto story = [&]() -> Task<Done> {
    for (std::size_t i = 0; i < kStores; ++i) {
      stores.push_back(std::make_shared<HeldStore>(8, 12));
      const auto reading = Readings::of(stores.back());
      CO_TRY(co_await readings.begin(reading));
    }
    for (const auto& store : stores)
      store->answer("k00");
    CO_TRY(co_await let_others_go_on());
    std::size_t under_way = 0;
    for (const auto& store : stores) {
      EXPECT_GE(store->held.size(), 1u);
      under_way += store->held.size();
    }
    EXPECT_EQ(under_way, kStores + kMostAhead);
    while (readings.over < kStores) {
      for (const auto& store : stores)
        store->answer_all();
      CO_TRY(co_await let_others_go_on());
    }
    co_return Done{};
  };
  ASSERT_THAT(async::run_now(story()), is_ok());
  for (const auto& store : stores)
    EXPECT_EQ(store->asked, store->names);
  std::vector<AskingAhead::Turn> turns;
  while (auto turn = readings.ahead->take())
    turns.push_back(std::move(*turn));
  EXPECT_EQ(turns.size(), kMostAhead) << "each turn was given back";
}

TEST(StoreReading, answers_that_come_after_the_end_of_the_server_find_their_store_alone) {
  auto readings = std::make_unique<Readings>();
  auto store = std::make_shared<HeldStore>(8, 20);
  const std::weak_ptr<HeldStore> late = store;
  const auto story = [&]() -> Task<Done> {
    auto reading = Readings::of(store);
    auto over = ask_store(reading, *readings->deadlines, *readings->ahead);
    const async::Executor executor = co_await async::current_executor();
    async::OneShot<Done> ended;
    auto end = ended.wait();
    std::function<void(Result<Done>)> done = [ended](Result<Done> result) mutable {
      ended.complete(std::move(result));
    };
    async::start<Done>(executor, std::move(over), std::move(done));
    CO_TRY(co_await let_others_go_on());
    reading->limit = Milliseconds(1);  // of the questions to come, which nobody answers in time
    store->answer("k00");
    CO_TRY(co_await std::move(end));
    EXPECT_EQ(store->held.size(), 8u);
    EXPECT_EQ(unanswered(*reading).size(), 8u);
    EXPECT_TRUE(reading->outage && reading->outage->is("store_timeout"));

    const auto held = std::exchange(store->held, {});
    reading.reset();
    readings.reset();
    store.reset();
    EXPECT_FALSE(late.expired()) << "those who still ask it hold it";
    for (auto [alias, may_answer] : held)
      may_answer.complete(Done{});
    co_return co_await let_others_go_on();
  };
  ASSERT_THAT(async::run_now(story()), is_ok());
  EXPECT_TRUE(late.expired());
}

TEST(StoreReading, a_keeper_has_what_such_a_store_holds_in_the_order_of_its_mapping) {
  World world;
  const auto store = std::make_shared<HeldStore>(8, 12);
  world.options.store_timeout = Seconds(30);  // of real time: nothing here ends by it
  const auto keeper = world.keeper();
  Mapping backwards;
  backwards.id = kHmac;
  for (const auto& name : store->names)
    backwards.aliases.emplace(backwards.aliases.begin(), name);
  std::vector<ConfiguredStore> stores;
  stores.push_back({store, kGlobal, {backwards}});
  std::size_t configured = 0;
  const auto story = [&]() -> Task<Done> {
    const async::Executor executor = co_await async::current_executor();
    std::function<void(Result<Done>)> done = [&](const Result<Done>& result) {
      EXPECT_THAT(result, is_ok());
      ++configured;
    };
    async::start<Done>(executor, keeper->configure(std::move(stores)), std::move(done));
    while (configured == 0) {
      CO_TRY(co_await let_others_go_on());
      store->answer_all();
    }
    co_return Done{};
  };
  ASSERT_THAT(async::run_now(story()), is_ok());
  EXPECT_EQ(store->most_held, 8u);
  std::vector<KeyId> wanted;
  for (std::size_t i = store->names.size(); i > 0; --i)
    wanted.push_back(Secret::of_key(oct(64, i)).kid);
  EXPECT_EQ(World::kids(*keeper, kHmac), wanted);
}

}  // namespace
}  // namespace signet::secrets
