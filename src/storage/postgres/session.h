#pragma once
// One connection to the server. It never blocks longer than it is told, but for the resolution of a
// host's name.

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <string>

#include "storage/postgres/error.h"
#include "storage/postgres/options.h"

namespace signet::storage::postgres {

using SteadyTime = std::chrono::steady_clock::time_point;

struct ResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ResultDeleter>;

/// How to reach the server. `conninfo` is libpq's (a URL or key=value); it may hold a password and
/// is never told to anybody.
struct Address {
  std::string conninfo;
  PasswordSource password;  ///< empty: what conninfo, PGPASSWORD or PGPASSFILE say
  Milliseconds timeout{5000};
  int stop_fd = -1;  ///< readable: give up at once; -1: none
};

/// How many hosts the connection string names. kConfig "storage_url_invalid" for what libpq cannot
/// read.
Result<std::size_t> count_hosts(const std::string& conninfo);

class Session {
 public:
  /// Connects and sets what every session needs. Of several hosts it tries one, by `turn`: a host
  /// that swallows what it is sent would hold up the others. kUnavailable "storage_unavailable";
  /// kConfig "storage_open_failed" for a server that is too old.
  static Result<std::unique_ptr<Session>> open(const Address& address, std::size_t turn,
                                               SteadyTime deadline);
  ~Session() { PQfinish(connection_); }
  Session(const Session&) = delete;

  /// Prepares every statement and enters pipeline mode. `listens`: notifications arrive here.
  Status prepare(bool listens, SteadyTime deadline);
  /// Runs a text of statements and waits for it; gives the result of the last one. Not in pipeline
  /// mode.
  Result<ResultPtr> run(const std::string& sql, SteadyTime deadline);

  PGconn* get() const { return connection_; }
  int socket() const { return PQsocket(connection_); }

 private:
  explicit Session(PGconn* connection, int stop_fd) : connection_(connection), stop_fd_(stop_fd) {}
  Status connect(SteadyTime deadline);
  Status wait(short events, SteadyTime deadline) const;
  Status flush(SteadyTime deadline) const;
  /// Waits for an answer; null where a statement's answers end.
  Result<ResultPtr> next(SteadyTime deadline) const;

  PGconn* connection_;
  int stop_fd_;
};

}  // namespace signet::storage::postgres
