#include "storage/postgres/migrations.h"

#include <cstdlib>
#include <iterator>

#include "storage/postgres/schema.h"

namespace signet::storage::postgres {
namespace {

// A step is never edited once it is released: add the next one. Steps may run while older programs
// serve, so they add and do not take away.
const char* const kSteps[] = {kFirstSchema};

// Another number than take_order's (statements.cc).
constexpr const char* kLock = "SELECT pg_advisory_xact_lock(6010396459284391795)";

Result<std::int64_t> first_number(Session& session, const std::string& sql, SteadyTime deadline) {
  TRY(const ResultPtr result, session.run(sql, deadline));
  if (PQntuples(result.get()) != 1) return 0;
  return std::atoll(PQgetvalue(result.get(), 0, 0));
}

Error too_new(std::int64_t version) {
  return {Code::kConfig, "storage_too_new",
          "the database has schema " + std::to_string(version) + ", this program knows " +
              std::to_string(newest_schema())};
}

Status bring_up(Session& session, SteadyTime deadline) {
  TRY(session.run(kLock, deadline));
  TRY(const std::int64_t has_schema,
      first_number(session, "SELECT count(*) FROM pg_namespace WHERE nspname='signet'", deadline));
  if (has_schema == 0) TRY(session.run("CREATE SCHEMA signet", deadline));
  TRY(const std::int64_t has_version,
      first_number(session, "SELECT (to_regclass('signet.schema_version') IS NOT NULL)::int",
                   deadline));
  std::int64_t version = 0;
  if (has_version != 0) {
    TRY(version, first_number(session, "SELECT version FROM schema_version", deadline));
  }
  if (version > newest_schema()) return too_new(version);
  for (; version < newest_schema(); ++version) {
    const std::string mark = "DELETE FROM schema_version; INSERT INTO schema_version VALUES (" +
                             std::to_string(version + 1) + ")";
    TRY(session.run(std::string(kSteps[version]) + mark, deadline));
  }
  return Done{};
}

}  // namespace

std::int64_t newest_schema() {
  return std::ssize(kSteps);
}

Status migrate(Session& session, SteadyTime deadline) {
  TRY(session.run("BEGIN", deadline));
  Status done = bring_up(session, deadline);
  if (done.ok()) {
    TRY(session.run("COMMIT", deadline));
    return done;
  }
  const Status undone = [&]() -> Status {
    TRY(session.run("ROLLBACK", deadline));
    return Done{};
  }();
  static_cast<void>(undone);  // the session ends with its owner anyway
  return done;
}

}  // namespace signet::storage::postgres
