#pragma once

#include "cli/context.h"

namespace CLI {
class App;
}

namespace signet::cli {

/// Runs one command line. 0: done, and it holds; 1: refused, invalid or failed; 2: usage, or
/// differences found by `apply --dry-run`.
int run(int argc, const char* const* argv, World& world);

/// The tree of commands with its global options; for run(), `man` and `completion`.
std::shared_ptr<CLI::App> make_tree(Context& context);

}  // namespace signet::cli
