#include "secrets/keeper/keeper.h"

#include <thread>

#include "secrets/keeper/test_support.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using signet::test::fails;
using signet::test::fails_with_code;
using signet::test::is_ok;
using namespace test;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

TEST(Keeper, has_no_ring_for_what_nobody_maps_and_says_so) {
  World world;
  auto keeper = world.start({"a"});
  const auto rings = async::run_now(keeper->rings(kGlobal));
  ASSERT_THAT(rings, is_ok());
  EXPECT_EQ((*rings)->find(kHmac), nullptr);
  EXPECT_STREQ((*rings)->why(kHmac).reason, "secret_not_mapped");
  EXPECT_THAT((*rings)->why(kHmac).detail, testing::HasSubstr("globally; asked: "));
}

TEST(Keeper, sec_101_signs_with_the_first_alias_and_verifies_with_all) {
  World world;
  auto keeper = world.start({"a", "b", "c"});
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(1), kid(2), kid(3)));
  const auto ring = World::ring(*keeper);
  EXPECT_TRUE(ring->can_sign);
  EXPECT_EQ(ring->entries[0].state, KeyState::kActive);
  EXPECT_EQ(ring->entries[1].state, KeyState::kPrepared);
  EXPECT_THAT(world.events(), Contains("key.activated"));
}

TEST(Keeper, sec_104_a_new_first_key_signs_only_after_it_was_published_for_long_enough) {
  World world;
  auto keeper = world.start({"a"});
  world.clock->advance(Seconds(5000));
  ASSERT_THAT(world.map(*keeper, {"b", "a"}), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(1));
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(1), kid(2)));
  EXPECT_EQ(World::ring(*keeper)->waiting, kid(2));
  world.clock->advance(world.options.policy.publish_ahead);
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(2));
  EXPECT_EQ(world.record(kid(1))->state, "passive");
}

TEST(Keeper, sec_102_a_change_of_order_activates_without_a_restart) {
  World world;
  auto keeper = world.start({"a", "b"});
  world.clock->advance(world.options.policy.publish_ahead);
  const auto snapshot = World::ring(*keeper);
  const auto generation = keeper->generation();
  ASSERT_THAT(world.map(*keeper, {"b", "a"}), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(2));
  EXPECT_NE(keeper->generation(), generation);
  EXPECT_EQ(snapshot->ring->active().kid, kid(1)) << "a request keeps what it took";
}

TEST(Keeper, sec_105_a_key_that_is_gone_from_the_stores_verifies_while_its_tokens_live) {
  World world;
  auto keeper = world.start({"a", "b"});
  ASSERT_THAT(world.issue(*keeper, Seconds(3600)), is_ok());
  world.clock->advance(world.options.policy.publish_ahead);
  ASSERT_THAT(world.map(*keeper, {"b"}), is_ok());
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2), kid(1)));
  const auto ring = World::ring(*keeper);
  EXPECT_EQ(ring->ring->find(kid(1).view())->kind, SecretKind::kPublicKey);
  EXPECT_TRUE(ring->degraded);
  world.clock->advance(Seconds(3600) + world.options.horizon_step +
                       world.options.policy.clock_skew);
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(2)));
  EXPECT_EQ(world.record(kid(1))->state, "retired");
}

TEST(Keeper, sec_121_the_loss_of_the_only_key_leaves_its_public_half_and_makes_no_other) {
  World world;
  auto keeper = world.start({"a"});
  ASSERT_THAT(world.issue(*keeper, Seconds(3600)), is_ok());
  world.store->drop("a");
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  const auto ring = World::ring(*keeper);
  ASSERT_NE(ring, nullptr);
  EXPECT_FALSE(ring->can_sign);
  EXPECT_THAT(ring->lost, ElementsAre(kid(1)));
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(1)));
  EXPECT_THAT(world.issue(*keeper, Seconds(60)), fails("no_active_key"));
  for (const auto& realm : {kGlobal, kAlpha}) {
    const auto rings = async::run_now(keeper->rings(realm));
    ASSERT_THAT(rings, is_ok());
    EXPECT_STREQ((*rings)->why(kEs256).reason, "no_active_key");
  }
  EXPECT_THAT(world.events(), Contains("key.lost"));

  auto restarted = world.start({"a"});  // the journal outlives the process
  EXPECT_THAT(World::kids(*restarted), ElementsAre(kid(1)));
  world.store->put("a", ec(1));
  ASSERT_THAT(World::refresh(*restarted), is_ok());
  EXPECT_EQ(World::active(*restarted), kid(1));
}

