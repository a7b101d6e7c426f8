// Several instances over one database.

#include <atomic>
#include <future>
#include <set>
#include <thread>

#include "storage/audit_chain.h"
#include "storage/postgres/postgres_storage.h"
#include "storage/postgres/test_server.h"
#include "storage/test_records.h"

namespace signet::storage::postgres {
namespace {

using namespace signet::storage::test;
using test::TestServer;

class Cluster : public testing::Test {
 protected:
  void SetUp() override {
    if (!TestServer::missing().empty()) GTEST_SKIP() << "skipped: " << TestServer::missing();
    database_ = server().make_database();
  }
  static TestServer& server() { return TestServer::shared(); }
  std::shared_ptr<Storage> open(Options options = {}, const std::string& user = "postgres") {
    auto opened = postgres::open(server().conninfo(database_, user), clock_, std::move(options));
    EXPECT_THAT(opened, is_ok());
    return opened.ok() ? *opened : nullptr;
  }
  /// The same work on `count` threads at once.
  static void race(int count, const std::function<void(int)>& work) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i)
      threads.emplace_back(work, i);
    for (auto& thread : threads)
      thread.join();
  }

  ManualClock clock_{at(0)};
  std::string database_;
};

TEST_F(Cluster, instances_that_start_at_once_migrate_an_empty_database_once) {
  std::vector<std::shared_ptr<Storage>> instances(8);
  race(8, [&](int i) { instances[static_cast<std::size_t>(i)] = open(); });
  for (const auto& instance : instances) {
    ASSERT_TRUE(instance);
    EXPECT_THAT(now(instance->ping()), is_ok());
  }
  EXPECT_EQ(server().run(database_, "SELECT count(*) FROM signet.schema_version"), "1");
}

TEST_F(Cluster, a_database_of_a_newer_program_is_refused) {
  open();
  server().run(database_, "UPDATE signet.schema_version SET version = 1000");
  EXPECT_THAT(postgres::open(server().conninfo(database_), clock_), fails("storage_too_new"));
}

TEST_F(Cluster, who_follows_changes_misses_none_that_commits_late) {
  constexpr int kWriters = 8, kEach = 30;
  const std::array<std::shared_ptr<Storage>, 3> instances{open(), open(), open()};
  std::atomic<bool> is_over = false;
  std::set<std::string> seen;
  std::thread follower([&] {
    std::int64_t last = 0;
    for (bool last_round = false;; last_round = is_over) {
      const auto changes = now(instances[2]->changes_since(last, 7)).value();
      for (const auto& change : changes) {
        EXPECT_GT(change.sequence, last);
        last = change.sequence;
        seen.insert(change.id);
      }
      if (last_round && changes.empty()) return;
    }
  });
  race(kWriters, [&](int writer) {
    for (int i = 0; i < kEach; ++i) {
      const std::string id = std::to_string(writer) + "." + std::to_string(i);
      // Transactions of different lengths, so that one that began earlier often ends later.
      Transaction transaction;
      for (int more = 0; more <= (writer % 4) * 3; ++more)
        transaction.emplace_back(PutDocument{client(id + "." + std::to_string(more)), 0});
      // A commit without an answer in time may have been done: the next try is then a conflict.
      const auto put = [&] {
        const auto done = now(instances[static_cast<std::size_t>(writer % 2)]->commit(transaction));
        return done.ok() || done.error().code == Code::kConflict;
      };
      EXPECT_TRUE(put() || put() || put());
    }
  });
  is_over = true;
  follower.join();
  EXPECT_EQ(seen.size(), 2u * kEach * (1 + 4 + 7 + 10));
}

TEST_F(Cluster, who_follows_denials_misses_none) {
  const std::array<std::shared_ptr<Storage>, 2> instances{open(), open()};
  std::atomic<bool> is_over = false;
  std::size_t seen = 0;
  std::thread follower([&] {
    std::int64_t row = 0;
    for (bool last_round = false;; last_round = is_over) {
      const auto denials = now(instances[0]->denials_since(row, 5, &row)).value();
      seen += denials.size();
      if (last_round && denials.empty()) return;
    }
  });
  race(8, [&](int writer) {
    for (int i = 0; i < 40; ++i) {
      const Bytes hash = hash_of(std::to_string(writer) + "." + std::to_string(i));
      EXPECT_THAT(now(instances[static_cast<std::size_t>(writer % 2)]->commit(
                      {DenyToken{{kRealm, hash, at(1000)}}})),
                  is_ok());
    }
  });
  is_over = true;
  follower.join();
  EXPECT_EQ(seen, 320u);
}

