#pragma once
// Live rings from what is known: the last, pure part of a lineup.

#include <algorithm>

#include "secrets/keeper/journal.h"
#include "secrets/keeper/live_ring.h"
#include "secrets/keeper/usage_ledger.h"

namespace signet::secrets {

/// What the stores say of one ID.
struct Found {
  Resolution resolution;
  std::vector<Skipped> unread;
  std::vector<Secret> all;  ///< of every store that was asked, the ones behind the first too
  bool has_outage = false;
  bool is_asked = false;  ///< some store has the ID
};

/// The secrets that a ring may be made of, in order, and those that were left out.
struct Candidates {
  std::vector<Secret> secrets;
  std::vector<Skipped> skipped;
  std::vector<KeyId> replaced;  ///< of `secrets`: held in memory alone

  const Secret* find(const KeyId& kid) const {
    const auto found = std::find_if(secrets.begin(), secrets.end(),
                                    [&](const Secret& secret) { return secret.kid == kid; });
    return found == secrets.end() ? nullptr : &*found;
  }
};

/// Why there is no ring.
Error nothing_usable(const SecretId& id, const Found& found);

/// The key among `entries` that signed last, if it was reported compromised; else null.
const JournalEntry* compromised_signer(const std::vector<JournalEntry>& entries);
/// kUnavailable kNoSuccessor: `signer` was reported compromised, and nothing signs in its place;
/// `found`: what there is instead, in words.
Error no_successor(const SecretId& id, const JournalEntry& signer, const std::string& found);

/// The ring of texts or certificates, which have no life to remember. This maker and the next two
/// give `before`, the ring until now, if nothing changed, so that nobody has to prepare anything
/// again.
Result<std::shared_ptr<const LiveRing>> without_journal(LiveRing ring, const Found& found,
                                                        std::shared_ptr<const LiveRing> before);

/// The ring of an ID whose store cannot be asked: what is remembered of its living keys verifies
/// on, and nothing signs. kConfig "ring_empty" where nothing is remembered, or only symmetric keys.
Result<std::shared_ptr<const LiveRing>> verifying_ring(LiveRing ring,
                                                       const std::vector<JournalEntry>& entries,
                                                       std::shared_ptr<const LiveRing> before,
                                                       UsageLedger& usage);

/// The ring of a lineup; `ring` carries id, realm and degraded. Lost keys come from the journal.
Result<std::shared_ptr<const LiveRing>> ring_of(LiveRing ring, const Lineup& lineup,
                                                const Candidates& candidates,
                                                const std::vector<JournalEntry>& entries,
                                                std::shared_ptr<const LiveRing> before,
                                                UsageLedger& usage);

}  // namespace signet::secrets
