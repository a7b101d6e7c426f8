// Keys for `dir` come and go; storage keeps those that a living token may hold, and no others.

#include "oauth/endpoints/direct_key_sweep.h"

#include <algorithm>

#include "oauth/endpoints/key_set_test_support.h"
#include "oauth/endpoints/test_resource_servers.h"
#include "resource_servers/direct_key.h"
#include "resource_servers/key_set.h"
#include "storage/forwarding_storage.h"

namespace signet::oauth::test {
namespace {

using resource_servers::DirectKey;
using resource_servers::kDirectKeyKept;

constexpr Seconds kHour{3600}, kDay{86400};

std::string published_set(const jose::KeyPtr& key) {
  json::Object set;
  set.set("keys", json::Array{key->jwk().private_json()});
  return json::dump(set);
}

class DirectKeySweeping : public ResourceServers {
 protected:
  void keep_in(const std::string& realm, const std::string& kid, std::optional<Instant> until) {
    const jose::KeyPtr key = key_of(kid, 32, 'k');
    const auto kept = DirectKey::seal(key->jwk(), until, world.services->seal);
    ASSERT_THAT(kept, signet::test::is_ok());
    world.put(std::string(resource_servers::kDirectKeyKind), realm,
              resource_servers::direct_key_id(key->jwk(), "Direct"), kept->to_text());
  }
  std::vector<std::string> kids_in(const std::string& realm) {
    std::vector<std::string> out;
    const auto all = async::run_now(world.storage->documents(
        std::string(resource_servers::kDirectKeyKind), RealmName(realm), "", 1000));
    for (const auto& document : *all)
      out.push_back(document.id.substr(0, document.id.find('\n')));
    return out;
  }
  Status step(DirectKeySweep& sweep) { return async::run_now(sweep.step()); }
  Instant now() const { return world.clock->now(); }
  Seconds skew() const { return world.keeper->policy().clock_skew; }
};

TEST_F(DirectKeySweeping, what_no_token_can_hold_goes_and_all_else_stays) {
  keep_in("root", "in-use", std::nullopt);
  keep_in("root", "alive", now() + Seconds(1));
  keep_in("root", "by-another-clock", now() - skew());
  keep_in("root", "over", now() - skew() - Seconds(1));
  world.put(std::string(resource_servers::kDirectKeyKind), "root", "odd\nDirect\n0", "{}");
  DirectKeySweep sweep(world.services);
  EXPECT_THAT(step(sweep), signet::test::is_ok());
  EXPECT_THAT(kids_in("root"), testing::ElementsAre("alive", "by-another-clock", "in-use", "odd"))
      << "one that cannot be read stays, too";
}

TEST_F(DirectKeySweeping, a_walk_goes_through_all_realms_step_by_step_and_then_rests) {
  for (const char* name : {"alpha", "beta", "gamma"}) {
    world.realm(name);
    keep_in(name, "over", now() - kHour);
  }
  DirectKeySweepSettings settings;
  settings.realms = 2;
  settings.every = kHour;
  DirectKeySweep sweep(world.services, settings);
  EXPECT_THAT(step(sweep), signet::test::is_ok());
  EXPECT_THAT(kids_in("alpha"), testing::IsEmpty());
  EXPECT_THAT(kids_in("beta"), testing::IsEmpty());
  EXPECT_EQ(kids_in("gamma").size(), 1U) << "for the next step";
  EXPECT_THAT(step(sweep), signet::test::is_ok());
  EXPECT_THAT(step(sweep), signet::test::is_ok());
  EXPECT_THAT(kids_in("gamma"), testing::IsEmpty());

  keep_in("alpha", "over", now() - kHour);
  EXPECT_THAT(step(sweep), signet::test::is_ok());
  EXPECT_EQ(kids_in("alpha").size(), 1U) << "the next walk is not due yet";
  world.clock->advance(kHour);
  EXPECT_THAT(step(sweep), signet::test::is_ok());
  EXPECT_THAT(kids_in("alpha"), testing::IsEmpty());
}

/// Something happens just before the next commit, or instead of it.
class DisturbedStorage : public storage::ForwardingStorage {
 public:
  explicit DisturbedStorage(std::shared_ptr<storage::Storage> real) : real_(std::move(real)) {}
  Task<Done> commit(storage::Transaction transaction) override {
    if (meanwhile) std::exchange(meanwhile, nullptr)();
    if (std::exchange(fails_once, false))
      co_return Error{Code::kUnavailable, "storage_unavailable", "test"};
    co_return co_await real_->commit(std::move(transaction));
  }

