#include "secrets/keeper/invariants.h"

#include <algorithm>

#include "base/json_members.h"
#include "base/text.h"

namespace signet::secrets {
namespace {

std::string name_of(std::string_view realm, std::string_view id, std::string_view kid) {
  return std::string(id) + " of " + (realm.empty() ? "all realms" : "realm " + std::string(realm)) +
         ", key " + quoted(kid);
}

/// What is wrong with one record; empty if nothing.
std::string fault_of(const storage::KeyRecord& record) {
  const auto state = parse_key_state(record.state);
  if (!state) return "its state is unknown: " + quoted(record.state);
  switch (*state) {
    case KeyState::kPrepared:
      return record.activated ? "prepared, but it was active" : "";
    case KeyState::kActive:
      return record.activated && record.published ? "" : "active without the times of it";
    case KeyState::kPassive:
      if (!record.activated || !record.deactivated) return "passive without the times of it";
      return *record.deactivated < *record.activated ? "was passive before it was active" : "";
    case KeyState::kRetired:
    case KeyState::kCompromised:
      return record.retired ? "" : record.state + " without the time of it";
  }
  return "";
}

/// Whether a token of the key, or a copy of the key set with it, may live.
bool may_live(const storage::KeyRecord& record, const RotationPolicy& policy, Instant now) {
  const auto state = parse_key_state(record.state);
  if (state == KeyState::kActive) return true;
  KeyHistory history;
  history.deactivated = record.deactivated;
  history.horizon = record.horizon;
  return state == KeyState::kPassive && now < forgotten_at(history, policy);
}

}  // namespace

void Invariant::violated(std::string how) {
  ++count;
  if (violations.size() < kMostViolations) violations.push_back(std::move(how));
}

void check_records(const std::vector<storage::KeyRecord>& records, Invariant& one_active,
                   Invariant& lives) {
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> active;
  for (const auto& record : records) {
    ++lives.checked;
    const std::string name = name_of(record.realm.view(), record.secret_id, record.kid.view());
    const std::string fault = fault_of(record);
    if (!fault.empty()) lives.violated(name + ": " + fault);
    auto& signers = active[{record.realm.str(), record.secret_id}];
    if (record.state == to_string(KeyState::kActive)) signers.push_back(record.kid.str());
  }
  for (const auto& [ring, kids] : active) {
    ++one_active.checked;
    if (kids.size() > 1)
      one_active.violated(name_of(ring.first, ring.second, join(kids, ", ")) + ": all are active");
  }
}

void check_missed_keys(const std::vector<storage::KeyRecord>& records,
                       const std::vector<std::shared_ptr<const LiveRing>>& rings,
                       const RotationPolicy& policy, Instant now, Invariant& shown) {
  for (const auto& ring : rings) {
    ++shown.checked;
    if (ring->degraded) continue;
    for (const auto& record : records) {
      const bool is_of_ring = record.realm == ring->realm && record.secret_id == ring->id.str();
      if (!is_of_ring || !may_live(record, policy, now)) continue;
      const RingEntry* entry = ring->find(record.kid);
      // A secret that names no store is what the journal kept.
      if (entry != nullptr && !entry->secret.store.empty()) continue;
      shown.violated(name_of(record.realm.view(), record.secret_id, record.kid.view()) + ": is " +
                     record.state + (entry == nullptr ? ", and not in the ring" : ", and lost") +
                     ", which says nothing of it");
    }
  }
}

void check_outages(const std::vector<StoreAnswered>& answers,
                   const std::vector<StoreHealth>& health, Invariant& shown) {
  for (const auto& answer : answers) {
    ++shown.checked;
    if (answer.outcome.ok() || !is_transient(answer.outcome.error().code)) continue;
    for (const auto& store : health) {
      if (store.name != answer.name || store.realm != answer.realm || !store.ok) continue;
      shown.violated("the outage of store " + store.name.str() +
                     (store.realm.empty() ? "" : " of realm " + store.realm.str()) +
                     " is not shown: " + answer.outcome.error().detail);
    }
  }
}

void LifePaths::add(const storage::AuditEvent& event) {
  if (!event.event.starts_with("key.")) return;
  const auto detail = json::parse_object(event.detail);
  if (!detail.ok()) return;
  const std::string id = json::text_in(*detail, "secret_id"), kid = json::text_in(*detail, "kid");
  auto& ring = lives_[{event.realm.str(), id}];
  const bool is_first_of_ring = ring.empty() || (ring.size() == 1 && ring.contains(kid));
  const bool is_known = ring.contains(kid);
  // A realm that gets keys of its own goes on from the global journal, whose events are elsewhere.
  Life& life = ring[kid];
  const auto fail = [&](const std::string& how) {
    paths.violated(name_of(event.realm.view(), id, kid) + ": " + how + " (audit " +
                   std::to_string(event.sequence) + ")");
  };
  const std::string was(to_string(life.state));
  ++paths.checked;
  if (event.event == "key.published") {
    if (life.state == KeyState::kCompromised) fail("published although it is compromised");
    if (is_known && (life.state == KeyState::kActive || life.state == KeyState::kPassive))
      fail("published anew although it is " + was);
    life = {KeyState::kPrepared, event.at};
  } else if (event.event == "key.activated") {
    if (is_known && is_gone(life.state)) fail("activated although it is " + was);
    ++waits.checked;
    const Seconds due(std::clamp<std::int64_t>(
        json::number_in(*detail, "publish_ahead").value_or(0), 0, kLastUnixSecond));
    const bool is_excused =
        json::flag_in(*detail, "forced") || json::flag_in(*detail, "early") || is_first_of_ring;
    const bool is_prepared = is_known && life.state == KeyState::kPrepared;
    if (is_prepared && !is_excused && event.at < life.published + due) {
      waits.violated(name_of(event.realm.view(), id, kid) + ": signed " +
                     std::to_string(unix_seconds(event.at) - unix_seconds(life.published)) +
                     " seconds after it was published, " + std::to_string(due.count()) +
                     " were due (audit " + std::to_string(event.sequence) + ")");
    }
    life.state = KeyState::kActive;
  } else if (event.event == "key.deactivated") {
    if (is_known && life.state != KeyState::kActive) fail("deactivated although it is " + was);
    life.state = KeyState::kPassive;
  } else if (event.event == "key.retired") {
    if (is_known && life.state == KeyState::kCompromised)
      fail("retired although it is compromised");
    life.state = KeyState::kRetired;
  } else if (event.event == "key.compromised") {
    life.state = KeyState::kCompromised;
  } else if (event.event == "key.compromise_undone") {
    for (auto& [name, lives] : lives_) {
      const auto found = lives.find(kid);
      if (found != lives.end() && found->second.state == KeyState::kCompromised)
        found->second.state = KeyState::kRetired;
    }
  }
}

}  // namespace signet::secrets
