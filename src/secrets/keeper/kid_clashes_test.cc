#include "secrets/keeper/kid_clashes.h"

#include "secrets/keeper/test_support.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const SecretId kRsaKeys = SecretId::literal("am.services.oauth2.oidc.signing.RSA");
const SecretId kOtherEc = SecretId::literal("am.services.oauth2.stateless.signing.ES256");

std::vector<Secret> first_version(const jose::Jwk& jwk) {
  return {Secret::of_key(jwk, KeyId("1"))};
}

/// The store "ks" has e and f, two EC keys, and r, an RSA key, all of the kid "1"; so has the store
/// "own" of the realm alpha.
struct NumberedKeys {
  World world;
  std::shared_ptr<FakeStore> own = std::make_shared<FakeStore>("own", Ordering::kByMapping);
  std::unique_ptr<Keeper> keeper = world.keeper();

  NumberedKeys() {
    for (FakeStore* store : {world.store.get(), own.get()}) {
      store->put("e", first_version(ec(1)));
      store->put("f", first_version(ec(2)));
      store->put("r", first_version(rsa()));
    }
  }
  void configure(std::vector<Mapping> global, std::vector<Mapping> of_alpha = {}) {
    ASSERT_THAT(World::configure(*keeper, {{world.store, kGlobal, std::move(global)},
                                           {own, kAlpha, std::move(of_alpha)}}),
                is_ok());
  }
  void use_alpha() { ASSERT_THAT(async::run_now(keeper->rings(kAlpha)), is_ok()); }
  Status map(const Mapping& mapping, bool force = false, bool dry_run = false) {
    return async::run_now(
        keeper->map(kGlobal, StoreName("ks"), mapping, force, "operator", dry_run));
  }
  Status map_alpha(const Mapping& mapping) {
    return async::run_now(keeper->map(kAlpha, StoreName("own"), mapping, false, "operator", false));
  }
};

