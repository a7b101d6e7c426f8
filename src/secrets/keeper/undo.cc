// A change of a mapping is taken back in one call.

#include "secrets/keeper/undo.h"

#include <algorithm>

#include "secrets/keeper/kinds.h"
#include "secrets/keeper/mapping_document.h"
#include "secrets/keeper/state.h"

namespace signet::secrets {
namespace {

struct KnownChange {
  std::vector<Alias> before, after;
};

json::Array array_of(const std::vector<Alias>& aliases) {
  json::Array out;
  for (const auto& alias : aliases)
    out.emplace_back(alias.str());
  return out;
}

std::vector<Alias> list_in(const json::Object& object, std::string_view name) {
  std::vector<Alias> out;
  const json::Value* list = object.find(name);
  if (list == nullptr || list->if_array() == nullptr) return out;
  for (const auto& value : *list->if_array()) {
    if (value.if_string() != nullptr) out.emplace_back(*value.if_string());
  }
  return out;
}

Result<KnownChange> remembered_in(const storage::Document& document) {
  TRY(const json::Object object, json::parse_object(document.text));
  return KnownChange{list_in(object, "before"), list_in(object, "after")};
}

/// Only from the list that the change left behind: whatever came since is not to be lost.
Status check_unchanged(const std::vector<Alias>& now, const KnownChange& remembered) {
  if (now == remembered.after) return Done{};
  return Error{Code::kConflict, "mapping_changed_since",
               "the mapping is not what its last known change made of it: set the whole list "
               "instead"};
}

/// What was, with the key in front that signs now.
std::vector<Alias> behind_the_first(const std::vector<Alias>& now,
                                    const std::vector<Alias>& before) {
  std::vector<Alias> out;
  if (!now.empty()) out.push_back(now.front());
  for (const auto& alias : before) {
    if (std::find(out.begin(), out.end(), alias) == out.end()) out.push_back(alias);
  }
  return out;
}

}  // namespace

storage::PutDocument remember_before(const RealmName& realm, const StoreName& store,
                                     const SecretId& id, const std::vector<Alias>& before,
                                     const std::vector<Alias>& after) {
  json::Object text;
  text.set("before", array_of(before));
  text.set("after", array_of(after));
  storage::PutDocument put;
  put.document.kind = kMappingBeforeKind;
  put.document.realm = realm;
  put.document.id = mapping_document_id(store, id);
  put.document.text = json::dump(json::Value(std::move(text)));
  return put;
}

Task<Keeper::Undone> Keeper::undo_map(StepRequest step) {
  CO_TRY(co_await rings(step.realm));  // what comes of it shows there
  co_return co_await state_->undo_map(std::move(step));
}

std::optional<Error> Keeper::State::why_waiting(const RealmName& realm, const SecretId& id) const {
  const RealmRingsPtr rings = realms.load()->find(realm);
  const LiveRing* ring = rings ? rings->find(id) : nullptr;
  if (ring == nullptr || !ring->waiting) return std::nullopt;
  for (const auto& entry : ring->entries) {
    if (entry.secret.kid != *ring->waiting) continue;
    return refuse_activation(entry.history, options.policy, clock->now(),
                             missing(realm, id, *ring->waiting));
  }
  return std::nullopt;
}

Task<Keeper::Undone> Keeper::State::undo_map(StepRequest step) {
  const std::string id = mapping_document_id(step.store, step.id);
  CO_TRY(const auto document, co_await storage->document(kMappingBeforeKind, step.realm, id));
  if (!document)
    co_return Error{Code::kNotFound, "mapping_unchanged",
                    "no change of the mapping of " + step.id.str() + " is known"};
  CO_TRY(const KnownChange remembered, remembered_in(*document));
  const ChangeList restore = [remembered](std::vector<Alias> now) -> Result<std::vector<Alias>> {
    TRY(check_unchanged(now, remembered));
    return remembered.before;
  };
  Undone undone;
  undone.aliases = remembered.before;
  auto whole = co_await change_mapping(step, restore);
  if (whole.ok()) {
    // Where the list was empty, what signs is not of it, and goes on until its first is known.
    if (remembered.after.empty()) undone.not_first = why_waiting(step.realm, step.id);
    co_return undone;
  }
  const Error why = whole.error();
  const bool is_early = why.is("activation_too_early") || why.is("activation_unready");
  undone.aliases = behind_the_first(remembered.after, remembered.before);
  if (!is_early || undone.aliases == remembered.after) co_return why;
  // The key that signed before was gone, and verifiers may not know it any more. So it verifies
  // again now, and signs when it is its turn.
  const ChangeList publish =
      [remembered, list = undone.aliases](std::vector<Alias> now) -> Result<std::vector<Alias>> {
    TRY(check_unchanged(now, remembered));
    return list;
  };
  CO_TRY(co_await change_mapping(step, publish));
  undone.not_first = why;
  co_return undone;
}

}  // namespace signet::secrets
