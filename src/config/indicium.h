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

/// .NET's configuration takes names in any case, and "A:B:C" for C in B in A. Gives what is written
/// so under `OpenIDServerSigningSettings` its place and the names of the schema; what is given
/// twice that way is a problem. To be called before keep_signing_settings().
Problems settle_signing_settings(Document& document);

/// Drops the top-level members that are not `OpenIDServerSigningSettings`, where that one is there,
/// and all of them where none is a setting of the server: then a warning comes back. A file that
/// holds settings of the server and no `OpenIDServerSigningSettings` is left to be read as any
/// other.
Problems keep_signing_settings(Document& document);

}  // namespace signet::config