TEST_F(Cluster, of_uses_at_all_instances_exactly_one_succeeds) {
  const std::array<std::shared_ptr<Storage>, 3> instances{open(), open(), open()};
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> alone = 0, together = 0;
    race(12, [&](int i) {
      Storage& storage = *instances[static_cast<std::size_t>(i % 3)];
      const std::string name = std::to_string(round);
      alone += now(storage.commit({UseOnce{kRealm, hash_of("a" + name), at(9)}})).ok() ? 1 : 0;
      together += now(storage.commit({PutToken{token(name + std::to_string(i))},
                                      UseOnce{kRealm, hash_of("b" + name), at(9)},
                                      AppendAudit{event("used")}}))
                          .ok()
                      ? 1
                      : 0;
    });
    EXPECT_EQ(alone, 1);
    EXPECT_EQ(together, 1);
  }
  const auto trail = now(instances[0]->audit(0, 1000)).value();
  EXPECT_EQ(verify_audit(trail, {}).value(), 20);
}

TEST_F(Cluster, transactions_that_meet_in_opposite_order_all_succeed) {
  const std::array<std::shared_ptr<Storage>, 2> instances{open(), open()};
  race(8, [&](int i) {
    Storage& storage = *instances[static_cast<std::size_t>(i % 2)];
    const bool turned = i % 4 < 2;
    for (int n = 0; n < 20; ++n) {
      const PutDocument one{client(turned ? "a" : "b"), {}};
      const PutDocument two{client(turned ? "b" : "a"), {}};
      const DenyToken denial{{kRealm, hash_of(turned ? "x" : "y"), at(n)}};
      EXPECT_THAT(now(storage.commit({one, two})), is_ok());
      EXPECT_THAT(now(storage.commit({two, denial, one})), is_ok());
    }
  });
}

TEST_F(Cluster, a_refusal_in_a_burst_concerns_nobody_else) {
  const auto storage = open();
  ASSERT_THAT(now(storage->commit({UseOnce{kRealm, hash_of("used"), at(9)}})), is_ok());
  std::atomic<int> refused = 0, done = 0;
  race(48, [&](int i) {
    const bool is_replay = i % 4 == 0;
    const std::string name = is_replay ? "used" : std::to_string(i);
    (now(storage->commit({UseOnce{kRealm, hash_of(name), at(9)}})).ok() ? done : refused) += 1;
    done += now(storage->commit({PutToken{token(std::to_string(i))}})).ok() ? 1 : 0;
  });
  EXPECT_EQ(refused, 12);
  EXPECT_EQ(done, 36 + 48);
}

TEST_F(Cluster, instances_are_told_what_another_one_changed) {
  const auto writer = open(), follower = open();
  std::mutex mutex;
  std::condition_variable wake;
  Changed seen;
  const auto hear = [&](const Changed& changed) {
    std::lock_guard hold(mutex);
    seen.documents |= changed.documents;
    seen.denials |= changed.denials;
    seen.keys |= changed.keys;
    wake.notify_all();
  };
  const auto heard = [&](bool Changed::*kind) {
    std::unique_lock lock(mutex);
    return wake.wait_for(lock, std::chrono::seconds(20), [&] { return seen.*kind; });
  };
  ASSERT_THAT(now(follower->ping()), is_ok());
  follower->on_change(hear);
  ASSERT_THAT(now(writer->commit({PutKey{key("quiet"), 0, false}})), is_ok());
  ASSERT_THAT(now(writer->commit({DenyToken{{kRealm, hash_of("t"), at(9)}}})), is_ok());
  EXPECT_TRUE(heard(&Changed::denials));
  EXPECT_FALSE(seen.keys) << "in the order of the commits: nobody is told of the first";
  ASSERT_THAT(now(writer->commit({PutKey{key("k"), 0}})), is_ok());
  EXPECT_TRUE(heard(&Changed::keys));
  ASSERT_THAT(now(writer->commit({PutDocument{client("c"), 0}})), is_ok());
  EXPECT_TRUE(heard(&Changed::documents));
  follower->on_change({});
}

