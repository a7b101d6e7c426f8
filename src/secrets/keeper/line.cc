// From what the stores hold and the journal remembers to one live ring.

#include <algorithm>

#include "base/text.h"
#include "secrets/keeper/global_keys.h"
#include "secrets/keeper/live_ring.h"
#include "secrets/keeper/state.h"
#include "storage/document_pages.h"

namespace signet::secrets {
namespace {

/// Whether living tokens may name a key that signed.
bool may_be_in_tokens(const KeyHistory& history, const RotationPolicy& policy, Instant now) {
  return history.activated &&
         (history.state == KeyState::kActive ||
          (history.state == KeyState::kPassive && now < forgotten_at(history, policy)));
}

bool is_key_of(const JournalEntry& entry, const Secret& secret) {
  if (entry.public_jwk.empty() || !secret.key || !secret.key->jwk().public_key()) return false;
  const auto remembered = jose::Jwk::parse(entry.public_jwk);
  return remembered.ok() && remembered->public_key() &&
         *remembered->public_key() == *secret.key->jwk().public_key();
}

/// The secret under a kid that it had; the one in the ring until now if it is the same, with all
/// that was prepared in it.
Secret under_former_kid(const Secret& secret, const KeyId& kid, const LiveRing* before) {
  const RingEntry* last = before != nullptr ? before->find(kid) : nullptr;
  Secret former = secret.under_kid(kid);
  if (last == nullptr || last->secret.kind != former.kind || !last->secret.key) return former;
  const jose::Key& known = *last->secret.key;
  const bool is_same =
      same_material(last->secret, former) && known.is_remote() == former.key->is_remote() &&
      known.allowed() == former.key->allowed() && known.jwk().use() == former.key->jwk().use() &&
      known.jwk().alg() == former.key->jwk().alg() &&
      known.jwk().key_ops() == former.key->jwk().key_ops();
  if (is_same) former.key = last->secret.key;
  return former;
}

/// A key that got a kid of the operator's is held under the one that its living tokens name as
/// well: it signs and verifies under that as before, until verifiers know the new one. So is a key
/// that has its old kid again after that was retired, which else nobody would sign with.
void add_former_kids(const std::vector<JournalEntry>& entries, const RotationPolicy& policy,
                     Instant now, const LiveRing* before, Candidates& candidates) {
  std::vector<Secret> former;
  for (const auto& secret : candidates.secrets) {
    const JournalEntry* own = find_entry(entries, secret.kid);
    const bool is_given_up = own != nullptr && own->history.state == KeyState::kRetired;
    if (!secret.is_kid_chosen && !is_given_up) continue;
    for (const auto& entry : entries) {
      const KeyId& kid = entry.history.kid;
      if (candidates.find(kid) == nullptr && may_be_in_tokens(entry.history, policy, now) &&
          is_key_of(entry, secret))
        former.push_back(under_former_kid(secret, kid, before));
    }
  }
  for (auto& secret : former) {
    if (candidates.find(secret.kid) == nullptr) candidates.secrets.push_back(std::move(secret));
  }
}

/// Whether this secret was in the place of `held` when the stores were read.
bool is_in_place_of(const Secret& held, const Secret& secret) {
  return secret.is_of(held.store_realm, held.store) && secret.alias == held.alias &&
         secret.version == held.version;
}

/// A key over which another one was written, under its own alias, is held on to while tokens may
/// name it: it signs until verifiers know the other one, as if that had been published behind it,
/// and opens what it made. In memory alone, so it counts as lost. What left its store, by a
/// deletion or as a version that was disabled, is gone.
void add_replaced(const SecretId& id, const Found& found, const std::vector<JournalEntry>& entries,
                  const CompromisedKeys& compromised, const RotationPolicy& policy, Instant now,
                  const LiveRing* before, Candidates& candidates) {
  if (before == nullptr) return;
  for (const RingEntry& entry : before->entries) {
    const Secret& held = entry.secret;
    const bool is_here = held.kind == SecretKind::kKeyPair || held.kind == SecretKind::kSymmetric;
    if (!is_here || candidates.find(held.kid) != nullptr) continue;
    const bool was_held_on_to = held.store.empty();
    const bool is_replaced =
        was_held_on_to || std::any_of(found.all.begin(), found.all.end(), [&](const auto& secret) {
          return is_in_place_of(held, secret);
        });
    const bool is_still_there =
        std::any_of(found.all.begin(), found.all.end(),
                    [&](const Secret& secret) { return secret.kid == held.kid; });
    const JournalEntry* known = find_entry(entries, held.kid);
    if (!is_replaced || is_still_there || known == nullptr) continue;
    if (!may_be_in_tokens(known->history, policy, now) || !check_usable(id, held, now).ok() ||
        !compromised.check(held).ok() || !check_same_as_remembered(held, entries).ok())
      continue;
    Secret kept = held;
    kept.alias = Alias();
    kept.store = StoreName();
    kept.store_realm = RealmName();
    kept.version.clear();
    candidates.replaced.push_back(kept.kid);
    candidates.secrets.push_back(std::move(kept));
  }
}

/// Usable secrets first; then those that the journal still needs and that a store behind the first
/// one holds, so that a realm's own mapping takes over from the global one without a break.
Candidates candidates_of(const SecretId& id, const Found& found,
                         const std::vector<JournalEntry>& entries,
                         const CompromisedKeys& compromised, const RotationPolicy& policy,
                         Instant now, const LiveRing* before) {
  Candidates out;
  out.skipped = found.resolution.skipped;
  out.skipped.insert(out.skipped.end(), found.unread.begin(), found.unread.end());
  for (const auto& secret : found.resolution.ordered) {
    Status same = compromised.check(secret);
    if (same.ok()) same = check_same_as_remembered(secret, entries);
    if (same.ok()) {
      out.secrets.push_back(secret);
    } else {
      out.skipped.push_back(
          {secret.store, secret.alias, secret.kid, std::move(same).error(), secret.store_realm});
    }
  }
  add_former_kids(entries, policy, now, before, out);
  for (const auto& secret : found.all) {
    if (secret.kid.empty() || out.find(secret.kid) != nullptr) continue;
    const JournalEntry* entry = find_entry(entries, secret.kid);
    if (entry == nullptr || !may_be_in_tokens(entry->history, policy, now)) continue;
    if (check_usable(id, secret, now).ok() && compromised.check(secret).ok() &&
        check_same_as_remembered(secret, entries).ok()) {
      out.secrets.push_back(secret);
    }
  }
  add_replaced(id, found, entries, compromised, policy, now, before, out);
  return out;
}

/// What one lineup writes: the changed histories with an audit event for each change of state.
void add_changes(const RealmName& realm, const SecretId& id, const Lineup& lineup,
                 const Candidates& candidates, const LiveRing* before, const RotationPolicy& policy,
                 Instant now, std::vector<JournalEntry>& entries,
                 storage::Transaction& transaction) {
  const auto audit = [&](const char* name, const KeyId& kid, bool is_early = false) {
    KeyEvent event;
    event.name = name;
    event.kid = kid;
    if (const Secret* secret = candidates.find(kid)) {
      event.alias = secret->alias;
      event.store = secret->store;
      event.store_realm = secret->store_realm;
    }
    event.is_early = is_early;
    if (name == std::string_view("key.activated")) event.publish_ahead = policy.publish_ahead;
    transaction.push_back(audit_key(realm, id, event, "signet", now));
  };
  for (const auto& change : lineup.changes) {
    auto entry = std::find_if(entries.begin(), entries.end(), [&](const JournalEntry& known) {
      return known.history.kid == change.kid;
    });
    if (entry == entries.end()) {
      JournalEntry fresh;
      fresh.history.kid = change.kid;
      const Secret* secret = candidates.find(change.kid);
      if (secret != nullptr) fresh.public_jwk = public_text(*secret);
      entry = entries.insert(entries.end(), std::move(fresh));
    }
    const KeyHistory old = std::exchange(entry->history, change);
    if (change.published && !old.published) audit("key.published", change.kid);
    if (change.state == old.state) continue;
    switch (change.state) {
      case KeyState::kActive:
        audit("key.activated", change.kid, lineup.activated_early);
        break;
      case KeyState::kPassive:
        audit("key.deactivated", change.kid);
        break;
      case KeyState::kRetired:
        audit("key.retired", change.kid);
        break;
      case KeyState::kPrepared:
      case KeyState::kCompromised:
        break;
    }
  }
  for (const auto& kid : lineup.lost) {
    const bool changed_now = std::any_of(lineup.changes.begin(), lineup.changes.end(),
                                         [&](const KeyHistory& key) { return key.kid == kid; });
    const bool was_there = before != nullptr && std::find(before->lost.begin(), before->lost.end(),
                                                          kid) == before->lost.end();
    if (changed_now || was_there) audit("key.lost", kid);
  }
}

Error journal_failed(const Error& error) {
  return {error.code, kJournalFailed, std::string(error.reason) + ": " + error.detail};
}

/// Whether the lineup takes another key, or none, for the one that the journal has as active.
bool ends_active(const std::vector<JournalEntry>& entries, const Lineup& lineup) {
  return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
    return entry.history.state == KeyState::kActive && entry.history.kid != lineup.active;
  });
}

