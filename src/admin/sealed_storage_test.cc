// No value is under a key that is not registered, whatever is forgotten at that moment.

#include "admin/sealed_storage.h"

#include "admin/sealing_keys.h"
#include "admin/test_sealing.h"

namespace signet::admin {
namespace {

using namespace test;
using signet::test::fails;
using signet::test::is_ok;
using testing::ElementsAre;
using testing::IsEmpty;

class SealedStorage : public SealingTest {
 protected:
  /// What an instance with these keys writes through once its start has looked at them.
  std::shared_ptr<storage::Storage> instance_with(const std::vector<std::string>& names) {
    return registering_sealing_keys(storage, sealing_keys(names), world.clock);
  }
  void put_client_into(storage::Storage& instance, const std::string& id,
                       const std::string& secret) {
    json::Object document;
    document.set("client_id", id);
    document.set("token_endpoint_auth_method", "client_secret_jwt");
    document.set("stored_secret", secret);
    storage::PutDocument put;
    put.document = {"client", RealmName("root"), id, json::dump(document), 0};
    storage::Transaction transaction;
    transaction.emplace_back(std::move(put));
    EXPECT_THAT(async::run_now(instance.commit(std::move(transaction))), is_ok());
  }
  std::string sealed_with(const std::string& key) {
    return *sealing_keys({key})->encode(as_bytes(secret_number(1)), *world.random);
  }
};

TEST_F(SealedStorage,
       sec_123_a_key_that_is_forgotten_while_an_instance_starts_with_it_is_not_lost) {
  ASSERT_THAT(start({"k1"}), is_ok());
  // given an instance whose start found its key registered, and which nobody has heard of yet
  ASSERT_THAT(start({"k1"}), is_ok());
  const auto starting = instance_with({"k1"});
  // when another one forgets that key, under which nothing is
  ASSERT_THAT(start({"k2", "k1"}), is_ok());
  EXPECT_EQ(renew().status(), 200);
  ASSERT_THAT(registered(), ElementsAre("k2"));
  // then the key is known with the first value under it, and missed where it is taken away
  put_client_into(*starting, "late", sealed_with("k1"));
  EXPECT_THAT(registered(), ElementsAre("k1", "k2"));
  EXPECT_THAT(start({"k2"}), fails("encryption_key_needed"));
}

TEST_F(SealedStorage, sec_123_a_start_forgets_no_key_that_seals_after_it_looked) {
  ASSERT_THAT(start({"k1"}), is_ok());
  const auto other = instance_with({"k1"});
  storage->meanwhile = [&] { put_client_into(*other, "late", sealed_with("k1")); };
  EXPECT_THAT(start({"k2"}), is_ok()) << "there was nothing when it looked";
  EXPECT_THAT(registered(), ElementsAre("k1", "k2"));
  EXPECT_THAT(start({"k2"}), fails("encryption_key_needed"));
}

TEST_F(SealedStorage, sec_123_a_renewal_forgets_no_key_that_seals_after_it_looked) {
  ASSERT_THAT(start({"k1"}), is_ok());
  const auto other = instance_with({"k1"});
  ASSERT_THAT(start({"k2", "k1"}), is_ok());
  storage->meanwhile = [&] { put_client_into(*other, "late", sealed_with("k1")); };
  EXPECT_EQ(number(renew().json(), "renewed"), 0);
  ASSERT_FALSE(storage->meanwhile) << "it was about to forget k1";
  EXPECT_THAT(registered(), ElementsAre("k1", "k2"));
  EXPECT_EQ(number(renew().json(), "renewed"), 1);
  EXPECT_THAT(registered(), ElementsAre("k2"));
}

TEST_F(SealedStorage, whatever_keeps_a_sealed_value_registers_the_key_and_nothing_else_does) {
  const auto instance = instance_with({"k2", "k1"});
  put_client_into(*instance, "hashed", "a hash");
  put_client_into(*instance, "of_others", sealed_with("k3"));
  EXPECT_THAT(registered(), IsEmpty());
  put_client_into(*instance, "old", sealed_with("k1"));
  EXPECT_THAT(registered(), ElementsAre("k1"));
  use_keys({"k2", "k1"});
  world.services->storage = instance;
  add_resource_servers();
  EXPECT_THAT(registered(), ElementsAre("k1", "k2"));
  const auto revision = [this] {
    return async::run_now(registered_sealing_keys(storage))->front().revision;
  };
  const std::int64_t before = revision();
  put_client_into(*instance, "hashed", "another hash");
  EXPECT_EQ(revision(), before);
  for (const char* key : {"k1", "k2"})
    put_client_into(*instance, "old", sealed_with(key));
  EXPECT_EQ(revision(), before + 1);
}

TEST_F(SealedStorage, what_is_not_written_registers_nothing) {
  const auto instance = instance_with({"k1"});
  storage->fails_at = storage->commits + 1;
  json::Object document;
  document.set("stored_secret", sealed_with("k1"));
  storage::PutDocument put;
  put.document = {"client", RealmName("root"), "c", json::dump(document), 0};
  storage::Transaction transaction;
  transaction.emplace_back(std::move(put));
  EXPECT_THAT(async::run_now(instance->commit(std::move(transaction))),
              fails("storage_unavailable"));
  storage->fails_at = 0;
  EXPECT_THAT(registered(), IsEmpty());
}

}  // namespace
}  // namespace signet::admin
