// The server's own keys are exchanged: what storage keeps sealed opens at every moment.

#include <set>

#include "admin/sealed_keys.h"
#include "admin/test_sealing.h"

namespace signet::admin {
namespace {

using namespace test;
using signet::test::fails;
using signet::test::is_ok;
using testing::HasSubstr;
using testing::Not;

/// More than are written at once.
constexpr int kClients = 120;

/// Over each engine that a test needs no outside program for.
class SealingOverStorage : public SealingTest, public testing::WithParamInterface<const char*> {
 protected:
  ~SealingOverStorage() override {
    world.services->storage.reset();
    storage.reset();  // before its folder is gone
  }
  /// Everything sealed under k1, by a server that has moved k2 to the front.
  void begin() {
    open(GetParam() == std::string("memory")
             ? "memory:"
             : "sqlite:" + folder_.file(std::to_string(++number_) + ".db"));
    add_clients(kClients);
    add_resource_servers();
    use_keys({"k2", "k1"});
    storage->commits = 0;
  }
  static constexpr std::size_t kValues = kClients + 3;

 private:
  storage::test::TestFolder folder_;
  int number_ = 0;
};

TEST_P(SealingOverStorage,
       sec_123_whichever_write_fails_every_value_opens_and_a_second_run_ends_it) {
  for (const bool is_lost : {false, true}) {
    bool was_cut = true;
    for (int step = 1; was_cut; ++step) {
      begin();
      if (HasFatalFailure()) return;
      // given a storage that is gone from this write on, then whole again
      storage->fails_at = step;
      storage->is_lost = is_lost;
      const auto cut = renew();
      was_cut = storage->commits >= step;
      EXPECT_EQ(cut.status(), was_cut ? 503 : 200) << step << cut.response().body;
      storage->fails_at = 0;
      // then all opens with the two keys, nothing is lost, and no secret is another one
      EXPECT_EQ(values(), kValues) << step;
      EXPECT_EQ(open_with({"k1", "k2"}), kValues) << step;
      EXPECT_EQ(open_with({"k1"}) + open_with({"k2"}), kValues) << step;
      for (int i = 1; i <= kClients; ++i)
        ASSERT_EQ(secret_of("c" + std::to_string(i), {"k1", "k2"}), secret_number(i)) << step;
      // when it is done again
      const json::Object answer = renew().json();
      EXPECT_EQ(number(answer, "stale"), 0) << step;
      EXPECT_EQ(open_with({"k2"}), kValues) << step;
      EXPECT_EQ(*of_key(answer, "k1").get("may_be_removed"), json::Value(true)) << step;
      for (int i = 1; i <= kClients; ++i)
        ASSERT_EQ(secret_of("c" + std::to_string(i), {"k2"}), secret_number(i)) << step;
      ASSERT_LT(step, 50);
    }
  }
}

TEST_P(SealingOverStorage, sec_123_a_run_writes_once_and_the_next_one_nothing) {
  begin();
  const json::Object before = status();
  EXPECT_EQ(number(before, "stale"), std::int64_t(kValues));
  EXPECT_EQ(of_key(before, "k1").get("values")->if_int(), std::int64_t(kValues));
  EXPECT_EQ(*of_key(before, "k1").get("may_be_removed"), json::Value(false));
  const json::Object dry = renew(R"({"dry_run":true})").json();
  EXPECT_EQ(number(dry, "renewed"), 0);
  EXPECT_EQ(number(dry, "stale"), std::int64_t(kValues));
  EXPECT_EQ(open_with({"k1"}), kValues);
  EXPECT_EQ(renewals(), 0);

  const json::Object done = renew().json();
  EXPECT_EQ(number(done, "renewed"), std::int64_t(kValues));
  EXPECT_EQ(number(done, "stale"), 0);
  EXPECT_EQ(*of_key(done, "k2").get("may_be_removed"), json::Value(false)) << "it seals";
  EXPECT_EQ(renewals(), 1);
  const int commits = storage->commits;
  EXPECT_EQ(number(renew().json(), "renewed"), 0);
  EXPECT_EQ(renewals(), 1);
  EXPECT_EQ(storage->commits, commits);
}

INSTANTIATE_TEST_SUITE_P(Engines, SealingOverStorage, testing::Values("memory", "sqlite"));

TEST_F(SealingTest, sec_123_what_somebody_changes_at_the_same_moment_is_kept) {
  add_clients(3);
  use_keys({"k2", "k1"});
  storage->meanwhile = [this] {
    const auto changed = put("/admin/realms/root/clients/c2",
                             R"({"token_endpoint_auth_method":"client_secret_jwt","secret":")" +
                                 secret_number(9) + "\"}");
    EXPECT_EQ(changed.status(), 200) << changed.response().body;
  };
  EXPECT_EQ(number(renew().json(), "stale"), 0);
  EXPECT_EQ(secret_of("c1", {"k2"}), secret_number(1));
  EXPECT_EQ(secret_of("c2", {"k2"}), secret_number(9));
  EXPECT_EQ(secret_of("c3", {"k2"}), secret_number(3));
}

TEST_F(SealingTest, sec_123_a_change_that_keeps_the_secret_does_not_bring_its_old_form_back) {
  add_clients(1);
  use_keys({"k2", "k1"});
  storage->meanwhile = [this] { EXPECT_EQ(number(renew().json(), "renewed"), 1); };
  const auto changed =
      put("/admin/realms/root/clients/c1",
          R"({"token_endpoint_auth_method":"client_secret_jwt","name":"another"})");
  EXPECT_EQ(changed.status(), 200) << changed.response().body;
  EXPECT_THAT(get("/admin/realms/root/clients/c1").response().body, HasSubstr("another"));
  EXPECT_EQ(secret_of("c1", {"k2"}), secret_number(1));
  EXPECT_EQ(number(status(), "stale"), 0);
}

TEST_F(SealingTest, sec_123_a_client_that_is_deleted_meanwhile_stays_deleted) {
  add_clients(3);
  use_keys({"k2", "k1"});
  storage->meanwhile = [this] {
    EXPECT_EQ(call(http::Method::kDelete, "/admin/realms/root/clients/c2").status(), 204);
  };
  EXPECT_EQ(number(renew().json(), "renewed"), 2);
  EXPECT_EQ(get("/admin/realms/root/clients/c2").status(), 404);
}

TEST_F(SealingTest, what_cannot_be_opened_is_left_and_named) {
  use_keys({"lost"});
  add_clients(1);
  use_keys({"k2", "k1"});
  world.storage = storage;
  world.put("client", "root", "broken",
            R"({"client_id":"broken","token_endpoint_auth_method":"client_secret_jwt",)"
            R"("stored_secret":"SGN1.AQID"})");
  const auto answer = renew();
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(number(answer.json(), "renewed"), 0);
  EXPECT_EQ(number(answer.json(), "stale"), 2);
  EXPECT_EQ(renewals(), 0);
  EXPECT_EQ(secret_of("c1", {"lost"}), secret_number(1));
  const std::string& body = answer.response().body;
  EXPECT_THAT(body, HasSubstr(R"("kind":"client","id":"c1")"));
  EXPECT_THAT(body, HasSubstr(R"("kind":"client","id":"broken")"));
  EXPECT_THAT(body, HasSubstr(sealing_keys({"lost"})->keys().front().id));
  EXPECT_THAT(body, HasSubstr("these values are damaged"));
}

TEST_F(SealingTest, a_resource_server_whose_keys_are_lost_can_be_deleted_and_made_again) {
  add_resource_servers();
  use_keys({"k2"});
  EXPECT_EQ(number(status(), "stale"), 3);
  EXPECT_EQ(put(kPath + "/direct", by_its_key(jwks(shared_key()))).text("code"),
            "encoded_value_key_unknown");
  EXPECT_EQ(call(http::Method::kDelete, kPath + "/direct").status(), 204);
  EXPECT_EQ(call(http::Method::kDelete, kPath + "/shared").status(), 204);
  EXPECT_EQ(values(), 0U);
  add_resource_servers();
  EXPECT_EQ(number(renew().json(), "stale"), 0);
  EXPECT_EQ(open_with({"k2"}), 3U);
}

TEST_F(SealingTest, every_live_instance_must_have_the_key_before_all_is_sealed_under_it) {
  add_clients(1);
  use_keys({"k2", "k1"});
  const auto quoted_id = [](const char* name) {
    return '"' + sealing_keys({name})->keys().front().id + '"';
  };
  neighbour_has(quoted_id("k1"));
  const auto refused = renew();
  EXPECT_EQ(refused.status(), 409);
  EXPECT_EQ(refused.text("code"), "sealing_key_unready");
  EXPECT_THAT(refused.text("detail"), HasSubstr("instance other ('other:8080') does not have it"));
  EXPECT_EQ(secret_of("c1", {"k1"}), secret_number(1));
  EXPECT_THAT(get("/admin/health").response().body, HasSubstr("does not have the key 'k2'"));
  neighbour_has("");
  EXPECT_THAT(renew().text("detail"), HasSubstr("does not say which sealing keys it has"));

  // It has the key and does not seal with it yet: done, and the old one is still needed.
  neighbour_has(quoted_id("k1") + "," + quoted_id("k2"));
  const auto done = renew();
  EXPECT_EQ(number(done.json(), "renewed"), 1) << done.response().body;
  const json::Value old = of_key(done.json(), "k1");
  EXPECT_EQ(*old.get("may_be_removed"), json::Value(false));
  EXPECT_THAT(*old.get("why")->if_string(), HasSubstr("('other:8080') seals with it"));
  neighbour_has(quoted_id("k2") + "," + quoted_id("k1"));
  EXPECT_EQ(*of_key(status(), "k1").get("may_be_removed"), json::Value(true));
  EXPECT_THAT(get("/admin/health").response().body,
              HasSubstr(R"({"name":"sealing_keys","ok":true,"detail":""})"));
  neighbour_has(quoted_id("k3"));
  EXPECT_THAT(get("/admin/health").response().body, HasSubstr("which this one does not have"));
}

TEST_F(SealingTest, a_key_that_opened_a_value_of_a_store_may_not_go) {
  use_keys({"k2", "k1"});
  services->stores[0].encoding = services->encoding->for_one_reader();
  EXPECT_EQ(*of_key(status(), "k1").get("may_be_removed"), json::Value(true));
  const auto value = sealing_keys({"k1"})->encode(as_bytes("changeit"), *world.random);
  ASSERT_TRUE(services->stores[0].encoding->decode(*value).ok());
  const json::Value old = of_key(status(), "k1");
  EXPECT_EQ(*old.get("may_be_removed"), json::Value(false));
  EXPECT_THAT(*old.get("why")->if_string(), HasSubstr("values of the secret stores memory"));
}

TEST_F(SealingTest, whether_a_key_may_go_is_not_known_before_every_store_was_read) {
  use_keys({"k2", "k1"});
  services->stores[0].encoding = services->encoding->for_one_reader();
  const auto verdict = [this](const char* member) { return *of_key(status(), "k1").get(member); };
  ASSERT_EQ(verdict("may_be_removed"), json::Value(true));
  world.store->fail_with(Error{Code::kUnavailable, "vault_away", "no answer"});
  EXPECT_THAT(async::run_now(world.keeper->refresh()), is_ok());
  EXPECT_TRUE(verdict("may_be_removed").is_null());
  EXPECT_THAT(*verdict("why").if_string(),
              HasSubstr("not known yet: store memory was not read (vault_away: "));
  // What is known all the same is said.
  add_clients(1);
  EXPECT_EQ(*of_key(status(), "k2").get("why"), json::Value("it seals"));
  use_keys({"k3", "k2", "k1"});
  EXPECT_EQ(*of_key(status(), "k2").get("may_be_removed"), json::Value(false));
  world.store->fail_with(std::nullopt);
  EXPECT_THAT(async::run_now(world.keeper->refresh()), is_ok());
  EXPECT_EQ(verdict("may_be_removed"), json::Value(true));
  // One that the keeper never heard of.
  services->stores.push_back({"volume", "file", RealmName("root"), services->encoding});
  EXPECT_EQ(*verdict("why").if_string(), "not known yet: store volume of realm root was not read");
}

/// A store whose keys are under the sealing keys of these ids; "" is in clear.
class SealedStore : public secrets::SelfSealing {
 public:
  Task<std::vector<secrets::SealedKey>> sealed() override {
    if (failure) co_return *failure;
    std::vector<secrets::SealedKey> out;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      secrets::SealedKey key;
      key.alias = Alias("key" + std::to_string(i));
      key.key_id = ids[i];
      key.in_clear = ids[i].empty();
      out.push_back(std::move(key));
    }
    co_return out;
  }
  Task<std::size_t> renew_sealed() override {
    if (failure) co_return *failure;
    std::size_t count = 0;
    for (std::string& id : ids) {
      const bool opens = id.empty() || known.contains(id);
      if (!opens || id == first) continue;
      id = first;
      ++count;
    }
    co_return count;
  }
  std::vector<std::string> ids;
  std::string first;
  std::set<std::string> known;
  std::optional<Error> failure;
};

