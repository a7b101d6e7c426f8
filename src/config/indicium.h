#pragma once
// Thinkwise Indicium's appsettings.json, as far as it concerns the signing certificate.

#include <string>
#include <string_view>

#include "config/document.h"

namespace signet::config {

/// True for names such as "/etc/indicium/appsettings.Production.json".
bool is_appsettings_name(std::string_view filename);

/// .NET reads its JSON with comments and trailing commas. The same text with both turned into
/// spaces, so that lines stay what they were.
std::string without_json_extras(std::string_view text);

/// Drops the top-level members that are not `OpenIDServerSigningSettings`, where that one is there.
void keep_signing_settings(Document& document);

}  // namespace signet::config
