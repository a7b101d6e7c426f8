#pragma once
// Records from rows, as the SQL engines ask for them. A Row gives the columns of one row by number:
// text(), blob(), integer(), instant() and maybe_instant().

#include <limits>

#include "storage/storage.h"

namespace signet::storage {

/// The number for LIMIT; a negative one would mean none.
inline std::int64_t as_limit(std::size_t limit) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  return limit > static_cast<std::size_t>(kMost) ? kMost : static_cast<std::int64_t>(limit);
}

/// Of id, text, revision.
template <class Row>
Document listed_document(const Row& row, const std::string& kind, const RealmName& realm) {
  return {kind, realm, row.text(0), row.text(1), row.integer(2)};
}

/// Of sequence, kind, realm, id.
template <class Row>
DocumentChange change_of(const Row& row) {
  return {row.integer(0), row.text(1), RealmName(row.text(2)), row.text(3)};
}

/// Of realm, client, kind, issued, expires, claims.
template <class Row>
TokenRecord token_of(const Row& row, const Bytes& hash) {
  return {hash,        RealmName(row.text(0)), ClientId(row.text(1)),
          row.text(2), row.instant(3),         row.instant(4),
          row.text(5)};
}

struct Denials {
  std::vector<DeniedToken> tokens;
  std::int64_t last_row;
};
/// Of number, realm, id_hash, expires. The last one gives `last_row`.
template <class Row>
DeniedToken denial_of(const Row& row, std::int64_t& last_row) {
  last_row = row.integer(0);
  return {RealmName(row.text(1)), row.blob(2), row.instant(3)};
}

/// Of secret_id, kid, state, public_jwk, published, activated, deactivated, retired, horizon,
/// revision.
template <class Row>
KeyRecord key_of(const Row& row, const RealmName& realm) {
  KeyRecord key;
  key.realm = realm;
  key.secret_id = row.text(0);
  key.kid = KeyId(row.text(1));
  key.state = row.text(2);
  key.public_jwk = row.text(3);
  key.published = row.maybe_instant(4);
  key.activated = row.maybe_instant(5);
  key.deactivated = row.maybe_instant(6);
  key.retired = row.maybe_instant(7);
  key.horizon = row.instant(8);
  key.revision = row.integer(9);
  return key;
}

/// Of sequence, at, realm, event, actor, detail, chain.
template <class Row>
AuditEvent audit_event_of(const Row& row) {
  return {row.integer(0), row.instant(1), RealmName(row.text(2)), row.text(3), row.text(4),
          row.text(5),    row.blob(6)};
}

}  // namespace signet::storage
