#include "storage/sqlite/error.h"

namespace signet::storage::sqlite {

Error error_of(int code, sqlite3* db, std::string_view doing) {
  std::string detail = "SQLite, " + std::string(doing) + ": " + sqlite3_errstr(code);
  if (db && (sqlite3_errcode(db) & 0xff) == (code & 0xff)) {
    detail += ": ";
    detail += sqlite3_errmsg(db);
  }
  detail += " (" + std::to_string(code) + ")";
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {Code::kUnavailable, "storage_full", std::move(detail)};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Code::kInternal, "storage_corrupt", std::move(detail)};
    default:
      return {Code::kUnavailable, "storage_unavailable", std::move(detail)};
  }
}

}  // namespace signet::storage::sqlite
