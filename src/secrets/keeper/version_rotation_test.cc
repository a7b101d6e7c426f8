// Rotation in stores that put their own versions in order.

#include "secrets/keeper/rotation_view.h"
#include "secrets/keeper/test_rotation.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::HasSubstr;

/// One alias, "web", whose versions are made by whoever asks, the newest first.
class VersionedStore : public FakeStore, public VersionMaker {
 public:
  VersionedStore() : FakeStore("kms", Ordering::kByStore) { add(); }

  Status may_make_versions() const override { return may; }
  Task<std::vector<Secret>> fetch(Alias alias) override {
    if (std::exchange(one_becomes_usable, false)) add();
    return FakeStore::fetch(std::move(alias));
  }
  Task<Done> make_version(Alias alias, std::string after) override {
    ++asked;
    if (refusal) co_return *refusal;
    EXPECT_EQ(alias, Alias("web"));
    if (std::stoi(after) < newest()) co_return Done{};
    ++made;
    if (is_slow) co_return Error{Code::kUnavailable, "version_pending", "soon"};
    add();
    co_return Done{};
  }
  void add() {
    std::vector<Secret> versions = secrets["web"];
    Secret secret = Secret::of_key(make_key(crypto::KeyKind::kEcP256));
    secret.version = std::to_string(versions.size() + 1);
    versions.insert(versions.begin(), std::move(secret));
    put("web", std::move(versions));
  }
  /// One that cannot sign what the tests sign.
  void add_misfit() {
    std::vector<Secret> versions = secrets["web"];
    Secret secret = Secret::of_key(rsa());
    secret.version = std::to_string(versions.size() + 1);
    versions.insert(versions.begin(), std::move(secret));
    put("web", std::move(versions));
  }
  int newest() { return static_cast<int>(secrets["web"].size()); }
  KeyId kid_of(int number) {
    return secrets["web"].at(static_cast<std::size_t>(newest() - number)).kid;
  }

  Status may = Done{};
  std::optional<Error> refusal;
  bool is_slow = false;
  bool one_becomes_usable = false;  ///< of somebody else, just before it is asked the next time
  int asked = 0, made = 0;
};

struct VersionFleet : FleetOver<VersionedStore> {
  explicit VersionFleet(int count) : FleetOver(std::make_shared<VersionedStore>()) {
    add_several(count);
  }
  Result<Keeper::CompromiseReport> compromise(int number) {
    Keeper::CompromiseRequest request;
    request.id = kEs256;
    request.kid = store->kid_of(number);
    request.actor = "operator";
    return async::run_now(keeper().compromise(std::move(request)));
  }
};

TEST(VersionRotation, makes_a_version_that_is_published_and_signs_by_itself) {
  VersionFleet fleet(2);
  fleet.become_due();
  EXPECT_EQ(fleet.store->newest(), 1);
  fleet.turn(2);
  ASSERT_EQ(fleet.store->newest(), 2);
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}}) {
    EXPECT_EQ(fleet.active(at), fleet.store->kid_of(1)) << "published, not yet active";
    EXPECT_EQ(fleet.kids(at).size(), 2u);
  }
  fleet.turn(70);
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}}) {
    EXPECT_EQ(fleet.active(at), fleet.store->kid_of(2));
    EXPECT_EQ(fleet.kids(at).size(), 2u) << "the one before still verifies";
  }
  EXPECT_FALSE(fleet.memory().pending);
  EXPECT_EQ(fleet.memory().after, "");
  EXPECT_EQ(fleet.store->made, 1) << "one rotation is one version";
  fleet.clock->advance(kMonth);
  fleet.turn(3);
  EXPECT_EQ(fleet.store->newest(), 3);
}

TEST(VersionRotation, a_refusal_shows_rests_and_is_tried_again_while_the_old_one_signs) {
  VersionFleet fleet(1);
  fleet.store->refusal = Error{Code::kDenied, "google_denied", "no right to create"};
  fleet.become_due();
  fleet.turn(3);
  EXPECT_EQ(fleet.store->asked, 1) << "it rests";
  EXPECT_EQ(fleet.memory().failures, 1);
  EXPECT_THAT(fleet.memory().last_error, HasSubstr("google_denied: no right to create"));
  EXPECT_EQ(fleet.active(), fleet.store->kid_of(1));
  fleet.store->refusal.reset();
  fleet.turn(7);
  EXPECT_EQ(fleet.store->newest(), 2);
  EXPECT_EQ(fleet.memory().failures, 0);
  fleet.turn(70);
  EXPECT_EQ(fleet.active(), fleet.store->kid_of(2));
}

