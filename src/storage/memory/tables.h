#pragma once

#include <map>
#include <tuple>

#include "storage/memory/expiring_map.h"
#include "storage/storage.h"

namespace signet::storage::memory {

using DocumentName = std::tuple<std::string, RealmName, std::string>;  ///< kind, realm, id
using HashName = std::pair<RealmName, Bytes>;
using KeyName = std::tuple<RealmName, std::string, KeyId>;  ///< realm, secret ID, kid

/// The newest change of a document, erasure included: its revision goes on when it comes back.
struct LastChange {
  std::int64_t sequence = 0;
  std::int64_t revision = 0;
};
struct Denial {
  std::int64_t row;
  Instant expires;
};
struct Used {
  Instant expires;
};

/// All that a memory engine holds, and how changes are made to it. Not locked.
class Tables {
 public:
  /// Applies the whole transaction or leaves everything as it was, even where memory ends within.
  Status apply(const Transaction& transaction);

  std::optional<Document> find_document(const std::string& kind, const RealmName& realm,
                                        const std::string& id) const;
  std::vector<Document> list_documents(const std::string& kind, const RealmName& realm,
                                       const std::string& after, std::size_t limit) const;
  std::int64_t count_documents(const std::string& kind, const RealmName& realm) const;
  std::vector<DocumentChange> list_changes(std::int64_t after, std::size_t limit) const;
  std::optional<TokenRecord> find_token(const Bytes& hash) const;
  bool is_denied(const RealmName& realm, const Bytes& id_hash) const;
  std::vector<DeniedToken> list_denials(Instant now, std::int64_t after_row, std::size_t limit,
                                        std::int64_t& last_row) const;
  std::int64_t count_expired(Instant before, std::size_t limit) const;
  std::vector<KeyRecord> list_keys(const RealmName& realm) const;
  std::vector<AuditEvent> list_audit(std::int64_t after, std::size_t limit) const;

  std::map<DocumentName, Document> documents;
  std::map<DocumentName, LastChange> last_changes;
  std::map<std::int64_t, DocumentName> changes;  ///< by sequence
  ExpiringMap<Bytes, TokenRecord> tokens;
  ExpiringMap<HashName, Denial> denials;
  std::map<std::int64_t, HashName> denial_rows;
  ExpiringMap<HashName, Used> used;
  std::map<KeyName, KeyRecord> keys;
  std::vector<AuditEvent> audit;
  std::int64_t last_sequence = 0;
  std::int64_t last_denial_row = 0;

 private:
  struct Apply;
  void record_change(const DocumentName& name, std::int64_t revision, Undo& undo);
  void put_denial(const HashName& name, Denial denial, Undo& undo);
};

}  // namespace signet::storage::memory