/// The IDs that every realm may have keys for, by name.
const std::set<SecretId>& registered_ids() {
  static const std::set<SecretId> registered = [] {
    std::set<SecretId> ids;
    for (const auto& row : registry()) {
      if (!is_template(row) && row.purpose != Purpose::kPassword)
        ids.insert(SecretId::literal(row.name));
    }
    return ids;
  }();
  return registered;
}

bool any_signs(const std::vector<JournalEntry>& entries) {
  return std::any_of(entries.begin(), entries.end(), [](const JournalEntry& entry) {
    return entry.history.state == KeyState::kActive;
  });
}

}  // namespace

std::set<SecretId> Keeper::State::ids_of(const RealmName& realm) const {
  std::set<SecretId> ids = registered_ids();
  for (const std::size_t place : places_of(RealmName()))
    ids.merge(stores[place]->ids());
  if (!realm.empty()) {
    for (const std::size_t place : places_of(realm))
      ids.merge(stores[place]->ids());
  }
  return ids;
}

Found Keeper::State::find(const RealmName& realm, const SecretId& id, Instant now) {
  Found found;
  std::vector<StoreAnswer> of_realm, of_all;
  const SecretIdRow* row = find_row(id);
  const bool is_global = row != nullptr && row->scope == Scope::kGlobal;
  const auto ask = [&](const RealmName& level, std::vector<StoreAnswer>& answers) {
    for (const std::size_t place : places_of(level)) {
      const std::size_t known = found.unread.size();
      auto answer = stores[place]->answer(id, found.unread);
      for (std::size_t i = known; i < found.unread.size(); ++i)
        found.unread[i].store_realm = level;
      if (!answer) continue;
      answer->realm = level;
      found.is_asked = true;
      found.has_outage = found.has_outage || answer->outage.has_value();
      answers.push_back(std::move(*answer));
    }
  };
  if (!realm.empty() && !is_global) ask(realm, of_realm);
  ask(RealmName(), of_all);
  found.resolution = resolve(id, of_realm, of_all, now);
  for (const auto* level : {&of_realm, &of_all}) {
    for (const auto& answer : *level)
      found.all.insert(found.all.end(), answer.secrets.begin(), answer.secrets.end());
  }
  return found;
}