/// The store of the world seals its keys itself: two under k1, one in clear.
class SealingOfStores : public SealingTest {
 protected:
  SealingOfStores() {
    use_keys({"k2", "k1"});
    sealed->ids = {id_of("k1"), id_of("k1"), ""};
    sealed->first = id_of("k2");
    sealed->known = {id_of("k1"), id_of("k2")};
    services->stores[0].sealing = sealed;
  }
  static std::string id_of(const std::string& name) {
    return sealing_keys({name})->keys().front().id;
  }
  Result<Done> start_with(const std::vector<std::string>& names,
                          std::vector<std::string> lost = {}) {
    return async::run_now(check_sealed_keys(services->stores, sealing_keys(names), lost));
  }
  std::shared_ptr<SealedStore> sealed = std::make_shared<SealedStore>();
};

TEST_F(SealingOfStores, sec_123_keys_that_stores_sealed_are_counted_and_renewed) {
  // given nothing in storage, and keys of a store under k1
  const json::Object before = status();
  EXPECT_EQ(number(before, "stale"), 3);
  const auto first = of_key(before, "k1");
  EXPECT_EQ(first.get("values")->if_int(), 2);
  EXPECT_EQ(*first.get("may_be_removed"), json::Value(false));
  EXPECT_EQ(json::dump(first.get("of")->if_array()->front()),
            R"({"realm":"","kind":"store_key","id":"memory/key0"})");
  EXPECT_EQ(json::dump(before.find("in_clear")->if_array()->front()),
            R"({"realm":"","kind":"store_key","id":"memory/key2"})");
  const json::Object dry = renew(R"({"dry_run":true})").json();
  EXPECT_EQ(number(dry, "renewed"), 0);
  EXPECT_EQ(renewals(), 0);
  // when all is sealed anew
  const json::Object after = renew().json();
  // then k1 may go, and the trail has one event of it
  EXPECT_EQ(number(after, "renewed"), 3);
  EXPECT_EQ(number(after, "stale"), 0);
  EXPECT_EQ(*of_key(after, "k1").get("may_be_removed"), json::Value(true));
  EXPECT_EQ(of_key(after, "k2").get("values")->if_int(), 3);
  EXPECT_EQ(renewals(), 1);
  EXPECT_EQ(number(renew().json(), "renewed"), 0);
  EXPECT_EQ(renewals(), 1) << "a run that writes nothing tells nothing";
}

