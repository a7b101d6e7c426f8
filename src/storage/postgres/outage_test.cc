// The server goes away and comes back.

#include <poll.h>

#include <atomic>
#include <future>
#include <thread>

#include "storage/postgres/postgres_storage.h"
#include "storage/postgres/test_server.h"
#include "storage/test_records.h"

namespace signet::storage::postgres {
namespace {

using namespace signet::storage::test;
using test::TestServer;

class Outage : public testing::Test {
 protected:
  void SetUp() override {
    if (!TestServer::missing().empty()) GTEST_SKIP() << "skipped: " << TestServer::missing();
    database_ = server().make_database();
    options_.timeout = Milliseconds(1500);
    storage_ = postgres::open(server().conninfo(database_), clock_, options_).value();
  }
  static TestServer& server() { return TestServer::shared(); }
  Status put(const std::string& name) {
    return now(storage_->commit({PutToken{test_token(name)}, PutDocument{client(name), {}}}));
  }
  static TokenRecord test_token(const std::string& name) { return token(name); }
  /// Asks until storage answers again.
  bool recovers() {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!now(storage_->ping()).ok()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      ::poll(nullptr, 0, 10);
    }
    return true;
  }

  ManualClock clock_{at(0)};
  std::string database_;
  Options options_;
  std::shared_ptr<Storage> storage_;
};

TEST_F(Outage, ended_connections_lose_nothing_that_was_answered) {
  std::atomic<bool> is_over = false;
  std::atomic<int> unexpected = 0;
  std::vector<std::string> answered;
  std::thread writer([&] {
    for (int i = 0; !is_over; ++i) {
      const std::string name = std::to_string(i);
      const Status done = put(name);
      if (done.ok()) {
        answered.push_back(name);
      } else if (done.error().code != Code::kUnavailable) {
        ++unexpected;
      }
      // A read is asked again where its connection was lost.
      const auto read = now(storage_->document("client", kRealm, name));
      if (!read.ok() && read.error().code != Code::kUnavailable) ++unexpected;
    }
  });
  for (int round = 0; round < 10; ++round) {
    server().run(database_,
                 "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                 " WHERE datname = current_database() AND pid <> pg_backend_pid()");
    EXPECT_TRUE(recovers());
  }
  is_over = true;
  writer.join();
  EXPECT_EQ(unexpected, 0);
  EXPECT_FALSE(answered.empty());
  for (const auto& name : answered) {
    EXPECT_TRUE(now(storage_->document("client", kRealm, name)).value().has_value()) << name;
    EXPECT_TRUE(now(storage_->token(hash_of(name))).value().has_value()) << name;
  }
}

TEST_F(Outage, a_stopped_server_is_unavailable_and_all_is_well_when_it_is_back) {
  std::promise<void> told;
  std::atomic<bool> is_told = false;
  ASSERT_THAT(put("before"), is_ok());
  storage_->on_change([&](const Changed& changed) {
    if (changed.everything && !is_told.exchange(true)) told.set_value();
  });
  server().stop();
  EXPECT_THAT(put("meanwhile"), fails("storage_unavailable"));
  EXPECT_THAT(now(storage_->token(hash_of("before"))), fails("storage_unavailable"))
      << "what cannot be asked is not 'absent'";
  EXPECT_THAT(now(storage_->is_denied(kRealm, hash_of("x"))), fails("storage_unavailable"));
  EXPECT_THAT(now(storage_->ping()), fails("storage_unavailable"));
  server().start();
  EXPECT_TRUE(recovers());
  EXPECT_THAT(put("after"), is_ok());
  EXPECT_TRUE(now(storage_->token(hash_of("before"))).value());
  EXPECT_FALSE(now(storage_->token(hash_of("meanwhile"))).value());
  EXPECT_EQ(told.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready)
      << "followers must begin anew";
  storage_->on_change({});
}

TEST_F(Outage, a_server_that_hangs_is_unavailable_after_the_timeout) {
  ASSERT_THAT(put("before"), is_ok());
  server().freeze();
  std::vector<std::thread> threads;
  std::atomic<int> unavailable = 0;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&, i] {
      const Status done = i % 2 ? put(std::to_string(i)) : now(storage_->ping());
      if (!done.ok() && done.error().code == Code::kUnavailable) ++unavailable;
    });
  }
  for (auto& thread : threads)
    thread.join();
  server().thaw();
  EXPECT_EQ(unavailable, 16);
  EXPECT_TRUE(recovers());
  EXPECT_THAT(put("after"), is_ok());
}

TEST_F(Outage, a_lock_that_another_holds_delays_writers_but_no_reader) {
  ASSERT_THAT(put("before"), is_ok());
  PGconn* holder = PQconnectdb(server().conninfo(database_).c_str());
  ResultPtr(PQexec(holder, "BEGIN; LOCK signet.document_changes"));
  std::thread writer([&] { EXPECT_THAT(put("waits"), fails_with_code(Code::kUnavailable)); });
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(now(storage_->token(hash_of("before"))).value());
    EXPECT_THAT(now(storage_->commit({PutToken{test_token(std::to_string(i))}})), is_ok());
  }
  writer.join();
  ResultPtr(PQexec(holder, "ROLLBACK"));
  PQfinish(holder);
  EXPECT_THAT(put("after"), is_ok());
}

TEST_F(Outage, a_storage_that_ends_while_the_server_is_away_does_not_wait_for_it) {
  server().freeze();
  EXPECT_THAT(put("x"), fails("storage_unavailable"));
  storage_.reset();
  server().thaw();
}

TEST_F(Outage, a_start_without_a_server_fails_and_says_so) {
  server().stop();
  EXPECT_THAT(postgres::open(server().conninfo(database_), clock_, options_),
              fails("storage_unavailable"));
  server().start();
}

}  // namespace
}  // namespace signet::storage::postgres
