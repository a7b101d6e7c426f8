#include "storage/sqlite/queries.h"

namespace signet::storage::sqlite {
namespace {

/// Every row of a query made into a T.
template <class T, class Make>
Result<std::vector<T>> collect(Cursor cursor, Make make) {
  std::vector<T> out;
  for (;;) {
    TRY(const bool found, cursor.next());
    if (!found) return out;
    out.push_back(make(cursor));
  }
}

}  // namespace

Result<std::optional<Document>> find_document(Connection& db, const std::string& kind,
                                              const RealmName& realm, const std::string& id) {
  TRY(Cursor row, db.query("SELECT text, revision FROM documents"
                           " WHERE kind=?1 AND realm=?2 AND id=?3",
                           kind, realm, id));
  TRY(const bool found, row.next());
  if (!found) return std::optional<Document>();
  return std::optional<Document>(Document{kind, realm, id, row.text(0), row.integer(1)});
}

Result<std::vector<Document>> list_documents(Connection& db, const std::string& kind,
                                             const RealmName& realm, const std::string& after,
                                             std::size_t limit) {
  const std::int64_t most = as_limit(limit);
  TRY(Cursor rows, db.query("SELECT id, text, revision FROM documents"
                            " WHERE kind=?1 AND realm=?2 AND id>?3 ORDER BY id LIMIT ?4",
                            kind, realm, after, most));
  return collect<Document>(std::move(rows),
                           [&](const Cursor& row) { return listed_document(row, kind, realm); });
}

Result<std::int64_t> count_documents(Connection& db, const std::string& kind,
                                     const RealmName& realm) {
  return db.number(0, "SELECT count(*) FROM documents WHERE kind=?1 AND realm=?2", kind, realm);
}

Result<std::vector<DocumentChange>> list_changes(Connection& db, std::int64_t after,
                                                 std::size_t limit) {
  const std::int64_t most = as_limit(limit);
  TRY(Cursor rows, db.query("SELECT sequence, kind, realm, id FROM document_changes"
                            " WHERE sequence>?1 ORDER BY sequence LIMIT ?2",
                            after, most));
  return collect<DocumentChange>(std::move(rows), change_of<Cursor>);
}

Result<std::int64_t> last_change(Connection& db) {
  return db.number(0, "SELECT sequence FROM document_changes ORDER BY sequence DESC LIMIT 1");
}

Result<std::optional<TokenRecord>> find_token(Connection& db, const Bytes& hash) {
  TRY(Cursor row, db.query("SELECT realm, client, kind, issued, expires, claims FROM tokens"
                           " WHERE hash=?1",
                           hash));
  TRY(const bool found, row.next());
  if (!found) return std::optional<TokenRecord>();
  return std::optional<TokenRecord>(token_of(row, hash));
}

Result<bool> find_denial(Connection& db, const RealmName& realm, const Bytes& id_hash) {
  TRY(Cursor row, db.query("SELECT 1 FROM denials WHERE realm=?1 AND id_hash=?2", realm, id_hash));
  return row.next();
}

Result<Denials> list_denials(Connection& db, Instant now, std::int64_t after_row,
                             std::size_t limit) {
  const std::int64_t most = as_limit(limit);
  TRY(Cursor rows, db.query("SELECT row, realm, id_hash, expires FROM denials"
                            " WHERE row>?1 AND expires>?2 ORDER BY row LIMIT ?3",
                            after_row, now, most));
  Denials denials{{}, after_row};
  TRY(denials.tokens, collect<DeniedToken>(std::move(rows), [&](const Cursor& row) {
        return denial_of(row, denials.last_row);
      }));
  return denials;
}

Result<std::int64_t> count_expired(Connection& db, Instant before, std::size_t limit) {
  const std::int64_t most = as_limit(limit);
  return db.number(0,
                   "SELECT (SELECT count(*) FROM"
                   "  (SELECT 1 FROM tokens WHERE expires<?1 LIMIT ?2))"
                   " + (SELECT count(*) FROM (SELECT 1 FROM denials WHERE expires<?1 LIMIT ?2))"
                   " + (SELECT count(*) FROM (SELECT 1 FROM used_once WHERE expires<?1 LIMIT ?2))",
                   before, most);
}

Result<std::vector<KeyRecord>> list_keys(Connection& db, const RealmName& realm) {
  TRY(Cursor rows, db.query("SELECT secret_id, kid, state, public_jwk, published, activated,"
                            " deactivated, retired, horizon, revision FROM keys"
                            " WHERE realm=?1 ORDER BY secret_id, kid",
                            realm));
  return collect<KeyRecord>(std::move(rows), [&](const Cursor& row) { return key_of(row, realm); });
}

Result<std::vector<AuditEvent>> list_audit(Connection& db, std::int64_t after, std::size_t limit) {
  const std::int64_t most = as_limit(limit);
  TRY(Cursor rows, db.query("SELECT sequence, at, realm, event, actor, detail, chain FROM audit"
                            " WHERE sequence>?1 ORDER BY sequence LIMIT ?2",
                            after, most));
  return collect<AuditEvent>(std::move(rows), audit_event_of<Cursor>);
}

}  // namespace signet::storage::sqlite
