#pragma once
// What must change to make one document another. Pure: values in, lines out.

#include <string>
#include <vector>

#include "base/json.h"
#include "config/schema.h"

namespace signet::cli {

/// One member that differs.
struct Change {
  char sign;             ///< '+' only wanted, '~' another value, '-' only running
  std::string path;      ///< "access_token.lifetime"
  std::string from, to;  ///< compact JSON; empty where absent
};

/// Compares two documents by the schema: defaults count as written, durations are compared as
/// seconds, lists of texts as sets unless their order counts (`aud`), and members that the schema
/// does not know are passed over. `secret` is a change only where `running` has none (its
/// "has_secret" is not true). "config_invalid" where `wanted` does not fit the schema.
Result<std::vector<Change>> differences(const json::Object& running, const json::Object& wanted,
                                        const config::Field& schema);

/// "~ access_token.lifetime: 600 -> 900"
std::string to_text(const Change& change);

}  // namespace signet::cli
