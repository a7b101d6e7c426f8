#include "storage/sqlite/migrations.h"

#include <iterator>

namespace signet::storage::sqlite {
namespace {

// A step is never edited once it is released: add the next one.
//
// documents, tokens: rowid tables, so that new rows go to the end of the file and only the narrow
// index of the primary key is entered at random.
// document_changes: one row per document, moved to the newest sequence by every change. It outlives
// the document, so that an erasure is told and a revision is never given twice.
// denials: a longer denial is a new row, so that those who follow by row learn of it.
constexpr const char* kFirst = R"sql(
CREATE TABLE documents (
  kind TEXT NOT NULL, realm TEXT NOT NULL, id TEXT NOT NULL,
  text TEXT NOT NULL, revision INTEGER NOT NULL CHECK (revision > 0),
  PRIMARY KEY (kind, realm, id)
) STRICT;

CREATE TABLE document_changes (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL, realm TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL,
  UNIQUE (kind, realm, id)
) STRICT;

CREATE TABLE tokens (
  row INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  realm TEXT NOT NULL, client TEXT NOT NULL, kind TEXT NOT NULL,
  issued INTEGER NOT NULL, expires INTEGER NOT NULL, claims TEXT NOT NULL
) STRICT;
CREATE INDEX tokens_by_age ON tokens (expires);

CREATE TABLE denials (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  realm TEXT NOT NULL, id_hash BLOB NOT NULL CHECK (length(id_hash) = 32),
  expires INTEGER NOT NULL,
  UNIQUE (realm, id_hash)
) STRICT;
CREATE INDEX denials_by_age ON denials (expires);

CREATE TABLE used_once (
  realm TEXT NOT NULL, key_hash BLOB NOT NULL CHECK (length(key_hash) = 32),
  expires INTEGER NOT NULL,
  PRIMARY KEY (realm, key_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX used_once_by_age ON used_once (expires);

CREATE TABLE keys (
  realm TEXT NOT NULL, secret_id TEXT NOT NULL, kid TEXT NOT NULL,
  state TEXT NOT NULL, public_jwk TEXT NOT NULL,
  published INTEGER, activated INTEGER, deactivated INTEGER, retired INTEGER,
  horizon INTEGER NOT NULL, revision INTEGER NOT NULL CHECK (revision > 0),
  PRIMARY KEY (realm, secret_id, kid)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY,
  at INTEGER NOT NULL, realm TEXT NOT NULL, event TEXT NOT NULL, actor TEXT NOT NULL,
  detail TEXT NOT NULL, chain BLOB NOT NULL CHECK (length(chain) = 32)
) STRICT;
CREATE TRIGGER audit_is_not_edited BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_not_erased BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
)sql";

constexpr const char* kSteps[] = {kFirst};

Status apply(Connection& db, std::int64_t step) {
  TRY(db.begin());
  // Another process may have been quicker.
  TRY(const std::int64_t version, db.number(0, "PRAGMA user_version"));
  if (version >= step) {
    db.roll_back();
    return Done{};
  }
  const std::string marks = "PRAGMA application_id=" + std::to_string(kApplicationId) +
                            "; PRAGMA user_version=" + std::to_string(step) + ";";
  Status done = db.script(kSteps[step - 1] + marks);
  if (done.ok()) return db.commit();
  db.roll_back();
  return done;
}

}  // namespace

std::int64_t newest_schema() {
  return std::ssize(kSteps);
}

Status migrate(Connection& db) {
  TRY(std::int64_t version, db.number(0, "PRAGMA user_version"));
  TRY(const std::int64_t application, db.number(0, "PRAGMA application_id"));
  TRY(const std::int64_t objects, db.number(0, "SELECT count(*) FROM sqlite_schema"));
  const bool is_fresh = version == 0 && application == 0 && objects == 0;
  if (!is_fresh && application != kApplicationId) {
    return Error{Code::kConfig, "storage_open_failed", "the file is a database of another program"};
  }
  if (version > newest_schema()) {
    return Error{Code::kConfig, "storage_too_new",
                 "the database has schema " + std::to_string(version) + ", this program knows " +
                     std::to_string(newest_schema())};
  }
  while (version < newest_schema()) {
    TRY(apply(db, ++version));
  }
  return Done{};
}

}  // namespace signet::storage::sqlite
