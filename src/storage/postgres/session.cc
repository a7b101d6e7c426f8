#include "storage/postgres/session.h"

#include <poll.h>

#include <algorithm>
#include <array>

#include "storage/postgres/statements.h"

namespace signet::storage::postgres {
namespace {

constexpr int kOldestServer = 120000;

// `search_path`: our tables live in a schema of their own. A commit that was answered must be
// durable, whatever the server's default.
std::string session_settings(Milliseconds timeout) {
  const std::string limit = std::to_string(timeout.count());
  return "SET search_path = signet; SET client_min_messages = warning;"
         " SET default_transaction_isolation = 'read committed';"
         " SET bytea_output = hex; SET lock_timeout = " +
         limit + "; SET statement_timeout = " + limit +
         "; SET idle_in_transaction_session_timeout = " + limit +
         "; SELECT set_config('synchronous_commit', 'on', false)"
         " WHERE current_setting('synchronous_commit') = 'off'";
}

}  // namespace

Status check_conninfo(const std::string& conninfo) {
  // libpq's own words would repeat a part of the text, which may be the password.
  PQconninfoOption* options = PQconninfoParse(conninfo.c_str(), nullptr);
  const bool is_good = options != nullptr;
  PQconninfoFree(options);
  if (is_good) return Done{};
  return Error{Code::kConfig, "storage_url_invalid",
               "libpq cannot read the PostgreSQL URL (it is not repeated here: it may hold a "
               "password); see 'Connection Strings' of its documentation"};
}

Result<std::unique_ptr<Session>> Session::open(const Address& address, SteadyTime deadline) {
  std::string password;
  if (address.password) {
    TRY(const SecretBytes secret, address.password());
    password.assign(as_text(secret.view()));
  }
  const std::string timeout = std::to_string(address.timeout.count());
  // What stands before dbname may be overridden by the connection string.
  const std::array<const char*, 10> names = {"fallback_application_name",
                                             "keepalives_idle",
                                             "keepalives_interval",
                                             "keepalives_count",
                                             "tcp_user_timeout",
                                             "target_session_attrs",
                                             "dbname",
                                             "client_encoding",
                                             password.empty() ? nullptr : "password",
                                             nullptr};
  const std::array<const char*, 10> values = {"signet",
                                              "10",
                                              "3",
                                              "3",
                                              timeout.c_str(),
                                              "read-write",
                                              address.conninfo.c_str(),
                                              "UTF8",
                                              password.c_str(),
                                              nullptr};
  std::unique_ptr<Session> session(
      new Session(PQconnectStartParams(names.data(), values.data(), 1), address.stop_fd));
  wipe(password);
  if (!session->get()) return unavailable("no memory for a connection");
  TRY(session->connect(deadline));
  if (PQserverVersion(session->get()) < kOldestServer)
    return Error{Code::kConfig, "storage_open_failed", "PostgreSQL 12 or newer is needed"};
  PQsetNoticeProcessor(
      session->get(), [](void*, const char*) {}, nullptr);
  PQsetnonblocking(session->get(), 1);
  TRY(session->run(session_settings(address.timeout), deadline));
  return session;
}

Status Session::connect(SteadyTime deadline) {
  // libpq: as if PQconnectPoll had just asked to write.
  PostgresPollingStatusType wants = PGRES_POLLING_WRITING;
  while (PQstatus(connection_) != CONNECTION_BAD && wants != PGRES_POLLING_OK) {
    TRY(wait(wants == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline));
    wants = PQconnectPoll(connection_);
    if (wants == PGRES_POLLING_FAILED) break;
  }
  if (PQstatus(connection_) == CONNECTION_OK) return Done{};
  return unavailable(message_of(connection_));
}

Status Session::wait(short events, SteadyTime deadline) const {
  for (;;) {
    const auto left = std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return unavailable("the server does not answer");
    std::array<pollfd, 2> fds = {pollfd{socket(), events, 0}, pollfd{stop_fd_, POLLIN, 0}};
    if (::poll(fds.data(), fds.size(), static_cast<int>(left.count())) < 0) continue;
    if (fds[1].revents) return unavailable("the server is stopping");
    if (fds[0].revents) return Done{};
  }
}

Status Session::flush(SteadyTime deadline) const {
  for (;;) {
    const int left = PQflush(connection_);
    if (left == 0) return Done{};
    if (left < 0) return unavailable(message_of(connection_));
    // The server may want to be read before it reads on.
    TRY(wait(POLLIN | POLLOUT, deadline));
    if (!PQconsumeInput(connection_)) return unavailable(message_of(connection_));
  }
}

Result<ResultPtr> Session::next(SteadyTime deadline) const {
  while (PQisBusy(connection_)) {
    TRY(wait(POLLIN, deadline));
    if (!PQconsumeInput(connection_)) return unavailable(message_of(connection_));
  }
  return ResultPtr(PQgetResult(connection_));
}

Result<ResultPtr> Session::run(const std::string& sql, SteadyTime deadline) {
  if (!PQsendQuery(connection_, sql.c_str())) return unavailable(message_of(connection_));
  TRY(flush(deadline));
  ResultPtr last;
  std::optional<Error> failed;
  for (;;) {
    TRY(ResultPtr result, next(deadline));
    if (!result) break;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && !failed)
      failed = failure_of(result.get(), 0).error;
    last = std::move(result);
  }
  if (failed) return *failed;
  if (!last) return unavailable(message_of(connection_));
  return last;
}

Status Session::prepare(bool listens, SteadyTime deadline) {
  if (listens) TRY(run(std::string("LISTEN ") + kChannel, deadline));
  if (!PQenterPipelineMode(connection_)) return unavailable(message_of(connection_));
  for (std::size_t i = 0; i < kStatementCount; ++i) {
    const StatementText& text = text_of(static_cast<Statement>(i));
    if (!PQsendPrepare(connection_, text.name, text.sql, 0, nullptr))
      return unavailable(message_of(connection_));
  }
  if (!PQpipelineSync(connection_)) return unavailable(message_of(connection_));
  TRY(flush(deadline));
  for (;;) {
    TRY(const ResultPtr result, next(deadline));
    if (!result) {
      if (PQstatus(connection_) != CONNECTION_OK) return unavailable(message_of(connection_));
      continue;
    }
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_PIPELINE_SYNC) return Done{};
    if (status != PGRES_COMMAND_OK) return failure_of(result.get(), 0).error;
  }
}

}  // namespace signet::storage::postgres
