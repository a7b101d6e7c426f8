#pragma once

#include <optional>
#include <vector>

#include "secrets/key_ring.h"

namespace signet::secrets {

/// What one store answered for an ID.
struct StoreAnswer {
  StoreName store;
  std::vector<Secret> secrets;  ///< in the order that the mapping (or the store's versions) gives
  std::optional<Error> outage;  ///< the store could not be asked; `secrets` is its last good answer
  bool is_unread = false;       ///< nor ever before, so that `secrets` is not all that it holds
  RealmName realm{};            ///< whose store; empty: a global one
};

/// A secret that was left out, and why (keys.md rule 4).
struct Skipped {
  StoreName store;
  Alias alias;
  KeyId kid;
  Error why;
  RealmName store_realm{};  ///< whose store; empty: a global one
};

struct Resolution {
  std::vector<Secret> ordered;  ///< usable, in order; empty if nothing is there
  std::vector<Skipped> skipped;
  std::vector<StoreName> asked;
  /// A store that could not be asked and has no good answer, or none any more: what it holds would
  /// come first, so nothing behind it may take its place. `ordered` is empty then.
  std::optional<StoreName> blocked_by;
  std::optional<Error> outage;  ///< of blocked_by
  bool is_unread = false;       ///< blocked_by never had a good answer
  bool from_realm = false;      ///< `ordered` is of a realm store
  bool is_ambiguous = false;    ///< two stores of the same level had an answer; the first one won
};

/// Whether the ID may use the secret now: its own window ("secret_not_yet_valid",
/// "secret_expired"), then check_fits.
Status check_usable(const SecretId& id, const Secret& secret, Instant now);

/// Realm stores before global ones, each level in configured order; the first store with a usable
/// secret gives the ring. Secrets outside their own window at `now` or unfit for the ID are
/// skipped. Global IDs ignore realm stores (A5.3 of the reference).
Resolution resolve(const SecretId& id, const std::vector<StoreAnswer>& realm_stores,
                   const std::vector<StoreAnswer>& global_stores, Instant now);

}  // namespace signet::secrets
