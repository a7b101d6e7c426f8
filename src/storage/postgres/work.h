#pragma once
// What is asked of the server in one go.

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "storage/postgres/parameters.h"
#include "storage/postgres/session.h"
#include "storage/postgres/statements.h"

namespace signet::storage::postgres {

struct Call {
  Statement statement;
  Parameters parameters;
};

/// One result for each call.
using Answers = std::vector<ResultPtr>;

/// The calls between two synchronisation points of a pipeline: one implicit transaction. A call
/// that fails undoes those before it and skips those after it.
struct Work {
  enum class Kind : std::uint8_t {
    kRead,    ///< asked again on another connection if the first one is lost
    kAppend,  ///< cannot refuse and meets no other: may share a transaction with its like
    kWrite,
    kOrdered,  ///< begins with take_order: one at a time in the whole cluster
  };
  Kind kind = Kind::kRead;
  std::vector<Call> calls;
  SteadyTime deadline{};
  /// Called once, on the driver's thread; must not wait.
  std::function<void(Result<Answers, Failure>)> done;

  int attempts = 0;    ///< how often it was sent before
  bool alone = false;  ///< it was in a group that failed
};
using Group = std::vector<Work>;

}  // namespace signet::storage::postgres
