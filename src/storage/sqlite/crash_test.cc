// The process is killed in the middle of its work, again and again.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "storage/audit_chain.h"
#include "storage/sqlite/sqlite_storage.h"
#include "storage/test_folder.h"
#include "storage/test_records.h"

namespace signet::storage::test {
namespace {

constexpr int kRounds = 25;
constexpr int kWriters = 4;

// Number i of writer w in a round; written to the pipe once it was answered.
struct Answered {
  std::int32_t round, writer, i;
  std::string name() const {
    return std::to_string(round) + "." + std::to_string(writer) + "." + std::to_string(i);
  }
};

[[noreturn]] void write_until_killed(const std::string& file, int round, int pipe) {
  SystemClock clock;
  auto storage = sqlite::open(file, clock, {"", {4096, 20, 20}});
  if (!storage.ok()) _exit(1);
  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&, w] {
      for (int i = 0;; ++i) {
        const Answered mine{round, w, i};
        Status done = now(
            (*storage)->commit({PutToken{token(mine.name())}, PutDocument{client(mine.name()), 0},
                                AppendAudit{event(mine.name())}}));
        if (!done.ok() || ::write(pipe, &mine, sizeof mine) != sizeof mine) _exit(2);
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  _exit(3);
}

// Kills after so many answers; gives every answer that came, those in the pipe included.
std::vector<Answered> run_and_kill(const std::string& file, int round, int answers) {
  int ends[2];
  if (::pipe(ends) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    write_until_killed(file, round, ends[1]);
  }
  ::close(ends[1]);
  std::vector<Answered> out;
  Answered one{};
  while (::read(ends[0], &one, sizeof one) == sizeof one) {
    out.push_back(one);
    if (static_cast<int>(out.size()) == answers) ::kill(child, SIGKILL);
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself with " << status;
  return out;
}

TEST(SqliteCrash, a_killed_process_loses_nothing_that_it_answered) {
  TestFolder folder;
  const std::string file = folder.file("signet.db");
  ManualClock clock;
  std::int64_t answered = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto answers = run_and_kill(file, round, 1 + round * 3);
    ASSERT_FALSE(answers.empty());
    answered += static_cast<std::int64_t>(answers.size());

    auto storage = sqlite::open(file, clock);
    ASSERT_THAT(storage, is_ok());
    for (const Answered& one : answers) {
      EXPECT_TRUE(now((*storage)->token(hash_of(one.name()))).value()) << one.name();
      EXPECT_TRUE(now((*storage)->document("client", kRealm, one.name())).value()) << one.name();
    }
    const auto trail = now((*storage)->audit(0, 1'000'000)).value();
    const auto documents = now((*storage)->count_documents("client", kRealm)).value();
    EXPECT_EQ(static_cast<std::int64_t>(trail.size()), documents) << "a half was applied";
    EXPECT_GE(documents, answered);
    EXPECT_THAT(verify_audit(trail, {}), is_ok());
    storage->reset();
    auto db = sqlite::Connection::open(file, "");
    ASSERT_THAT(db, is_ok());
    auto rows = (*db)->query("PRAGMA integrity_check");
    ASSERT_TRUE(rows.ok() && rows->next().value());
    EXPECT_EQ(rows->text(0), "ok");
  }
}

}  // namespace
}  // namespace signet::storage::test
