// Nobody but who needs an answer waits for a store that gives none, and what comes late undoes
// nothing that came meanwhile.

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using testing::UnorderedElementsAre;

/// Answers by what it holds at the moment of the question, and once, when it is told to, not before
/// it may.
class SilentStore : public FakeStore {
 public:
  explicit SilentStore(const char* name = "silent") : FakeStore(name, Ordering::kByMapping) {}
  Task<std::vector<Secret>> fetch(Alias alias) override {
    auto secrets = co_await FakeStore::fetch(std::move(alias));
    if (std::exchange(is_silent_once, false)) {
      async::OneShot<Done> wait_for = answer;
      asked.complete(Done{});
      CO_TRY(co_await wait_for.wait());
    }
    co_return secrets;
  }
  Task<std::string> fingerprint() override {
    if (std::exchange(is_late_once, false)) {
      async::OneShot<Done> wait_for = answer;
      asked.complete(Done{});
      CO_TRY(co_await wait_for.wait());
    }
    co_return co_await FakeStore::fingerprint();
  }
  /// The next question is the one.
  void fall_silent() {
    is_silent_once = true;
    ++version;
  }
  bool is_silent_once = false;
  bool is_late_once = false;  ///< says what it holds by the time that it may answer
  async::OneShot<Done> asked, answer;
};

/// Beside "ks", with a and b ripe, a store that falls silent.
struct SilentWorld : World {
  std::shared_ptr<SilentStore> silent = std::make_shared<SilentStore>();
  std::shared_ptr<Keeper> keeper_;
  Result<Done> refreshed = Done{};
  bool is_refreshed = false;
  async::OneShot<Done> refresh_over;

  SilentWorld() {
    options.store_timeout = Seconds(30);  // of real time: nothing here ends by it
    silent->put("x", oct(64));
    silent->put("y", oct(64, 2));
    keeper_ = keeper();
  }
  void begin() {
    ASSERT_THAT(configure(*keeper_, {{store, kGlobal, {mapped(kEs256, {"a", "b"})}},
                                     {silent, kGlobal, {mapped(kHmac, {"x"})}}}),
                is_ok());
    clock->advance(options.policy.publish_ahead);
    ASSERT_THAT(World::refresh(*keeper_), is_ok());
    ASSERT_EQ(World::active(*keeper_), kid(1));
  }
  /// A refresh that has asked the store, and goes on beside whoever called this.
  Task<Done> refresh_beside() {
    if (!silent->is_late_once) silent->fall_silent();
    const async::Executor executor = co_await async::current_executor();
    std::function<void(Result<Done>)> done = [this](Result<Done> result) {
      is_refreshed = true;
      refreshed = result;
      refresh_over.complete(std::move(result));
    };
    auto asked = silent->asked.wait();
    async::start<Done>(executor, keeper_->refresh(), std::move(done));
    co_return co_await std::move(asked);
  }
  Task<Done> let_it_end() {
    silent->answer.complete(Done{});
    co_return co_await refresh_over.wait();
  }
  /// `what` is over before the store answers that refresh.
  void during_a_reading(const std::function<Task<Done>()>& what) {
    const auto story = [&]() -> Task<Done> {
      CO_TRY(co_await refresh_beside());
      CO_TRY(co_await what());
      EXPECT_FALSE(is_refreshed) << "the store is still silent";
      co_return co_await let_it_end();
    };
    ASSERT_THAT(async::run_now(story()), is_ok());
  }
  Keeper::StepRequest step_in(const char* store_name, const SecretId& id, const char* alias) const {
    Keeper::StepRequest request = step(alias);
    request.store = StoreName(store_name);
    request.id = id;
    return request;
  }
  std::vector<std::string> aliases_in(const char* store_name) {
    std::vector<std::string> out;
    const auto mappings = async::run_now(keeper_->mappings(kGlobal, StoreName(store_name)));
    for (const auto& mapping : *mappings) {
      for (const auto& alias : mapping.aliases)
        out.push_back(alias.str());
    }
    return out;
  }
};

