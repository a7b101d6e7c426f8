#pragma once
// A PostgreSQL server of our own in a temporary folder, on a Unix socket, for tests.

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "storage/postgres/session.h"
#include "storage/test_folder.h"

namespace signet::storage::postgres::test {

class TestServer {
 public:
  /// One server for the whole program, started at the first call and stopped at its end.
  static TestServer& shared();
  /// Empty, or why there can be no server here.
  static const std::string& missing();

  TestServer();
  ~TestServer();
  TestServer(const TestServer&) = delete;

  void start();
  void stop();  ///< SIGINT: ends connections, keeps the data
  /// SIGSTOP and SIGCONT to the server and all its processes.
  void freeze();
  void thaw();

  /// A fresh database.
  std::string make_database();
  std::string conninfo(const std::string& database, const std::string& user = "postgres") const;
  /// Runs statements as the superuser; the first column of the first row, or empty. Failures end
  /// the test program: nothing could be tested then.
  std::string run(const std::string& database, const std::string& sql) const;

 private:
  pid_t spawn(const std::vector<std::string>& arguments) const;
  std::vector<pid_t> processes() const;
  bool answers() const;

  storage::test::TestFolder folder_;
  pid_t pid_ = 0;
  int databases_ = 0;
};

}  // namespace signet::storage::postgres::test