TEST(Keeper, sec_105_of_a_token_and_the_retirement_of_its_key_at_the_same_moment_one_is_refused) {
  World world;
  auto one = world.start({"a"}), two = world.start({"a"});
  // Nothing was made with the key when the retirement looked.
  world.storage->before_commit = [&] { EXPECT_THAT(world.issue(*two, Seconds(3600)), is_ok()); };
  EXPECT_THAT(async::run_now(one->retire(world.step("a"))), fails("retirement_last_key"));
  EXPECT_EQ(world.record(kid(1))->state, "active");

  World other;
  auto here = other.start({"a"}), there = other.start({"a"});
  ASSERT_THAT(async::run_now(here->retire(other.step("a", true))), is_ok());
  EXPECT_THAT(other.issue(*there, Seconds(3600)), fails("key_gone"));
}

TEST(Keeper, a_lost_symmetric_key_cannot_be_kept_and_is_reported) {
  World world;
  world.store->put("hmac2", oct(64, 7));
  auto keeper = world.keeper();
  ASSERT_THAT(
      World::configure(*keeper, {{world.store, kGlobal, {mapped(kHmac, {"hmac", "hmac2"})}}}),
      is_ok());
  EXPECT_TRUE(world.record(World::active(*keeper, kHmac))->public_jwk.empty());
  world.clock->advance(world.options.policy.publish_ahead);
  world.store->drop("hmac");
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::kids(*keeper, kHmac).size(), 1u);
  EXPECT_EQ(World::ring(*keeper, kHmac)->lost.size(), 1u);
  EXPECT_TRUE(World::ring(*keeper, kHmac)->degraded);
}

TEST(Keeper, a_restart_goes_on_with_the_life_of_the_keys) {
  World world;
  world.start({"a"});
  world.clock->advance(Seconds(60));
  auto restarted = world.start({"b", "a"});
  EXPECT_EQ(World::active(*restarted), kid(1)) << "b was never published";
  world.clock->advance(world.options.policy.publish_ahead);
  auto again = world.start({"b", "a"});
  EXPECT_EQ(World::active(*again), kid(2));
}

TEST(Keeper, reads_again_only_what_changed) {
  World world;
  auto keeper = world.start({"a", "b"});
  const int fetches = world.store->fetches;
  const auto ring = World::ring(*keeper);
  const auto generation = keeper->generation();
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(world.store->fetches, fetches);
  ++world.store->version;
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(world.store->fetches, fetches + 2);
  EXPECT_EQ(World::ring(*keeper), ring) << "the same answer is the same ring";
  EXPECT_EQ(keeper->generation(), generation);
}

TEST(Keeper, a_store_without_fingerprints_is_read_each_time_and_still_shares_its_keys) {
  World world;
  world.store->version = 0;
  auto keeper = world.start({"a"});
  const auto ring = World::ring(*keeper);
  world.store->secrets["a"][0] = Secret::of_key(ec(1));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::ring(*keeper), ring);
}

TEST(Keeper, realms_without_stores_share_the_global_rings) {
  World world;
  auto keeper = world.start({"a"});
  EXPECT_EQ(keeper->rings_now(kAlpha), nullptr);
  EXPECT_EQ(World::ring(*keeper, kEs256, kAlpha), World::ring(*keeper));
  EXPECT_EQ(keeper->rings_now(kAlpha), keeper->rings_now(kGlobal));
}

