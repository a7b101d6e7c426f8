// What the keeper makes of the answers of stores.

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;

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

}  // namespace
}  // namespace signet::secrets
