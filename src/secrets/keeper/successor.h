#pragma once

#include <memory>

#include "secrets/stores/store.h"

namespace signet::secrets {

/// Makes a key to come after the one that `alias` names, under a name of its own: next_alias() at
/// `now`, or at a later second while another key has that name, since two rotations may happen in
/// one. kUnsupported "store_makes_no_keys" where `store` is null or makes none; else as
/// KeyMaker::make_key().
Task<Secret> make_successor(std::shared_ptr<Store> store, Alias alias, crypto::PublicKey shape,
                            Instant now);

}  // namespace signet::secrets
