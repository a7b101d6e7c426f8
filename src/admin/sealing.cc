// GET and POST /admin/sealing: what storage holds under which of the server's sealing keys, and all
// of it sealed anew under the first one.

#include <algorithm>
#include <set>

#include "admin/handlers.h"
#include "admin/operator_change.h"
#include "admin/sealed_keys.h"
#include "admin/sealed_values.h"
#include "admin/sealing_keys.h"
#include "base/text.h"

namespace signet::admin {
namespace {

using secrets::InstanceStatus;

bool is_other_live(const InstanceStatus& instance) {
  return instance.is_live && !instance.is_self;
}

std::string instance_words(const InstanceStatus& instance) {
  std::string out = "instance " + instance.info.id;
  if (!instance.info.address.empty()) out += " (" + quoted(instance.info.address) + ")";
  return out;
}

/// Live instances that could not open what is sealed with the key, in words.
std::vector<std::string> instances_without(const AdminServices& services, const std::string& id) {
  std::vector<std::string> out;
  for (const auto& instance : services.oauth->keeper->instances()) {
    const auto& ids = instance.info.sealing_keys;
    if (!is_other_live(instance) || std::find(ids.begin(), ids.end(), id) != ids.end()) continue;
    out.push_back(instance_words(instance) +
                  (ids.empty() ? " does not say which sealing keys it has" : " does not have it"));
  }
  return out;
}

/// Live instances that seal with the key.
std::vector<std::string> instances_sealing(const AdminServices& services, const std::string& id) {
  std::vector<std::string> out;
  for (const auto& instance : services.oauth->keeper->instances()) {
    const auto& ids = instance.info.sealing_keys;
    if (is_other_live(instance) && !ids.empty() && ids.front() == id)
      out.push_back(instance_words(instance));
  }
  return out;
}

std::string store_words(const AdminServices::StoreInfo& store) {
  return store.name + (store.realm.empty() ? "" : " of realm " + store.realm.str());
}

/// Stores with sealed values, perhaps, that are not read to the end: what they hold, and the
/// passwords of theirs that other stores hold, may need any key.
std::vector<std::string> stores_unread(const AdminServices& services) {
  const auto all = services.oauth->keeper->health();
  std::vector<std::string> out;
  for (const auto& store : services.stores) {
    if (!store.encoding) continue;
    const auto health = std::find_if(all.begin(), all.end(), [&](const auto& one) {
      return one.name.view() == store.name && one.realm == store.realm;
    });
    if (health != all.end() && health->ok) continue;
    out.push_back("store " + store_words(store) + " was not read" +
                  (health == all.end() ? "" : " (" + health->detail + ")"));
  }
  return out;
}

/// Stores in which a value was opened with the key since this instance started. Those that seal
/// themselves are looked at instead.
std::vector<std::string> stores_using(const AdminServices& services, const std::string& id) {
  std::vector<std::string> out;
  for (const auto& store : services.stores) {
    if (!store.encoding || store.sealing) continue;
    const auto ids = store.encoding->used();
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) continue;
    out.push_back(store_words(store));
  }
  return out;
}

/// What is sealed, in storage and by stores themselves.
struct SealingState {
  std::vector<RegisteredSealingKey> registered;
  SealedSurvey survey;
  std::set<std::string> store_keys;         ///< ids under which stores hold something
  std::vector<storage::Document> in_clear;  ///< keys of stores
  std::vector<std::string> unread;          ///< stores that seal and could not be looked at
};

Task<SealingState> look_at_sealing(const AdminServices& services) {
  SealingState state;
  auto storage = services.oauth->storage;
  CO_TRY(state.registered, co_await registered_sealing_keys(storage));
  CO_TRY(state.survey, co_await survey_sealed_values(storage, services.oauth->clock->now()));
  CO_TRY(auto of_stores, co_await survey_sealed_keys(services.stores));
  for (auto& [id, keys] : of_stores.sealed.by_key) {
    state.store_keys.insert(id);
    auto& of_key = state.survey.by_key[id];
    of_key.count += keys.count;
    for (auto& document : keys.first) {
      if (of_key.first.size() < kMostShown) of_key.first.push_back(std::move(document));
    }
  }
  state.in_clear = std::move(of_stores.in_clear);
  state.unread = std::move(of_stores.unread);
  co_return state;
}

struct SealingVerdict {
  std::optional<bool> may_be_removed;  ///< nothing: not known yet
  std::string why;
};

SealingVerdict judge_sealing_key(const AdminServices& services, const std::string& id,
                                 std::size_t values, const SealingState& state) {
  if (values > 0)
    return {false, std::to_string(values) + " values are sealed under it: signet seal renew"};
  const auto sealing = instances_sealing(services, id);
  if (!sealing.empty()) return {false, join(sealing, ", ") + " seals with it"};
  // Before what they opened: a store that is read meanwhile has noted it then.
  auto unread = stores_unread(services);
  for (const auto& store : state.unread)
    unread.push_back(store);
  const auto stores = stores_using(services, id);
  if (!stores.empty()) {
    return {false, "values of the secret stores " + join(stores, ", ") +
                       " were opened with it: signet encode them anew and restart"};
  }
  if (!unread.empty()) return {std::nullopt, "not known yet: " + join(unread, "; ")};
  return {true, "nothing that is stored is sealed under it"};
}

json::Array document_places(const std::vector<storage::Document>& documents) {
  json::Array out;
  for (const auto& document : documents) {
    json::Object one;
    one.set("realm", document.realm.view());
    one.set("kind", document.kind);
    one.set("id", document.id);
    out.emplace_back(std::move(one));
  }
  return out;
}

json::Array text_array(const std::vector<std::string>& texts) {
  return json::Array(texts.begin(), texts.end());
}

/// A key, what is under it, and whether it may go.
json::Object shown_key(const AdminServices& services, const SealingKey& key, bool is_first,
                       bool is_known, const SealingState& state) {
  const SealedSurvey& survey = state.survey;
  const auto found = survey.by_key.find(key.id);
  const std::size_t values = found == survey.by_key.end() ? 0 : found->second.count;
  SealingVerdict verdict = judge_sealing_key(services, key.id, values, state);
  if (is_first) verdict = {false, "it seals"};
  if (!is_known && verdict.may_be_removed) verdict.may_be_removed = false;
  if (!is_known && values > 0) {
    verdict = {false, key.id.empty()
                          ? "these values are damaged: give their owners new ones"
                          : "this server does not have it: put it back, or give the owners of "
                            "what it sealed new secrets"};
  }
  json::Object out;
  out.set("name", key.name.empty() ? json::Value() : json::Value(key.name));
  out.set("id", key.id.empty() ? json::Value() : json::Value(key.id));
  out.set("known", is_known);
  out.set("seals", is_first);
  out.set("values", std::int64_t(values));
  out.set("may_be_removed",
          verdict.may_be_removed ? json::Value(*verdict.may_be_removed) : json::Value());
  out.set("why", verdict.why);
  out.set("stores", text_array(stores_using(services, key.id)));
  if (!is_first && found != survey.by_key.end())
    out.set("of", document_places(found->second.first));
  return out;
}

json::Object sealing_report(const AdminServices& services, const SealingState& state) {
  const auto ours = services.encoding->keys();
  const SealedSurvey& survey = state.survey;
  std::size_t values = state.in_clear.size(), stale = state.in_clear.size();
  for (const auto& [id, of_key] : survey.by_key) {
    values += of_key.count;
    if (id != ours.front().id) stale += of_key.count;
  }
  std::vector<SealingKey> others;
  const auto add = [&](const SealingKey& key) {
    const auto same = [&](const SealingKey& other) { return other.id == key.id; };
    if (std::none_of(ours.begin(), ours.end(), same) &&
        std::none_of(others.begin(), others.end(), same))
      others.push_back(key);
  };
  for (const auto& key : state.registered)
    add(key);
  for (const auto& [id, of_key] : survey.by_key)
    add({id, ""});
  json::Array keys;
  for (const auto& key : ours)
    keys.emplace_back(shown_key(services, key, key.id == ours.front().id, true, state));
  for (const auto& key : others)
    keys.emplace_back(shown_key(services, key, false, false, state));
  json::Object out;
  out.set("key", ours.front().name);
  out.set("values", std::int64_t(values));
  out.set("stale", std::int64_t(stale));
  out.set("keys", std::move(keys));
  out.set("in_clear", document_places(state.in_clear));
  out.set("waits_for", text_array(instances_without(services, ours.front().id)));
  return out;
}

// Keys under which nothing is, and with which nobody seals: nobody need ask for them at start.
// The survey came after `registered`.
Task<Done> forget_unused(const AdminServices& services, SealingState state) {
  const std::string first = services.encoding->keys().front().id;
  for (const auto& key : state.registered) {
    const bool is_used = key.id == first || state.survey.by_key.contains(key.id) ||
                         !instances_sealing(services, key.id).empty();
    if (is_used) continue;
    CO_TRY(co_await forget_sealing_key(services.oauth->storage, key));
  }
  co_return Done{};
}

storage::AppendAudit renewal_event(const AdminServices& services, std::string actor,
                                   const SealingState& state) {
  const auto ours = services.encoding->keys();
  json::Object stale;
  for (const auto& key : ours) {
    const auto found = state.survey.by_key.find(key.id);
    if (key.id != ours.front().id && found != state.survey.by_key.end())
      stale.set(key.name, std::int64_t(found->second.count));
  }
  json::Object detail;
  detail.set("key", ours.front().name);
  detail.set("key_id", ours.front().id);
  detail.set("stale", std::move(stale));
  if (!state.in_clear.empty()) detail.set("in_clear", std::int64_t(state.in_clear.size()));
  return audit(services, RealmName(), "sealed_values.renewed", std::move(actor), detail);
}

/// Whether a store holds keys that it would seal anew.
bool has_stale_store_keys(const AdminServices& services, const SealingState& state) {
  if (!state.in_clear.empty()) return true;
  const auto ours = services.encoding->keys();
  for (const auto& key : ours) {
    if (key.id != ours.front().id && state.store_keys.contains(key.id)) return true;
  }
  return false;
}

Error sealing_key_unready(const std::string& name, const std::vector<std::string>& missing) {
  return {Code::kConflict, "sealing_key_unready",
          "the key " + quoted(name) +
              " is not known to every live instance: " + join(missing, "; ") +
              ". Add it there as the last one, restart, and come back when keys.refresh is over"};
}

}  // namespace

