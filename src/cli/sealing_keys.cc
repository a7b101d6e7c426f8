#include "cli/sealing_keys.h"

#include "base/text.h"

namespace signet::cli {
namespace {

Result<SecretBytes> read_master(const Context& context, const std::string& path) {
  TRY(std::string text, context.read(path, 64 * 1024));
  SecretBytes raw = SecretBytes::from_text(text);
  wipe(text);
  return raw;
}

}  // namespace

Result<std::shared_ptr<const secrets::EncodingKeys>> read_sealing_keys(
    const Context& context, const config::ServerConfig& config) {
  std::vector<secrets::EncodingKeys::Key> keys;
  for (const auto& configured : config.encryption_keys) {
    if (!configured.file.empty()) {
      TRY(SecretBytes raw, read_master(context, configured.file));
      keys.push_back({configured.name, secrets::EncodingKeys::master_from(std::move(raw))});
      continue;
    }
    const auto found = context.world.environment.find(configured.environment);
    if (found == context.world.environment.end()) {
      return Error{Code::kConfig, "encryption_key_missing",
                   "the environment has no variable " + signet::quoted(configured.environment) +
                       " for the key " + signet::quoted(configured.name)};
    }
    keys.push_back({configured.name,
                    secrets::EncodingKeys::master_from(SecretBytes::from_text(found->second))});
  }
  if (keys.empty()) {
    TRY(SecretBytes raw, read_master(context, config.data_dir + "/master.key"));
    keys.push_back({"master", secrets::EncodingKeys::master_from(std::move(raw))});
  }
  return secrets::EncodingKeys::make(std::move(keys));
}

}  // namespace signet::cli