TEST(VersionRotation, a_version_that_is_not_ready_is_waited_for_and_no_failure) {
  VersionFleet fleet(1);
  fleet.store->is_slow = true;
  fleet.become_due();
  fleet.turn(3);
  EXPECT_EQ(fleet.store->asked, 3) << "it does not rest";
  EXPECT_EQ(fleet.memory().failures, 0);
  EXPECT_TRUE(fleet.memory().making);
  fleet.store->add();
  fleet.turn();
  EXPECT_FALSE(fleet.memory().making);
  EXPECT_EQ(fleet.memory().pending, Alias("web"));
  fleet.turn(70);
  EXPECT_EQ(fleet.active(), fleet.store->kid_of(2));
  EXPECT_EQ(fleet.store->newest(), 2);
}

TEST(VersionRotation, a_crash_after_the_version_was_made_makes_no_other_one) {
  VersionFleet fleet(1);
  fleet.become_due();
  EXPECT_THAT(World::refresh(*fleet.instances[0].keeper), is_ok());
  fleet.storage->on_commit = [&](const storage::Transaction& transaction) -> std::optional<Error> {
    const auto* put = std::get_if<storage::PutDocument>(&transaction.front());
    if (fleet.store->made > 0 && put != nullptr && put->document.kind == kRotationKind)
      return Error{Code::kUnavailable, "storage_unavailable", "cut"};
    return std::nullopt;
  };
  EXPECT_THAT(async::run_now(fleet.instances[0].runner->run()), fails("storage_unavailable"));
  ASSERT_EQ(fleet.store->newest(), 2);
  fleet.storage->on_commit = nullptr;
  fleet.instances.clear();
  fleet.add("next");
  fleet.turn(100);
  EXPECT_EQ(fleet.store->newest(), 2) << "the same version, not another one";
  EXPECT_EQ(fleet.active(), fleet.store->kid_of(2));
  EXPECT_FALSE(fleet.memory().making);
}

TEST(VersionRotation, a_version_that_an_operator_made_meanwhile_is_the_next_one) {
  VersionFleet fleet(1);
  fleet.become_due();
  fleet.store->add();
  fleet.turn(2);
  EXPECT_EQ(fleet.store->made, 0);
  EXPECT_EQ(fleet.store->asked, 1);
  fleet.turn(70);
  EXPECT_EQ(fleet.active(), fleet.store->kid_of(2));
  EXPECT_FALSE(fleet.memory().pending);
}

TEST(VersionRotation, a_version_that_becomes_usable_at_that_moment_is_followed_by_no_other) {
  VersionFleet fleet(1);
  fleet.become_due();
  fleet.store->one_becomes_usable = true;
  fleet.turn(3);
  EXPECT_FALSE(fleet.store->one_becomes_usable);
  EXPECT_EQ(fleet.store->made, 0);
  EXPECT_EQ(fleet.store->newest(), 2);
  fleet.turn(70);
  EXPECT_EQ(fleet.active(), fleet.store->kid_of(2));
}

TEST(VersionRotation, one_that_an_operator_took_away_is_followed_by_the_next_in_its_time) {
  VersionFleet fleet(1);
  fleet.become_due();
  fleet.turn(2);
  ASSERT_EQ(fleet.store->newest(), 2);
  std::vector<Secret> first(1, fleet.store->secrets["web"].back());
  fleet.store->put("web", std::move(first));
  fleet.turn(100);
  EXPECT_EQ(fleet.store->made, 1);
  EXPECT_EQ(fleet.active(), fleet.store->kid_of(1));
  fleet.clock->advance(kMonth);
  fleet.turn(3);
  EXPECT_EQ(fleet.store->made, 2);
}

TEST(VersionRotation, a_publish_ahead_that_versions_cannot_have_is_refused_at_once) {
  VersionFleet fleet(0);
  fleet.rule.publish_ahead = Seconds(601);
  fleet.add("0");
  fleet.turn(2);
  EXPECT_THAT(fleet.memory().last_error, HasSubstr("rotation_ahead_unsupported"));
  fleet.clock->advance(kMonth);
  fleet.turn(2);
  EXPECT_EQ(fleet.store->asked, 0);
}

TEST(VersionRotation, a_store_of_versions_that_makes_none_says_so_at_once) {
  World world;
  const auto store = std::make_shared<FakeStore>("kv", Ordering::kByStore);
  store->put("web", ec(1));
  auto keeper = std::make_shared<Keeper>(world.storage, world.clock, world.options);
  ASSERT_THAT(World::configure(*keeper, {{store, kGlobal, {mapped(kEs256, {"web"})}}}), is_ok());
  RotationRule rule;
  rule.id = kEs256;
  rule.store = StoreName("kv");
  rule.every = kMonth;
  RotationRunner runner(keeper, world.storage, world.clock, {rule}, "0", kTurn);
  ASSERT_THAT(async::run_now(runner.run()), is_ok());
  EXPECT_THAT(runner.status().at(0).memory.last_error, HasSubstr("store_makes_no_keys"));
}