TEST_F(SealingOfStores, what_such_a_store_opened_once_keeps_no_key_that_nothing_is_under) {
  services->stores[0].encoding = services->encoding->for_one_reader();
  const auto value = sealing_keys({"k1"})->encode(as_bytes("a key"), *world.random);
  ASSERT_TRUE(services->stores[0].encoding->decode(*value).ok());
  EXPECT_EQ(*of_key(renew().json(), "k1").get("may_be_removed"), json::Value(true));
}

TEST_F(SealingOfStores, a_store_that_cannot_be_looked_at_or_written_leaves_it_open) {
  sealed->failure = Error{Code::kConfig, "local_keys_lost", "the folder is gone"};
  const json::Object answer = renew().json();
  EXPECT_EQ(json::dump(*answer.find("failed")),
            R"j(["store memory (local_keys_lost: the folder is gone)"])j");
  const json::Value old = of_key(answer, "k1");
  EXPECT_TRUE(old.get("may_be_removed")->is_null());
  EXPECT_THAT(*old.get("why")->if_string(), HasSubstr("not known yet: store memory"));
}

TEST_F(SealingOfStores, a_live_instance_without_the_key_keeps_stores_from_being_renewed) {
  neighbour_has("\"" + id_of("k1") + "\"");
  EXPECT_EQ(renew().text("code"), "sealing_key_unready");
  EXPECT_EQ(sealed->ids.front(), id_of("k1"));
}