Task<AdminReply> show_sealing(const AdminServices& services, AdminRequest) {
  CO_TRY(const SealingState state, co_await look_at_sealing(services));
  AdminReply reply;
  reply.body = sealing_report(services, state);
  co_return reply;
}

Task<AdminReply> renew_sealing(const AdminServices& services, AdminRequest request) {
  CO_TRY(const json::Object body, json::parse_object(request.body));
  json::Fields fields(body, "sealing");
  const bool is_dry = fields.boolean("dry_run", false);
  CO_TRY(fields.finish());
  CO_TRY(SealingState state, co_await look_at_sealing(services));
  SealedKeysRenewal of_stores;
  std::size_t renewed = 0;
  if (!is_dry) {
    const SealingKey first = services.encoding->keys().front();
    const auto missing = instances_without(services, first.id);
    if (!missing.empty()) co_return sealing_key_unready(first.name, missing);
    storage::AppendAudit event = renewal_event(services, request.actor, state);
    const bool has_store_keys = has_stale_store_keys(services, state);
    CO_TRY(renewed, co_await renew_sealed_values(services, event));
    // Files cannot be written together with the event, so it comes first.
    if (renewed == 0 && has_store_keys) {
      storage::Transaction alone;
      alone.emplace_back(std::move(event));
      CO_TRY(co_await services.oauth->storage->commit(std::move(alone)));
    }
    CO_TRY(of_stores, co_await renew_sealed_keys(services.stores));
    CO_TRY(state, co_await look_at_sealing(services));
    CO_TRY(co_await forget_unused(services, state));
  }
  AdminReply reply;
  reply.body = sealing_report(services, state);
  reply.body.set("renewed", std::int64_t(renewed + of_stores.count));
  reply.body.set("failed", text_array(of_stores.failures));
  reply.body.set("dry_run", is_dry);
  co_return reply;
}

