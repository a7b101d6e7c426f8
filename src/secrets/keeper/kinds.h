#pragma once
// The documents of this room in storage's feed of changes.

#include <string_view>

namespace signet::secrets {

/// Whether a change of such a document may change key rings: an instance that hears of it refreshes
/// at once.
inline bool changes_rings(std::string_view kind) {
  return kind == "mapping" || kind == "compromised_key";
}

/// What instances write for each other all the time; whoever follows the feed passes over it.
inline bool is_bookkeeping(std::string_view kind) {
  return kind == "instance" || kind == "lease" || kind == "rotation" || kind == "usage" ||
         kind == "global_rings";
}

}  // namespace signet::secrets
