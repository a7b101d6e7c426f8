// A sealing key that is still needed is missed at start, not by the first request.

#include "admin/sealing_keys.h"

#include "admin/test_sealing.h"
#include "secrets/keeper/kinds.h"

namespace signet::admin {
namespace {

using namespace test;
using signet::test::fails;
using signet::test::is_ok;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SealingKeys : public SealingTest {
 protected:
  static std::string id_of(const std::string& name) {
    return sealing_keys({name})->keys().front().id;
  }
};

TEST_F(SealingKeys, sec_123_a_key_is_exchanged_in_four_steps_without_a_start_that_fails) {
  ASSERT_THAT(start({"k1"}), is_ok());
  add_clients(3);
  ASSERT_THAT(start({"k1", "k2"}), is_ok());
  EXPECT_THAT(registered(), ElementsAre("k1")) << "k2 seals nothing yet";
  ASSERT_THAT(start({"k2", "k1"}), is_ok());
  EXPECT_THAT(registered(), ElementsAre("k1", "k2"));
  EXPECT_THAT(get("/admin/health").response().body,
              HasSubstr("may still be needed beside k2: k1 (signet seal status)"));
  EXPECT_EQ(number(renew().json(), "renewed"), 3);
  EXPECT_THAT(registered(), ElementsAre("k2"));
  ASSERT_THAT(start({"k2"}), is_ok());
  EXPECT_EQ(storage->pages, 0) << "nothing was read to know it";
}

TEST_F(SealingKeys, sec_123_a_key_that_is_taken_away_too_early_is_missed_at_start) {
  ASSERT_THAT(start({"k1"}), is_ok());
  add_clients(7);
  const auto missed = start({"k2"});
  ASSERT_THAT(missed, fails("encryption_key_needed"));
  EXPECT_THAT(
      missed.error().detail,
      HasSubstr("7 stored values are sealed under the key 'k1' with the id " + id_of("k1")));
  EXPECT_THAT(missed.error().detail, HasSubstr("the client 'c1' in realm 'root'"));
  EXPECT_THAT(missed.error().detail, HasSubstr("and others"));
  EXPECT_THAT(registered(), ElementsAre("k1")) << "the new one sealed nothing";
  EXPECT_THAT(start({"k2", "k1"}), is_ok());
}

TEST_F(SealingKeys, sec_123_also_where_a_version_that_registered_none_sealed_the_values) {
  add_clients(2);
  EXPECT_THAT(start({"k2"}), fails("encryption_key_needed"));
  EXPECT_THAT(registered(), IsEmpty());
  EXPECT_THAT(start({"k2", "k1"}), is_ok());
  EXPECT_THAT(registered(), ElementsAre("k1", "k2"));
}

TEST_F(SealingKeys, sec_123_a_start_that_missed_one_of_several_keys_misses_it_again) {
  use_keys({"k1"});
  add_clients(2);
  use_keys({"k2"});
  add_resource_servers();
  for (const char* known : {"k1", "k2", "k1", "k2"})
    EXPECT_THAT(start({"k3", known}), fails("encryption_key_needed")) << known;
  EXPECT_THAT(registered(), IsEmpty());
  ASSERT_THAT(start({"k3", "k2", "k1"}), is_ok());
  EXPECT_THAT(registered(), ElementsAre("k1", "k2", "k3"));
}

TEST_F(SealingKeys, a_key_under_which_nothing_is_may_go_without_a_renewal) {
  ASSERT_THAT(start({"k1"}), is_ok());
  ASSERT_THAT(start({"k2"}), is_ok());
  EXPECT_THAT(registered(), ElementsAre("k2"));
}

TEST_F(SealingKeys, a_key_with_which_a_neighbour_seals_stays_registered) {
  ASSERT_THAT(start({"k1"}), is_ok());
  world.storage = storage;
  world.put(secrets::kInstanceKind, "", "other", R"({"sealing_keys":[")" + id_of("k1") + "\"]}");
  ASSERT_THAT(start({"k2"}), is_ok());
  EXPECT_THAT(registered(), ElementsAre("k1", "k2"));
  world.put(secrets::kInstanceKind, "", "other",
            R"({"left":true,"sealing_keys":[")" + id_of("k1") + "\"]}");
  ASSERT_THAT(start({"k2"}), is_ok());
  EXPECT_THAT(registered(), ElementsAre("k2"));
}

TEST_F(SealingKeys, a_key_that_is_lost_for_good_lets_the_server_start_when_it_is_named) {
  ASSERT_THAT(start({"k1"}), is_ok());
  add_clients(1);
  ASSERT_THAT(start({"k2"}), fails("encryption_key_needed"));
  ASSERT_THAT(start({"k2"}, {id_of("k1")}), is_ok());
  EXPECT_EQ(number(status(), "stale"), 1);
  // Its client gets a new secret, and nothing is missed any more.
  ASSERT_EQ(put("/admin/realms/root/clients/c1",
                R"({"token_endpoint_auth_method":"client_secret_jwt","secret":")" +
                    secret_number(1) + "\"}")
                .status(),
            200);
  EXPECT_EQ(number(renew().json(), "stale"), 0);
  EXPECT_THAT(start({"k2"}), is_ok());
  EXPECT_THAT(registered(), ElementsAre("k2"));
}

TEST_F(SealingKeys, a_storage_that_does_not_answer_is_no_key_that_is_missing) {
  storage->fails_at = 1;
  storage->commits = 0;
  EXPECT_THAT(start({"k1"}), fails("storage_unavailable"));
}

}  // namespace
}  // namespace signet::admin
