#pragma once
// Tells the user where a server differs from what files describe.

#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/difference.h"

namespace signet::cli {

/// Prints each difference as it is found; with `--output json` they are gathered instead.
class DifferenceReport {
 public:
  explicit DifferenceReport(const Context& context) : context_(context) {}

  /// A difference: '+' comes, '~' changes, '-' goes.
  void tell(char sign, const std::string& what);
  /// What belongs to the difference told last.
  void tell(const std::vector<Change>& changes);
  void tell(const std::vector<std::string>& steps);

  int count() const { return count_; }
  /// What was gathered; once.
  json::Array take() { return std::move(shown_); }

 private:
  void line(const std::string& text) const;

  const Context& context_;
  int count_ = 0;
  json::Array shown_;
};

}  // namespace signet::cli