// The stores are not asked, since that may take its time. Mostly the order changed of what is
// known.
Task<bool> Keeper::State::reload_mapping(RealmName realm, SecretId id) {
  struct Change {
    StoreCache* store;
    std::vector<Alias> aliases;
  };
  const std::uint64_t number = ++questions;
  std::set<RealmName> levels;
  levels.insert(RealmName());
  levels.insert(realm);
  std::vector<Change> changes;
  const auto aliases_of = [](const StoreMappings& mappings, const SecretId& wanted) {
    const Mapping* mapping = mappings.find(wanted);
    return mapping != nullptr ? mapping->aliases : std::vector<Alias>();
  };
  for (const auto& level : levels) {
    if (!has_stores(level)) continue;
    CO_TRY(const std::vector<storage::Document> documents,
           co_await storage::all_documents(storage, kMappingKind, level));
    for (const std::size_t place : places_of(level)) {
      StoreCache* store = stores[place].get();
      const StoreMappingsPtr newest = store->mappings_by(documents);
      std::vector<Alias> aliases = aliases_of(*newest, id);
      if (aliases == aliases_of(store->all_mappings(), id)) continue;
      if (!store->has_read(aliases)) {
        co_return Error{Code::kUnavailable, kMappingUnread,
                        "store " + store->name().str() + " was not asked yet for what " + id.str() +
                            " is mapped to now"};
      }
      Change change{store, std::move(aliases)};
      changes.push_back(std::move(change));
    }
  }
  for (auto& [store, aliases] : changes)
    store->set_mapping(id, std::move(aliases), number);
  co_return !changes.empty();
}

