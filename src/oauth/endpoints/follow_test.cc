// What another instance changes while a request is under way here.

#include "oauth/endpoints/test_world.h"
#include "storage/forwarding_storage.h"

namespace signet::oauth::test {
namespace {

/// Answers a question for a document, and before the answer arrives something else happens.
class LateAnswers : public storage::ForwardingStorage {
 public:
  explicit LateAnswers(std::shared_ptr<storage::Storage> real) : real_(std::move(real)) {}

  Task<std::optional<storage::Document>> document(std::string kind, RealmName realm,
                                                  std::string id) override {
    const std::string asked = kind;
    CO_TRY(auto found, co_await real_->document(std::move(kind), std::move(realm), std::move(id)));
    if (asked == late_kind && meanwhile) std::exchange(meanwhile, nullptr)();
    co_return std::move(found);
  }

  std::string late_kind;
  std::function<void()> meanwhile;

 private:
  storage::Storage& next() override { return *real_; }
  std::shared_ptr<storage::Storage> real_;
};

class Following : public testing::Test {
 protected:
  Following() {
    world.realm("root");
    world.realm("alpha");
    for (const char* id : {"c", "other"})
      world.client(id);
    world.client("a", "", "alpha");
    late = std::make_shared<LateAnswers>(world.storage);
    world.storage = late;
    world.start();
    world.issue("other");
  }
  int ask(const std::string& path, const std::string& client) {
    return world.post(path, "grant_type=client_credentials", client).status();
  }

  World world;
  std::shared_ptr<LateAnswers> late;
};

TEST_F(Following, a_client_that_was_disabled_while_it_was_read_is_not_kept_as_it_was) {
  late->late_kind = "client";
  late->meanwhile = [&] {
    world.client("c", R"(,"enabled":false)");
    world.issue("other");  // the worker follows the change
  };
  EXPECT_EQ(ask("/oauth2/access_token", "c"), 401);
  EXPECT_EQ(ask("/oauth2/access_token", "c"), 401);
}

TEST_F(Following, a_realm_that_was_disabled_while_it_was_read_is_not_kept_as_it_was) {
  late->late_kind = "realm";
  late->meanwhile = [&] { world.realm("alpha", R"(,"enabled":false)"); };
  EXPECT_EQ(ask("/oauth2/realms/root/realms/alpha/access_token", "a"), 404);
  EXPECT_EQ(ask("/oauth2/realms/root/realms/alpha/access_token", "a"), 404);
}

TEST_F(Following, readers_forget_everything_when_anything_may_have_changed) {
  ASSERT_EQ(ask("/oauth2/access_token", "c"), 200);
  storage::Transaction behind_our_back;
  behind_our_back.emplace_back(storage::EraseDocument{"client", RealmName("root"), "c", {}});
  ASSERT_TRUE(async::run_now(world.storage->commit(std::move(behind_our_back))).ok());
  EXPECT_EQ(ask("/oauth2/access_token", "c"), 200) << "nobody told";
  world.services->changes->publish_everything();
  EXPECT_EQ(ask("/oauth2/access_token", "c"), 401);
}

TEST_F(Following, the_deny_list_reads_what_is_new_and_everything_when_it_begins_anew) {
  const std::string token = world.issue("c");
  ASSERT_TRUE(world.is_active(token, "c"));
  DenyList& denied = *world.services->denied;
  const Bytes hash(32, 7), later(32, 8);
  const auto deny = [&](const Bytes& id_hash) {
    storage::Transaction transaction;
    storage::DeniedToken entry{RealmName("root"), id_hash,
                               world.clock->now() + std::chrono::hours(1)};
    transaction.emplace_back(storage::DenyToken{std::move(entry)});
    ASSERT_TRUE(async::run_now(world.storage->commit(std::move(transaction))).ok());
  };
  deny(hash);
  ASSERT_TRUE(async::run_now(denied.load(*world.storage)).ok());
  EXPECT_TRUE(denied.contains("root", hash));
  denied.forget_expired(world.clock->now() + std::chrono::hours(2));
  deny(later);
  ASSERT_TRUE(async::run_now(denied.load(*world.storage)).ok());
  EXPECT_TRUE(denied.contains("root", later));
  EXPECT_FALSE(denied.contains("root", hash)) << "it was read before";
  denied.begin_anew();
  ASSERT_TRUE(async::run_now(denied.load(*world.storage)).ok());
  EXPECT_TRUE(denied.contains("root", hash));
}

TEST_F(Following, no_token_is_called_active_while_revocations_of_others_are_unknown) {
  const std::string good = world.issue("c"), revoked = world.issue("c");
  ASSERT_EQ(world.post("/oauth2/token/revoke", "token=" + revoked, "c").status(), 200);
  world.services->denied->set_current(false);
  const auto unknown = world.post("/oauth2/introspect", "token=" + good, "c");
  EXPECT_EQ(unknown.status(), 503);
  EXPECT_EQ(unknown.text("error"), "temporarily_unavailable");
  EXPECT_EQ(world.post("/oauth2/introspect", "token=" + revoked, "c").status(), 200);
  EXPECT_FALSE(world.is_active(revoked, "c"));
  EXPECT_EQ(ask("/oauth2/access_token", "c"), 200);
  world.services->denied->set_current(true);
  EXPECT_TRUE(world.is_active(good, "c"));
}

}  // namespace
}  // namespace signet::oauth::test