TEST(Keeper, sec_110_a_realm_sees_its_own_stores_first_and_never_anothers) {
  World world;
  auto alpha = std::make_shared<FakeStore>("alpha", Ordering::kByMapping);
  alpha->put("x", ec(4));
  auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{alpha, kAlpha, {mapped(kEs256, {"x"})}},
                                         {world.store, kGlobal, {mapped(kEs256, {"a"})}}}),
              is_ok());
  EXPECT_EQ(World::active(*keeper, kEs256, kAlpha), kid(4));
  EXPECT_EQ(World::active(*keeper, kEs256, kBeta), kid(1));
  EXPECT_EQ(World::active(*keeper), kid(1));
  EXPECT_FALSE(world.record(kid(4)));
  EXPECT_TRUE(world.record(kid(4), kAlpha));
}

TEST(Keeper, sec_110_global_ids_come_from_global_stores_alone) {
  const auto agent = SecretId::literal("am.global.services.oauth2.oidc.agent.idtoken.signing");
  World world;
  auto alpha = std::make_shared<FakeStore>("alpha", Ordering::kByMapping);
  alpha->put("x", rsa());
  auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{alpha, kAlpha, {mapped(agent, {"x"})}}}), is_ok());
  EXPECT_EQ(World::ring(*keeper, agent, kAlpha), nullptr);
}

TEST(Keeper, a_realm_that_gets_its_own_key_goes_on_with_the_global_one_until_that_is_published) {
  World world;
  auto alpha = std::make_shared<FakeStore>("alpha", Ordering::kByMapping);
  alpha->put("x", ec(4));
  auto keeper = world.start({"a"});
  ASSERT_EQ(World::active(*keeper, kEs256, kAlpha), kid(1));
  ASSERT_THAT(world.issue(*keeper, Seconds(7200)), is_ok());
  world.clock->advance(Seconds(100));
  ASSERT_THAT(World::configure(*keeper, {{alpha, kAlpha, {mapped(kEs256, {"x"})}},
                                         {world.store, kGlobal, {mapped(kEs256, {"a"})}}}),
              is_ok());
  EXPECT_EQ(World::active(*keeper, kEs256, kAlpha), kid(1));
  EXPECT_THAT(World::kids(*keeper, kEs256, kAlpha), ElementsAre(kid(1), kid(4)));
  world.clock->advance(world.options.policy.publish_ahead);
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::active(*keeper, kEs256, kAlpha), kid(4));
  EXPECT_THAT(World::kids(*keeper, kEs256, kAlpha), ElementsAre(kid(4), kid(1)));
  EXPECT_EQ(World::active(*keeper), kid(1));
  world.clock->advance(Seconds(10'000));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_THAT(World::kids(*keeper, kEs256, kAlpha), ElementsAre(kid(4)));
}

TEST(Keeper, takes_from_self_naming_stores_what_they_name) {
  for (const bool can_list : {true, false}) {
    World world;
    auto files = std::make_shared<FakeStore>("files", Ordering::kSelfNaming);
    files->can_list = can_list;
    files->put(kEs256.str().c_str(), ec(1));
    files->put("my.password", rsa());
    auto keeper = world.keeper();
    ASSERT_THAT(World::configure(*keeper, {{files, kGlobal, {}}}), is_ok());
    EXPECT_EQ(World::active(*keeper), kid(1)) << can_list;
    files->drop(kEs256.str().c_str());
    files->put(kHmac.str().c_str(), oct(64));
    ASSERT_THAT(World::refresh(*keeper), is_ok());
    EXPECT_NE(World::ring(*keeper, kHmac), nullptr) << can_list;
  }
}

TEST(Keeper, trust_anchors_make_a_ring_without_a_life) {
  const auto trust = SecretId::literal("am.services.iot.cert.verification");
  World world;
  crypto::SelfSignedSpec spec;
  spec.common_name = "ca";
  spec.not_before = from_unix_seconds(1'600'000'000);
  spec.not_after = from_unix_seconds(1'900'000'000);
  spec.serial = Bytes(16, 5);
  std::vector<Secret> list;
  list.push_back(Secret::of_certificates({crypto::self_sign(*ec(1).private_key(), spec).value()}));
  world.store->put("ca", std::move(list));
  auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{world.store, kGlobal, {mapped(trust, {"ca"})}}}),
              is_ok());
  const auto ring = World::ring(*keeper, trust);
  ASSERT_NE(ring, nullptr);
  EXPECT_EQ(ring->ring->active().certificates.size(), 1u);
  EXPECT_THAT(*async::run_now(world.storage->keys(kGlobal)), IsEmpty());
}

