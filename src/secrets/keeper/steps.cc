// The steps of a rotation by hand: one transaction each, refused where anybody would suffer.

#include <algorithm>

#include "base/text.h"
#include "secrets/keeper/global_keys.h"
#include "secrets/keeper/mapping_document.h"
#include "secrets/keeper/state.h"
#include "secrets/keeper/step_plan.h"
#include "secrets/keeper/undo.h"

namespace signet::secrets {
namespace {

/// Each key once; entries without a kid have no life to plan.
void add_key(std::vector<Secret>& out, const Secret& secret) {
  const bool is_there = std::any_of(out.begin(), out.end(),
                                    [&](const Secret& other) { return other.kid == secret.kid; });
  if (!secret.kid.empty() && !is_there) out.push_back(secret);
}

storage::Change mapping_audit(const Keeper::StepRequest& step, const std::vector<Alias>& aliases,
                              Instant now) {
  storage::AuditEvent audit;
  audit.at = now;
  audit.realm = step.realm;
  audit.event = "mapping.changed";
  audit.actor = step.actor;
  json::Array list;
  for (const auto& alias : aliases)
    list.emplace_back(alias.str());
  json::ObjectWriter(audit.detail)
      .add("secret_id", step.id.str())
      .add("store", step.store.str())
      .add("aliases", json::Value(std::move(list)))
      .add("forced", step.force)
      .end();
  return storage::AppendAudit{std::move(audit)};
}

/// The mappings of the store as they would be.
Status check_purposes(const StoreCache& store, const SecretId& id,
                      const std::vector<Alias>& aliases, bool allow) {
  std::vector<Mapping> all;
  for (const auto& mapping : store.mappings()) {
    if (mapping.id != id) all.push_back(mapping);
  }
  all.push_back({id, aliases});
  return refuse_two_purposes(all, allow);
}

}  // namespace

Task<Done> Keeper::State::change_mapping(StepRequest step, ChangeList change) {
  for (int attempt = 0; attempt < kMaxConflicts; ++attempt) {
    auto done = co_await try_change(step, change);
    const bool is_overtaken = !done.ok() && done.error().is("revision_conflict");
    if (is_overtaken) continue;
    if (!done.ok()) co_return std::move(done).error();
    if (step.dry_run) co_return Done{};
    // What the other stores hold is known: a slow one must not keep an operator waiting.
    CO_TRY(const Gate::Pass pass, co_await gate.enter());
    co_return co_await refresh_rings(Stores::kAreKnown);
  }
  co_return Error{Code::kConflict, "revision_conflict",
                  "other instances changed this mapping again and again"};
}

Task<std::vector<JournalEntry>> Keeper::State::entries_for(StepRequest step) {
  CO_TRY(const Journal remembered, co_await journal(step.realm));
  std::vector<JournalEntry> entries = remembered.entries(step.id);
  if (step.realm.empty()) co_return entries;
  CO_TRY(const bool used_global, co_await has_used_global(step.realm));
  if (!used_global) co_return entries;
  CO_TRY(const Journal global, co_await journal(RealmName()));
  for (auto& entry : entries) {
    if (entry.history.state == KeyState::kActive)
      take_horizon(entry.history, global.entries(step.id));
  }
  co_return entries;
}

Task<Keeper::State::ListChangePtr> Keeper::State::plan_change(StepRequest step, ChangeList change) {
  CO_TRY(const Gate::Pass pass, co_await gate.enter());
  const StoreCache* store = find_store(step.realm, step.store);
  if (store == nullptr) co_return no_such_store(step.realm, step.store);
  if (store->is_self_naming()) {
    co_return Error{Code::kUnsupported, "store_not_mappable",
                    "in store " + step.store.str() + " the secret ID is the name"};
  }
  const SecretIdRow* row = find_row(step.id);
  if (row != nullptr && row->scope == Scope::kGlobal && !step.realm.empty()) {
    co_return Error{Code::kInvalid, "mapping_scope",
                    step.id.str() + " is global: map it in a global store"};
  }

  const std::string id = mapping_document_id(step.store, step.id);
  auto list = std::make_shared<ListChange>();
  list->contact = store->contact();
  CO_TRY(list->document, co_await storage->document(kMappingKind, step.realm, id));
  list->before = store->configured_aliases(step.id);
  if (list->document) {
    CO_TRY(const std::vector<Alias> stored, aliases_in(*list->document));
    list->before = store->store()->canonical(stored);
  }
  CO_TRY(const std::vector<Alias> wanted, change(list->before));
  list->after = store->store()->canonical(wanted);
  if (!list->after.empty()) {
    CO_TRY(Mapping::make(step.id, list->after, store->is_versioned()));
  }
  CO_TRY(check_purposes(*store, step.id, list->after, options.allow_shared_aliases));
  list->began = {clock->monotone(), clock->now()};
  list->number = ++questions;
  co_return list;
}

// What fails for the step fails there: here an alias may be one that leaves, and be gone already.
Task<Done> Keeper::State::ask_for_listed(StepRequest step, ListChangePtr list) {
  bool adds_any = false;
  std::vector<Alias> wanted = list->after;
  for (const auto& alias : list->after)
    adds_any |= std::find(list->before.begin(), list->before.end(), alias) == list->before.end();
  for (const auto& alias : list->before) {
    if (std::find(wanted.begin(), wanted.end(), alias) == wanted.end()) wanted.push_back(alias);
  }
  for (const auto& alias : wanted) {
    auto secrets = co_await fetch_from(list->contact, deadlines, options.store_timeout, alias);
    const bool is_needed =
        std::find(list->after.begin(), list->after.end(), alias) != list->after.end();
    if (!secrets.ok() && is_needed) co_return std::move(secrets).error();
    list->secrets.emplace(alias, std::move(secrets));
  }
  // A new key must have a kid of its own among all that the realm's stores hold.
  if (adds_any) {
    CO_TRY(co_await read_unused(step.realm));
  }
  co_return Done{};
}

Task<Done> Keeper::State::try_change(StepRequest step, ChangeList change) {
  CO_TRY(const ListChangePtr list, co_await plan_change(step, change));
  CO_TRY(co_await ask_for_listed(step, list));
  CO_TRY(const Gate::Pass pass, co_await gate.enter());
  StoreCache* store = find_store(step.realm, step.store);
  if (store == nullptr || store->store() != list->contact.store) {
    co_return Error{Code::kConflict, "revision_conflict",
                    "store " + step.store.str() + " was configured anew meanwhile"};
  }
  // Another step may have mapped an alias of this one meanwhile.
  CO_TRY(check_purposes(*store, step.id, list->after, options.allow_shared_aliases));
  CO_TRY(co_await compromised.load(storage));
  const std::vector<Alias>& before = list->before;
  const std::vector<Alias>& after = list->after;

  std::vector<Secret> keys_before, keys_after, keys_added, listed;
  for (const auto& alias : after) {
    const bool is_new = std::find(before.begin(), before.end(), alias) == before.end();
    const Result<std::vector<Secret>>& secrets = list->secrets.at(alias);
    if (secrets->empty() && is_new) {
      co_return Error{Code::kNotFound, "alias_unknown",
                      "store " + step.store.str() + " has no alias " + quoted(alias.view())};
    }
    const bool is_wanted = is_new || alias == step.alias;
    // Versions that were compromised stay in the store beside those that took their place.
    const bool may_skip = store->is_versioned() &&
                          std::any_of(secrets->begin(), secrets->end(), [&](const Secret& secret) {
                            return compromised.check(secret).ok();
                          });
    for (const auto& secret : *secrets) {
      Status fits = compromised.check(secret);
      if (!fits.ok() && may_skip) continue;
      if (fits.ok()) fits = check_fits(step.id, secret);
      if (!fits.ok() && is_wanted) co_return std::move(fits).error();
      if (!fits.ok()) continue;
      listed.push_back(secret);
      add_key(keys_after, secret);
      if (is_new) add_key(keys_added, secret);
    }
  }
  const auto current = realms.load();
  const RealmRingsPtr rings = current->find(step.realm);
  const LiveRing* ring = rings ? rings->find(step.id) : nullptr;
  for (const auto& alias : before) {
    for (const auto& known : keys_after) {
      if (known.alias == alias) add_key(keys_before, known);
    }
    if (std::find(after.begin(), after.end(), alias) != after.end()) continue;
    // An alias that leaves may be gone from the store already: what is remembered of it counts too.
    const Result<std::vector<Secret>>& secrets = list->secrets.at(alias);
    if (secrets.ok()) {
      for (const auto& secret : *secrets)
        add_key(keys_before, secret);
    }
    bool is_known = secrets.ok();
    if (ring != nullptr) {
      for (const auto& entry : ring->entries) {
        if (entry.secret.alias != alias || !entry.secret.is_of(step.realm, step.store)) continue;
        add_key(keys_before, entry.secret);
        is_known = true;
      }
    }
    // Nobody can tell whose tokens need what leaves here.
    if (!is_known && is_transient(secrets.error().code) && !step.force) co_return secrets.error();
  }

  const Instant now = clock->now();
  CO_TRY(std::vector<JournalEntry> entries, co_await entries_for(step));
  CO_TRY(co_await check_kids(step, keys_added, std::move(listed), entries));
  // What the others publish now, not what they did at the last refresh.
  CO_TRY(co_await instances.observe());
  StepPlan plan(step, std::move(entries), policy(), now, before == after,
                [this, &step](const KeyId& kid) { return missing(step.realm, step.id, kid); });
  CO_TRY(plan.make(keys_before, keys_after, keys_added));

  if (step.dry_run) co_return Done{};

  const std::int64_t revision = list->document ? list->document->revision : 0;
  storage::Transaction transaction;
  transaction.push_back(put_mapping(step.realm, step.store, step.id, after, revision));
  if (before != after)
    transaction.push_back(remember_before(step.realm, step.store, step.id, before, after));
  plan.add_to(transaction);
  transaction.push_back(mapping_audit(step, after, now));
  CO_TRY(co_await storage->commit(std::move(transaction)));
  // From now on it counts here, against whatever is being read meanwhile.
  for (const auto& alias : after) {
    if (!has_ring(find_row(step.id))) break;  // nobody asks the cache for passwords
    store->take(alias, std::move(list->secrets.at(alias)).value(), list->began, list->number);
  }
  store->set_mapping(step.id, after, ++questions);
  show_stores(step.realm);
  co_return Done{};
}

}  // namespace signet::secrets
