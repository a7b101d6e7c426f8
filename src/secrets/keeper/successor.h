#pragma once

#include <memory>

#include "secrets/stores/store.h"

namespace signet::secrets {

/// The store as one that makes keys which are then mapped. kUnsupported "store_makes_no_keys" where
/// it is null, makes none (KeyMaker::may_make_keys() as well), or has versions of its own instead
/// of an order of aliases. Lives as long as the store.
Result<KeyMaker*> key_maker(const std::shared_ptr<Store>& store, const StoreName& name);

/// The store as one that makes versions of an alias, and orders them itself: as key_maker().
Result<VersionMaker*> version_maker(const std::shared_ptr<Store>& store, const StoreName& name);

/// Makes a key to come after `model`, the one that `alias` names, under a name of its own:
/// next_alias() of its family at `now`, or at a later second while another key has that name, since
/// two rotations may happen in one. As key_maker() of `store` and KeyMaker::make_like().
Task<Secret> make_successor(std::shared_ptr<Store> store, Alias alias, Secret model, Instant now);

}  // namespace signet::secrets
