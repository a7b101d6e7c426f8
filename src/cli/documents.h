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

// What the admin API says of one document: itself under `member`, and its "revision".

/// The document as a table; the whole answer where JSON is asked for or there is none.
void print_document(const Context& context, const json::Value& answer, std::string_view member);
/// Empty if there is none.
json::Object document_of(const json::Value& answer, std::string_view member);

/// True where JSON is asked for: then the list is printed, under `member`.
bool print_as_json(const Context& context, std::string_view member, const json::Array& items);

}  // namespace signet::cli
