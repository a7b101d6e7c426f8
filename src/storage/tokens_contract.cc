// Tokens, denials, what is used once, and what is purged.

#include "storage/expired.h"
#include "storage/storage_contract.h"
#include "storage/test_records.h"

namespace signet::storage::test {

TEST_P(StorageContract, sec_069_refuses_a_token_that_is_not_a_hash) {
  TokenRecord clear = token("x");
  clear.hash = to_bytes("a-token-in-clear-text");
  EXPECT_THAT(commit({PutToken{clear}}), fails("storage_hash_malformed"));
  EXPECT_THAT(commit({DenyToken{{kRealm, {}, at(9)}}}), fails("storage_hash_malformed"));
  EXPECT_THAT(commit({UseOnce{kRealm, {1, 2}, at(9)}}), fails("storage_hash_malformed"));
}

TEST_P(StorageContract, keeps_replaces_and_erases_a_token) {
  ASSERT_THAT(commit({PutToken{token("t")}}), is_ok());
  auto found = now(storage_->token(hash_of("t"))).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->hash, hash_of("t"));
  EXPECT_EQ(found->realm, kRealm);
  EXPECT_EQ(found->client, ClientId("app"));
  EXPECT_EQ(found->kind, "access");
  EXPECT_EQ(found->issued, at(0));
  EXPECT_EQ(found->expires, at(3600));
  EXPECT_EQ(found->claims, R"({"sub":"app"})");
  ASSERT_THAT(commit({PutToken{token("t", at(9))}}), is_ok());
  EXPECT_EQ(now(storage_->token(hash_of("t"))).value()->expires, at(9));
  ASSERT_THAT(commit({EraseToken{hash_of("t")}}), is_ok());
  EXPECT_FALSE(now(storage_->token(hash_of("t"))).value());
}

TEST_P(StorageContract, follows_denials_by_row_and_a_longer_one_is_told_again) {
  const auto deny = [&](const char* id, Instant expires) {
    return commit({DenyToken{{kRealm, hash_of(id), expires}}});
  };
  for (const char* id : {"a", "b", "c"})
    ASSERT_THAT(deny(id, at(100)), is_ok());
  ASSERT_THAT(deny("gone", at(-1)), is_ok());
  std::int64_t row = -1;
  auto first = now(storage_->denials_since(0, 2, &row)).value();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[1].id_hash, hash_of("b"));
  auto rest = now(storage_->denials_since(row, 9, &row)).value();
  ASSERT_EQ(rest.size(), 1u) << "what expired is not told";
  ASSERT_THAT(deny("a", at(50)), is_ok());
  EXPECT_TRUE(now(storage_->denials_since(row, 9, &row)).value().empty());
  ASSERT_THAT(deny("a", at(200)), is_ok());
  auto longer = now(storage_->denials_since(row, 9, &row)).value();
  ASSERT_EQ(longer.size(), 1u);
  EXPECT_EQ(longer[0].expires, at(200));
  EXPECT_FALSE(now(storage_->is_denied(RealmName("beta"), hash_of("a"))).value());
}

TEST_P(StorageContract, purges_what_expired_and_nothing_else) {
  for (const int second : {1, 9, 10, 11}) {
    const std::string name = std::to_string(second);
    ASSERT_THAT(
        commit({PutToken{token(name, at(second))}, DenyToken{{kRealm, hash_of(name), at(second)}},
                UseOnce{kRealm, hash_of(name), at(second)}}),
        is_ok());
  }
  ASSERT_THAT(commit({Purge{at(10)}}), is_ok());
  for (const int second : {1, 9, 10, 11}) {
    const Bytes hash = hash_of(std::to_string(second));
    const bool kept = second >= 10;
    EXPECT_EQ(now(storage_->token(hash)).value().has_value(), kept);
    EXPECT_EQ(now(storage_->is_denied(kRealm, hash)).value(), kept);
    EXPECT_EQ(commit({UseOnce{kRealm, hash, at(99)}}).ok(), !kept);
  }
}

