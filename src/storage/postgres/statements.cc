#include "storage/postgres/statements.h"

namespace signet::storage::postgres {
namespace {

// In the order of the enumeration. SKIP LOCKED: several instances purge at once.
constexpr std::array<StatementText, kStatementCount> kTexts = {{
    {"take_order", "SELECT pg_advisory_xact_lock(6010396459284391794)"},
    {"notify", "SELECT pg_notify('signet', $1)"},
    {"put_document", "SELECT put_document($1, $2, $3, $4, $5)"},
    {"erase_document", "SELECT erase_document($1, $2, $3, $4)"},
    {"require_document",
     "SELECT refuse_revision(0) WHERE NOT EXISTS"
     " (SELECT 1 FROM documents WHERE kind=$1 AND realm=$2 AND id=$3)"},
    {"require_no_documents",
     "SELECT refuse_revision(1) WHERE EXISTS (SELECT 1 FROM documents WHERE kind=$1 AND realm=$2)"},
    // The newest change stays, so that who follows changes does not see them go back.
    {"forget_document",
     "WITH gone AS (DELETE FROM documents WHERE kind=$1 AND realm=$2 AND id=$3 AND revision=$4"
     " AND text=$5 RETURNING 1)"
     " DELETE FROM document_changes WHERE kind=$1 AND realm=$2 AND id=$3"
     " AND EXISTS (SELECT 1 FROM gone) AND sequence < (SELECT max(sequence) FROM "
     "document_changes)"},
    {"put_token",
     "INSERT INTO tokens (hash, realm, client, kind, issued, expires, claims)"
     " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (hash) DO UPDATE SET realm=$2, client=$3,"
     " kind=$4, issued=$5, expires=$6, claims=$7"},
    {"erase_token", "DELETE FROM tokens WHERE hash=$1"},
    {"deny_token",
     "INSERT INTO denials AS d (number, realm, id_hash, expires)"
     " VALUES (nextval('denial_numbers'), $1, $2, $3) ON CONFLICT (realm, id_hash)"
     " DO UPDATE SET number=excluded.number, expires=excluded.expires"
     " WHERE d.expires < excluded.expires"},
    {"use_once", "SELECT use_once($1, $2, $3)"},
    {"use_once_alone",
     "INSERT INTO used_once (realm, key_hash, expires) VALUES ($1, $2, $3)"
     " ON CONFLICT (realm, key_hash) DO NOTHING"},
    {"put_key", "SELECT put_key($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"},
    {"append_audit", "SELECT append_audit($1, $2, $3, $4, $5)"},
    {"purge_tokens",
     "DELETE FROM tokens WHERE hash = ANY (ARRAY(SELECT hash FROM tokens WHERE expires < $1"
     " ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED))"},
    {"purge_denials",
     "DELETE FROM denials WHERE number = ANY (ARRAY(SELECT number FROM denials WHERE expires < $1"
     " ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED))"},
    {"purge_used_once",
     "DELETE FROM used_once u USING (SELECT realm, key_hash FROM used_once WHERE expires < $1"
     " ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED) old"
     " WHERE u.realm = old.realm AND u.key_hash = old.key_hash"},
    {"find_document", "SELECT text, revision FROM documents WHERE kind=$1 AND realm=$2 AND id=$3"},
    {"list_documents",
     "SELECT id, text, revision FROM documents WHERE kind=$1 AND realm=$2 AND id>$3"
     " ORDER BY id LIMIT $4"},
    {"count_documents", "SELECT count(*) FROM documents WHERE kind=$1 AND realm=$2"},
    {"list_changes",
     "SELECT sequence, kind, realm, id FROM document_changes WHERE sequence>$1"
     " ORDER BY sequence LIMIT $2"},
    {"last_change", "SELECT coalesce(max(sequence), 0) FROM document_changes"},
    {"find_token", "SELECT realm, client, kind, issued, expires, claims FROM tokens WHERE hash=$1"},
    {"find_denial", "SELECT 1 FROM denials WHERE realm=$1 AND id_hash=$2"},
    {"list_denials",
     "SELECT number, realm, id_hash, expires FROM denials WHERE number>$1 AND expires>$2"
     " ORDER BY number LIMIT $3"},
    {"count_expired",
     "SELECT (SELECT count(*) FROM (SELECT 1 FROM tokens WHERE expires < $1 LIMIT $2) t)"
     " + (SELECT count(*) FROM (SELECT 1 FROM denials WHERE expires < $1 LIMIT $2) d)"
     " + (SELECT count(*) FROM (SELECT 1 FROM used_once WHERE expires < $1 LIMIT $2) u)"},
    {"list_keys",
     "SELECT secret_id, kid, state, public_jwk, published, activated, deactivated, retired,"
     " horizon, revision FROM keys WHERE realm=$1 ORDER BY secret_id, kid"},
    {"list_audit",
     "SELECT sequence, at, realm, event, actor, detail, chain FROM audit WHERE sequence>$1"
     " ORDER BY sequence LIMIT $2"},
    {"ping", "SELECT 1 FROM schema_version"},
}};

}  // namespace

const StatementText& text_of(Statement statement) {
  return kTexts[static_cast<std::size_t>(statement)];
}

}  // namespace signet::storage::postgres
