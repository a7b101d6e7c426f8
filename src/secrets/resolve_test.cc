#include "secrets/resolve.h"

#include "secrets/test_keys.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using signet::test::fails;
using signet::test::is_ok;
using namespace test;

const SecretId kId = SecretId::literal("am.services.oauth2.oidc.signing.ES256");
const SecretId kGlobalId =
    SecretId::literal("am.global.services.oauth2.oidc.agent.idtoken.signing");
const Instant kResolved = from_unix_seconds(1'700'000'000);

Secret key(int number, const char* store) {
  static std::map<int, jose::Jwk> keys;
  auto found = keys.find(number);
  if (found == keys.end()) found = keys.emplace(number, make_key(crypto::KeyKind::kEcP256)).first;
  return named(found->second, ("k" + std::to_string(number)).c_str(), store);
}
StoreAnswer answer(const char* store, std::vector<Secret> secrets,
                   std::optional<Error> outage = std::nullopt) {
  return {StoreName(store), std::move(secrets), std::move(outage)};
}
const Error kOutage{Code::kUnavailable, "down", "down"};

TEST(Resolve, sec_110_realm_stores_come_before_global_ones) {
  const auto r1 = answer("r1", {key(1, "r1")});
  const auto r2 = answer("r2", {key(2, "r2")});
  const auto g1 = answer("g1", {key(3, "g1")});
  const auto g2 = answer("g2", {key(4, "g2")});
  const auto none = answer("none", {});
  const auto unfit = answer("unfit", {named(p384(), "a", "unfit")});
  struct Row {
    std::vector<StoreAnswer> realm, global;
    std::string winner;
    bool is_ambiguous;
  };
  const std::vector<Row> table = {
      {{}, {}, "", false},
      {{r1}, {}, "r1", false},
      {{}, {g1}, "g1", false},
      {{r1}, {g1}, "r1", false},
      {{r1, r2}, {}, "r1", true},
      {{r2, r1}, {}, "r2", true},
      {{}, {g1, g2}, "g1", true},
      {{none}, {g1}, "g1", false},
      {{none, r2}, {g1}, "r2", false},
      {{unfit}, {g1}, "g1", false},
      {{unfit, r2}, {g1}, "r2", false},
      {{none}, {none}, "", false},
  };
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto found = resolve(kId, table[i].realm, table[i].global, kResolved);
    EXPECT_EQ(found.ordered.empty() ? "" : found.ordered.front().store.str(), table[i].winner) << i;
    EXPECT_EQ(found.is_ambiguous, table[i].is_ambiguous) << i;
  }
}

TEST(Resolve, sec_110_global_ids_ignore_realm_stores) {
  const auto other = make_key(crypto::KeyKind::kRsa, 2048);
  const auto found = resolve(kGlobalId, {answer("r", {named(rsa(), "a", "r")})},
                             {answer("g", {named(other, "b", "g")})}, kResolved);
  ASSERT_EQ(found.ordered.size(), 1u);
  EXPECT_EQ(found.ordered[0].store.str(), "g");
}

TEST(Resolve, nothing_takes_the_place_of_a_store_that_cannot_be_asked) {
  const auto found =
      resolve(kId, {answer("r", {}, kOutage)}, {answer("g", {key(1, "g")})}, kResolved);
  EXPECT_TRUE(found.ordered.empty());
  EXPECT_EQ(found.blocked_by, StoreName("r"));
}

TEST(Resolve, the_last_good_answer_of_a_store_in_outage_counts) {
  const auto found =
      resolve(kId, {answer("r", {key(1, "r")}, kOutage)}, {answer("g", {key(2, "g")})}, kResolved);
  ASSERT_EQ(found.ordered.size(), 1u);
  EXPECT_EQ(found.ordered[0].store.str(), "r");
  EXPECT_FALSE(found.blocked_by);
}

TEST(Resolve, skips_and_reports_what_does_not_fit) {
  const auto found =
      resolve(kId, {}, {answer("g", {named(rsa(), "bad", "g"), key(1, "g")})}, kResolved);
  ASSERT_EQ(found.ordered.size(), 1u);
  ASSERT_EQ(found.skipped.size(), 1u);
  EXPECT_EQ(found.skipped[0].alias.str(), "bad");
  EXPECT_STREQ(found.skipped[0].why.reason, "secret_wrong_kind");
}

TEST(Resolve, skips_secrets_outside_their_own_window) {
  Secret early = key(1, "g"), late = key(2, "g"), good = key(3, "g");
  early.not_before = kResolved + Seconds(1);
  late.not_after = kResolved;
  good.not_before = kResolved;
  good.not_after = kResolved + Milliseconds(1);
  const auto found = resolve(kId, {}, {answer("g", {early, late, good})}, kResolved);
  ASSERT_EQ(found.ordered.size(), 1u);
  EXPECT_EQ(found.ordered[0].kid, good.kid);
  EXPECT_STREQ(found.skipped[0].why.reason, "secret_not_yet_valid");
  EXPECT_STREQ(found.skipped[1].why.reason, "secret_expired");
}

TEST(Resolve, the_same_key_under_two_aliases_is_there_once) {
  EXPECT_EQ(resolve(kId, {}, {answer("g", {key(1, "g"), key(1, "g")})}, kResolved).ordered.size(),
            1u);
}

TEST(Resolve, a_kid_that_names_two_keys_is_refused) {
  const Secret one = Secret::of_key(p256(), KeyId("same"));
  const Secret two = Secret::of_key(make_key(crypto::KeyKind::kEcP256), KeyId("same"));
  const auto found = resolve(kId, {}, {answer("g", {one, two})}, kResolved);
  EXPECT_EQ(found.ordered.size(), 1u);
  ASSERT_EQ(found.skipped.size(), 1u);
  EXPECT_STREQ(found.skipped[0].why.reason, "kid_reused");
}

TEST(Resolve, what_is_left_out_says_whose_store_it_is_from) {
  auto of_realm = answer("twin", {named(p384(), "a", "twin")});
  of_realm.realm = RealmName("alpha");
  const auto global = answer("twin", {named(p384(), "a", "twin")});
  const auto found = resolve(kId, {of_realm}, {global}, kResolved);
  ASSERT_EQ(found.skipped.size(), 2U);
  EXPECT_EQ(found.skipped[0].store_realm, RealmName("alpha"));
  EXPECT_EQ(found.skipped[1].store_realm, RealmName());
}

TEST(KeyRing, is_never_empty) {
  EXPECT_THAT(KeyRing::make(kId, {}), fails("ring_empty"));
}

TEST(KeyRing, finds_by_kid_and_keeps_the_order) {
  const auto ring = KeyRing::make(kId, {key(1, "g"), key(2, "g")});
  ASSERT_THAT(ring, is_ok());
  EXPECT_EQ((*ring)->active().kid, key(1, "g").kid);
  EXPECT_EQ((*ring)->keys().size(), 2u);
  ASSERT_NE((*ring)->find(key(2, "g").kid.view()), nullptr);
  EXPECT_EQ((*ring)->find("unknown"), nullptr);
}

}  // namespace
}  // namespace signet::secrets