TEST_P(StorageContract, purges_in_slices_oldest_first) {
  Transaction many;
  for (std::size_t i = 0; i < kPurgeSlice + 5; ++i) {
    many.push_back(PutToken{token(std::to_string(i), at(static_cast<std::int64_t>(i)))});
  }
  ASSERT_THAT(commit(std::move(many)), is_ok());
  ASSERT_THAT(commit({Purge{at(100'000)}}), is_ok());
  const auto is_there = [&](std::size_t i) {
    return now(storage_->token(hash_of(std::to_string(i)))).value().has_value();
  };
  EXPECT_FALSE(is_there(kPurgeSlice - 1));
  EXPECT_TRUE(is_there(kPurgeSlice));
  ASSERT_THAT(commit({Purge{at(100'000)}}), is_ok());
  EXPECT_FALSE(is_there(kPurgeSlice + 4));
}

TEST_P(StorageContract, counts_what_expired_of_each_kind_to_the_limit) {
  EXPECT_EQ(now(storage_->count_expired(at(10), 9)).value(), 0);
  for (const int second : {1, 2, 9, 10}) {
    const std::string name = std::to_string(second);
    ASSERT_THAT(commit({PutToken{token(name, at(second))}}), is_ok());
    if (second == 1) continue;
    ASSERT_THAT(commit({DenyToken{{kRealm, hash_of(name), at(second)}},
                        UseOnce{kRealm, hash_of(name), at(second)}}),
                is_ok());
  }
  EXPECT_EQ(now(storage_->count_expired(at(10), 9)).value(), 3 + 2 + 2);
  EXPECT_EQ(now(storage_->count_expired(at(10), 2)).value(), 2 + 2 + 2);
  EXPECT_EQ(now(storage_->count_expired(at(1), 9)).value(), 0);
}

namespace {

/// Two slices and a half of each kind, which expire at 0, 1, 2, ...; and one of each that lives.
void fill_slices(Storage& storage) {
  constexpr std::size_t kExpired = 2 * kPurgeSlice + kPurgeSlice / 2, kAtOnce = 250;
  Transaction many;
  const auto add = [&many](const std::string& name, Instant expires) {
    many.emplace_back(PutToken{token(name, expires)});
    many.emplace_back(DenyToken{{kRealm, hash_of(name), expires}});
    many.emplace_back(UseOnce{kRealm, hash_of(name), expires});
  };
  add("living", at(100'000));
  for (std::size_t i = 0; i < kExpired; ++i) {
    add(std::to_string(i), at(static_cast<std::int64_t>(i)));
    if ((i + 1) % kAtOnce != 0) continue;
    ASSERT_THAT(now(storage.commit(std::exchange(many, {}))), is_ok());
  }
}

}  // namespace

TEST_P(StorageContract, given_two_slices_and_a_half_when_swept_then_all_expired_are_gone) {
  fill_slices(*storage_);
  std::vector<std::int64_t> slices;
  const std::function<bool(std::int64_t)> goes_on = [&slices](std::int64_t rows) {
    slices.push_back(rows);
    return true;
  };
  const auto swept = now(purge_expired(storage_, at(100'000), goes_on));
  ASSERT_THAT(swept, is_ok());
  EXPECT_TRUE(*swept);
  constexpr auto kWhole = static_cast<std::int64_t>(3 * kPurgeSlice);
  EXPECT_THAT(slices, testing::ElementsAre(kWhole, kWhole, kWhole / 2));
  EXPECT_EQ(now(storage_->count_expired(at(100'000), 9)).value(), 0);
  EXPECT_FALSE(now(storage_->token(hash_of(std::to_string(2 * kPurgeSlice + 7)))).value());
  EXPECT_FALSE(now(storage_->is_denied(kRealm, hash_of("0"))).value());
  EXPECT_TRUE(now(storage_->token(hash_of("living"))).value());
  EXPECT_TRUE(now(storage_->is_denied(kRealm, hash_of("living"))).value());
  EXPECT_THAT(commit({UseOnce{kRealm, hash_of("living"), at(9)}}), fails("already_used"));
}

TEST_P(StorageContract, given_a_sweep_that_was_ended_when_swept_again_then_it_goes_on) {
  fill_slices(*storage_);
  const std::function<bool(std::int64_t)> ends = [](std::int64_t) { return false; };
  EXPECT_FALSE(now(purge_expired(storage_, at(100'000), ends)).value());
  EXPECT_FALSE(now(purge_expired(storage_, at(100'000), ends)).value());
  EXPECT_GT(now(storage_->count_expired(at(100'000), 9)).value(), 0);
  const std::function<bool(std::int64_t)> goes_on = [](std::int64_t) { return true; };
  EXPECT_TRUE(now(purge_expired(storage_, at(100'000), goes_on)).value());
  EXPECT_EQ(now(storage_->count_expired(at(100'000), 9)).value(), 0);
  EXPECT_TRUE(now(storage_->token(hash_of("living"))).value());
}

}  // namespace signet::storage::test
