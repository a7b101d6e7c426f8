#pragma once
// What a command file needs to put itself into the tree.

#include <CLI/CLI.hpp>
#include <memory>

#include "base/text.h"
#include "cli/context.h"

namespace signet::cli {

/// One row of commands/catalog.cc.
struct CommandRow {
  std::string_view name;     ///< the noun, or the whole command: "realm", "apply"
  std::string_view summary;  ///< one sentence
  void (*add)(CLI::App& command, Context& context);
};
const std::vector<CommandRow>& command_catalog();

/// Adds a verb below a noun.
inline CLI::App& verb(CLI::App& noun, const std::string& name, const std::string& summary) {
  noun.require_subcommand(1);
  return *noun.add_subcommand(name, summary);
}

/// What happens when the command is chosen: `work` gives the exit code or a failure.
template <class Work>
void on_run(CLI::App& command, Context& context, Work work) {
  command.callback([&context, work = std::move(work)] { context.finish(work()); });
}

/// An option that takes one of a few words; the help shows them once.
inline CLI::Option* one_of(CLI::Option* option, const std::vector<std::string>& words) {
  return option->check(CLI::IsMember(words).description(""))->type_name(join(words, "|"));
}

/// An option that may be given several times, with one value each time.
inline CLI::Option* repeatable(CLI::App& command, const std::string& names,
                               std::vector<std::string>& values, const std::string& summary) {
  return command.add_option(names, values, summary)->allow_extra_args(false)->type_name("TEXT");
}

}  // namespace signet::cli
