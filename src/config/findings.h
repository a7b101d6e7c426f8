#pragma once
// What checks between settings find, for the sources of this room.

#include <string>

#include "config/conform.h"
#include "config/server_config.h"

namespace signet::config {

/// Adds to the problems of a configuration and to its warnings, each with its place in the text.
class Findings {
 public:
  Findings(ServerConfig& config, const Conformed& conformed, Problems& problems)
      : warnings_(config.warnings), conformed_(conformed), problems_(problems) {}

  void refuse(const std::string& path, std::string what, std::string remedy);
  void warn(const std::string& path, std::string what, std::string remedy);

 private:
  Problems& warnings_;
  const Conformed& conformed_;
  Problems& problems_;
};

}  // namespace signet::config
