// The disk fails at each step in turn; what was answered must hold, what was not must be whole or
// absent, and nothing may be called not found that could not be read.
#include <atomic>
#include <thread>

#include "storage/sqlite/faults.h"

#include "base/log.h"
#include "storage/audit_chain.h"
#include "storage/sqlite/sqlite_storage.h"
#include "storage/test_folder.h"
#include "storage/test_records.h"

namespace signet::storage::test {
namespace {

using sqlite::test::Faults;

// The failures are made on purpose: nobody needs to read of them.
class SqliteFaults : public testing::Test {
 protected:
  void SetUp() override { log::configure(log::Level::kOff, true); }
  void TearDown() override {
    Faults::disk().heal();
    log::configure(log::Level::kInfo, true);
  }
};

sqlite::Options faulty() {
  return {Faults::kVfs, {}};
}

// Two records that only live together, and an audit event: a half would show.
Transaction pair(int i) {
  const std::string name = std::to_string(i);
  return {PutToken{token(name)}, PutDocument{client(name), 0}, AppendAudit{event(name)}};
}

enum class Seen { kWhole, kAbsent, kHalf };
Seen look(Storage& storage, int i) {
  const std::string name = std::to_string(i);
  const bool has_token = now(storage.token(hash_of(name))).value().has_value();
  const bool has_document = now(storage.document("client", kRealm, name)).value().has_value();
  if (has_token != has_document) return Seen::kHalf;
  return has_token ? Seen::kWhole : Seen::kAbsent;
}

void expect_intact(const std::string& file) {
  auto db = sqlite::Connection::open(file, "");
  ASSERT_THAT(db, is_ok());
  auto rows = (*db)->query("PRAGMA integrity_check");
  ASSERT_THAT(rows, is_ok());
  ASSERT_TRUE(rows->next().value());
  EXPECT_EQ(rows->text(0), "ok");
}

constexpr int kPairs = 4;

void check_after(const std::string& file, const std::vector<int>& answered, std::int64_t step) {
  ManualClock clock;
  auto healed = sqlite::open(file, clock, faulty());
  ASSERT_THAT(healed, is_ok()) << "step " << step;
  for (const int i : answered)
    EXPECT_EQ(look(**healed, i), Seen::kWhole) << "step " << step;
  std::size_t whole = 0;
  for (int i = 0; i < kPairs; ++i) {
    const Seen seen = look(**healed, i);
    EXPECT_NE(seen, Seen::kHalf) << "step " << step;
    whole += seen == Seen::kWhole ? 1u : 0u;
  }
  const auto trail = now((*healed)->audit(0, 100)).value();
  EXPECT_EQ(trail.size(), whole) << "step " << step;
  EXPECT_THAT(verify_audit(trail, {}), is_ok()) << "step " << step;
  EXPECT_THAT(now((*healed)->commit(pair(100))), is_ok()) << "step " << step;
  healed->reset();
  expect_intact(file);
}

// Runs open, commits and close with a fault at step 1, 2, ... until nothing is hit any more.
void anomaly_loop(int code, bool for_good) {
  ManualClock clock;
  for (std::int64_t step = 1;; ++step) {
    ASSERT_LT(step, 2000);
    TestFolder folder;
    const std::string file = folder.file("signet.db");
    std::vector<int> answered;
    Faults::disk().fail(step, code, for_good);
    if (auto opened = sqlite::open(file, clock, {Faults::kVfs, {4096, 3, 3}}); opened.ok()) {
      for (int i = 0; i < kPairs; ++i) {
        Status done = now((*opened)->commit(pair(i)));
        if (done.ok()) {
          answered.push_back(i);
        } else {
          EXPECT_THAT(done, fails_with_code(Code::kUnavailable));
        }
      }
    } else {
      EXPECT_THAT(opened, fails_with_code(Code::kUnavailable));
    }
    const bool was_hit = Faults::disk().hit();
    Faults::disk().heal();
    check_after(file, answered, step);
    if (testing::Test::HasFailure()) return;
    if (!was_hit) {
      EXPECT_EQ(answered.size(), static_cast<std::size_t>(kPairs));
      return;
    }
  }
}

TEST_F(SqliteFaults, one_input_output_error_at_any_step_loses_nothing_that_was_answered) {
  anomaly_loop(SQLITE_IOERR, false);
}

TEST_F(SqliteFaults, a_disk_that_dies_at_any_step_loses_nothing_that_was_answered) {
  anomaly_loop(SQLITE_IOERR, true);
}

TEST_F(SqliteFaults, a_disk_that_is_full_for_a_moment_loses_nothing_that_was_answered) {
  anomaly_loop(SQLITE_FULL, false);
}

TEST_F(SqliteFaults, a_disk_that_stays_full_loses_nothing_that_was_answered) {
  anomaly_loop(SQLITE_FULL, true);
}

TEST_F(SqliteFaults, a_full_disk_is_told_and_service_returns_with_space) {
  TestFolder folder;
  ManualClock clock;
  auto storage = sqlite::open(folder.file("signet.db"), clock, faulty());
  ASSERT_THAT(storage, is_ok());
  ASSERT_THAT(now((*storage)->commit(pair(0))), is_ok());
  Faults::disk().fail(1, SQLITE_FULL, true);
  EXPECT_THAT(now((*storage)->commit(pair(1))), fails("storage_full"));
  EXPECT_THAT(now((*storage)->commit(pair(2))), fails("storage_full"));
  EXPECT_EQ(look(**storage, 1), Seen::kAbsent);
  Faults::disk().heal();
  EXPECT_THAT(now((*storage)->commit(pair(2))), is_ok());
  EXPECT_EQ(look(**storage, 1), Seen::kAbsent);
  EXPECT_EQ(look(**storage, 2), Seen::kWhole);
}

TEST_F(SqliteFaults, all_of_a_group_hear_of_a_failed_sync) {
  TestFolder folder;
  ManualClock clock;
  auto storage = sqlite::open(folder.file("signet.db"), clock, faulty());
  ASSERT_THAT(storage, is_ok());
  Faults::disk().fail(1, SQLITE_IOERR, true);
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&, i] {
      Status done = now((*storage)->commit(pair(i)));
      refused += !done.ok() && done.error().code == Code::kUnavailable ? 1 : 0;
    });
  }
  for (auto& thread : threads)
    thread.join();
  Faults::disk().heal();
  EXPECT_EQ(refused, 16);
  EXPECT_TRUE(now((*storage)->audit(0, 100)).value().empty());
}

