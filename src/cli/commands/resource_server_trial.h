#pragma once
// What a resource server would see of a token that was issued for it.

#include "cli/command.h"

namespace signet::cli {

struct TrialOptions {
  std::string key, password_file, jwks;
  void add_to(CLI::App& command);
};

/// Prints the token of `answer`, opened with --key and verified by --jwks where these are given.
/// Exit code 0; a token that does not open or hold is a failure.
Result<int> show_trial(const Context& context, const json::Value& answer,
                       const TrialOptions& options);

/// The members "warnings" and "untested" of an answer, on standard error.
void note_warnings(const Context& context, const json::Value& answer);

}  // namespace signet::cli
