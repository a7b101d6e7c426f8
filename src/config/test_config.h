#pragma once
// Configurations as texts, for tests.

#include <string>
#include <string_view>

#include "config/server_config.h"

namespace signet::config::test {

/// All problems of a configuration as the operator reads them, or "accepted".
std::string problems_of(std::string_view text, const Environment& environment = {},
                        std::string_view filename = "signet.yaml");

/// A configuration that holds; the test fails where it does not.
ServerConfig loaded(std::string_view text, const Environment& environment = {},
                    std::string_view filename = "signet.yaml");

}  // namespace signet::config::test
