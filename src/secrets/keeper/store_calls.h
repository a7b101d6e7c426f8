#pragma once
// The calls of a store that own it: one that is answered too late finds it alive, although a new
// configuration has dropped it.

#include <memory>
#include <string>
#include <vector>

#include "secrets/stores/store.h"

namespace signet::secrets {

Task<std::string> ask_fingerprint(std::shared_ptr<Store> store);
Task<std::vector<Alias>> ask_aliases(std::shared_ptr<Store> store);
Task<Done> ask_probe(std::shared_ptr<Store> store);
Task<std::vector<Secret>> ask_secrets(std::shared_ptr<Store> store, Alias alias);
/// `name`: what the store is called, for errors. They fail as key_maker() and version_maker() too.
Task<Secret> ask_for_key(std::shared_ptr<Store> store, StoreName name, Alias alias, Secret model);
Task<Done> ask_for_version(std::shared_ptr<Store> store, StoreName name, Alias alias,
                           std::string after);

}  // namespace signet::secrets
