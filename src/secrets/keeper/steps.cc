// The steps of a rotation by hand: one transaction each, refused where anybody would suffer.

#include <algorithm>

#include "base/text.h"
#include "secrets/keeper/state.h"

namespace signet::secrets {
namespace {

std::string document_id(const StoreName& store, const SecretId& id) {
  return store.str() + "/" + id.str();
}

std::string document_text(const SecretId& id, const std::vector<Alias>& aliases) {
  return json::dump(json::Value(Mapping{id, aliases}.to_json()));
}

Result<std::vector<Alias>> aliases_in(const storage::Document& document) {
  TRY(const auto object, json::parse_object(document.text));
  std::vector<Alias> aliases;
  const json::Value* list = object.find("aliases");
  if (list == nullptr || list->if_array() == nullptr)
    return Error{Code::kInternal, "mapping_malformed", "a stored mapping has no aliases"};
  for (const auto& value : *list->if_array()) {
    if (value.if_string() != nullptr) aliases.emplace_back(*value.if_string());
  }
  return aliases;
}

/// What a change of the list means for the keys behind it.
class Plan {
 public:
  /// `is_activation`: the list stays, so what is asked is that its waiting first key signs.
  /// `missing`: the live instances that do not publish a prepared key yet, in words.
  Plan(const Keeper::StepRequest& step, std::vector<JournalEntry> entries,
       const RotationPolicy& policy, Instant now, bool is_activation,
       std::function<std::vector<std::string>(const KeyId&)> missing)
      : step_(step),
        entries_(std::move(entries)),
        policy_(policy),
        now_(now),
        is_activation_(is_activation),
        missing_(std::move(missing)) {}

  /// `before`, `after`: the keys of the list in its order; `added`: those of aliases that are new.
  Status make(const std::vector<Secret>& before, const std::vector<Secret>& after,
              const std::vector<Secret>& added) {
    // Without any memory this is the first start of the ID: the lineup begins its life.
    if (entries_.empty()) return Done{};
    for (const auto& secret : after)
      publish(secret, contains(added, secret.kid));
    TRY(activate(before, after));
    for (const auto& secret : before) {
      if (!contains(after, secret.kid)) {
        TRY(retire(secret, after));
      }
    }
    return Done{};
  }

  /// The changed records and the audit events.
  void add_to(storage::Transaction& transaction) const {
    for (const auto& kid : changed_)
      transaction.push_back(put_key(step_.realm, step_.id, *find_entry(entries_, kid)));
    for (const auto& event : events_)
      transaction.push_back(audit_key(step_.realm, step_.id, event, step_.actor, now_));
  }

 private:
  static bool contains(const std::vector<Secret>& secrets, const KeyId& kid) {
    return std::any_of(secrets.begin(), secrets.end(),
                       [&](const Secret& secret) { return secret.kid == kid; });
  }
  static const Secret* front(const std::vector<Secret>& secrets) {
    const auto found = std::find_if(secrets.begin(), secrets.end(), can_be_active);
    return found == secrets.end() ? nullptr : &*found;
  }

  JournalEntry* find(const KeyId& kid) {
    return const_cast<JournalEntry*>(find_entry(entries_, kid));
  }
  void changed(const char* name, const KeyId& kid, const Secret* secret) {
    if (std::find(changed_.begin(), changed_.end(), kid) == changed_.end()) changed_.push_back(kid);
    KeyEvent event;
    event.name = name;
    event.kid = kid;
    event.alias = secret != nullptr ? secret->alias : Alias();
    event.store = step_.store;
    event.is_forced = step_.force;
    if (name == std::string_view("key.activated")) event.publish_ahead = policy_.publish_ahead;
    events_.push_back(std::move(event));
  }

  void publish(const Secret& secret, bool is_added) {
    JournalEntry* entry = find(secret.kid);
    if (entry == nullptr) {
      JournalEntry fresh;
      fresh.history.kid = secret.kid;
      fresh.public_jwk = public_text(secret);
      entries_.push_back(std::move(fresh));
      entry = &entries_.back();
    } else if (entry->history.state == KeyState::kRetired && is_added) {
      const KeyHistory old = std::exchange(entry->history, KeyHistory());
      entry->history.kid = old.kid;
      entry->history.horizon = old.horizon;
    } else if (entry->history.published) {
      return;
    }
    entry->history.published = now_;
    changed("key.published", secret.kid, &secret);
  }

  Status activate(const std::vector<Secret>& before, const std::vector<Secret>& after) {
    const Secret* next = front(after);
    const Secret* last = front(before);
    const bool keeps_front = last != nullptr && next != nullptr && last->kid == next->kid;
    if (next == nullptr || (keeps_front && !is_activation_)) return Done{};
    // Where nothing signs, nothing is replaced: the lineup takes what there is, and marks it as
    // early.
    const bool is_vacant =
        last == nullptr && std::none_of(entries_.begin(), entries_.end(), [](const auto& entry) {
          return entry.history.state == KeyState::kActive;
        });
    if (is_vacant && !is_activation_) return Done{};
    JournalEntry* entry = find(next->kid);
    if (entry->history.state == KeyState::kActive) return Done{};
    if (const auto refused =
            refuse_activation(entry->history, policy_, now_, missing_(next->kid))) {
      // A retired key needs its own step: force does not bring it back.
      if (!step_.force || is_gone(entry->history.state)) return *refused;
    }
    for (auto& other : entries_) {
      if (other.history.state != KeyState::kActive) continue;
      deactivate(other.history, now_);
      changed("key.deactivated", other.history.kid, nullptr);
    }
    entry->history.state = KeyState::kActive;
    entry->history.activated = now_;
    changed("key.activated", next->kid, next);
    return Done{};
  }