  std::function<void()> meanwhile;
  bool fails_once = false;

 private:
  storage::Storage& next() override { return *real_; }
  const std::shared_ptr<storage::Storage> real_;
};

TEST_F(DirectKeySweeping, a_key_that_comes_back_into_use_at_this_moment_stays) {
  keep_in("root", "back", now() - kHour);
  const auto disturbed = std::make_shared<DisturbedStorage>(world.storage);
  world.services->storage = disturbed;
  disturbed->meanwhile = [this] { keep_in("root", "back", now() + kDay); };
  DirectKeySweep sweep(world.services);
  EXPECT_THAT(step(sweep), signet::test::is_ok());
  EXPECT_THAT(kids_in("root"), testing::ElementsAre("back"));
}

TEST_F(DirectKeySweeping, a_step_that_fails_is_made_again) {
  keep_in("root", "over", now() - kHour);
  const auto disturbed = std::make_shared<DisturbedStorage>(world.storage);
  world.services->storage = disturbed;
  disturbed->fails_once = true;
  DirectKeySweep sweep(world.services);
  EXPECT_THAT(step(sweep), signet::test::fails("storage_unavailable"));
  EXPECT_EQ(kids_in("root").size(), 1U);
  EXPECT_THAT(step(sweep), signet::test::is_ok());
  EXPECT_THAT(kids_in("root"), testing::IsEmpty());
}

TEST_F(DirectKeySweeping,
       keys_from_a_url_under_ever_new_kids_do_not_pile_up_and_tokens_stay_known) {
  world.realm("root", R"(,"access_token":{"lifetime":86400,"max_lifetime":86400})");
  jose::KeyPtr key;
  const auto client = std::make_shared<FakeHttpClient>();
  client->answer_with([&](const OutboundRequest&) { return response(200, published_set(key)); });
  world.services->key_sets = std::make_shared<KeySetCache>(
      client, world.clock, world.random, resource_servers::parse_key_set, KeySetSettings{},
      [](Task<Done> task) { EXPECT_THAT(async::run_now(std::move(task)), signet::test::is_ok()); });
  world.put("resource_server", "root", "Direct",
            R"({"name":"Direct","access_token":{"encryption":"resource_server_key",)"
            R"("key_encryption_algorithm":"dir","jwks_uri":"https://rs.example/keys"}})");
  DirectKeySweep sweep(world.services);
  std::string living;
  for (int day = 0; day < 20; ++day) {
    EXPECT_THAT(async::run_now(world.keeper->refresh()), signet::test::is_ok());
    key = key_of("key-" + std::to_string(day), 32, static_cast<char>('a' + day));
    living = token("&resourceServer=Direct");
    ASSERT_EQ(jose::parse_jwe_header(living)->kid, key->kid());
    // A step in each quarter of the day; the first token lives until its end.
    for (int quarter = 0; quarter < 4; ++quarter) {
      EXPECT_THAT(step(sweep), signet::test::is_ok());
      EXPECT_TRUE(world.is_active(living, "gateway")) << day << " " << quarter;
      world.clock->advance(quarter < 3 ? kDay / 4 : kDay / 4 - Seconds(1));
    }
    EXPECT_THAT(step(sweep), signet::test::is_ok());
    EXPECT_TRUE(world.is_active(living, "gateway")) << "in its last second";
    world.clock->advance(Seconds(1));
    EXPECT_FALSE(world.is_active(living, "gateway"));
    EXPECT_LE(kids_in("root").size(), 4U) << day;
  }
  world.clock->advance(kDirectKeyKept + skew() + kHour);
  EXPECT_THAT(step(sweep), signet::test::is_ok());
  EXPECT_THAT(kids_in("root"), testing::IsEmpty());
  const auto changes = async::run_now(world.storage->changes_since(0, 1000));
  const auto of_keys = std::count_if(changes->begin(), changes->end(), [](const auto& change) {
    return change.kind == resource_servers::kDirectKeyKind;
  });
  EXPECT_LE(of_keys, 1) << "nor does the memory of what changed";
}

}  // namespace
}  // namespace signet::oauth::test
