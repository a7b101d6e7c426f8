#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace signet::storage::postgres {

/// Why a statement of a transaction did not go through.
struct Failure {
  Error error;
  std::size_t call = 0;       ///< which statement of the work
  std::int64_t revision = 0;  ///< what is stored, where the reason is "revision_conflict"
  bool may_repeat = false;    ///< a deadlock or a serialisation failure: nothing was done
  bool ends_session = false;  ///< the connection must not be used again
};

/// "storage_unavailable", for what is wrong with a connection. Without the server's words where
/// they may repeat the connection string.
Error unavailable(std::string detail);

/// What PQerrorMessage says, in one line.
std::string message_of(const PGconn* connection);

/// What a failed statement means to the callers of storage. Only the primary message is kept: the
/// server's DETAIL repeats values.
Failure failure_of(const PGresult* result, std::size_t call);

/// The SQLSTATEs that our own functions raise (schema.cc).
inline constexpr const char* kRevisionConflict = "SG001";
inline constexpr const char* kAlreadyUsed = "SG003";

}  // namespace signet::storage::postgres
