#pragma once
// What a realm's journal takes from the global keys, so that no token that these made for the realm
// is refused when it has keys of its own, for the first time or again.

#include <vector>

#include "secrets/keeper/compromised.h"
#include "secrets/keeper/journal.h"
#include "secrets/keeper/keeper.h"

namespace signet::secrets {

/// The first entries of a realm that gets keys of its own: it goes on from the life of the global
/// ones it used.
std::vector<JournalEntry> inherit(const std::vector<JournalEntry>& global);

/// A global key that is about to stop signing for a realm. Instances that did not know yet that the
/// realm has keys of its own raised the horizon in the global journal alone.
void take_horizon(KeyHistory& key, const std::vector<JournalEntry>& global);
/// The same of every key in `changes` that `before` has as active and that is passive now.
void take_horizons(const std::vector<JournalEntry>& before, const std::vector<JournalEntry>& global,
                   std::vector<KeyHistory>& changes);

/// What a realm goes by that once had keys of its own and has no usable one: those of `ordered`
/// that the global ring publishes, in its order. `global`: null if there is none.
std::vector<Secret> followed(const LiveRing* global, const std::vector<Secret>& ordered);

/// Those of `secrets` that the realm had retired are published anew: its verifiers may have
/// forgotten them.
void publish_anew(const std::vector<Secret>& secrets, const CompromisedKeys& compromised,
                  std::vector<JournalEntry>& entries);

}  // namespace signet::secrets
