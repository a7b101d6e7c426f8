#include "secrets/keeper/global_keys.h"

#include <algorithm>

namespace signet::secrets {

std::vector<JournalEntry> inherit(const std::vector<JournalEntry>& global) {
  std::vector<JournalEntry> out;
  for (auto entry : global) {
    if (entry.history.state == KeyState::kRetired) continue;  // compromised ones stay known
    entry.revision = 0;
    out.push_back(std::move(entry));
  }
  return out;
}

void take_horizon(KeyHistory& key, const std::vector<JournalEntry>& global) {
  const JournalEntry* shared = find_entry(global, key.kid);
  if (shared != nullptr) key.horizon = std::max(key.horizon, shared->history.horizon);
}

void take_horizons(const std::vector<JournalEntry>& before, const std::vector<JournalEntry>& global,
                   std::vector<KeyHistory>& changes) {
  for (auto& change : changes) {
    const JournalEntry* was = find_entry(before, change.kid);
    const bool stops = was != nullptr && was->history.state == KeyState::kActive &&
                       change.state == KeyState::kPassive;
    if (stops) take_horizon(change, global);
  }
}

std::vector<Secret> followed(const LiveRing* global, const std::vector<Secret>& ordered) {
  std::vector<Secret> out;
  if (global == nullptr) return out;
  for (const auto& entry : global->entries) {
    const auto held = std::find_if(ordered.begin(), ordered.end(), [&](const Secret& secret) {
      return secret.kid == entry.secret.kid;
    });
    if (held != ordered.end()) out.push_back(*held);
  }
  return out;
}

void publish_anew(const std::vector<Secret>& secrets, const CompromisedKeys& compromised,
                  std::vector<JournalEntry>& entries) {
  for (const auto& secret : secrets) {
    const auto entry = std::find_if(entries.begin(), entries.end(), [&](const JournalEntry& known) {
      return known.history.kid == secret.kid;
    });
    const bool is_retired = entry != entries.end() && entry->history.state == KeyState::kRetired;
    if (!is_retired || !compromised.check(secret).ok()) continue;
    JournalEntry fresh;
    fresh.history.kid = secret.kid;
    fresh.history.horizon = entry->history.horizon;
    fresh.public_jwk = public_text(secret);
    fresh.revision = entry->revision;
    *entry = std::move(fresh);
  }
}

}  // namespace signet::secrets
