#include "storage/postgres/error.h"

#include <cstdlib>
#include <string_view>

#include "base/text.h"

namespace signet::storage::postgres {
namespace {

std::string field(const PGresult* result, int code) {
  const char* text = result ? PQresultErrorField(result, code) : nullptr;
  return text ? text : "";
}

std::string one_line(const char* text) {
  std::string line(trim(text ? text : ""));
  for (char& c : line)
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  return line;
}

// 57P0x: shut down, crashed or starting up. 25006: a standby took the place of the primary.
bool ends_session(std::string_view state) {
  return state.empty() || state.starts_with("57P") || state.starts_with("08") || state == "25006" ||
         state == "25P03" || state == "26000" || state == "53300";
}

Error error_of(std::string_view state, std::string detail) {
  if (state == kRevisionConflict) return {Code::kConflict, "revision_conflict", std::move(detail)};
  if (state == kAlreadyUsed) return {Code::kConflict, "already_used", std::move(detail)};
  if (state == "53100") return {Code::kUnavailable, "storage_full", std::move(detail)};
  if (state == "XX001" || state == "XX002")
    return {Code::kInternal, "storage_corrupt", std::move(detail)};
  // 0A 21 22 23 42: a statement of ours does not fit the database. 42501: privileges are missing.
  const std::string_view kind = state.substr(0, 2);
  const bool is_ours = kind == "0A" || kind == "21" || kind == "22" || kind == "23" || kind == "42";
  if (is_ours && state != "42501")
    return {Code::kInternal, "storage_statement_failed", std::move(detail)};
  return {Code::kUnavailable, "storage_unavailable", std::move(detail)};
}

}  // namespace

Error unavailable(std::string detail) {
  return {Code::kUnavailable, "storage_unavailable", "PostgreSQL: " + std::move(detail)};
}

std::string message_of(const PGconn* connection) {
  std::string text = one_line(connection ? PQerrorMessage(connection) : nullptr);
  return text.empty() ? "the connection was lost" : text;
}

Failure failure_of(const PGresult* result, std::size_t call) {
  const std::string state = field(result, PG_DIAG_SQLSTATE);
  std::string detail = "PostgreSQL: " + one_line(field(result, PG_DIAG_MESSAGE_PRIMARY).c_str());
  detail += state.empty() ? " (connection lost)" : " (" + state + ")";
  Failure failure;
  failure.error = error_of(state, std::move(detail));
  failure.call = call;
  if (state == kRevisionConflict)
    failure.revision = std::atoll(field(result, PG_DIAG_MESSAGE_DETAIL).c_str());
  failure.may_repeat = state == "40001" || state == "40P01";
  failure.ends_session = ends_session(state);
  return failure;
}

}  // namespace signet::storage::postgres
