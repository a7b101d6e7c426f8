// The journal of keys.

#include "storage/storage_contract.h"
#include "storage/test_records.h"

namespace signet::storage::test {

TEST_P(StorageContract, keeps_the_whole_record_of_a_key) {
  KeyRecord stored = key("k");
  stored.activated = at(2);
  stored.horizon = at(50);
  ASSERT_THAT(commit({PutKey{stored, 0}}), is_ok());
  const KeyRecord found = only_key();
  EXPECT_EQ(found.secret_id, "oauth.sign");
  EXPECT_EQ(found.kid, KeyId("k"));
  EXPECT_EQ(found.state, "prepared");
  EXPECT_EQ(found.public_jwk, R"({"kty":"EC"})");
  EXPECT_EQ(found.published, at(1));
  EXPECT_EQ(found.activated, at(2));
  EXPECT_EQ(found.deactivated, std::nullopt);
  EXPECT_EQ(found.retired, std::nullopt);
  EXPECT_EQ(found.horizon, at(50));
  EXPECT_EQ(found.revision, 1);
  EXPECT_THAT(commit({PutKey{stored, 0}}), fails("revision_conflict"));
  EXPECT_TRUE(now(storage_->keys(RealmName())).value().empty());
}

TEST_P(StorageContract, a_horizon_only_rises) {
  const auto put_with = [&](std::int64_t horizon, std::int64_t expected) {
    KeyRecord record = key("k");
    record.horizon = at(horizon);
    return commit({PutKey{std::move(record), expected}});
  };
  ASSERT_THAT(put_with(50, 0), is_ok());
  ASSERT_THAT(put_with(100, 1), is_ok());
  EXPECT_EQ(only_key().horizon, at(100));
  EXPECT_EQ(only_key().revision, 2) << "what was decided on the one before is decided anew";
  EXPECT_THAT(put_with(200, 1), fails("revision_conflict"));
  ASSERT_THAT(put_with(10, 2), is_ok());
  EXPECT_EQ(only_key().horizon, at(100)) << "nor does an older record lower it";
}

}  // namespace signet::storage::test