Task<SealingHealth> sealing_health(const AdminServices& services, bool storage_answers) {
  const auto ours = services.encoding->keys();
  const auto is_ours = [&](const std::string& id) {
    return std::any_of(ours.begin(), ours.end(),
                       [&](const SealingKey& key) { return key.id == id; });
  };
  SealingHealth health;
  std::vector<std::string> faults, needed;
  for (const auto& instance : services.oauth->keeper->instances()) {
    const auto& ids = instance.info.sealing_keys;
    if (!is_other_live(instance) || ids.empty()) continue;
    if (!is_ours(ids.front()))
      faults.push_back(instance_words(instance) + " seals with the key " + ids.front() +
                       ", which this one does not have: add it to encryption_keys");
    if (std::find(ids.begin(), ids.end(), ours.front().id) == ids.end())
      faults.push_back(instance_words(instance) + " does not have the key " +
                       quoted(ours.front().name) +
                       ", with which this one seals: add it to its encryption_keys");
  }
  // Where the storage does not answer, its own check says so.
  if (storage_answers) {
    const auto registered = co_await registered_sealing_keys(services.oauth->storage);
    if (registered.ok()) {
      for (const auto& key : *registered) {
        if (key.id != ours.front().id) needed.push_back(key.name.empty() ? key.id : key.name);
      }
    } else {
      faults.push_back(registered.error().detail);
    }
  }
  health.is_ok = faults.empty();
  health.detail = join(faults, "; ");
  if (health.is_ok && !needed.empty())
    health.detail = "may still be needed beside " + ours.front().name + ": " + join(needed, ", ") +
                    " (signet seal status)";
  co_return health;
}

}  // namespace signet::admin
