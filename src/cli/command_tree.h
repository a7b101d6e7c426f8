#pragma once
// The tree of commands as plain values, for the manual page and completion.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace signet::cli {

struct OptionText {
  std::string names;  ///< "--alg", or the name of a positional
  std::string value;  ///< type name; empty for flags
  std::string summary;
  bool is_positional = false, is_required = false;
};

struct CommandText {
  std::string path;  ///< "signet realm list"
  std::string summary;
  std::vector<OptionText> options;
  std::vector<CommandText> children;
};

/// Hidden commands are left out; so is --help, which every command has.
CommandText describe(const CLI::App& app, const std::string& above = {});

std::string man_page(const CommandText& root, std::string_view version);

}  // namespace signet::cli
