#pragma once
// The rows of settings(), section by section.

#include <string_view>
#include <vector>

#include "config/setting.h"

namespace signet::config {

std::vector<Setting> server_settings();
std::vector<Setting> key_settings();
std::vector<Setting> sealing_key_settings();
std::vector<Setting> service_settings();
std::vector<Setting> realm_settings();
std::vector<Setting> client_settings();
std::vector<Setting> resource_server_settings();
std::vector<Setting> inject_policy_settings();

/// The names that a setting of a signature algorithm may have.
const std::vector<std::string_view>& signing_algorithms();

}  // namespace signet::config
