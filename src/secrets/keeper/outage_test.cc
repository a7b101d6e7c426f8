// Stores that cannot be reached or read.

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;

const Error kDown{Code::kUnavailable, "store_down", "down"};

TEST(Keeper, an_outage_serves_the_last_good_secrets_until_their_lease_ends) {
  World world;
  auto keeper = world.start({"a"});
  const auto before = World::ring(*keeper);
  world.store->outage = kDown;
  world.clock->advance(Seconds(60));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(1));
  EXPECT_TRUE(World::ring(*keeper)->degraded);
  ASSERT_EQ(keeper->health().size(), 1u);
  EXPECT_FALSE(keeper->health()[0].ok);
  EXPECT_THAT(keeper->health()[0].detail, testing::HasSubstr("store_down"));

  world.clock->advance(world.options.lease);
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_FALSE(World::ring(*keeper)->can_sign);
  EXPECT_THAT(World::kids(*keeper), ElementsAre(kid(1))) << "what is remembered verifies on";
  EXPECT_STREQ(keeper->rings_now(kGlobal)->why(kEs256).reason, "store_down");
  EXPECT_THAT(keeper->unread(), IsEmpty()) << "it was read once";
  EXPECT_EQ(world.record(kid(1))->state, "active") << "an outage changes no life";

  world.store->outage.reset();
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(1));
  EXPECT_TRUE(keeper->health()[0].ok);
}

TEST(Keeper, a_store_that_is_out_of_reach_at_start_fails_only_what_needs_it) {
  World world;
  auto other = std::make_shared<FakeStore>("other", Ordering::kByMapping);
  other->outage = Error{Code::kTimeout, "store_timeout", "slow"};
  auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{other, kGlobal, {mapped(kHmac, {"h"})}},
                                         {world.store, kGlobal, {mapped(kEs256, {"a"})}}}),
              is_ok());
  EXPECT_EQ(World::active(*keeper), kid(1));
  EXPECT_EQ(World::ring(*keeper, kHmac), nullptr);
  EXPECT_STREQ(keeper->rings_now(kGlobal)->why(kHmac).reason, "store_timeout");
}

TEST(Keeper, nothing_behind_a_store_in_outage_takes_its_place) {
  World world;
  auto first = std::make_shared<FakeStore>("first", Ordering::kByMapping);
  first->outage = kDown;
  auto keeper = world.keeper();
  ASSERT_THAT(World::configure(*keeper, {{first, kGlobal, {mapped(kEs256, {"x"})}},
                                         {world.store, kGlobal, {mapped(kEs256, {"a"})}}}),
              is_ok());
  EXPECT_EQ(World::ring(*keeper), nullptr);
}

TEST(Keeper, a_file_that_cannot_be_read_any_more_keeps_its_last_good_secret) {
  World world;
  auto keeper = world.start({"a"});
  world.store->broken.insert_or_assign("a", Error{Code::kConfig, "secret_unreadable", "torn"});
  ++world.store->version;
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(1));
  EXPECT_TRUE(World::ring(*keeper)->degraded);
  EXPECT_FALSE(keeper->health()[0].ok);
}

TEST(Health, names_every_store_and_finds_it) {
  World world;
  auto keeper = world.start({"a"});
  EXPECT_EQ(keeper->store(kGlobal, StoreName("ks")), world.store);
  EXPECT_EQ(keeper->store(kAlpha, StoreName("ks")), nullptr);
  ASSERT_EQ(keeper->health().size(), 1u);
  EXPECT_EQ(keeper->health()[0].name.str(), "ks");
  EXPECT_EQ(keeper->health()[0].lease_until, world.clock->now() + world.options.lease);
}

TEST(Keeper, a_password_among_keys_has_no_ring_and_stops_nothing) {
  const auto password = SecretId::literal("am.global.services.secret.pem.decryption");
  for (const bool can_list : {true, false}) {
    World world;
    auto volume = std::make_shared<FakeStore>("volume", Ordering::kSelfNaming);
    volume->can_list = can_list;
    std::vector<Secret> text;
    text.push_back(Secret::of_text(SecretBytes::from_text("changeit")));
    volume->put(password.str().c_str(), text);
    volume->put(kEs256.str().c_str(), ec(4));
    world.store->put("pem", std::move(text));
    auto keeper = world.keeper();
    ASSERT_THAT(World::configure(*keeper, {{volume, kGlobal, {}},
                                           {world.store, kGlobal, {mapped(password, {"pem"})}}}),
                is_ok());
    EXPECT_EQ(World::active(*keeper), kid(4));
    EXPECT_EQ(World::ring(*keeper, password), nullptr);
    EXPECT_TRUE(keeper->health()[0].ok);
    EXPECT_TRUE(keeper->health()[1].ok);
  }
}