Result<std::shared_ptr<const LiveRing>> Keeper::State::ring_behind(
    LiveRing ring, const Found& found, std::vector<JournalEntry> entries,
    std::shared_ptr<const LiveRing> before) {
  is_behind = true;
  // The journal may know of a compromise that was reported since the list was read.
  const auto is_trusted = [&](const RingEntry& entry) {
    const JournalEntry* known = find_entry(entries, entry.secret.kid);
    const bool is_refused = known != nullptr && known->history.state == KeyState::kCompromised;
    return !is_refused && compromised.check(entry.secret).ok();
  };
  if (before && std::all_of(before->entries.begin(), before->entries.end(), is_trusted))
    return before;
  mark_compromised(entries);
  const SecretId id = ring.id;
  const JournalEntry* signer = compromised_signer(entries);
  ring.lacks_successor = signer != nullptr;
  auto made = verifying_ring(std::move(ring), entries, std::move(before), usage);
  if (made.ok()) return made;
  Error why = nothing_usable(id, found);
  return signer != nullptr ? no_successor(id, *signer, why.detail) : why;
}

Task<std::shared_ptr<const LiveRing>> Keeper::State::line(RealmName realm, SecretId id, Found found,
                                                          std::vector<JournalEntry> entries,
                                                          Shared shared,
                                                          std::shared_ptr<const LiveRing> before) {
  LiveRing ring;
  ring.id = id;
  ring.realm = realm;
  ring.degraded = found.has_outage;
  const SecretIdRow* row = find_row(id);
  const bool has_life = row != nullptr && row->purpose != Purpose::kTrust;
  if (found.resolution.blocked_by) {
    mark_compromised(entries);
    auto made = verifying_ring(std::move(ring), entries, before, usage);
    if (!made.ok() || !has_life) co_return nothing_usable(id, found);
    co_return std::move(made).value();
  }
  if (!has_life) co_return without_journal(std::move(ring), found, before);

  bool is_mapping_fresh = false;
  for (int attempt = 0; attempt < kMaxConflicts; ++attempt) {
    storage::Transaction transaction;
    const bool is_inherited = entries.empty() && !realm.empty();
    if (is_inherited) entries = inherit(shared.entries);
    const std::vector<JournalEntry> loaded = entries;
    const Instant now = clock->now();
    const RotationPolicy rules = policy();
    for (const auto& kid : mark_compromised(entries)) {
      KeyEvent event;
      event.name = "key.compromised";
      event.kid = kid;
      transaction.push_back(audit_key(realm, id, event, "signet", now));
    }
    if (!realm.empty() && !found.resolution.from_realm) {
      found.resolution.ordered = followed(shared.ring.get(), found.resolution.ordered);
      publish_anew(found.resolution.ordered, compromised, entries);
    }
    const Candidates candidates =
        candidates_of(id, found, entries, compromised, rules, now, before.get());
    std::vector<KeyId> kids, verify_only;
    for (const auto& secret : candidates.secrets) {
      kids.push_back(secret.kid);
      if (!can_be_active(secret)) verify_only.push_back(secret.kid);
    }
    Neighbours neighbours;
    const bool is_public = std::any_of(
        candidates.secrets.begin(), candidates.secrets.end(),
        [](const Secret& secret) { return can_be_active(secret) && has_public_half(secret); });
    neighbours.has_stale_jwks =
        shared.has_stale_jwks && is_public && row->purpose == Purpose::kSigning;
    neighbours.publish = instances.published_by_neighbours(realm, id);
    for (const auto& kid : kids) {
      const JournalEntry* entry = find_entry(entries, kid);
      const bool is_prepared = entry == nullptr || entry->history.state == KeyState::kPrepared;
      if (is_prepared && !missing(realm, id, kid).empty()) neighbours.unready.push_back(kid);
    }
    Lineup lineup = line_up(kids, histories_of(entries), rules, now, verify_only, neighbours);
    lineup.lost.insert(lineup.lost.end(), candidates.replaced.begin(), candidates.replaced.end());
    take_horizons(loaded, shared.entries, lineup.changes);
    add_changes(realm, id, lineup, candidates, before.get(), rules, now, entries, transaction);
    // The mapping was read before the journal: another instance's operator may have changed both in
    // between, and what is wanted here would undo it.
    if (ends_active(loaded, lineup) && !std::exchange(is_mapping_fresh, true)) {
      const auto is_newer = co_await reload_mapping(realm, id);
      if (!is_newer.ok() && is_newer.error().is(kMappingUnread))
        co_return ring_behind(std::move(ring), found, loaded, before);
      if (!is_newer.ok()) co_return journal_failed(is_newer.error());
      if (*is_newer) {
        found = find(realm, id, clock->now());
        // Their ring is older than the mapping that this one follows.
        const bool follows_global = !realm.empty() && !found.resolution.from_realm;
        if (found.resolution.blocked_by || follows_global)
          co_return ring_behind(std::move(ring), found, loaded, before);
        entries = is_inherited ? std::vector<JournalEntry>() : loaded;
        continue;
      }
    }
    // Where none was active, two instances that choose different keys have to meet in some record.
    const bool writes_all = is_inherited || (lineup.active && !any_signs(loaded));
    for (auto& entry : entries) {
      const JournalEntry* old = find_entry(loaded, entry.history.kid);
      const bool is_changed = old == nullptr || !(old->history == entry.history) || writes_all;
      if (is_changed) transaction.push_back(put_key(realm, id, entry));
    }
    if (!transaction.empty()) {
      auto written = co_await storage->commit(std::move(transaction));
      if (!written.ok() && written.error().code == Code::kConflict) {
        // Another instance was first: what it decided counts.
        auto again = co_await journal(realm);
        if (!again.ok()) co_return journal_failed(again.error());
        entries = again->entries(id);
        is_mapping_fresh = false;
        continue;
      }
      if (!written.ok()) co_return journal_failed(written.error());
    }
    if (lineup.order.empty()) {
      found.resolution.skipped = candidates.skipped;
      found.unread.clear();  // they are among the skipped ones
      Error why = nothing_usable(id, found);
      const JournalEntry* signer = compromised_signer(entries);
      if (signer != nullptr) why = no_successor(id, *signer, why.detail);
      co_return why;
    }
    auto made = ring_of(ring, lineup, candidates, entries, before, usage);
    if (!made.ok()) co_return nothing_usable(id, found);
    co_return std::move(made).value();
  }
  co_return Error{Code::kConflict, kJournalFailed,
                  "other instances changed the keys of " + id.str() + " again and again"};
}

}  // namespace signet::secrets