TEST(SilentStore, sec_132_a_compromise_does_not_wait_for_a_refresh_that_does) {
  SilentWorld world;
  world.begin();
  world.during_a_reading([&]() -> Task<Done> {
    Keeper::CompromiseRequest request;
    request.id = kEs256;
    request.kid = kid(1);
    request.actor = "operator";
    const auto report = co_await world.keeper_->compromise(request);
    EXPECT_THAT(report, is_ok());
    EXPECT_THAT(World::kids(*world.keeper_), ElementsAre(kid(2)));
    co_return Done{};
  });
  EXPECT_THAT(World::kids(*world.keeper_), ElementsAre(kid(2))) << "what ends late revives nothing";
  EXPECT_EQ(world.record(kid(1))->state, "compromised");
}

TEST(SilentStore, sec_132_nor_does_its_undoing) {
  SilentWorld world;
  world.begin();
  Keeper::CompromiseRequest request;
  request.id = kEs256;
  request.kid = kid(2);
  request.actor = "operator";
  ASSERT_THAT(async::run_now(world.keeper_->compromise(request)), is_ok());
  world.during_a_reading([&]() -> Task<Done> {
    const auto undone = co_await world.keeper_->undo_compromise(request);
    EXPECT_THAT(undone, is_ok());
    co_return Done{};
  });
  EXPECT_EQ(world.record(kid(2))->state, "retired");
}

TEST(SilentStore, sec_132_a_compromise_elsewhere_counts_when_a_long_reading_ends) {
  SilentWorld world;
  auto other = world.keeper();
  ASSERT_THAT(World::configure(*other, {{world.store, kGlobal, {mapped(kEs256, {"a", "b"})}}}),
              is_ok());
  world.begin();
  const auto story = [&]() -> Task<Done> {
    CO_TRY(co_await world.refresh_beside());
    Keeper::CompromiseRequest request;
    request.id = kEs256;
    request.kid = kid(1);
    request.actor = "operator";
    const auto report = co_await other->compromise(request);
    EXPECT_THAT(report, is_ok());
    world.clock->advance(Seconds(2));
    co_return co_await world.let_it_end();
  };
  ASSERT_THAT(async::run_now(story()), is_ok());
  EXPECT_THAT(World::kids(*world.keeper_), ElementsAre(kid(2)));
}

TEST(SilentStore, a_step_in_another_store_does_not_wait_and_is_not_undone) {
  SilentWorld world;
  world.begin();
  world.during_a_reading([&]() -> Task<Done> {
    const auto activated = co_await world.keeper_->activate(world.step("b"));
    EXPECT_THAT(activated, is_ok());
    const auto published = co_await world.keeper_->publish(world.step("c"));
    EXPECT_THAT(published, is_ok());
    EXPECT_EQ(World::active(*world.keeper_), kid(2));
    EXPECT_THAT(World::kids(*world.keeper_), Contains(kid(3)));
    co_return Done{};
  });
  EXPECT_THAT(world.aliases_in("ks"), ElementsAre("b", "a", "c"));
  EXPECT_EQ(World::active(*world.keeper_), kid(2));
  EXPECT_THAT(World::kids(*world.keeper_), UnorderedElementsAre(kid(1), kid(2), kid(3)));
  EXPECT_EQ(world.record(kid(3))->state, "prepared");
  EXPECT_THAT(world.events(), Not(Contains("key.lost")));
}

TEST(SilentStore, a_mapping_is_set_in_the_very_store_that_is_being_read) {
  SilentWorld world;
  world.begin();
  world.during_a_reading([&]() -> Task<Done> {
    Mapping wanted = mapped(kHmac, {"x", "y"});
    const auto changed = co_await world.keeper_->map(kGlobal, StoreName("silent"),
                                                     std::move(wanted), false, "operator");
    EXPECT_THAT(changed, is_ok());
    co_return Done{};
  });
  EXPECT_THAT(world.aliases_in("silent"), ElementsAre("x", "y"));
  EXPECT_EQ(World::kids(*world.keeper_, kHmac).size(), 2u);
  EXPECT_THAT(world.events(), Not(Contains("key.lost")));
}

