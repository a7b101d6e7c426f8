#pragma once

#include "storage/sqlite/connection.h"
#include "storage/storage.h"

namespace signet::storage::sqlite {

/// Makes the changes of one checked transaction, inside the transaction that `db` has open. A
/// refusal (is_refusal) leaves behind what earlier changes wrote: the caller rolls back where
/// needs_savepoint() says so.
Status apply_changes(Connection& db, const Transaction& transaction);

/// True where a later change may refuse after an earlier one wrote.
bool needs_savepoint(const Transaction& transaction);

}  // namespace signet::storage::sqlite