TEST_F(Cluster, a_role_that_may_only_use_the_tables_is_enough_once_they_are_there) {
  open();
  server().run(database_,
               "DO $$ BEGIN CREATE ROLE runner LOGIN; EXCEPTION WHEN duplicate_object THEN END $$;"
               "GRANT USAGE ON SCHEMA signet TO runner;"
               "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA signet TO runner;"
               "GRANT USAGE ON ALL SEQUENCES IN SCHEMA signet TO runner;"
               "REVOKE UPDATE, DELETE ON signet.audit FROM runner;"
               "REVOKE INSERT, UPDATE, DELETE ON signet.schema_version FROM runner");
  const auto storage = open({}, "runner");
  ASSERT_TRUE(storage);
  EXPECT_THAT(now(storage->commit({PutDocument{client("a"), 0}, PutKey{key("k"), 0},
                                   PutToken{token("t")}, DenyToken{{kRealm, hash_of("d"), at(9)}},
                                   UseOnce{kRealm, hash_of("u"), at(9)}, AppendAudit{event("one")},
                                   EraseToken{hash_of("t")}, Purge{at(100)}})),
              is_ok());
  EXPECT_EQ(now(storage->audit(0, 9)).value().size(), 1u);
}

TEST_F(Cluster, a_role_that_may_not_make_tables_is_told_so) {
  server().run(database_,
               "DO $$ BEGIN CREATE ROLE stranger LOGIN;"
               " EXCEPTION WHEN duplicate_object THEN END $$;");
  const auto opened = postgres::open(server().conninfo(database_, "stranger"), clock_);
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.error().detail, testing::HasSubstr("permission denied"));
}

TEST_F(Cluster, the_audit_trail_cannot_be_edited_in_the_database) {
  const auto storage = open();
  ASSERT_THAT(now(storage->commit({AppendAudit{event("one")}})), is_ok());
  for (const char* sql : {"UPDATE signet.audit SET actor = ''", "DELETE FROM signet.audit",
                          "TRUNCATE signet.audit"}) {
    server().run(database_, std::string("DO $$ BEGIN ") + sql +
                                "; RAISE EXCEPTION 'was done'; EXCEPTION WHEN OTHERS THEN"
                                " IF SQLERRM = 'was done' THEN RAISE; END IF; END $$");
  }
}

TEST_F(Cluster, of_several_hosts_the_one_that_answers_is_used) {
  std::string two = server().conninfo(database_);
  const std::size_t at = two.find("host=") + 5;
  two.insert(at, "/nowhere/at/all,");
  const auto opened = postgres::open(two, clock_);
  ASSERT_THAT(opened, is_ok());
  EXPECT_THAT(now((*opened)->commit({PutDocument{client("a"), 0}})), is_ok());
}

TEST_F(Cluster, the_password_is_asked_for_and_never_told) {
  server().run("postgres",
               "DO $$ BEGIN CREATE ROLE locked LOGIN SUPERUSER PASSWORD 'open-sesame';"
               " EXCEPTION WHEN duplicate_object THEN END $$;");
  Options options;
  options.password = []() -> Result<SecretBytes> { return SecretBytes::from_text("open-sesame"); };
  const auto storage = open(options, "locked");
  ASSERT_TRUE(storage);
  EXPECT_THAT(now(storage->ping()), is_ok());

  options.password = []() -> Result<SecretBytes> { return SecretBytes::from_text("shibboleth"); };
  const auto refused = postgres::open(server().conninfo(database_, "locked"), clock_, options);
  ASSERT_THAT(refused, fails("storage_unavailable"));
  EXPECT_THAT(refused.error().detail, testing::Not(testing::HasSubstr("shibboleth")));
}

}  // namespace
}  // namespace signet::storage::postgres
