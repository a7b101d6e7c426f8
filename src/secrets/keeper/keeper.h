#pragma once
// secrets/keeper: the only wet door to keys. Keeps the rings of every realm fresh, remembers the
// life of every key in storage, and never lets a key sign before verifiers know it nor go before
// its tokens.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "secrets/keeper/instances.h"
#include "secrets/keeper/live_ring.h"
#include "secrets/keeper/store_meter.h"
#include "secrets/mapping.h"
#include "secrets/stores/store.h"
#include "storage/storage.h"

namespace signet::secrets {

/// A store as configured, with its mappings.
struct ConfiguredStore {
  std::shared_ptr<Store> store;
  RealmName realm;  ///< empty: global
  std::vector<Mapping> mappings;
  /// The mappings are the store's defaults: one of which the store has no alias is none.
  bool may_lack_mapped = false;
};

struct StoreHealth {
  StoreName name;
  RealmName realm;
  bool ok = false;
  std::string detail;  ///< why not
  std::vector<std::string>
      warnings;           ///< Store::warnings(): nothing failed, but somebody should know
  Instant last_good{};    ///< the first of all times: never
  Instant lease_until{};  ///< the same
};

/// What asking a store came to since start, for metrics.
struct StoreCalls {
  StoreName name;
  RealmName realm;
  StoreMeter::Outcomes outcomes{};
  double seconds = 0;  ///< spent waiting, all calls together
  /// The same of what its keys in boxes were asked: signatures, checks, unwrappings.
  StoreMeter::Outcomes key_outcomes{};
  double key_seconds = 0;
};

struct KeeperOptions {
  RotationPolicy policy;
  Seconds refresh_every{10};
  Seconds lease{24 * 3600};  ///< last good secrets of an unreachable store serve this long
  Milliseconds store_timeout{5000};
  /// A store that cannot be reached is asked less and less, down to this, while its lease serves.
  Seconds backoff_most{60};
  std::shared_ptr<Random> random;        ///< for the jitter of it; null: none
  Milliseconds unknown_kid_pause{5000};  ///< between refreshes for unknown keys, at least
  Milliseconds box_timeout{5000};        ///< one signature or check by a remote key
  bool allow_shared_aliases = false;  ///< one alias may sign and decrypt: for legacy set-ups only
  Seconds horizon_step{600};          ///< how far ahead horizons are raised, to write rarely
  InstanceInfo instance;  ///< who this is among the instances; without an id it is alone
};

class Keeper {
 public:
  Keeper(std::shared_ptr<storage::Storage> storage, std::shared_ptr<Clock> clock,
         KeeperOptions options);
  ~Keeper();

  /// Replaces the stores and mappings (configuration, `secrets map`), then refreshes. Mapping
  /// documents in storage win over configured mappings. "store_name_taken", "mapping_two_purposes";
  /// after that as refresh() does, but for what could not be told to other instances.
  /// `expected`: realms to resolve now and at each refresh; others are at their first use.
  Task<Done> configure(std::vector<ConfiguredStore> stores, std::vector<RealmName> expected = {});
  /// Re-reads what changed and re-lines the rings of the realms in use. Fails where storage could
  /// not be read or written, after it has done what could be done; what was known before serves on.
  /// Outages of stores are no failure: they show in health() and in LiveRing::degraded. Asks every
  /// store, whatever failed before, and for what is there now (Store::forget_cached()): for an
  /// operator who wants it now.
  Task<Done> refresh();
  /// The same on schedule: leaves alone for a while what could not be reached lately.
  Task<Done> refresh_due();
  /// A token names a key that is in no ring here: it may be another instance's newest, of which no
  /// notice came. Refreshes as refresh_due() does, but by what stores hold now, or waits for such a
  /// refresh that is under way and ends as it does; but does nothing within
  /// KeeperOptions::unknown_kid_pause after one, so that made-up names cannot hammer a store. If
  /// the last refresh failed it fails likewise then: the key may well be one of the cluster's.
  Task<Done> refresh_for_unknown();
  /// Whether it would do anything now, or fail. Any thread.
  bool may_refresh_for_unknown() const;
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

  /// The steps of a rotation by hand, on a mappable store; each asks the store for the aliases of
  /// the list, writes the mapping document, the key's history and an audit event in one
  /// transaction, then makes the rings anew. No other store is waited for. Also fail with
  /// "store_unknown", "store_not_mappable", "mapping_scope", "mapping_two_purposes",
  /// "alias_unknown", "alias_mapped", "alias_not_mapped", "kid_reused", "retirement_last_key", and
  /// what check_fits says.
  struct StepRequest {
    RealmName realm;  ///< whose ring; empty: global
    StoreName store;
    SecretId id;
    Alias alias;
    bool force = false;
    std::string actor;
    bool dry_run = false;  ///< only says whether it would be refused
  };
  Task<Done> publish(StepRequest step);  ///< alias joins at the end of the mapping
  /// alias moves to the front; "activation_too_early", or "activation_unready" naming the live
  /// instances that do not publish it yet
  Task<Done> activate(StepRequest step);
  /// alias leaves; "retirement_too_early" with seconds left, "retirement_of_active" where waiting
  /// would not help: another one has to be activated first
  Task<Done> retire(StepRequest step);
  /// Somebody else may have this key: from now on it signs and verifies nothing, in no realm and
  /// under no name, whatever stores and mappings say, on every instance after its next refresh. The
  /// next ready key signs in its place, in every ring that held it; failing that one that is not
  /// ready, or a new one where the store makes keys; failing that nothing. "key_unknown".
  struct CompromiseRequest {
    RealmName realm;  ///< whose ring; empty: global
    SecretId id;
    KeyId kid;
    std::string actor;
  };
  struct CompromiseReport {
    KeyHistory history;  ///< until now
    Alias alias;
    StoreName store;
    RealmName store_realm;  ///< whose store; empty: a global one
    /// That held it on this instance, each once; without a realm: the global ones.
    std::vector<std::pair<RealmName, SecretId>> rings;
    std::vector<std::pair<RealmName, SecretId>> silent;  ///< of these, where nothing signs any more
    std::optional<KeyId> successor;  ///< what signs now; nothing: signing is refused
    bool is_early = false;           ///< verifiers may not know the successor yet
    std::optional<Error> warning;    ///< what did not work after the key was gone
  };
  Task<CompromiseReport> compromise(CompromiseRequest request);
  /// It was a mistake: the key is retired from now on, and may be published again. Audited.
  /// "key_unknown", "key_not_compromised", "compromise_under_other_kid".
  Task<Done> undo_compromise(CompromiseRequest request);