TEST_F(SqliteFaults, what_cannot_be_read_is_not_called_absent) {
  TestFolder folder;
  ManualClock clock;
  const std::string file = folder.file("signet.db");
  {
    auto storage = sqlite::open(file, clock, faulty());
    ASSERT_THAT(storage, is_ok());
    ASSERT_THAT(now((*storage)->commit({DenyToken{{kRealm, hash_of("d"), at(9)}}})), is_ok());
  }
  auto storage = sqlite::open(file, clock, faulty());
  ASSERT_THAT(storage, is_ok());
  Faults::disk().fail_reads(true);
  EXPECT_THAT(now((*storage)->is_denied(kRealm, hash_of("d"))), fails("storage_unavailable"));
  EXPECT_THAT(now((*storage)->token(hash_of("d"))), fails("storage_unavailable"));
  EXPECT_THAT(now((*storage)->document("client", kRealm, "a")), fails("storage_unavailable"));
  Faults::disk().heal();
  EXPECT_TRUE(now((*storage)->is_denied(kRealm, hash_of("d"))).value());
}

TEST_F(SqliteFaults, an_answer_comes_after_its_sync_so_that_a_power_cut_keeps_it) {
  TestFolder folder;
  ManualClock clock;
  auto storage = sqlite::open(folder.file("signet.db"), clock, {Faults::kVfs, {4096, 8, 8}});
  ASSERT_THAT(storage, is_ok());
  for (int i = 0; i < 12; ++i) {
    const std::int64_t before = Faults::disk().syncs();
    ASSERT_THAT(now((*storage)->commit(pair(i))), is_ok());
    EXPECT_GT(Faults::disk().syncs(), before);
    TestFolder after;
    Faults::disk().write_surviving_files(after.path());
    auto revived = sqlite::open(after.file("signet.db"), clock);
    ASSERT_THAT(revived, is_ok());
    for (int j = 0; j <= i; ++j)
      EXPECT_EQ(look(**revived, j), Seen::kWhole);
  }
}

}  // namespace
}  // namespace signet::storage::test