TEST(SilentStore, what_is_unmapped_during_a_reading_stays_so) {
  SilentWorld world;
  world.begin();
  world.during_a_reading([&]() -> Task<Done> {
    const auto retired = co_await world.keeper_->retire(world.step("b"));
    EXPECT_THAT(retired, is_ok());
    co_return Done{};
  });
  EXPECT_THAT(world.aliases_in("ks"), ElementsAre("a"));
  EXPECT_THAT(World::kids(*world.keeper_), ElementsAre(kid(1)));
  EXPECT_EQ(world.record(kid(2))->state, "retired");
}

TEST(SilentStore, an_answer_to_a_later_question_is_kept) {
  SilentWorld world;
  world.silent->put("p", ec(1));
  world.silent->put("q", ec(2));
  ASSERT_THAT(World::configure(*world.keeper_, {{world.silent, kGlobal, {mapped(kEs256, {"p"})}}}),
              is_ok());
  world.during_a_reading([&]() -> Task<Done> {
    // What the refresh was given of p is old from now on, and the step asks for p anew.
    std::vector<Secret> both;
    both.push_back(Secret::of_key(ec(1)));
    both.push_back(Secret::of_key(ec(4)));
    world.silent->secrets["p"] = std::move(both);
    const auto published = co_await world.keeper_->publish(world.step_in("silent", kEs256, "q"));
    EXPECT_THAT(published, is_ok());
    EXPECT_THAT(World::kids(*world.keeper_), Contains(kid(4)));
    co_return Done{};
  });
  EXPECT_THAT(World::kids(*world.keeper_), UnorderedElementsAre(kid(1), kid(2), kid(4)));
}

TEST(SilentStore, what_changes_between_two_questions_is_read_after_all) {
  SilentWorld world;
  world.begin();
  const auto story = [&]() -> Task<Done> {
    world.silent->is_late_once = true;
    CO_TRY(co_await world.refresh_beside());
    // The step asks later than the refresh, and is answered sooner.
    const auto published = co_await world.keeper_->publish(world.step_in("silent", kHmac, "y"));
    EXPECT_THAT(published, is_ok());
    EXPECT_FALSE(world.is_refreshed);
    world.silent->put("x", oct(64, 3));
    co_return co_await world.let_it_end();
  };
  ASSERT_THAT(async::run_now(story()), is_ok());
  ASSERT_THAT(World::refresh(*world.keeper_), is_ok());
  const KeyId fresh = Secret::of_key(oct(64, 3)).kid;
  EXPECT_THAT(World::kids(*world.keeper_, kHmac), Contains(fresh));
}

TEST(SilentStore, two_steps_at_once_give_no_alias_two_purposes) {
  SilentWorld world;
  world.silent->put("r", rsa());
  world.begin();
  async::OneShot<Done> over;
  Result<Done> first = Done{};
  const auto story = [&]() -> Task<Done> {
    world.silent->is_silent_once = true;
    const async::Executor executor = co_await async::current_executor();
    auto asked = world.silent->asked.wait();
    auto ended = over.wait();
    std::function<void(Result<Done>)> done = [&](Result<Done> result) {
      first = result;
      over.complete(Done{});
    };
    async::start<Done>(executor, world.keeper_->publish(world.step_in("silent", kDecrypt, "r")),
                       std::move(done));
    CO_TRY(co_await std::move(asked));
    const auto rs = SecretId::literal("am.services.oauth2.stateless.signing.RSA");
    const auto second = co_await world.keeper_->publish(world.step_in("silent", rs, "r"));
    EXPECT_THAT(second, is_ok());
    world.silent->answer.complete(Done{});
    co_return co_await std::move(ended);
  };
  ASSERT_THAT(async::run_now(story()), is_ok());
  EXPECT_THAT(first, fails("mapping_two_purposes"));
  EXPECT_EQ(World::ring(*world.keeper_, kDecrypt), nullptr);
}

