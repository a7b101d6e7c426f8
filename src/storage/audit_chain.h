#pragma once
// The chain that makes the audit trail evident: each event carries SHA-256 over the chain value
// before it and its own canonical encoding, so that an event cannot be edited, removed or moved
// without breaking every later value. Cutting off the newest events shows only against a chain
// value that was kept elsewhere.

#include "storage/storage.h"

namespace signet::storage {

/// The chain value of `event`, whose sequence is already given. `previous` is empty for the first.
Bytes audit_chain(ByteView previous, const AuditEvent& event);

/// Checks events that follow each other without a gap; `previous_chain` is the value of the event
/// before the first one here (empty: the first is the very first). Gives how many were checked.
/// kInternal "audit_chain_broken", naming the first sequence that does not fit.
Result<std::int64_t> verify_audit(const std::vector<AuditEvent>& events, Bytes previous_chain);

}  // namespace signet::storage
