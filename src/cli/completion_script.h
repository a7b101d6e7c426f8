#pragma once
// The tree of commands as a completion script.

#include "cli/command_tree.h"

namespace signet::cli {

/// `shell` is "bash", "zsh" or "fish". Options are offered where they may stand, and after an
/// option its values: files, the words it takes, or nothing where nobody can guess them.
std::string completion(const CommandText& root, std::string_view shell);

}  // namespace signet::cli