TEST(Keeper, sec_109_a_key_that_does_not_fit_is_skipped_and_reported) {
  World world;
  auto keeper = world.start({"rsa", "a"});
  EXPECT_EQ(World::active(*keeper), kid(1));
  ASSERT_EQ(World::ring(*keeper)->skipped.size(), 1u);
  EXPECT_STREQ(World::ring(*keeper)->skipped[0].why.reason, "secret_wrong_kind");
}

TEST(Keeper, a_key_whose_own_time_is_over_signs_no_more) {
  World world;
  std::vector<Secret> list;
  list.push_back(Secret::of_key(ec(1)));
  list[0].not_after = world.clock->now() + Seconds(1000);
  world.store->put("a", std::move(list));
  auto keeper = world.start({"a"});
  ASSERT_THAT(world.issue(*keeper, Seconds(3600)), is_ok());
  world.clock->advance(Seconds(1000));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_FALSE(World::ring(*keeper)->can_sign);
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(1))) << "its tokens outlive it";
}

TEST(Keeper, a_kid_that_named_another_key_before_is_left_out) {
  World world;
  std::vector<Secret> first, second;
  first.push_back(Secret::of_key(ec(1), KeyId("same")));
  second.push_back(Secret::of_key(ec(2), KeyId("same")));
  world.store->put("a", std::move(first));
  auto keeper = world.start({"a"});
  ASSERT_THAT(world.issue(*keeper, Seconds(3600)), is_ok());
  world.store->put("a", std::move(second));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  const auto ring = World::ring(*keeper);
  ASSERT_NE(ring, nullptr);
  EXPECT_FALSE(ring->can_sign);
  EXPECT_EQ(*ring->ring->active().key->jwk().public_key(), *ec(1).public_key());
  EXPECT_STREQ(ring->skipped.at(0).why.reason, "kid_reused");
}

TEST(Keeper, one_alias_for_two_purposes_is_refused_unless_switched_on) {
  World world;
  const std::vector<Mapping> mappings = {
      mapped(SecretId::literal("am.services.oauth2.oidc.signing.RSA"), {"rsa"}),
      mapped(kDecrypt, {"rsa"})};
  auto keeper = world.keeper();
  EXPECT_THAT(World::configure(*keeper, {{world.store, kGlobal, mappings}}),
              fails("mapping_two_purposes"));
  world.options.allow_shared_aliases = true;
  auto legacy = world.keeper();
  EXPECT_THAT(World::configure(*legacy, {{world.store, kGlobal, mappings}}), is_ok());
}

TEST(Keeper, two_stores_of_one_name_in_one_realm_are_refused) {
  World world;
  auto keeper = world.keeper();
  EXPECT_THAT(World::configure(*keeper, {{world.store, kGlobal, {}}, {world.store, kGlobal, {}}}),
              fails("store_name_taken"));
}

