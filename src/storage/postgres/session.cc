#include "storage/postgres/session.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/text.h"
#include "storage/postgres/statements.h"

namespace signet::storage::postgres {
namespace {

constexpr int kOldestServer = 120000;

// `search_path`: our tables live in a schema of their own. A commit that was answered must be
// durable, whatever the server's default.
// The server gives up before we do, so that a statement that waits does not cost the connection.
std::string session_settings(Milliseconds timeout) {
  const std::string limit = std::to_string(timeout.count() * 3 / 4);
  return "SET search_path = signet; SET client_min_messages = warning;"
         " SET default_transaction_isolation = 'read committed';"
         " SET bytea_output = hex; SET lock_timeout = " +
         limit + "; SET statement_timeout = " + limit +
         "; SET idle_in_transaction_session_timeout = " + limit +
         "; SELECT set_config('synchronous_commit', 'on', false)"
         " WHERE current_setting('synchronous_commit') = 'off'";
}

struct Host {
  std::string name, address, port;
};

// The lists of the connection string, side by side. One port may stand for all hosts.
Result<std::vector<Host>> hosts_of(const std::string& conninfo) {
  PQconninfoOption* options = PQconninfoParse(conninfo.c_str(), nullptr);
  // libpq's own words would repeat a part of the text, which may be the password.
  if (!options)
    return Error{Code::kConfig, "storage_url_invalid",
                 "libpq cannot read the PostgreSQL URL (it is not repeated here: it may hold a "
                 "password); see 'Connection Strings' in its documentation"};
  const auto list = [options](std::string_view name) {
    std::vector<std::string> items;
    for (const PQconninfoOption* option = options; option->keyword; ++option) {
      if (name != option->keyword || !option->val) continue;
      for (const std::string_view item : split(option->val, ','))
        items.emplace_back(item);
    }
    return items;
  };
  const auto names = list("host"), addresses = list("hostaddr"), ports = list("port");
  PQconninfoFree(options);
  std::vector<Host> hosts(std::max<std::size_t>({names.size(), addresses.size(), 1}));
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (i < names.size()) hosts[i].name = names[i];
    if (i < addresses.size()) hosts[i].address = addresses[i];
    if (!ports.empty()) hosts[i].port = i < ports.size() ? ports[i] : ports.back();
  }
  return hosts;
}

}  // namespace

Result<std::size_t> count_hosts(const std::string& conninfo) {
  TRY(const std::vector<Host> hosts, hosts_of(conninfo));
  return hosts.size();
}

Result<std::unique_ptr<Session>> Session::open(const Address& address, std::size_t turn,
                                               SteadyTime deadline) {
  TRY(const std::vector<Host> hosts, hosts_of(address.conninfo));
  std::string password;
  if (address.password) {
    TRY(const SecretBytes secret, address.password());
    password.assign(as_text(secret.view()));
  }
  const std::string timeout = std::to_string(address.timeout.count());
  // What stands before dbname may be overridden by the connection string, what stands behind it
  // overrides.
  std::vector<std::pair<const char*, const char*>> parameters = {
      {"fallback_application_name", "signet"},
      {"keepalives_idle", "10"},
      {"keepalives_interval", "3"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", timeout.c_str()},
      {"target_session_attrs", "read-write"},
      {"dbname", address.conninfo.c_str()},
      {"client_encoding", "UTF8"}};
  if (!password.empty()) parameters.emplace_back("password", password.c_str());
  if (hosts.size() > 1) {
    const Host& host = hosts[turn % hosts.size()];
    parameters.emplace_back("host", host.name.c_str());
    parameters.emplace_back("hostaddr", host.address.c_str());
    parameters.emplace_back("port", host.port.c_str());
  }
  std::vector<const char*> names, values;
  for (const auto& [name, value] : parameters) {
    names.push_back(name);
    values.push_back(value);
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
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
