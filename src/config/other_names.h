#pragma once
// Settings that are also known by the names that other products give them.

#include <string>
#include <vector>

#include "config/document.h"

namespace signet::config {

/// Moves what the document says under another name to where the setting is. Both names at once are
/// a problem: neither would be a good guess.
Problems settle_other_names(Document& document);

/// The same for the parts of an environment variable's name, compared without case.
std::vector<std::string> with_settled_name(std::vector<std::string> names);

}  // namespace signet::config
