#include "secrets/keeper/step_plan.h"

#include <algorithm>

namespace signet::secrets {
namespace {

bool has_key(const std::vector<Secret>& secrets, const KeyId& kid) {
  return std::any_of(secrets.begin(), secrets.end(),
                     [&](const Secret& secret) { return secret.kid == kid; });
}

/// The one that would sign.
const Secret* first_signer(const std::vector<Secret>& secrets) {
  const auto found = std::find_if(secrets.begin(), secrets.end(), can_be_active);
  return found == secrets.end() ? nullptr : &*found;
}

}  // namespace

StepPlan::StepPlan(const Keeper::StepRequest& step, std::vector<JournalEntry> entries,
                   const RotationPolicy& policy, Instant now, bool is_activation,
                   std::function<std::vector<std::string>(const KeyId&)> missing)
    : step_(step),
      entries_(std::move(entries)),
      policy_(policy),
      now_(now),
      is_activation_(is_activation),
      missing_(std::move(missing)) {}

Status StepPlan::make(const std::vector<Secret>& before, const std::vector<Secret>& after,
                      const std::vector<Secret>& added) {
  // Without any memory this is the first start of the ID: the lineup begins its life.
  if (entries_.empty()) return Done{};
  for (const auto& entry : entries_) {
    if (entry.history.state == KeyState::kActive) active_before_ = entry.history.kid;
  }
  for (const auto& secret : after)
    publish(secret, has_key(added, secret.kid));
  TRY(activate(before, after));
  for (const auto& secret : before) {
    if (!has_key(after, secret.kid)) {
      TRY(retire(secret, after));
    }
  }
  return Done{};
}

void StepPlan::add_to(storage::Transaction& transaction) const {
  for (const auto& kid : changed_)
    transaction.push_back(put_key(step_.realm, step_.id, *find_entry(entries_, kid)));
  for (const auto& event : events_)
    transaction.push_back(audit_key(step_.realm, step_.id, event, step_.actor, now_));
}

JournalEntry* StepPlan::find(const KeyId& kid) {
  return const_cast<JournalEntry*>(find_entry(entries_, kid));
}

void StepPlan::changed(const char* name, const KeyId& kid, const Secret* secret) {
  if (std::find(changed_.begin(), changed_.end(), kid) == changed_.end()) changed_.push_back(kid);
  KeyEvent event;
  event.name = name;
  event.kid = kid;
  event.alias = secret != nullptr ? secret->alias : Alias();
  event.store = step_.store;
  event.store_realm = step_.realm;
  event.is_forced = step_.force;
  if (name == std::string_view("key.activated")) event.publish_ahead = policy_.publish_ahead;
  events_.push_back(std::move(event));
}

void StepPlan::publish(const Secret& secret, bool is_added) {
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

Status StepPlan::activate(const std::vector<Secret>& before, const std::vector<Secret>& after) {
  const Secret* next = first_signer(after);
  const Secret* last = first_signer(before);
  // Where nothing of this list signed, nothing is replaced: the lineup lets sign on what does, as a
  // global key for a realm, or takes what there is, and marks it as early.
  if (next == nullptr || last == nullptr) return Done{};
  if (last->kid == next->kid && !is_activation_) return Done{};
  JournalEntry* entry = find(next->kid);
  if (entry->history.state == KeyState::kActive) return Done{};
  if (const auto refused = refuse_activation(entry->history, policy_, now_, missing_(next->kid))) {
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

Status StepPlan::retire(const Secret& secret, const std::vector<Secret>& after) {
  JournalEntry* entry = find(secret.kid);
  if (entry == nullptr || is_gone(entry->history.state)) return Done{};
  const bool was_active = active_before_ == secret.kid;
  // Whatever took its place, a new key or the global ones, would sign at once, and nobody has
  // seen a JWKS yet with it.
  if (was_active && after.empty() && !step_.force) {
    return Error{Code::kConflict, "retirement_last_key",
                 "this is the last key of " + step_.id.str() +
                     ", and the active one: publish another one first, and activate it"};
  }
  // Waiting would not help: its tokens are made until another one is active.
  KeyHistory asked = entry->history;
  if (was_active) asked.state = KeyState::kActive;
  const auto refused = refuse_retirement(asked, policy_, now_);
  if (refused && !step_.force) return *refused;
  entry->history.state = KeyState::kRetired;
  entry->history.retired = now_;
  changed("key.retired", secret.kid, &secret);
  return Done{};
}

}  // namespace signet::secrets
