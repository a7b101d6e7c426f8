#pragma once
// What `signet doctor` looks at.

#include "cli/context.h"

namespace signet::cli {

enum class Health : std::uint8_t { kGood, kWarning, kBad };

struct Finding {
  std::string check;
  Health health = Health::kGood;
  std::string detail;  ///< with the remedy, where something is wrong
};

/// The files of the data directory: there, ours alone, and nothing for others to read.
std::vector<Finding> check_files(const config::ServerConfig& config);
/// Whether a back-up of data_dir/master.key was confirmed, and of this very key. Nothing to say
/// where the configuration names sealing keys of its own.
std::vector<Finding> check_backup(const Context& context, const config::ServerConfig& config);
/// Writes the marker that check_backup() looks for: the SHA-256 of the key, which tells nothing of
/// it.
Status confirm_backup(const Context& context, const config::ServerConfig& config);
/// The running server: reachable, ready, its stores, its clock against ours, and which of its
/// sealing keys are still needed.
std::vector<Finding> check_server(const Context& context);
/// What must hold of keys and audit at every moment, as the running server finds it.
std::vector<Finding> check_invariants(const Context& context);

}  // namespace signet::cli
