#include "app/storage_options.h"

#include "secrets/keeper/passwords.h"

namespace signet::app {

Result<storage::postgres::Options> storage_options_of(const config::ServerConfig& config,
                                                      const MadeStores& made) {
  storage::postgres::Options options;
  options.connections = config.postgres.connections;
  options.timeout = config.postgres.timeout;
  if (config.postgres.password_secret_id.empty()) return options;

  TRY(const auto id, secrets::SecretId::parse(config.postgres.password_secret_id));
  std::vector<secrets::PasswordSource> sources;
  for (const auto& store : made.stores)
    if (store.realm.empty()) sources.push_back({store.store, store.mappings});
  const auto lookup = secrets::password_lookup_over(StoreName("storage"), std::move(sources));
  options.password = [lookup, id]() -> Result<SecretBytes> {
    TRY(const secrets::Secret secret, async::run_now(lookup(id)));
    return secret.text->clone();
  };
  return options;
}

}  // namespace signet::app
