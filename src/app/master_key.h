#pragma once

#include <memory>
#include <string>

#include "base/random.h"
#include "config/server_config.h"
#include "secrets/stores/encoded_value.h"

namespace signet::app {

/// The server's own sealing keys: those of the configuration, else DATA_DIR/master.key, which is
/// made once, when the data directory is new. If it is gone while `has_data` says that something
/// may be sealed under it, that is "master_key_lost" and never a reason for a new one. With them
/// what opens the values of AM's encode.jsp, where it is configured.
Result<std::shared_ptr<const secrets::EncodingKeys>> load_encoding_keys(
    const config::ServerConfig& config, const config::Environment& environment, bool has_data,
    Random& random);

/// A secret file: whole content, refused if others than its owner may read it ("file_permissions")
/// or if it is larger than 64 KiB.
Result<SecretBytes> read_secret_file(const std::string& path);
/// Writes a new file of mode 0600, durable before it returns; kConflict "file_exists".
Status write_new_secret_file(const std::string& path, ByteView content);
/// Removes what that left in the folder where it was killed. At start, before anything is written.
void remove_unfinished_files(const std::string& folder);

}  // namespace signet::app
