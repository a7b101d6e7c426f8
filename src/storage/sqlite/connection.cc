#include "storage/sqlite/connection.h"

#include "base/log.h"

namespace signet::storage::sqlite {
namespace {

constexpr int kBusyMilliseconds = 5000;

// trusted_schema, cell_size_check: a file that somebody prepared must not run functions or lead
// the reader astray. mmap off: a read error must be an error, not a signal. temp_store: savepoints
// write no temporary files. cache_size: the system has the file's pages in memory too, and a miss
// costs a copy. wal_autocheckpoint off: the committer chooses the moment.
constexpr const char* kGuards =
    "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA foreign_keys=ON;"
    "PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY; PRAGMA secure_delete=ON;"
    "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864;"
    "PRAGMA cache_size=-4096;";

// SQLite's count of its memory costs a process-wide lock for every allocation, and nobody reads it.
// Answers SQLITE_MISUSE where SQLite runs already, which changes nothing.
void configure_once() {
  static const int ignored = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)ignored;
}

}  // namespace

Cursor::~Cursor() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Result<bool> Cursor::next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return error_of(code, sqlite3_db_handle(statement_), "step");
}

std::string Cursor::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return data
             ? std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)))
             : std::string();
}

Bytes Cursor::blob(int column) const {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  return data ? Bytes(data, data + sqlite3_column_bytes(statement_, column)) : Bytes();
}

std::optional<Instant> Cursor::maybe_instant(int column) const {
  if (is_null(column)) return std::nullopt;
  return instant(column);
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path,
                                                     const std::string& vfs) {
  configure_once();
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &db,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                       SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE,
                                   vfs.empty() ? nullptr : vfs.c_str());
  std::unique_ptr<Connection> connection(new Connection(db));
  if (code != SQLITE_OK) return error_of(code, db, "open");
  TRY(connection->guard());
  return connection;
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_)
    sqlite3_finalize(statement);
  sqlite3_close(db_);
}

Status Connection::guard() {
  sqlite3_busy_timeout(db_, kBusyMilliseconds);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  for (const int setting : {SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_DQS_DDL,
                            SQLITE_DBCONFIG_ENABLE_VIEW, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION}) {
    sqlite3_db_config(db_, setting, 0, nullptr);
  }
  return script(kGuards);
}

Result<sqlite3_stmt*> Connection::prepare(const char* sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return found->second;
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return error_of(code, db_, "prepare");
  statements_.emplace(sql, statement);
  return statement;
}

Status Connection::script(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error_of(code, db_, "exec");
  return Done{};
}

Status Connection::begin() {
  if (!sqlite3_get_autocommit(db_)) roll_back();
  TRY(run("BEGIN IMMEDIATE"));
  return Done{};
}

Status Connection::commit() {
  auto done = run("COMMIT");
  if (done.ok()) return Done{};
  roll_back();
  return std::move(done).error();
}

void Connection::roll_back() {
  // After some errors SQLite has rolled back by itself already.
  if (sqlite3_get_autocommit(db_)) return;
  if (auto done = run("ROLLBACK"); !done.ok()) {
    log::failure("storage_rollback_failed", done.error());
  }
}

}  // namespace signet::storage::sqlite