TEST(KidClashes, of_two_ids_are_told_until_verifiers_know_one_key_alone) {
  NumberedKeys keys;
  keys.configure({mapped(kEs256, {"e"}), mapped(kRsaKeys, {"r"})});
  const auto told = keys.keeper->kid_clashes();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].first, kGlobal);
  EXPECT_EQ(told[0].second.kid, KeyId("1"));
  EXPECT_EQ(told[0].second.one.id, kEs256);
  EXPECT_EQ(told[0].second.one.alias, Alias("e"));
  EXPECT_EQ(told[0].second.other.id, kRsaKeys);
  EXPECT_EQ(told[0].second.other.store, StoreName("ks"));
  keys.world.store->put("r", rsa());
  ASSERT_THAT(World::refresh(*keys.keeper), is_ok());
  EXPECT_THAT(keys.keeper->kid_clashes(), SizeIs(1)) << "the old one signs still";
  keys.world.clock->advance(Seconds(10'000));
  ASSERT_THAT(World::refresh(*keys.keeper), is_ok());
  EXPECT_THAT(keys.keeper->kid_clashes(), SizeIs(1)) << "the old one is published still";
  keys.world.clock->advance(Seconds(10'000));
  ASSERT_THAT(World::refresh(*keys.keeper), is_ok());
  EXPECT_THAT(keys.keeper->kid_clashes(), IsEmpty());
}

TEST(KidClashes, in_one_list_are_told_with_the_key_that_is_left_out) {
  NumberedKeys keys;
  keys.configure({mapped(kEs256, {"e", "f"})});
  const auto told = keys.keeper->kid_clashes();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].second.one.alias, Alias("e"));
  EXPECT_EQ(told[0].second.other.alias, Alias("f"));
}

TEST(KidClashes, one_key_under_several_ids_is_none) {
  NumberedKeys keys;
  keys.configure({mapped(kEs256, {"e"})});
  EXPECT_THAT(keys.map(mapped(kOtherEc, {"e"})), is_ok());
  EXPECT_THAT(keys.keeper->kid_clashes(), IsEmpty());
}

TEST(KidClashes, are_refused_where_a_mapping_would_make_them_forced_or_not) {
  NumberedKeys keys;
  keys.configure({mapped(kEs256, {"e"})});
  for (const bool force : {false, true}) {
    for (const bool dry_run : {true, false}) {
      const Status refused = keys.map(mapped(kRsaKeys, {"r"}), force, dry_run);
      ASSERT_THAT(refused, fails("kid_reused"));
      EXPECT_THAT(refused.error().detail, HasSubstr(kEs256.str()));
    }
  }
  EXPECT_EQ(World::ring(*keys.keeper, kRsaKeys), nullptr);
  EXPECT_THAT(keys.map(mapped(kRsaKeys, {"rsa"})), is_ok()) << "the same key by its thumbprint";
}

TEST(KidClashes, within_one_list_are_refused_in_whatever_order) {
  NumberedKeys keys;
  keys.configure({mapped(kEs256, {"e"})});
  EXPECT_THAT(keys.map(mapped(kEs256, {"e", "f"})), fails("kid_reused"));
  EXPECT_THAT(keys.map(mapped(kEs256, {"f", "e"})), fails("kid_reused"));
  EXPECT_THAT(keys.map(mapped(kEs256, {"f"}), true), fails("kid_reused"))
      << "tokens and copies of the JWKS know the other one";
  EXPECT_THAT(keys.map(mapped(kOtherEc, {"e", "f"})), fails("kid_reused"))
      << "an ID that had no key yet";
  EXPECT_THAT(async::run_now(keys.keeper->publish(keys.world.step("f"))), fails("kid_reused"));
}

TEST(KidClashes, that_were_there_before_do_not_keep_other_keys_out) {
  NumberedKeys keys;
  keys.configure({mapped(kEs256, {"e"}), mapped(kRsaKeys, {"r"})});
  EXPECT_THAT(keys.map(mapped(kEs256, {"e", "b"})), is_ok());
}

TEST(KidClashes, of_a_realm_with_the_global_keys_are_refused_whether_it_is_in_use_or_not) {
  for (const bool is_used : {false, true}) {
    NumberedKeys keys;
    keys.configure({mapped(kEs256, {"e"})});
    if (is_used) keys.use_alpha();
    EXPECT_THAT(keys.map_alpha(mapped(kRsaKeys, {"r"})), fails("kid_reused")) << is_used;
  }
}

TEST(KidClashes, of_a_realm_with_itself_are_refused_before_anybody_used_it) {
  NumberedKeys keys;
  keys.configure({});
  ASSERT_THAT(keys.map_alpha(mapped(kRsaKeys, {"r"})), is_ok());
  EXPECT_THAT(keys.map_alpha(mapped(kEs256, {"e"})), fails("kid_reused"));
}

TEST(KidClashes, of_the_first_key_of_a_realm_with_the_global_one_of_the_id_are_refused) {
  NumberedKeys keys;
  keys.configure({mapped(kEs256, {"e"})});
  keys.use_alpha();
  EXPECT_THAT(keys.map_alpha(mapped(kEs256, {"f"})), fails("kid_reused"));
  EXPECT_THAT(keys.map_alpha(mapped(kEs256, {"e"})), is_ok()) << "it is the same key";
}

TEST(KidClashes, of_a_global_key_with_those_of_a_realm_that_goes_by_it_are_refused) {
  NumberedKeys keys;
  keys.configure({}, {mapped(kRsaKeys, {"r"})});
  keys.use_alpha();
  const Status refused = keys.map(mapped(kEs256, {"e"}));
  ASSERT_THAT(refused, fails("kid_reused"));
  EXPECT_THAT(refused.error().detail, HasSubstr("in realm alpha"));
}

TEST(KidClashes, with_keys_of_a_realm_that_has_its_own_of_the_id_are_none) {
  NumberedKeys keys;
  keys.own->put("z", ec(3));
  keys.configure({}, {mapped(kRsaKeys, {"r"}), mapped(kEs256, {"z"})});
  keys.use_alpha();
  EXPECT_THAT(keys.map(mapped(kEs256, {"e"})), is_ok());
  EXPECT_THAT(keys.keeper->kid_clashes(), IsEmpty());
}

TEST(KidClashes, that_a_realm_has_by_the_configuration_are_told_for_it_alone) {
  NumberedKeys keys;
  keys.configure({mapped(kEs256, {"e"})}, {mapped(kRsaKeys, {"r"})});
  EXPECT_THAT(keys.keeper->kid_clashes(), IsEmpty()) << "nobody uses the realm";
  keys.use_alpha();
  const auto told = keys.keeper->kid_clashes();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].first, kAlpha);
  EXPECT_EQ(told[0].second.one.store_realm, kGlobal);
  EXPECT_EQ(told[0].second.other.store_realm, kAlpha);
}

TEST(KidClashes, of_global_keys_are_told_once_for_all_realms) {
  NumberedKeys keys;
  keys.configure({mapped(kEs256, {"e"}), mapped(kRsaKeys, {"r"})});
  keys.use_alpha();
  ASSERT_THAT(async::run_now(keys.keeper->rings(kBeta)), is_ok());
  const auto told = keys.keeper->kid_clashes();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].first, kGlobal);
}

}  // namespace
}  // namespace signet::secrets