TEST_F(SealingOfStores, sec_123_a_sealing_key_of_a_store_that_is_taken_away_is_missed_at_start) {
  EXPECT_THAT(start_with({"k2", "k1"}), is_ok());
  const auto missed = start_with({"k2"});
  ASSERT_THAT(missed, fails("encryption_key_needed"));
  EXPECT_THAT(missed.error().detail, HasSubstr("2 keys"));
  EXPECT_THAT(missed.error().detail, HasSubstr(id_of("k1")));
  EXPECT_THAT(missed.error().detail, HasSubstr("'memory/key0', 'memory/key1'"));
  EXPECT_THAT(start_with({"k2"}, {id_of("k1")}), is_ok()) << "it is told to be lost";
  // A store that cannot be looked at tells it when it is asked for a key.
  sealed->failure = Error{Code::kConfig, "local_directory_permissions", "chmod 700"};
  EXPECT_THAT(start_with({"k2"}), is_ok());
}

TEST_F(SealingTest, no_answer_and_no_event_holds_a_secret_or_a_sealed_value) {
  add_clients(2);
  use_keys({"k2", "k1"});
  for (const std::string& text :
       {renew(R"({"dry_run":true})").response().body, renew().response().body,
        get("/admin/sealing").response().body, get("/admin/audit").response().body}) {
    EXPECT_THAT(text, Not(HasSubstr("the secret of the client")));
    EXPECT_THAT(text, Not(HasSubstr("SGN1.")));
  }
  EXPECT_EQ(renew(R"({"dryrun":true})").text("code"), "settings_invalid");
}

}  // namespace
}  // namespace signet::admin
