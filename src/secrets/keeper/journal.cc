#include "secrets/keeper/journal.h"

#include <algorithm>

#include "base/text.h"
#include "secrets/key_sets.h"

namespace signet::secrets {
namespace {

bool is_living(const JournalEntry& entry) {
  return !is_gone(entry.history.state);
}

storage::PutKey put_of(const RealmName& realm, const SecretId& id, const JournalEntry& entry) {
  storage::KeyRecord record;
  record.realm = realm;
  record.secret_id = id.str();
  record.kid = entry.history.kid;
  record.state = to_string(entry.history.state);
  record.public_jwk = entry.public_jwk;
  record.published = entry.history.published;
  record.activated = entry.history.activated;
  record.deactivated = entry.history.deactivated;
  record.retired = entry.history.retired;
  record.horizon = entry.history.horizon;
  return storage::PutKey{std::move(record), entry.revision};
}

}  // namespace

Result<Journal> Journal::of(const std::vector<storage::KeyRecord>& records) {
  Journal journal;
  for (const auto& record : records) {
    const auto state = parse_key_state(record.state);
    if (!state) {
      return Error{Code::kInternal, "storage_corrupt",
                   "a key record holds an unknown state: " + quoted(record.state)};
    }
    JournalEntry entry;
    entry.history.kid = record.kid;
    entry.history.state = *state;
    entry.history.published = record.published;
    entry.history.activated = record.activated;
    entry.history.deactivated = record.deactivated;
    entry.history.retired = record.retired;
    entry.history.horizon = record.horizon;
    entry.public_jwk = record.public_jwk;
    entry.revision = record.revision;
    journal.by_id_[record.secret_id].push_back(std::move(entry));
  }
  return journal;
}

const std::vector<JournalEntry>& Journal::entries(const SecretId& id) const {
  static const std::vector<JournalEntry> none;
  const auto found = by_id_.find(id.str());
  return found == by_id_.end() ? none : found->second;
}

bool Journal::has_living(const SecretId& id) const {
  const auto& all = entries(id);
  return std::any_of(all.begin(), all.end(), is_living);
}

bool Journal::has_signed(const SecretId& id) const {
  const auto& all = entries(id);
  return std::any_of(all.begin(), all.end(),
                     [](const JournalEntry& entry) { return entry.history.activated.has_value(); });
}

std::optional<Instant> Journal::first_published_beside(const SecretId& id) const {
  std::optional<Instant> first;
  const auto place = published_place(id);
  if (!place) return first;
  for (const auto& beside : published_ids(place->set)) {
    if (beside.id == id) continue;
    for (const auto& entry : entries(beside.id)) {
      const auto& published = entry.history.published;
      if (published && !entry.public_jwk.empty() && (!first || *published < *first))
        first = published;
    }
  }
  return first;
}

bool Journal::has_published_beside(const SecretId& id, const KeyId& kid, Instant until) const {
  const auto place = published_place(id);
  if (!place) return false;
  const auto& ids = published_ids(place->set);
  return std::any_of(ids.begin(), ids.end(), [&](const PublishedId& beside) {
    if (beside.id == id || beside.use != place->published->use) return false;
    const JournalEntry* entry = find_entry(entries(beside.id), kid);
    return entry != nullptr && is_living(*entry) && entry->history.published &&
           *entry->history.published <= until;
  });
}

const JournalEntry* find_entry(const std::vector<JournalEntry>& entries, const KeyId& kid) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const JournalEntry& entry) {
    return entry.history.kid == kid;
  });
  return found == entries.end() ? nullptr : &*found;
}

std::vector<KeyHistory> histories_of(const std::vector<JournalEntry>& entries) {
  std::vector<KeyHistory> histories;
  for (const auto& entry : entries)
    histories.push_back(entry.history);
  return histories;
}

Status check_same_as_remembered(const Secret& secret, const std::vector<JournalEntry>& entries) {
  const JournalEntry* entry = find_entry(entries, secret.kid);
  if (entry == nullptr || entry->public_jwk.empty()) return Done{};
  if (entry->public_jwk == public_text(secret)) return Done{};
  auto remembered = jose::Jwk::parse(entry->public_jwk);
  const bool is_same = remembered.ok() && remembered->public_key() &&
                       secret.key->jwk().public_key() &&
                       *remembered->public_key() == *secret.key->jwk().public_key();
  if (is_same) return Done{};
  return Error{Code::kConfig, "kid_reused",
               "the kid " + quoted(secret.kid.view()) + " was another key's before"};
}

std::string public_text(const Secret& secret) {
  if (!has_public_half(secret)) return "";
  auto object = secret.key->jwk().public_json();
  if (!object.ok()) return "";
  return json::dump(json::Value(std::move(object).value()));
}

storage::Change put_key(const RealmName& realm, const SecretId& id, const JournalEntry& entry) {
  return put_of(realm, id, entry);
}

storage::Change put_horizon(const RealmName& realm, const SecretId& id, const JournalEntry& entry) {
  storage::PutKey put = put_of(realm, id, entry);
  put.is_told = entry.history.state != KeyState::kActive;
  return put;
}

storage::Change audit_key(const RealmName& realm, const SecretId& id, const KeyEvent& event,
                          const std::string& actor, Instant now) {
  storage::AuditEvent audit;
  audit.at = now;
  audit.realm = realm;
  audit.event = event.name;
  audit.actor = actor;
  json::ObjectWriter writer(audit.detail);
  writer.add("secret_id", id.str())
      .add("kid", event.kid.str())
      .add("alias", event.alias.str())
      .add("store", event.store.str())
      .add("store_realm", event.store_realm.str())
      .add("forced", event.is_forced);
  if (event.is_early) writer.add("early", true);
  if (event.publish_ahead) writer.add("publish_ahead", std::int64_t{event.publish_ahead->count()});
  writer.end();
  return storage::AppendAudit{std::move(audit)};
}

}  // namespace signet::secrets
