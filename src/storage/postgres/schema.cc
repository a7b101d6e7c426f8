#include "storage/postgres/schema.h"

namespace signet::storage::postgres {

// Texts are bytea: they are kept byte for byte and ordered by bytes, whatever the encoding and the
// collation of the database. Instants are milliseconds since 1970.
//
// document_changes: one row per document, moved to the newest sequence by every change. It outlives
// the document, so that an erasure is told and a revision is never given twice.
// denials: a longer denial gets a new number, so that those who follow by number learn of it.
// The functions that append to what is ordered (changes, denials, audit) are called after
// take_order: numbers are given in the order of the commits, so that who has seen one has seen all
// before it.
const char* const kFirstSchema = R"sql(
CREATE TABLE schema_version (version bigint NOT NULL);

CREATE TABLE documents (
  kind bytea NOT NULL, realm bytea NOT NULL, id bytea NOT NULL,
  text bytea NOT NULL, revision bigint NOT NULL CHECK (revision > 0),
  PRIMARY KEY (kind, realm, id)
);

CREATE TABLE document_changes (
  sequence bigint PRIMARY KEY,
  kind bytea NOT NULL, realm bytea NOT NULL, id bytea NOT NULL, revision bigint NOT NULL,
  UNIQUE (kind, realm, id)
);
CREATE SEQUENCE document_change_numbers;

CREATE TABLE tokens (
  hash bytea PRIMARY KEY CHECK (length(hash) = 32),
  realm bytea NOT NULL, client bytea NOT NULL, kind bytea NOT NULL,
  issued bigint NOT NULL, expires bigint NOT NULL, claims bytea NOT NULL
);
CREATE INDEX tokens_by_age ON tokens (expires);

CREATE TABLE denials (
  number bigint NOT NULL UNIQUE,
  realm bytea NOT NULL, id_hash bytea NOT NULL CHECK (length(id_hash) = 32),
  expires bigint NOT NULL,
  PRIMARY KEY (realm, id_hash)
);
CREATE SEQUENCE denial_numbers;
CREATE INDEX denials_by_age ON denials (expires);

CREATE TABLE used_once (
  realm bytea NOT NULL, key_hash bytea NOT NULL CHECK (length(key_hash) = 32),
  expires bigint NOT NULL,
  PRIMARY KEY (realm, key_hash)
);
CREATE INDEX used_once_by_age ON used_once (expires);

CREATE TABLE keys (
  realm bytea NOT NULL, secret_id bytea NOT NULL, kid bytea NOT NULL,
  state bytea NOT NULL, public_jwk bytea NOT NULL,
  published bigint, activated bigint, deactivated bigint, retired bigint,
  horizon bigint NOT NULL, revision bigint NOT NULL CHECK (revision > 0),
  PRIMARY KEY (realm, secret_id, kid)
);

CREATE TABLE audit (
  sequence bigint PRIMARY KEY,
  at bigint NOT NULL, realm bytea NOT NULL, event bytea NOT NULL, actor bytea NOT NULL,
  detail bytea NOT NULL, chain bytea NOT NULL CHECK (length(chain) = 32)
);
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit trail is append-only';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION record_change(k bytea, r bytea, i bytea, new_revision bigint) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO document_changes (sequence, kind, realm, id, revision)
  VALUES (nextval('document_change_numbers'), k, r, i, new_revision)
  ON CONFLICT (kind, realm, id)
  DO UPDATE SET sequence = excluded.sequence, revision = excluded.revision
$$;

CREATE FUNCTION refuse_revision(stored bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'SG001', MESSAGE = 'revision_conflict', DETAIL = stored::text;
END $$;

CREATE FUNCTION put_document(k bytea, r bytea, i bytea, t bytea, expected bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE stored bigint; next_revision bigint;
BEGIN
  SELECT d.revision INTO stored FROM documents d WHERE d.kind = k AND d.realm = r AND d.id = i;
  stored := coalesce(stored, 0);
  IF expected <> stored THEN PERFORM refuse_revision(stored); END IF;
  SELECT c.revision INTO next_revision FROM document_changes c
    WHERE c.kind = k AND c.realm = r AND c.id = i;
  next_revision := coalesce(next_revision, 0) + 1;
  INSERT INTO documents VALUES (k, r, i, t, next_revision)
    ON CONFLICT (kind, realm, id) DO UPDATE SET text = t, revision = next_revision;
  PERFORM record_change(k, r, i, next_revision);
END $$;

CREATE FUNCTION erase_document(k bytea, r bytea, i bytea, expected bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE stored bigint;
BEGIN
  SELECT d.revision INTO stored FROM documents d WHERE d.kind = k AND d.realm = r AND d.id = i;
  stored := coalesce(stored, 0);
  IF expected <> stored THEN PERFORM refuse_revision(stored); END IF;
  IF stored = 0 THEN RETURN; END IF;
  DELETE FROM documents d WHERE d.kind = k AND d.realm = r AND d.id = i;
  PERFORM record_change(k, r, i, stored);
END $$;

CREATE FUNCTION use_once(r bytea, h bytea, e bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO used_once VALUES (r, h, e) ON CONFLICT (realm, key_hash) DO NOTHING;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'SG003', MESSAGE = 'already_used';
  END IF;
END $$;

CREATE FUNCTION put_key(r bytea, s bytea, k bytea, st bytea, jwk bytea, pub bigint, act bigint,
                        deact bigint, ret bigint, hor bigint, expected bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE stored bigint;
BEGIN
  SELECT y.revision INTO stored FROM keys y
    WHERE y.realm = r AND y.secret_id = s AND y.kid = k FOR UPDATE;
  stored := coalesce(stored, 0);
  IF expected <> stored THEN PERFORM refuse_revision(stored); END IF;
  INSERT INTO keys AS y VALUES (r, s, k, st, jwk, pub, act, deact, ret, hor, stored + 1)
    ON CONFLICT (realm, secret_id, kid) DO UPDATE SET state = st, public_jwk = jwk,
      published = pub, activated = act, deactivated = deact, retired = ret,
      horizon = greatest(y.horizon, hor), revision = stored + 1;
END $$;

-- The encoding of audit_chain.cc: each text after its length, numbers as eight bytes.
CREATE FUNCTION counted(t bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT int8send(octet_length(t)::bigint) || t
$$;
CREATE FUNCTION append_audit(time_at bigint, r bytea, e bytea, a bytea, d bytea) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE previous bytea; number bigint;
BEGIN
  SELECT o.sequence, o.chain INTO number, previous FROM audit o ORDER BY o.sequence DESC LIMIT 1;
  number := coalesce(number, 0) + 1;
  INSERT INTO audit VALUES (number, time_at, r, e, a, d, sha256(
    counted('signet-audit-1') || counted(coalesce(previous, '')) || int8send(number)
    || int8send(time_at) || counted(r) || counted(e) || counted(a) || counted(d)));
END $$;
)sql";

}  // namespace signet::storage::postgres