TEST(Keeper, one_secret_that_cannot_be_asked_for_does_not_end_the_lease_of_the_others) {
  World world;
  auto keeper = world.keeper();
  ASSERT_THAT(
      World::configure(*keeper,
                       {{world.store, kGlobal, {mapped(kEs256, {"c"}), mapped(kHmac, {"hmac"})}}}),
      is_ok());
  world.store->broken.insert_or_assign("c", kDown);
  ++world.store->version;
  world.clock->advance(world.options.lease / 2);
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_FALSE(keeper->health()[0].ok);
  EXPECT_THAT(keeper->health()[0].detail, testing::HasSubstr("'c': down"));
  EXPECT_TRUE(World::ring(*keeper)->degraded);
  EXPECT_FALSE(World::ring(*keeper, kHmac)->degraded) << "it is no outage of the store";
  world.clock->advance(world.options.lease / 2 + Seconds(1));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_FALSE(World::ring(*keeper)->can_sign);
  ASSERT_NE(World::ring(*keeper, kHmac), nullptr);
  EXPECT_TRUE(World::ring(*keeper, kHmac)->can_sign);
  world.store->broken.clear();
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(3));
  EXPECT_TRUE(keeper->health()[0].ok);
}

TEST(Keeper, a_store_that_is_away_is_not_asked_for_each_of_its_secrets) {
  World world;
  auto keeper = world.start({"a", "b", "c"});
  for (const char* alias : {"a", "b", "c"})
    world.store->broken.insert_or_assign(alias, kDown);
  ++world.store->version;
  const int fetches = world.store->fetches;
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(world.store->fetches, fetches + 2);
}

TEST(Keeper, aliases_that_stay_away_do_not_keep_those_behind_them_from_being_read) {
  World world;
  auto keeper = world.start({"c", "a", "b"});
  for (const char* alias : {"a", "b", "c"})
    world.store->broken.insert_or_assign(alias, kDown);
  ++world.store->version;
  for (int i = 0; i < 3; ++i)
    ASSERT_THAT(World::refresh(*keeper), is_ok());
  world.store->broken.erase("c");
  for (int i = 0; i < 2; ++i)
    ASSERT_THAT(World::refresh(*keeper), is_ok());
  world.clock->advance(world.options.lease + Seconds(1));
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(World::active(*keeper), kid(3));
  EXPECT_FALSE(keeper->health()[0].ok);
}

TEST(Keeper, an_alias_that_is_not_there_gives_way_although_another_one_cannot_be_asked_for) {
  World world;
  auto behind = std::make_shared<FakeStore>("behind", Ordering::kByMapping);
  behind->put("b", ec(4));
  auto keeper = world.keeper();
  ASSERT_THAT(
      World::configure(*keeper,
                       {{world.store, kGlobal, {mapped(kEs256, {"none"}), mapped(kHmac, {"hmac"})}},
                        {behind, kGlobal, {mapped(kEs256, {"b"})}}}),
      is_ok());
  ASSERT_EQ(World::active(*keeper), kid(4));
  world.store->broken.insert_or_assign("hmac", kDown);
  ++world.store->version;
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_TRUE(World::ring(*keeper, kHmac)->degraded);
  EXPECT_EQ(World::active(*keeper), kid(4));
  EXPECT_FALSE(World::ring(*keeper)->degraded);
}

TEST(Health, warns_of_an_alias_that_is_mapped_and_not_there) {
  World world;
  auto keeper = world.start({"a", "b"});
  EXPECT_THAT(keeper->health()[0].warnings, IsEmpty());
  world.store->drop("a");
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_THAT(keeper->health()[0].warnings,
              ElementsAre("'a' is mapped to " + kEs256.str() + " and is not there"));
}

TEST(Health, counts_the_lease_of_what_cannot_be_read_any_more_from_its_last_reading) {
  World world;
  auto keeper = world.start({"a", "b"});
  const Instant read = world.clock->now();
  world.store->broken.insert_or_assign("a", Error{Code::kConfig, "secret_unreadable", "torn"});
  ++world.store->version;
  for (int i = 0; i < 3; ++i) {
    world.clock->advance(Seconds(60));
    ASSERT_THAT(World::refresh(*keeper), is_ok());
  }
  EXPECT_EQ(keeper->health()[0].last_good, read);
  EXPECT_EQ(keeper->health()[0].lease_until, read + world.options.lease);
  world.store->broken.clear();
  ASSERT_THAT(World::refresh(*keeper), is_ok());
  EXPECT_EQ(keeper->health()[0].last_good, world.clock->now());
}

TEST(Health, knows_no_good_answer_of_a_store_of_which_nothing_could_be_read) {
  World world;
  world.store->broken.insert_or_assign("a", Error{Code::kConfig, "secret_unreadable", "torn"});
  auto keeper = world.start({"a"});
  EXPECT_FALSE(keeper->health()[0].ok);
  EXPECT_EQ(keeper->health()[0].last_good, Instant{});
  EXPECT_EQ(keeper->health()[0].lease_until, Instant{});
}

}  // namespace
}  // namespace signet::secrets