TEST(SilentStore, one_that_is_dropped_while_it_is_read_ends_alone) {
  SilentWorld world;
  world.begin();
  const auto story = [&]() -> Task<Done> {
    CO_TRY(co_await world.refresh_beside());
    std::vector<ConfiguredStore> others;
    others.push_back({world.store, kGlobal, {mapped(kEs256, {"a", "b"})}});
    const auto configured = co_await world.keeper_->configure(std::move(others));
    EXPECT_THAT(configured, is_ok());
    EXPECT_FALSE(world.is_refreshed);
    // From now on only the reading keeps it.
    const std::weak_ptr<SilentStore> dropped = world.silent;
    async::OneShot<Done> answer = world.silent->answer;
    world.silent.reset();
    EXPECT_FALSE(dropped.expired());
    answer.complete(Done{});
    CO_TRY(co_await world.refresh_over.wait());
    co_return Done{};
  };
  ASSERT_THAT(async::run_now(story()), is_ok());
  ASSERT_EQ(world.keeper_->health().size(), 1u);
  EXPECT_EQ(world.keeper_->health()[0].name.str(), "ks");
  EXPECT_EQ(World::active(*world.keeper_), kid(1));
  EXPECT_EQ(World::ring(*world.keeper_, kHmac), nullptr);
}

TEST(SilentStore, those_who_ask_during_a_refresh_share_the_next_one) {
  SilentWorld world;
  world.silent->version = 0;  // so that each refresh reads it
  world.begin();
  const int fetches = world.silent->fetches;
  const auto story = [&]() -> Task<Done> {
    world.silent->is_silent_once = true;
    const async::Executor executor = co_await async::current_executor();
    std::vector<async::OneShot<Done>> over(4);
    std::vector<Task<Done>> ends;
    for (auto& one : over)
      ends.push_back(one.wait());
    auto asked = world.silent->asked.wait();
    for (std::size_t i = 0; i < over.size(); ++i) {
      std::function<void(Result<Done>)> done = [end = over[i]](Result<Done> result) mutable {
        end.complete(std::move(result));
      };
      async::start<Done>(executor, world.keeper_->refresh_due(), std::move(done));
      if (i == 0) {
        CO_TRY(co_await std::move(asked));
      }
    }
    world.silent->answer.complete(Done{});
    for (auto& end : ends) {
      CO_TRY(co_await std::move(end));
    }
    co_return Done{};
  };
  ASSERT_THAT(async::run_now(story()), is_ok());
  EXPECT_EQ(world.silent->fetches - fetches, 2) << "the first, and one for the three others";
}

TEST(SilentStore, of_one_realm_keeps_no_other_realm_waiting) {
  SilentWorld world;
  world.silent->put("own", ec(4));
  ASSERT_THAT(
      World::configure(*world.keeper_, {{world.store, kGlobal, {mapped(kEs256, {"a", "b"})}},
                                        {world.silent, kAlpha, {mapped(kEs256, {"own"})}}}),
      is_ok());
  const int fetches = world.silent->fetches;
  const auto story = [&]() -> Task<Done> {
    world.silent->fall_silent();
    const async::Executor executor = co_await async::current_executor();
    int in_use = 0;
    std::vector<async::OneShot<Done>> over(2);
    std::vector<Task<Done>> ends;
    for (auto& one : over)
      ends.push_back(one.wait());
    auto asked = world.silent->asked.wait();
    for (auto& one : over) {
      std::function<void(Result<RealmRingsPtr>)> done =
          [&in_use, end = one](Result<RealmRingsPtr> rings) mutable {
            EXPECT_THAT(rings, is_ok());
            ++in_use;
            end.complete(Done{});
          };
      async::start<RealmRingsPtr>(executor, world.keeper_->rings(kAlpha), std::move(done));
    }
    CO_TRY(co_await std::move(asked));
    const auto beta = co_await world.keeper_->rings(kBeta);
    EXPECT_THAT(beta, is_ok());
    const auto refreshed = co_await world.keeper_->refresh_due();
    EXPECT_THAT(refreshed, is_ok());
    const auto published = co_await world.keeper_->publish(world.step("c"));
    EXPECT_THAT(published, is_ok());
    EXPECT_EQ(in_use, 0) << "the store of alpha is still silent";
    world.silent->answer.complete(Done{});
    for (auto& end : ends) {
      CO_TRY(co_await std::move(end));
    }
    co_return Done{};
  };
  ASSERT_THAT(async::run_now(story()), is_ok());
  EXPECT_EQ(world.silent->fetches - fetches, 1) << "both who came first share it";
  EXPECT_THAT(World::kids(*world.keeper_, kEs256, kAlpha), Contains(kid(4)));
  EXPECT_THAT(World::kids(*world.keeper_), Contains(kid(3)));
}

