#pragma once

#include "cli/context.h"
#include "secrets/stores/encoded_value.h"

namespace signet::cli {

/// The server's sealing keys as the configuration names them: base64 text, or raw bytes. Never
/// makes one. "file_unreadable", "encryption_key_missing".
Result<std::shared_ptr<const secrets::EncodingKeys>> read_sealing_keys(
    const Context& context, const config::ServerConfig& config);

}  // namespace signet::cli