TEST(VersionRotation, a_store_that_is_configured_to_make_none_says_so_at_once) {
  VersionFleet fleet(1);
  fleet.store->may = Error{Code::kUnsupported, "store_makes_no_keys", "create_keys is off"};
  fleet.turn(2);
  EXPECT_THAT(fleet.memory().last_error, HasSubstr("create_keys is off"));
  fleet.store->may = Done{};
  fleet.turn(10);
  EXPECT_EQ(fleet.memory().failures, 0);
  EXPECT_TRUE(fleet.memory().due);
  fleet.clock->advance(kMonth);
  fleet.turn(2);
  EXPECT_EQ(fleet.store->made, 1);
}

TEST(VersionRotation, a_compromised_last_version_is_replaced_where_the_store_makes_them) {
  VersionFleet fleet(1);
  fleet.turn();
  const auto report = fleet.compromise(1);
  ASSERT_THAT(report, is_ok());
  EXPECT_EQ(fleet.store->made, 1);
  EXPECT_EQ(report->successor, fleet.store->kid_of(2));
  EXPECT_TRUE(report->is_early);
  EXPECT_EQ(fleet.kids(), std::vector<KeyId>{fleet.store->kid_of(2)});
}

TEST(VersionRotation, a_newer_version_that_was_compromised_is_no_successor) {
  VersionFleet fleet(1);
  fleet.become_due();
  fleet.turn(2);
  ASSERT_EQ(fleet.store->newest(), 2);
  ASSERT_THAT(fleet.compromise(2), is_ok());
  fleet.clock->advance(kMonth);
  fleet.turn(3);
  EXPECT_EQ(fleet.store->made, 2);
  fleet.turn(70);
  EXPECT_EQ(fleet.active(), fleet.store->kid_of(3));
  EXPECT_EQ(fleet.memory().failures, 0);
  ASSERT_THAT(fleet.compromise(3), is_ok());
  const auto report = fleet.compromise(1);
  ASSERT_THAT(report, is_ok());
  EXPECT_EQ(report->successor, fleet.store->kid_of(4)) << "all before it are compromised";
}

TEST(VersionRotation, a_newer_version_that_does_not_fit_is_no_successor) {
  VersionFleet fleet(1);
  fleet.store->add_misfit();
  fleet.become_due();
  fleet.turn(2);
  EXPECT_EQ(fleet.store->newest(), 3);
  fleet.turn(70);
  EXPECT_EQ(fleet.active(), fleet.store->kid_of(3));
}

TEST(VersionRotation, a_version_that_never_becomes_ready_is_told_after_a_while) {
  VersionFleet fleet(1);
  fleet.store->is_slow = true;
  fleet.become_due();
  fleet.turn(3);
  EXPECT_EQ(fleet.memory().failures, 0);
  fleet.clock->advance(kRotationPatience);
  fleet.turn();
  EXPECT_EQ(fleet.memory().failures, 1);
  EXPECT_THAT(fleet.memory().last_error, HasSubstr("version_pending"));
}

TEST(VersionRotation, an_instance_that_holds_it_up_for_long_is_told) {
  VersionFleet fleet(1);
  KeeperOptions options;
  options.instance.id = "blind";
  Keeper blind(fleet.storage, fleet.clock, options);
  ASSERT_THAT(World::configure(blind, {}), is_ok());
  fleet.become_due();
  const auto turn = [&](int times) {
    for (int i = 0; i < times; ++i) {
      ASSERT_THAT(World::refresh(blind), is_ok());
      fleet.turn();
    }
  };
  turn(100);
  ASSERT_EQ(fleet.store->newest(), 2);
  EXPECT_EQ(fleet.memory().failures, 0);
  turn(360);
  EXPECT_GE(fleet.memory().failures, 1);
  EXPECT_THAT(fleet.memory().last_error, HasSubstr("rotation_unready"));
  EXPECT_THAT(fleet.memory().last_error, HasSubstr("blind"));
  EXPECT_EQ(fleet.active(), fleet.store->kid_of(1));
  ASSERT_THAT(async::run_now(blind.leave()), is_ok());
  fleet.turn(400);
  EXPECT_EQ(fleet.active(), fleet.store->kid_of(2));
  EXPECT_EQ(fleet.memory().failures, 0);
}

}  // namespace
}  // namespace signet::secrets
