#pragma once
// Environment variables over a document: SIGNET__SERVER__PORT=9090 is server.port.

#include <map>
#include <string>

#include "config/document.h"
#include "config/schema.h"

namespace signet::config {

using Environment = std::map<std::string, std::string>;

/// Puts every variable whose name starts with SIGNET__ (any case) over the document: double
/// underscores separate names, names are matched without case, items of lists are numbers from 0
/// (the next free number adds one). A list or group takes the whole of it as JSON, before what
/// other variables say of its parts; `null` takes a setting away. OpenIDServerSigningSettings__...
/// is taken the same way, and there a colon is two underscores, as in .NET. Other variables are
/// none of ours. A variable that fits no setting is a problem.
Problems overlay(Document& document, const Field& schema, const Environment& environment);

}  // namespace signet::config