  /// Sets the whole list (the console's drag and drop); refused like the steps it amounts to.
  Task<Done> map(RealmName realm, StoreName store, Mapping mapping, bool force, std::string actor,
                 bool dry_run = false);
  struct Undone {
    std::vector<Alias> aliases;  ///< the list as it is now
    /// Why the key that signed before does not sign again yet, although it verifies again; nothing
    /// where all is as it was.
    std::optional<Error> not_first;
  };
  /// Takes back the last change of the list behind `step.id`, by whichever of the calls above; done
  /// twice it is the change again. Keys that had gone are published again, so that what they made
  /// verifies. "mapping_unchanged" where none is known, "mapping_changed_since", and what the steps
  /// refuse.
  Task<Undone> undo_map(StepRequest step);
  Task<std::vector<Mapping>> mappings(RealmName realm, StoreName store) const;

  /// Tells the other instances that this one lives; to be called each `refresh_every` from a thread
  /// that nothing holds up, since a refresh may wait for slow stores.
  Task<Done> beat();
  /// The last call: the others wait only for what of this instance may still be cached.
  Task<Done> leave();
  /// Writes down how often keys were used here; now and then, and at the end.
  Task<Done> flush_usage();
  /// The uses of the keys of a ring over all instances, by kid; `realm` is that of the ring.
  Task<std::map<KeyId, UseTotals>> usage(RealmName realm, SecretId id) const;
  /// Nothing without an instance id.
  std::vector<InstanceStatus> instances() const;
  /// Whether others may keep copies of what this instance publishes now, or not, since the other
  /// instances may go on without asking this one (Instances). Any thread.
  bool copies_may_be_kept() const;
  /// Why not, in words; empty where they may.
  std::string why_no_copies() const;
  /// The last step of this instance's clock that a refresh noticed: somebody set it.
  std::optional<ClockWatch::Step> clock_step() const;
  /// The live instances that a prepared key waits for, in words; `realm` is that of its ring.
  std::vector<std::string> missing(const RealmName& realm, const SecretId& id,
                                   const KeyId& kid) const;

  /// The IDs of the realms in use whose store could not be read since the start: an instance that
  /// serves without them could not sign with them, nor would its JWKS hold their keys.
  struct Unread {
    RealmName realm;  ///< empty: all realms that have no store of their own for it
    SecretId id;
    Error why;
  };
  std::vector<Unread> unread() const;

  /// Each ring of the realms in use once, where its keys are remembered: the global ones under no
  /// realm. A copy keeps the keys of its rings alive, so let go of it soon.
  std::vector<std::shared_ptr<const LiveRing>> rings_in_use() const;

  /// Different keys under one kid in the realms in use; those among the global ones once, under no
  /// realm.
  std::vector<std::pair<RealmName, KidClash>> kid_clashes() const;

  /// Rings with keys that living tokens name and no store holds, and those whose active key signs
  /// before caches can know it; each ring once, with the realm whose journal holds its keys.
  std::vector<std::shared_ptr<const LiveRing>> troubled_rings() const;

  std::vector<StoreHealth> health() const;
  std::vector<StoreCalls> store_calls() const;
  /// As the clocks of this instance and of the others are at this moment: see
  /// RotationPolicy::clock_ahead.
  RotationPolicy policy() const;
  /// A store by name, for administration; null if unknown.
  std::shared_ptr<Store> store(const RealmName& realm, const StoreName& name) const;
  /// What a store says at this moment, within KeeperOptions::store_timeout: as Store::fetch(),
  /// Store::aliases() and Store::probe(); kNotFound "store_unknown", kTimeout "store_timeout".
  Task<std::vector<Secret>> fetch(RealmName realm, StoreName name, Alias alias) const;
  Task<std::vector<Alias>> aliases(RealmName realm, StoreName name) const;
  Task<Done> probe(RealmName realm, StoreName name) const;
  /// Has a store make a key like `model`, a key to come after `model`, or a version, within two
  /// minutes: as KeyMaker::make_like(), make_successor() (successor.h) and
  /// VersionMaker::make_version(); "store_makes_no_keys", kTimeout "store_timeout". What is late is
  /// made all the same.
  Task<Secret> make_like(RealmName realm, StoreName name, Alias alias, Secret model) const;
  Task<Secret> make_successor(RealmName realm, StoreName name, Secret model) const;
  Task<Done> make_version(RealmName realm, StoreName name, Alias alias, std::string after) const;

 private:
  /// Whether the ring has a key that signs.
  bool signs_now(const RealmName& realm, const SecretId& id) const;
  /// Makes a key like the one of `before` that is lost, and publishes it.
  Task<Done> replace(CompromiseRequest request, std::shared_ptr<const LiveRing> before);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace signet::secrets
