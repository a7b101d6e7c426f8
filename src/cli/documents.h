#pragma once
// Realm and client documents on the command line: from files and flags.

#include "cli/command.h"

namespace signet::cli {

/// The flags that say something of access tokens.
struct TokenFlags {
  std::string format, algorithm, lifetime;
  void add_to(CLI::App& command);
  /// Puts what was given into `document`.access_token. "usage".
  Status put_into(json::Object& document) const;
};

/// True for "on" flags, false for "off" flags, nothing where neither was given.
struct EnabledFlags {
  bool enable = false, disable = false;
  void add_to(CLI::App& command);
  Status put_into(json::Object& document) const;
};

/// Members of `object` as lines of a two-column table: nested names joined by dots.
Table as_table(const json::Object& object);

}  // namespace signet::cli
