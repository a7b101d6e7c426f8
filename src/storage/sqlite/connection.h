#pragma once
// One SQLite connection, its prepared statements kept. Used by one thread at a time.

#include <memory>
#include <unordered_map>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/strong.h"
#include "storage/sqlite/error.h"

namespace signet::storage::sqlite {

/// Rows of a running query. Gives the statement back when it dies. What was bound must outlive it.
class Cursor {
 public:
  explicit Cursor(sqlite3_stmt* statement) : statement_(statement) {}
  Cursor(Cursor&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Cursor& operator=(Cursor&&) = delete;
  ~Cursor();

  /// True: there is a row to read; false: no more.
  Result<bool> next();

  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::string text(int column) const;
  Bytes blob(int column) const;
  Instant instant(int column) const { return Instant(Milliseconds(integer(column))); }
  std::optional<Instant> maybe_instant(int column) const;

 private:
  sqlite3_stmt* statement_;
};

class Connection {
 public:
  /// Opens an existing file with the guards that every connection has. `vfs` empty: the system's.
  static Result<std::unique_ptr<Connection>> open(const std::string& path, const std::string& vfs);
  Connection(const Connection&) = delete;
  ~Connection();

  /// Starts a statement. `sql` must be a literal: its address finds the prepared statement.
  template <class... Args>
  Result<Cursor> query(const char* sql, const Args&... args) {
    TRY(sqlite3_stmt * statement, prepare(sql));
    Cursor cursor(statement);
    int index = 0;
    int code = SQLITE_OK;
    ((code = code == SQLITE_OK ? bind(statement, ++index, args) : code), ...);
    if (code != SQLITE_OK) return error_of(code, db_, "bind");
    return cursor;
  }

  /// Runs a statement that gives no rows; tells how many rows it changed.
  template <class... Args>
  Result<std::int64_t> run(const char* sql, const Args&... args) {
    TRY(Cursor cursor, query(sql, args...));
    TRY(cursor.next());
    return static_cast<std::int64_t>(sqlite3_changes64(db_));
  }

  /// The first column of the first row; `otherwise` where there is no row.
  template <class... Args>
  Result<std::int64_t> number(std::int64_t otherwise, const char* sql, const Args&... args) {
    TRY(Cursor cursor, query(sql, args...));
    TRY(const bool found, cursor.next());
    return found ? cursor.integer(0) : otherwise;
  }

  /// Statements without parameters, one after the other; not kept.
  Status script(const std::string& sql);

  Status begin();   ///< takes the write lock; an abandoned transaction is rolled back first
  Status commit();  ///< durable when it answers; on failure nothing of it remains
  void roll_back();

  sqlite3* handle() { return db_; }

 private:
  explicit Connection(sqlite3* db) : db_(db) {}
  Status guard();
  Result<sqlite3_stmt*> prepare(const char* sql);

  static int bind(sqlite3_stmt* s, int at, std::string_view text) {
    return sqlite3_bind_text64(s, at, text.data() ? text.data() : "", text.size(), SQLITE_STATIC,
                               SQLITE_UTF8);
  }
  static int bind(sqlite3_stmt* s, int at, const std::string& text) {
    return bind(s, at, std::string_view(text));
  }
  template <class Tag>
  static int bind(sqlite3_stmt* s, int at, const StrongText<Tag>& text) {
    return bind(s, at, text.view());
  }
  static int bind(sqlite3_stmt* s, int at, const Bytes& bytes) {
    // A null pointer would bind NULL, not an empty blob.
    return sqlite3_bind_blob64(s, at, bytes.empty() ? static_cast<const void*>("") : bytes.data(),
                               bytes.size(), SQLITE_STATIC);
  }
  static int bind(sqlite3_stmt* s, int at, std::int64_t number) {
    return sqlite3_bind_int64(s, at, number);
  }
  static int bind(sqlite3_stmt* s, int at, Instant instant) {
    return sqlite3_bind_int64(s, at, instant.time_since_epoch().count());
  }
  static int bind(sqlite3_stmt* s, int at, const std::optional<Instant>& instant) {
    return instant ? bind(s, at, *instant) : sqlite3_bind_null(s, at);
  }

  sqlite3* db_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

}  // namespace signet::storage::sqlite
