#pragma once
// secrets/keeper: the only wet door to keys. Keeps the rings of every realm fresh, remembers the
// life of every key in storage, and never lets a key sign before verifiers know it nor go before
// its tokens.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "secrets/keeper/store_meter.h"
#include "secrets/key_ring.h"
#include "secrets/mapping.h"
#include "secrets/resolve.h"
#include "secrets/rotation.h"
#include "secrets/stores/store.h"
#include "storage/storage.h"

namespace signet::secrets {

/// A store as configured, with its mappings.
struct ConfiguredStore {
  std::shared_ptr<Store> store;
  RealmName realm;  ///< empty: global
  std::vector<Mapping> mappings;
};

/// One key of a ring with its remembered life. Immutable but for the horizon, which only grows.
struct RingEntry {
  Secret secret;
  KeyHistory history;
  KeyState state;
};

/// The keys of one ID in one realm, ready to use. Immutable snapshot.
struct LiveRing {
  SecretId id;
  RealmName realm;                 ///< whose journal holds the keys; empty: the global ring, shared
  KeyRingPtr ring;                 ///< never null; active first
  std::vector<RingEntry> entries;  ///< all that are published: active, prepared, passive, lost
  std::optional<KeyId> waiting;    ///< a key that will become active by itself
  std::optional<Instant> waiting_until;
  std::vector<Skipped> skipped;
  bool degraded = false;  ///< a store behind it is out of reach, or a key was lost
  /// False where only public halves are left: the ring verifies, its active() cannot sign.
  bool can_sign = true;
  bool activated_early = false;  ///< the active key was not published for long enough: nothing else
                                 ///< could sign (this state lasts until the next change)
  std::vector<KeyId> lost;       ///< keys of living tokens that the stores no longer hold
  /// The horizon of the active key, in seconds since 1970: a token that lives longer needs
  /// Keeper::raise_horizon first.
  std::shared_ptr<std::atomic<std::int64_t>> active_horizon;
};

/// All rings of one realm (global IDs included) at one moment. Immutable; take one per request.
class RealmRings {
 public:
  /// Null if the ID has no usable secret; why() then says what was asked and found.
  const LiveRing* find(const SecretId& id) const;
  const Error& why(const SecretId& id) const;
  const std::vector<std::shared_ptr<const LiveRing>>& all() const { return rings_; }
  std::uint64_t generation() const { return generation_; }
  bool degraded() const;

 private:
  friend class Keeper;
  std::vector<std::shared_ptr<const LiveRing>> rings_;  ///< sorted by id
  std::vector<std::pair<SecretId, Error>> missing_;
  std::uint64_t generation_ = 0;
};
using RealmRingsPtr = std::shared_ptr<const RealmRings>;

struct StoreHealth {
  StoreName name;
  RealmName realm;
  bool ok = false;
  std::string detail;  ///< why not
  Instant last_good{};
  Instant lease_until{};
};

/// What asking a store came to since start, for metrics.
struct StoreCalls {
  StoreName name;
  RealmName realm;
  StoreMeter::Outcomes outcomes{};
  double seconds = 0;  ///< spent waiting, all calls together
};

struct KeeperOptions {
  RotationPolicy policy;
  Seconds refresh_every{10};
  Seconds lease{24 * 3600};  ///< last good secrets of an unreachable store serve this long
  Milliseconds store_timeout{5000};
  /// A store that cannot be reached is asked less and less, down to this, while its lease serves.
  Seconds backoff_most{60};
  std::shared_ptr<Random> random;     ///< for the jitter of it; null: none
  Milliseconds box_timeout{5000};     ///< one signature or check by a remote key
  bool allow_shared_aliases = false;  ///< one alias may sign and decrypt: for legacy set-ups only
  Seconds horizon_step{600};          ///< how far ahead horizons are raised, to write rarely
};

class Keeper {
 public:
  Keeper(std::shared_ptr<storage::Storage> storage, std::shared_ptr<Clock> clock,
         KeeperOptions options);
  ~Keeper();

  /// Replaces the stores and mappings (configuration, `secrets map`), then refreshes. Mapping
  /// documents in storage win over configured mappings. "store_name_taken", "mapping_two_purposes".
  Task<Done> configure(std::vector<ConfiguredStore> stores);
  /// Re-reads what changed and re-lines the rings of the realms in use. Fails only where nothing
  /// could be done at all; outages show in health() and in LiveRing::degraded. Asks every store,
  /// whatever failed before: for an operator who wants it now.
  Task<Done> refresh();
  /// The same on schedule: leaves alone for a while what could not be reached lately.
  Task<Done> refresh_due();
  /// The rings of a realm, resolved on first use and kept. Never null on success.
  Task<RealmRingsPtr> rings(RealmName realm);
  /// The same without waiting: null if the realm was not resolved yet. Any thread, no lock held.
  RealmRingsPtr rings_now(const RealmName& realm) const;
  /// Changes whenever any ring changed; one relaxed load.
  std::uint64_t generation() const;
  /// Makes sure that tokens of the active key may live until `expires`, durably.
  Task<Done> raise_horizon(std::shared_ptr<const LiveRing> ring, Instant expires);

  /// The signature of the ring's active key, made in its box and checked here, within
  /// KeeperOptions::box_timeout. Every failure names store and alias: what the box says; kTimeout
  /// "store_timeout"; kUnavailable "box_paused" where it failed again and again and is left alone
  /// for a moment; kConfig "box_signature_wrong" where another key made it than the one published.
  Task<Bytes> sign_in_box(std::shared_ptr<const LiveRing> ring, jose::JwsAlg alg,
                          Bytes signing_input) const;
  /// The same for checking a MAC: kDenied "jws_signature_invalid" where it is wrong.
  Task<Done> verify_in_box(Secret secret, jose::JwsAlg alg, Bytes signing_input,
                           Bytes signature) const;

  /// The steps of a rotation by hand, on a mappable store; each writes the mapping document, the
  /// key's history and an audit event in one transaction, then refreshes. Also fail with
  /// "store_unknown", "store_not_mappable", "mapping_scope", "mapping_two_purposes",
  /// "alias_unknown", "alias_mapped", "alias_not_mapped", "retirement_last_key", and what
  /// check_fits says.
  struct StepRequest {
    RealmName realm;  ///< whose ring; empty: global
    StoreName store;
    SecretId id;
    Alias alias;
    bool force = false;
    std::string actor;
  };
  Task<Done> publish(StepRequest step);   ///< alias joins at the end of the mapping
  Task<Done> activate(StepRequest step);  ///< alias moves to the front; "activation_too_early"
  Task<Done> retire(StepRequest step);  ///< alias leaves; "retirement_too_early" with seconds left
  /// Sets the whole list (the console's drag and drop); refused like the steps it amounts to.
  Task<Done> map(RealmName realm, StoreName store, Mapping mapping, bool force, std::string actor);
  Task<std::vector<Mapping>> mappings(RealmName realm, StoreName store) const;

  std::vector<StoreHealth> health() const;
  std::vector<StoreCalls> store_calls() const;
  const RotationPolicy& policy() const;
  /// A store by name, for administration; null if unknown.
  std::shared_ptr<Store> store(const RealmName& realm, const StoreName& name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace signet::secrets
