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
  RealmName realm{};  ///< whose store; empty: a global one
};

/// The lookup that the store `asking` is given; the name is for the words of failures alone, since
/// a store of the other level may share it. Give only stores that were made before it, realm stores
/// first: then no store waits for itself, nor do two for each other. Self-naming ones (environment,
/// files) are asked first, the rest in their order; the first text wins. An ID of the whole server
/// (Scope::kGlobal) is asked of global stores alone, as resolve() does: no realm may give the
/// password of every PEM file.
/// Fails with the source's own error where one cannot be asked, "secret_wrong_kind" where the entry
/// is no text, and kConfig "secret_password_missing".
PasswordLookup password_lookup_over(StoreName asking, std::vector<PasswordSource> earlier);

}  // namespace signet::secrets