TEST(Keeper, a_key_never_signs_before_its_life_is_durable) {
  World world;
  world.storage->fault = Error{Code::kUnavailable, "storage_full", "full"};
  auto keeper = world.keeper();
  EXPECT_THAT(world.map(*keeper, {"a"}), fails_with_code(Code::kUnavailable));
  EXPECT_EQ(World::ring(*keeper), nullptr);

  world.storage->fault.reset();
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  const auto ring = World::ring(*keeper);
  world.clock->advance(Seconds(5000));
  world.storage->fault = Error{Code::kUnavailable, "storage_full", "full"};
  EXPECT_THAT(world.map(*keeper, {"b", "a"}), fails_with_code(Code::kUnavailable));
  EXPECT_EQ(World::ring(*keeper), ring) << "the old ring stays";
}

TEST(Keeper, serves_on_while_storage_cannot_be_read) {
  World world;
  auto keeper = world.start({"a"});
  world.storage->read_fault = Error{Code::kUnavailable, "storage_unavailable", "gone"};
  EXPECT_THAT(World::refresh(*keeper), fails("storage_unavailable"));
  EXPECT_EQ(World::active(*keeper), kid(1));
}

TEST(Keeper, two_keepers_that_start_together_agree_on_who_signs) {
  World world;
  auto one = world.keeper(), two = world.keeper();
  // The second overtakes the first between its reading and its writing; it has another order.
  world.storage->before_commit = [&] { ASSERT_THAT(world.map(*two, {"b", "a"}), is_ok()); };
  ASSERT_THAT(world.map(*one, {"a", "b"}), is_ok());
  EXPECT_EQ(World::active(*two), kid(2));
  EXPECT_EQ(World::active(*one), kid(2));
  EXPECT_EQ(world.record(kid(1))->state, "prepared");
}

TEST(Keeper, two_keepers_that_activate_together_end_with_the_same_lineup) {
  World world;
  auto one = world.start({"a", "b", "c"});
  auto two = world.start({"a", "b", "c"});
  world.clock->advance(world.options.policy.publish_ahead);
  world.storage->before_commit = [&] {
    ASSERT_THAT(async::run_now(two->activate(world.step("c"))), is_ok());
  };
  ASSERT_THAT(async::run_now(one->activate(world.step("b"))), is_ok());
  ASSERT_THAT(World::refresh(*two), is_ok());
  EXPECT_EQ(World::active(*one), kid(2));
  EXPECT_EQ(World::kids(*one), World::kids(*two));
  int active = 0;
  const auto keys = async::run_now(world.storage->keys(kGlobal));
  ASSERT_THAT(keys, is_ok());
  for (const auto& key : *keys)
    active += key.state == "active" ? 1 : 0;
  EXPECT_EQ(active, 1);
}

TEST(Keeper, sec_102_readers_on_other_threads_always_see_a_whole_ring) {
  World world;
  auto keeper = world.start({"a", "b"});
  world.clock->advance(world.options.policy.publish_ahead);
  std::atomic<bool> is_over{false};
  std::atomic<int> faults{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!is_over) {
        const auto rings = keeper->rings_now(kGlobal);
        const LiveRing* ring = rings ? rings->find(kEs256) : nullptr;
        if (ring == nullptr || ring->ring->valid().size() != 2 || !ring->can_sign) ++faults;
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(i % 2 == 0 ? world.map(*keeper, {"b", "a"}) : world.map(*keeper, {"a", "b"}),
                is_ok());
  }
  is_over = true;
  for (auto& reader : readers)
    reader.join();
  EXPECT_EQ(faults, 0);
}

TEST(Keeper, refreshes_from_many_threads_take_turns_and_share_their_work) {
  World world;
  world.store->version = 0;  // so that each refresh reads the store
  auto keeper = world.start({"a"});
  const int fetches = world.store->fetches;
  std::atomic<int> faults{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        if (!World::refresh(*keeper).ok()) ++faults;
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(faults, 0);
  EXPECT_LE(world.store->fetches - fetches, 120);
  EXPECT_EQ(World::active(*keeper), kid(1));
}

}  // namespace
}  // namespace signet::secrets
