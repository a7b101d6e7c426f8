#pragma once

#include "storage/storage.h"

namespace signet::storage::memory {

/// The engine that forgets: maps behind one lock, with the semantics of every other engine except
/// durability. For tests and for trying things out. `clock` must outlive it.
std::shared_ptr<Storage> open(const Clock& clock);

}  // namespace signet::storage::memory