TEST(SilentStore, a_mapping_whose_keys_nobody_has_read_yet_takes_none_away) {
  World world;
  auto one = world.start({"a"});
  auto two = world.start({"a"});
  // Instance two has read the mapping, and not yet the journal.
  world.storage->before_keys = [&] {
    EXPECT_THAT(async::run_now(one->publish(world.step("c"))), is_ok());
    EXPECT_THAT(async::run_now(one->activate(world.step("c", true))), is_ok());
  };
  ASSERT_THAT(World::refresh(*two), is_ok());
  EXPECT_EQ(World::active(*two), kid(3));
  EXPECT_EQ(world.record(kid(3))->state, "active");
  EXPECT_THAT(world.events(), Not(Contains("key.lost")));
}

TEST(SilentStore, a_step_leaves_alone_what_another_instance_mapped_and_nobody_has_read_here) {
  World world;
  const auto both = [&](Keeper& keeper) {
    return World::configure(
        keeper, {{world.store, kGlobal, {mapped(kEs256, {"a"}), mapped(kHmac, {"hmac"})}}});
  };
  world.store->put("hmac2", oct(64, 2));
  auto one = world.keeper();
  auto two = world.keeper();
  ASSERT_THAT(both(*one), is_ok());
  ASSERT_THAT(both(*two), is_ok());
  ASSERT_THAT(async::run_now(one->publish(world.step("c"))), is_ok());
  ASSERT_THAT(async::run_now(one->activate(world.step("c", true))), is_ok());
  // Two has not heard of it.
  Keeper::StepRequest other = world.step("hmac2");
  other.id = kHmac;
  ASSERT_THAT(async::run_now(two->publish(other)), is_ok());
  EXPECT_EQ(world.record(kid(3))->state, "active") << "two does not have it, and elects no other";
  EXPECT_EQ(World::kids(*two, kHmac).size(), 2u);
  EXPECT_EQ(World::active(*two), kid(1)) << "until it hears of it";
  ASSERT_THAT(World::refresh(*two), is_ok());
  EXPECT_EQ(World::active(*two), kid(3));
}

TEST(SilentStore, sec_132_a_compromised_key_goes_although_a_newer_mapping_was_not_read_yet) {
  World world;
  auto one = world.start({"a"});
  auto two = world.start({"a"});
  ASSERT_THAT(async::run_now(one->publish(world.step("c"))), is_ok());
  ASSERT_THAT(async::run_now(one->activate(world.step("c", true))), is_ok());
  Keeper::CompromiseRequest request;
  request.id = kEs256;
  request.kid = kid(1);
  request.actor = "operator";
  const auto report = async::run_now(two->compromise(request));
  ASSERT_THAT(report, is_ok());
  EXPECT_EQ(report->successor, kid(3));
  EXPECT_THAT(World::kids(*two), ElementsAre(kid(3)));
  EXPECT_EQ(world.record(kid(1))->state, "compromised");
  EXPECT_THAT(world.events(), Not(Contains("key.lost")));
}

}  // namespace
}  // namespace signet::secrets
