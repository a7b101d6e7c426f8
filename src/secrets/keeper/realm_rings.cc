// The rings of one realm: its own, and the global ones where it has none.

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "secrets/keeper/kid_clashes.h"
#include "secrets/keeper/state.h"
#include "secrets/key_sets.h"

namespace signet::secrets {
namespace {

constexpr const char* kGlobalUseId = "used";

Error not_mapped(const SecretId& id, const RealmName& realm, const std::string& asked) {
  return {Code::kConfig, "secret_not_mapped",
          "no store holds " + id.str() +
              (realm.empty() ? std::string(" globally") : " for realm " + realm.str()) +
              (asked.empty() ? std::string("; there are no stores") : "; asked: " + asked)};
}

Error only_public_halves(const SecretId& id, const std::string& asked) {
  return {Code::kConfig, "no_active_key",
          id.str() + " has only public halves left, which sign nothing; asked: " + asked +
              ": bring a key back, or publish another"};
}

Error lost_to_a_compromise(const SecretId& id, const std::string& asked) {
  return {Code::kUnavailable, kNoSuccessor,
          "the key of " + id.str() +
              " was reported compromised, and of the others only public halves are left, which "
              "sign nothing; asked: " +
              asked + ": publish another one"};
}

/// When the first secret begins that its store keeps back now; nothing where there is none.
std::optional<Instant> begins_at(const Found& found, Instant now) {
  std::optional<Instant> first;
  for (const auto& secret : found.all) {
    const auto& begins = secret.not_before;
    if (begins && *begins > now && (!first || *begins < *first)) first = begins;
  }
  return first;
}

Error not_signing_yet(const LiveRing& ring) {
  return {Code::kUnavailable, "first_key_waiting",
          "the first key of " + ring.id.str() + " is published and signs from " +
              to_rfc3339(*ring.waiting_until) +
              " on, if every live instance publishes it: until then verifiers may have a JWKS "
              "without it (activate it with --force where none has)"};
}

/// The first key of an ID that is to sign.
struct FirstKey {
  SecretId id;
  KeyId kid;  ///< empty: none is to sign
};
FirstKey first_of(const SecretId& id, const Found& found, const CompromisedKeys& compromised) {
  for (const Secret& secret : found.resolution.ordered) {
    if (can_be_active(secret) && compromised.check(secret).ok()) return {id, secret.kid};
  }
  return {id, KeyId()};
}

/// Whether somebody may have a copy of the JWKS without the first key of the ID: copies are kept
/// since other keys were in it for longer than a start takes, and this one was not among them.
/// `own`: the journal of the ring; `other`: what else is in that JWKS.
bool may_be_cached(const Journal& own, const Journal& other, const FirstKey& key,
                   const RotationPolicy& policy, Instant now) {
  const auto& [id, kid] = key;
  std::optional<Instant> first = own.first_published_beside(id);
  const auto shared = other.first_published_beside(id);
  if (!first || (shared && *shared < *first)) first = shared;
  if (!first || now < *first + RotationPolicy::kFirstStart) return false;
  if (kid.empty()) return true;
  const Instant begun = *first + RotationPolicy::kFirstStart - Seconds(1);
  const Instant known_to_all = std::max(now - policy.publish_ahead, begun);
  const JournalEntry* entry = find_entry(own.entries(id), kid);
  const bool was_there = entry != nullptr && entry->history.published.value_or(now) <= begun;
  return !was_there && !own.has_published_beside(id, kid, known_to_all) &&
         !other.has_published_beside(id, kid, known_to_all);
}

/// Whether the ID has a key that signs and whose public half others verify with.
bool has_public_signer(const Found& found, const CompromisedKeys& compromised) {
  const auto& ordered = found.resolution.ordered;
  return std::any_of(ordered.begin(), ordered.end(), [&](const Secret& secret) {
    return can_be_active(secret) && has_public_half(secret) && compromised.check(secret).ok();
  });
}

/// Of global first keys the IDs that somebody may have a copy of a JWKS without: that of a realm
/// which has keys of its own for other IDs, and goes by the global ones for this one.
Task<std::set<SecretId>> cached_without(std::shared_ptr<storage::Storage> storage,
                                        std::set<RealmName> realms, std::vector<FirstKey> keys,
                                        Journal global, RotationPolicy policy, Instant now) {
  std::set<SecretId> out;
  for (const auto& realm : realms) {
    if (keys.empty()) break;
    CO_TRY(const std::vector<storage::KeyRecord> records, co_await storage->keys(realm));
    CO_TRY(const Journal own, Journal::of(records));
    std::erase_if(keys, [&](const FirstKey& key) {
      const bool is_cached =
          own.entries(key.id).empty() && may_be_cached(global, own, key, policy, now);
      if (is_cached) out.insert(key.id);
      return is_cached;
    });
  }
  co_return out;
}

}  // namespace

Task<bool> Keeper::State::has_used_global(RealmName realm) {
  if (users_of_global.contains(realm)) co_return true;
  CO_TRY(const std::optional<storage::Document> document,
         co_await storage->document(kGlobalUseKind, realm, kGlobalUseId));
  if (document) users_of_global.insert(realm);
  co_return document.has_value();
}

Task<Done> Keeper::State::remember_use_of_global(RealmName realm) {
  CO_TRY(const bool is_known, co_await has_used_global(realm));
  if (is_known) co_return Done{};
  storage::PutDocument put;
  put.document.kind = kGlobalUseKind;
  put.document.realm = realm;
  put.document.id = kGlobalUseId;
  put.document.text = "{}";
  storage::Transaction transaction;
  transaction.push_back(std::move(put));
  CO_TRY(co_await storage->commit(std::move(transaction)));
  users_of_global.insert(realm);
  co_return Done{};
}

Task<Done> Keeper::State::add_realm(RealmName realm, std::shared_ptr<RealmMap> next) {
  const RealmRingsPtr global = next->find(RealmName());
  if (!realm.empty() && !global) {
    co_return Error{Code::kUnavailable, "global_rings_missing",
                    "the global key rings could not be made"};
  }
  const auto current = realms.load();
  const RealmRingsPtr old = current->find(realm);
  const bool was_shared = old && old == current->find(RealmName());
  if (!realm.empty() && was_shared && !has_stores(realm)) {
    next->put(realm, global);
    co_return Done{};
  }
  if (!compromised.is_loaded()) {
    CO_TRY(co_await compromised.load(storage));
  }
  CO_TRY(const Journal remembered, co_await journal(realm));
  if (!realm.empty() && !has_stores(realm) && remembered.is_empty()) {
    CO_TRY(co_await remember_use_of_global(realm));
    next->put(realm, global);
    co_return Done{};
  }
  Journal global_journal;
  if (!realm.empty()) {
    CO_TRY(const bool used_global, co_await has_used_global(realm));
    if (used_global) {
      CO_TRY(global_journal, co_await journal(RealmName()));
    }
  }
  bool uses_global = false;
  std::vector<std::string> names;
  for (const std::size_t place : places_of(realm))
    names.push_back(stores[place]->name().str());
  if (!realm.empty()) {
    for (const std::size_t place : places_of(RealmName()))
      names.push_back(stores[place]->name().str());
  }
  const std::string asked = join(names, ", ");

  Status outcome = Done{};
  auto rings = std::make_shared<RealmRings>();
  const Instant now = clock->now();
  const std::set<SecretId> ids = ids_of(realm);
  std::set<SecretId> stale_elsewhere;
  if (realm.empty()) {
    // Few IDs at a time have keys and never signed, so that the other journals are rarely read.
    std::vector<FirstKey> first_keys;
    for (const auto& id : ids) {
      const auto place = published_place(id);
      const bool is_fetched = place && place->published->use == jose::KeyUse::kSig;
      if (!is_fetched || remembered.has_signed(id)) continue;
      const Found found = find(realm, id, now);
      if (has_public_signer(found, compromised))
        first_keys.push_back(first_of(id, found, compromised));
    }
    if (!first_keys.empty()) {
      std::set<RealmName> others;
      for (const auto& [name, indices] : places)
        others.insert(name);
      current->for_each([&](const RealmName& name, const RealmRingsPtr& in_use) {
        if (in_use != old) others.insert(name);
      });
      others.erase(RealmName());
      CO_TRY(stale_elsewhere,
             co_await cached_without(storage, std::move(others), std::move(first_keys), remembered,
                                     options.policy, now));
    }
  }
  for (const auto& id : ids) {
    Found found = find(realm, id, now);
    // A realm that once had keys of its own, and lost them, goes on with the global ones in its own
    // journal: what it makes with them is remembered there when it has keys of its own again.
    const bool is_own =
        realm.empty() || found.resolution.from_realm || !remembered.entries(id).empty();
    Shared shared;
    if (!realm.empty()) shared.ring = global->own(RealmName(), id);
    if (!is_own) {
      const bool blocked = found.resolution.blocked_by.has_value();
      if (found.resolution.is_unread) rings->unread_.push_back(id);
      if (shared.ring && (!blocked || !shared.ring->can_sign)) {
        rings->rings_.push_back(shared.ring);
        uses_global = true;
      }
      if (blocked || !shared.ring) {
        const Error& why = blocked ? *found.resolution.outage : global->why(id);
        const bool is_unmapped = why.is("secret_not_mapped");
        rings->lack(id, is_unmapped ? not_mapped(id, realm, asked) : why,
                    blocked ? std::nullopt : global->signs_from(id));
      } else if (!shared.ring->can_sign) {
        rings->lack(id, global->why(id), global->signs_from(id));
      }
      continue;
    }
    if (!found.is_asked && !remembered.has_living(id)) {
      rings->lack(id, not_mapped(id, realm, asked));
      continue;
    }
    shared.entries = global_journal.entries(id);
    shared.has_stale_jwks = !remembered.has_signed(id) &&
                            (stale_elsewhere.contains(id) ||
                             may_be_cached(remembered, global_journal,
                                           first_of(id, found, compromised), options.policy, now));
    const auto before = old ? old->own(realm, id) : nullptr;
    const std::optional<Error> blocked_by = found.resolution.outage;
    const std::optional<Instant> begins = begins_at(found, now);
    if (found.resolution.is_unread) rings->unread_.push_back(id);
    auto lined = co_await line(realm, id, std::move(found), remembered.entries(id),
                               std::move(shared), before);
    if (lined.ok()) {
      const bool can_sign = (*lined)->can_sign;
      const LiveRing& ring = *rings->rings_.emplace_back(std::move(lined).value());
      if (blocked_by) {
        rings->lack(id, *blocked_by);
      } else if (!can_sign && ring.waiting) {
        rings->lack(id, not_signing_yet(ring), ring.waiting_until);
      } else if (!can_sign && ring.lacks_successor) {
        rings->lack(id, lost_to_a_compromise(id, asked), begins);
      } else if (!can_sign) {
        rings->lack(id, only_public_halves(id, asked));
      }
      continue;
    }
    // What only storage refused must not take the ring from its users.
    const bool is_storage = lined.error().is(kJournalFailed);
    if (is_storage) outcome = lined.error();
    if (is_storage && before) {
      rings->rings_.push_back(before);
    } else {
      const bool lacks_successor = lined.error().is(kNoSuccessor);
      rings->lack(id, std::move(lined).error(), lacks_successor ? begins : std::nullopt);
    }
  }
  if (uses_global) {
    CO_TRY(co_await remember_use_of_global(realm));
  }
  const bool is_same = old && old->rings_ == rings->rings_ && old->unread_ == rings->unread_ &&
                       old->missing_.size() == rings->missing_.size() &&
                       std::equal(old->missing_.begin(), old->missing_.end(),
                                  rings->missing_.begin(), [](const auto& a, const auto& b) {
                                    return a.id == b.id && a.why.detail == b.why.detail;
                                  });
  for (const auto& [id, error, until] : rings->missing_) {
    if (error.reason == std::string_view("secret_not_mapped")) continue;
    if (old && !is_same && old->why(id).detail != error.detail)
      log::failure("secret_missing", error, {{"id", id.str()}, {"realm", realm.str()}});
  }
  if (is_same) {
    next->put(realm, old);
  } else {
    rings->clashes_ = secrets::kid_clashes(realm, rings->rings_);
    rings->generation_ = generation.load() + 1;
    next->put(realm, std::move(rings));
  }
  if (!outcome.ok()) {
    log::failure("journal_unwritten", outcome.error(), {{"realm", realm.str()}});
    last_refresh = outcome;
  }
  co_return Done{};
}

}  // namespace signet::secrets
