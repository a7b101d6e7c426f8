#pragma once
// Passwords of stores (a keystore's, an encrypted PEM file's), found in the stores before them.

#include <memory>
#include <vector>

#include "secrets/mapping.h"
#include "secrets/stores/store.h"

namespace signet::secrets {

/// A store that may hold passwords, with its mappings (none for self-naming stores).
struct PasswordSource {
  std::shared_ptr<Store> store;
  std::vector<Mapping> mappings;
};

/// The lookup that the store `asking` is given. Give only stores that were made before it, realm
/// stores first: then no two stores can wait for each other. Self-naming ones (environment, files)
/// are asked first, the rest in their order; the first text wins.
/// Fails with the source's own error where one cannot be asked, "secret_wrong_kind" where the entry
/// is no text, kConfig "secret_password_cycle" where only the asking store itself holds the
/// password, and kConfig "secret_password_missing".
PasswordLookup password_lookup_over(StoreName asking, std::vector<PasswordSource> earlier);

}  // namespace signet::secrets