  Status retire(const Secret& secret, const std::vector<Secret>& after) {
    JournalEntry* entry = find(secret.kid);
    if (entry == nullptr || is_gone(entry->history.state)) return Done{};
    KeyHistory asked = entry->history;
    if (asked.state == KeyState::kActive) asked.state = KeyState::kPassive;
    const auto refused = refuse_retirement(asked, policy_, now_);
    // Whatever took its place, a new key or the global ones, would sign at once, and nobody has
    // seen a JWKS yet with it.
    const bool leaves_nothing = after.empty() && entry->history.state == KeyState::kActive;
    if (leaves_nothing && !step_.force) {
      return Error{Code::kConflict, "retirement_last_key",
                   "this is the last key of " + step_.id.str() + ": " +
                       (refused ? refused->detail : "publish another one first")};
    }
    if (refused && !step_.force) return *refused;
    entry->history.state = KeyState::kRetired;
    entry->history.retired = now_;
    changed("key.retired", secret.kid, &secret);
    return Done{};
  }

  const Keeper::StepRequest& step_;
  std::vector<JournalEntry> entries_;
  const RotationPolicy& policy_;
  const Instant now_;
  const bool is_activation_;
  const std::function<std::vector<std::string>(const KeyId&)> missing_;
  std::vector<KeyId> changed_;
  std::vector<KeyEvent> events_;
};

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
  CO_TRY(const Gate::Pass pass, co_await gate.enter());
  for (int attempt = 0; attempt < kMaxConflicts; ++attempt) {
    auto done = co_await try_change(step, change);
    const bool is_overtaken = !done.ok() && done.error().is("revision_conflict");
    if (is_overtaken) continue;
    if (!done.ok()) co_return std::move(done).error();
    if (step.dry_run) co_return Done{};
    co_return co_await refresh();
  }
  co_return Error{Code::kConflict, "revision_conflict",
                  "other instances changed this mapping again and again"};
}

Task<Done> Keeper::State::try_change(StepRequest step, ChangeList change) {
  StoreCache* store = find_store(step.realm, step.store);
  if (store == nullptr)
    co_return Error{Code::kNotFound, "store_unknown", "there is no store " + step.store.str()};
  if (store->is_self_naming()) {
    co_return Error{Code::kUnsupported, "store_not_mappable",
                    "in store " + step.store.str() + " the secret ID is the name"};
  }
  const SecretIdRow* row = find_row(step.id);
  if (row != nullptr && row->scope == Scope::kGlobal && !step.realm.empty()) {
    co_return Error{Code::kInvalid, "mapping_scope",
                    step.id.str() + " is global: map it in a global store"};
  }

  CO_TRY(co_await compromised.load(storage));
  const std::string id = document_id(step.store, step.id);
  CO_TRY(const std::optional<storage::Document> document,
         co_await storage->document("mapping", step.realm, id));
  std::vector<Alias> before = store->configured_aliases(step.id);
  if (document) {
    CO_TRY(before, aliases_in(*document));
  }
  CO_TRY(const std::vector<Alias> after, change(before));
  if (!after.empty()) {
    CO_TRY(Mapping::make(step.id, after, store->is_versioned()));
  }
  CO_TRY(check_purposes(*store, step.id, after, options.allow_shared_aliases));

  std::vector<Secret> keys_before, keys_after, keys_added;
  for (const auto& alias : after) {
    const bool is_new = std::find(before.begin(), before.end(), alias) == before.end();
    auto secrets = co_await store->fetch(deadlines, options.store_timeout, alias);
    if (!secrets.ok()) co_return std::move(secrets).error();
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
    auto secrets = co_await store->fetch(deadlines, options.store_timeout, alias);
    if (secrets.ok()) {
      for (const auto& secret : *secrets)
        add_key(keys_before, secret);
    }
    bool is_known = secrets.ok();
    if (ring != nullptr) {
      for (const auto& entry : ring->entries) {
        if (entry.secret.alias != alias || entry.secret.store != step.store) continue;
        add_key(keys_before, entry.secret);
        is_known = true;
      }
    }
    // Nobody can tell whose tokens need what leaves here.
    if (!is_known && is_transient(secrets.error().code) && !step.force)
      co_return std::move(secrets).error();
  }

  const Instant now = clock->now();
  CO_TRY(const Journal remembered, co_await journal(step.realm));
  // What the others publish now, not what they did at the last refresh.
  CO_TRY(co_await instances.observe());
  Plan plan(step, remembered.entries(step.id), options.policy, now, before == after,
            [this, &step](const KeyId& kid) { return missing(step.realm, step.id, kid); });
  CO_TRY(plan.make(keys_before, keys_after, keys_added));

  if (step.dry_run) co_return Done{};

  storage::PutDocument put;
  put.document.kind = "mapping";
  put.document.realm = step.realm;
  put.document.id = id;
  put.document.text = document_text(step.id, after);
  put.expected = document ? document->revision : 0;
  storage::Transaction transaction;
  transaction.push_back(std::move(put));
  plan.add_to(transaction);
  transaction.push_back(mapping_audit(step, after, now));
  CO_TRY(co_await storage->commit(std::move(transaction)));
  co_return Done{};
}

}  // namespace signet::secrets
