#pragma once
// Gives types to a document by the schema, and says everything that is wrong with it.

#include <string>

#include "base/json.h"
#include "config/document.h"
#include "config/schema.h"

namespace signet::config {

/// Values in the form that the rooms read: durations are whole seconds, sizes bytes.
struct Conformed {
  json::Object values;
  Places places;
};

/// Which defaults are filled in.
enum class Fill : std::uint8_t {
  kNone,
  kServer,  ///< of rows of Level::kServer: realm and client documents stay as they were written
  kAll,
};
/// What becomes of members that the schema does not know.
enum class Unknown : std::uint8_t {
  kRefuse,
  kDrop,  ///< for documents that a server sent: it may know more than we do
};

/// `path` is put before the paths in problems ("realms[2]"); empty for a whole file.
Result<Conformed, Problems> conform(const Node& node, const Field& schema, Fill fill = Fill::kNone,
                                    Unknown unknown = Unknown::kRefuse, std::string path = {});

}  // namespace signet::config
