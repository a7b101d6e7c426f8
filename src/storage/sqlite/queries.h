#pragma once
// The questions, each one statement. What is not found is an empty answer; a failed read never is.

#include "storage/record_rows.h"
#include "storage/sqlite/connection.h"
#include "storage/storage.h"

namespace signet::storage::sqlite {

Result<std::optional<Document>> find_document(Connection& db, const std::string& kind,
                                              const RealmName& realm, const std::string& id);
Result<std::vector<Document>> list_documents(Connection& db, const std::string& kind,
                                             const RealmName& realm, const std::string& after,
                                             std::size_t limit);
Result<std::int64_t> count_documents(Connection& db, const std::string& kind,
                                     const RealmName& realm);
Result<std::vector<DocumentChange>> list_changes(Connection& db, std::int64_t after,
                                                 std::size_t limit);
Result<std::int64_t> last_change(Connection& db);
Result<std::optional<TokenRecord>> find_token(Connection& db, const Bytes& hash);
Result<bool> find_denial(Connection& db, const RealmName& realm, const Bytes& id_hash);

Result<Denials> list_denials(Connection& db, Instant now, std::int64_t after_row,
                             std::size_t limit);
Result<std::int64_t> count_expired(Connection& db, Instant before, std::size_t limit);
Result<std::vector<KeyRecord>> list_keys(Connection& db, const RealmName& realm);
Result<std::vector<AuditEvent>> list_audit(Connection& db, std::int64_t after, std::size_t limit);

}  // namespace signet::storage::sqlite
