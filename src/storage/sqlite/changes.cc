#include "storage/sqlite/changes.h"

#include "storage/audit_chain.h"
#include "storage/transaction_check.h"

namespace signet::storage::sqlite {
namespace {

struct Apply {
  Connection& db;

  Result<std::int64_t> stored_revision(std::string_view kind, const RealmName& realm,
                                       std::string_view id) {
    return db.number(0, "SELECT revision FROM documents WHERE kind=?1 AND realm=?2 AND id=?3", kind,
                     realm, id);
  }

  Status record_change(const std::string& kind, const RealmName& realm, const std::string& id,
                       std::int64_t revision) {
    TRY(db.run("REPLACE INTO document_changes (kind, realm, id, revision) VALUES (?1, ?2, ?3, ?4)",
               kind, realm, id, revision));
    return Done{};
  }

  Status operator()(const PutDocument& c) {
    const Document& d = c.document;
    TRY(const std::int64_t stored, stored_revision(d.kind, d.realm, d.id));
    if (c.expected && *c.expected != stored) return revision_conflict(d.id, stored);
    TRY(const std::int64_t last,
        db.number(0, "SELECT revision FROM document_changes WHERE kind=?1 AND realm=?2 AND id=?3",
                  d.kind, d.realm, d.id));
    const std::int64_t revision = last + 1;
    TRY(
        db.run("INSERT INTO documents (kind, realm, id, text, revision) VALUES (?1, ?2, ?3, ?4, ?5)"
               " ON CONFLICT (kind, realm, id) DO UPDATE SET text=?4, revision=?5",
               d.kind, d.realm, d.id, d.text, revision));
    return record_change(d.kind, d.realm, d.id, revision);
  }

  Status operator()(const EraseDocument& c) {
    TRY(const std::int64_t stored, stored_revision(c.kind, c.realm, c.id));
    if (c.expected && *c.expected != stored) return revision_conflict(c.id, stored);
    if (stored == 0) return Done{};
    TRY(db.run("DELETE FROM documents WHERE kind=?1 AND realm=?2 AND id=?3", c.kind, c.realm,
               c.id));
    return record_change(c.kind, c.realm, c.id, stored);
  }

  Status operator()(const RequireDocument& c) {
    TRY(const std::int64_t stored, stored_revision(c.kind, c.realm, c.id));
    if (stored == 0) return document_missing(c.id);
    return Done{};
  }

  Status operator()(const RequireNoDocuments& c) {
    TRY(const std::int64_t is_there,
        db.number(0, "SELECT 1 FROM documents WHERE kind=?1 AND realm=?2 LIMIT 1", c.kind,
                  c.realm));
    if (is_there != 0) return documents_present(c.kind);
    return Done{};
  }

  // The newest change stays, so that who follows changes does not see them go back.
  Status operator()(const ForgetDocument& c) {
    const Document& d = c.document;
    TRY(const std::int64_t removed,
        db.run("DELETE FROM documents WHERE kind=?1 AND realm=?2 AND id=?3 AND revision=?4"
               " AND text=?5",
               d.kind, d.realm, d.id, d.revision, d.text));
    if (removed == 0) return Done{};
    TRY(
        db.run("DELETE FROM document_changes WHERE kind=?1 AND realm=?2 AND id=?3"
               " AND sequence < (SELECT max(sequence) FROM document_changes)",
               d.kind, d.realm, d.id));
    return Done{};
  }

  Status operator()(const PutToken& c) {
    const TokenRecord& t = c.token;
    TRY(
        db.run("INSERT INTO tokens (hash, realm, client, kind, issued, expires, claims)"
               " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (hash) DO UPDATE SET"
               " realm=?2, client=?3, kind=?4, issued=?5, expires=?6, claims=?7",
               t.hash, t.realm, t.client, t.kind, t.issued, t.expires, t.claims));
    return Done{};
  }

  Status operator()(const EraseToken& c) {
    TRY(db.run("DELETE FROM tokens WHERE hash=?1", c.hash));
    return Done{};
  }

  Status operator()(const DenyToken& c) {
    TRY(
        db.run("REPLACE INTO denials (realm, id_hash, expires) SELECT ?1, ?2, ?3 WHERE NOT EXISTS"
               " (SELECT 1 FROM denials WHERE realm=?1 AND id_hash=?2 AND expires>=?3)",
               c.token.realm, c.token.id_hash, c.token.expires));
    return Done{};
  }

  Status operator()(const UseOnce& c) {
    TRY(const std::int64_t added,
        db.run("INSERT INTO used_once (realm, key_hash, expires) VALUES (?1, ?2, ?3)"
               " ON CONFLICT (realm, key_hash) DO NOTHING",
               c.realm, c.key_hash, c.expires));
    if (added == 0) return already_used();
    return Done{};
  }

  Status operator()(const PutKey& c) {
    const KeyRecord& k = c.key;
    TRY(const std::int64_t stored,
        db.number(0, "SELECT revision FROM keys WHERE realm=?1 AND secret_id=?2 AND kid=?3",
                  k.realm, k.secret_id, k.kid));
    if (c.expected != stored) return revision_conflict(k.kid.view(), stored);
    TRY(
        db.run("INSERT INTO keys (realm, secret_id, kid, state, public_jwk, published, activated,"
               " deactivated, retired, horizon, revision)"
               " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
               " ON CONFLICT (realm, secret_id, kid) DO UPDATE SET state=?4, public_jwk=?5,"
               " published=?6, activated=?7, deactivated=?8, retired=?9,"
               " horizon=max(horizon, ?10), revision=?11",
               k.realm, k.secret_id, k.kid, k.state, k.public_jwk, k.published, k.activated,
               k.deactivated, k.retired, k.horizon, stored + 1));
    return Done{};
  }

  Status operator()(const AppendAudit& c) {
    AuditEvent event = c.event;
    Bytes previous;
    {
      TRY(Cursor last,
          db.query("SELECT sequence, chain FROM audit ORDER BY sequence DESC LIMIT 1"));
      TRY(const bool found, last.next());
      event.sequence = found ? last.integer(0) + 1 : 1;
      if (found) previous = last.blob(1);
    }
    event.chain = audit_chain(previous, event);
    TRY(
        db.run("INSERT INTO audit (sequence, at, realm, event, actor, detail, chain)"
               " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
               event.sequence, event.at, event.realm, event.event, event.actor, event.detail,
               event.chain));
    return Done{};
  }

  Status operator()(const Purge& c) {
    const auto limit = static_cast<std::int64_t>(kPurgeSlice);
    TRY(
        db.run("DELETE FROM tokens WHERE row IN"
               " (SELECT row FROM tokens WHERE expires<?1 ORDER BY expires LIMIT ?2)",
               c.before, limit));
    TRY(
        db.run("DELETE FROM denials WHERE row IN"
               " (SELECT row FROM denials WHERE expires<?1 ORDER BY expires LIMIT ?2)",
               c.before, limit));
    TRY(db.run(
        "DELETE FROM used_once WHERE (realm, key_hash) IN"
        " (SELECT realm, key_hash FROM used_once WHERE expires<?1 ORDER BY expires LIMIT ?2)",
        c.before, limit));
    return Done{};
  }
};

}  // namespace

Status apply_changes(Connection& db, const Transaction& transaction) {
  for (const Change& change : transaction) {
    TRY(std::visit(Apply{db}, change));
  }
  return Done{};
}

bool needs_savepoint(const Transaction& transaction) {
  for (std::size_t i = 1; i < transaction.size(); ++i) {
    if (is_conditional(transaction[i])) return true;
  }
  return false;
}

}  // namespace signet::storage::sqlite
