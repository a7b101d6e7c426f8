#pragma once
// The key rings of a moment, as requests use them: made by the Keeper, never changed.

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "secrets/key_ring.h"
#include "secrets/key_usage.h"
#include "secrets/kid_clash.h"
#include "secrets/resolve.h"
#include "secrets/rotation.h"

namespace signet::secrets {

/// One key of a ring with what was remembered of its life when the ring was made; for its horizon
/// see LiveRing::horizon_of().
struct RingEntry {
  Secret secret;
  KeyHistory history;
  KeyState state;
  std::shared_ptr<const UsageMeter> usage{};  ///< null where there is no life to remember
};

/// The keys of one ID in one realm, ready to use. Immutable snapshot but for the active horizon,
/// which only grows.
struct LiveRing {
  SecretId id;
  RealmName realm;                 ///< whose journal holds the keys; empty: the global ring, shared
  KeyRingPtr ring;                 ///< never null; active first
  std::vector<RingEntry> entries;  ///< all that are published: active, prepared, passive, lost
  std::optional<KeyId> waiting;    ///< a key that will become active by itself
  std::optional<Instant> waiting_until;
  std::vector<Skipped> skipped;
  bool degraded = false;  ///< a store behind it is out of reach, or a key was lost
  /// Counts a use of ring->active().
  void count_active(KeyUse use, Instant now) const {
    if (can_sign && entries.front().usage) entries.front().usage->count(use, now);
  }
  /// False where only public halves are left: the ring verifies, its active() cannot sign.
  bool can_sign = true;
  bool activated_early = false;  ///< the active key was not published for long enough: nothing else
                                 ///< could sign (this state lasts until the next change)
  /// The key that signed last was reported compromised, and none signs in its place.
  bool lacks_successor = false;
  std::vector<KeyId> lost;  ///< keys of living tokens that the stores no longer hold
  /// The horizon of the active key, in seconds since 1970: a token that lives longer needs
  /// Keeper::raise_horizon first. kEndless where keys have no life to remember.
  std::shared_ptr<std::atomic<std::int64_t>> active_horizon;
  static constexpr std::int64_t kEndless = std::numeric_limits<std::int64_t>::max();

  /// The first entry in this state, of which there is one at most if it is kActive; null if there
  /// is none.
  const RingEntry* first_in(KeyState state) const;
  /// The entry of that kid in whatever state; null if there is none.
  const RingEntry* find(const KeyId& kid) const;
  /// Whether the active key signs, while caches may not know it yet.
  bool signs_early(const RotationPolicy& policy, Instant now) const;
  /// No token of this entry of the ring lives longer, as far as this instance knows. For the active
  /// key that is newer than its history, which is as of the last refresh.
  Instant horizon_of(const RingEntry& entry) const;
};

/// All rings of one realm (global IDs included) at one moment. Immutable; take one per request.
class RealmRings {
 public:
  /// Null if the ID has no usable secret; why() then says what was asked and found, as it does
  /// where a ring is left that only verifies.
  const LiveRing* find(const SecretId& id) const;
  /// The same to keep.
  std::shared_ptr<const LiveRing> share(const SecretId& id) const;
  /// The same where `realm` remembers it itself, and shares none; else null.
  std::shared_ptr<const LiveRing> own(const RealmName& realm, const SecretId& id) const;
  const Error& why(const SecretId& id) const;
  /// When something will sign for such an ID, where that is known: the moment may have passed if
  /// other things keep it.
  std::optional<Instant> signs_from(const SecretId& id) const;
  const std::vector<std::shared_ptr<const LiveRing>>& all() const { return rings_; }
  /// The IDs whose store could not be read since the start. What it holds is not known here, and
  /// nothing signs; find() gives what is remembered of it, which may be nothing.
  const std::vector<SecretId>& unread() const { return unread_; }
  /// Different keys under one kid. What only global rings have to do with is told for those.
  const std::vector<KidClash>& clashes() const { return clashes_; }
  std::uint64_t generation() const { return generation_; }

 private:
  friend class Keeper;
  struct Missing {
    SecretId id;
    Error why;
    std::optional<Instant> signs_from;
  };
  void lack(const SecretId& id, Error why, std::optional<Instant> signs_from = std::nullopt);

  std::vector<std::shared_ptr<const LiveRing>> rings_;  ///< sorted by id
  std::vector<Missing> missing_;
  std::vector<SecretId> unread_;
  std::vector<KidClash> clashes_;
  std::uint64_t generation_ = 0;
};
using RealmRingsPtr = std::shared_ptr<const RealmRings>;

/// The reason of an ID whose key was reported compromised and has no successor yet: what it made
/// before is refused, and nothing is made until an operator publishes another one.
inline constexpr const char* kNoSuccessor = "no_successor";

}  // namespace signet::secrets
