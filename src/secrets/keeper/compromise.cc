// What happens when somebody else may have a key: it is gone at once, everywhere and for good.

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "secrets/keeper/state.h"
#include "secrets/keeper/successor.h"
#include "secrets/keeper/version_order.h"
#include "storage/document_pages.h"

namespace signet::secrets {
namespace {

storage::Change compromise_audit(const char* event, const Keeper::CompromiseRequest& request,
                                 const Keeper::CompromiseReport& report, Instant now,
                                 const std::string& also_reported_as = {}) {
  storage::AuditEvent audit;
  audit.at = now;
  audit.realm = request.realm;
  audit.event = event;
  audit.actor = request.actor;
  json::ObjectWriter detail(audit.detail);
  detail.add("secret_id", request.id.str())
      .add("kid", request.kid.view())
      .add("alias", report.alias.view())
      .add("store", report.store.view())
      .add("store_realm", report.store_realm.view())
      .add("state", to_string(report.history.state))
      .add("horizon", to_rfc3339(report.history.horizon));
  if (!also_reported_as.empty()) detail.add("also_reported_as", also_reported_as);
  detail.end();
  return storage::AppendAudit{std::move(audit)};
}

Error unknown_key(const Keeper::CompromiseRequest& request) {
  return {
      Code::kNotFound, "key_unknown",
      "no key " + quoted(request.kid.view()) + " is remembered for " + request.id.str() +
          (request.realm.empty() ? std::string(" globally") : " in realm " + request.realm.str())};
}

Error reported_otherwise(const Keeper::CompromiseRequest& request, const KeyId& reported) {
  return {Code::kConflict, "compromise_under_other_kid",
          "key " + quoted(request.kid.view()) + " was reported as " + quoted(reported.view()) +
              ", the kid of the same key under another secret ID: undo that first, then this"};
}

/// What tells the key of the entry again under any other name.
KeyId material_of(const JournalEntry& entry) {
  const auto jwk = jose::Jwk::parse(entry.public_jwk);
  return jwk.ok() ? CompromisedKeys::material_of(*jwk) : entry.history.kid;
}

std::shared_ptr<const LiveRing> ring_in(const RealmMap& realms, const RealmName& realm,
                                        const SecretId& id) {
  const RealmRingsPtr rings = realms.find(realm);
  return rings ? rings->own(realm, id) : nullptr;
}

}  // namespace

std::vector<KeyId> Keeper::State::mark_compromised(std::vector<JournalEntry>& entries) {
  std::vector<KeyId> marked;
  if (compromised.empty()) return marked;
  for (auto& entry : entries) {
    if (is_gone(entry.history.state)) continue;
    auto material = materials.find(entry.history.kid);
    if (material == materials.end())
      material = materials.emplace(entry.history.kid, material_of(entry)).first;
    const CompromisedKey* key = compromised.find(entry.history.kid, material->second);
    if (key == nullptr) continue;
    entry.history.state = KeyState::kCompromised;
    entry.history.retired = key->since;
    marked.push_back(entry.history.kid);
  }
  return marked;
}

Task<Keeper::CompromiseReport> Keeper::State::compromise(CompromiseRequest request) {
  CO_TRY(const Gate::Pass pass, co_await gate.enter());
  CompromiseReport report;
  for (int attempt = 0; attempt < kMaxConflicts; ++attempt) {
    CO_TRY(const Journal remembered, co_await journal(request.realm));
    const JournalEntry* found = find_entry(remembered.entries(request.id), request.kid);
    if (found == nullptr) co_return unknown_key(request);
    report.history = found->history;
    CompromisedKey key{request.kid, request.kid, clock->now()};
    if (!found->public_jwk.empty()) {
      CO_TRY(const jose::Jwk jwk, jose::Jwk::parse(found->public_jwk));
      key.material = CompromisedKeys::material_of(jwk);
    }
    report.rings.clear();
    const auto current = realms.load();
    std::set<const LiveRing*> seen;  // many realms share the global ones
    current->for_each([&](const RealmName&, const RealmRingsPtr& rings) {
      for (const auto& ring : rings->all()) {
        if (!seen.insert(ring.get()).second) continue;
        bool is_told = false;
        for (const auto& entry : ring->entries) {
          const bool is_it = entry.secret.kid == request.kid ||
                             (entry.secret.key && CompromisedKeys::material_of(
                                                      entry.secret.key->jwk()) == key.material);
          if (!is_it) continue;
          if (!std::exchange(is_told, true)) report.rings.emplace_back(ring->realm, ring->id);
          if (ring->id != request.id || ring->realm != request.realm) continue;
          report.alias = entry.secret.alias;
          report.store = entry.secret.store;
          report.store_realm = entry.secret.store_realm;
          if (entry.secret.key)
            key.material = CompromisedKeys::material_of(entry.secret.key->jwk());
        }
      }
    });
    JournalEntry gone = *found;
    gone.history.state = KeyState::kCompromised;
    gone.history.retired = key.since;
    storage::Transaction transaction;
    transaction.push_back(put_key(request.realm, request.id, gone));
    transaction.push_back(CompromisedKeys::put(key, request.actor));
    transaction.push_back(compromise_audit("key.compromised", request, report, key.since));
    auto written = co_await storage->commit(std::move(transaction));
    if (!written.ok() && written.error().code == Code::kConflict) continue;
    if (!written.ok()) co_return std::move(written).error();
    // It is durable: no failure from here on makes it undone, and the next refresh tries again.
    // What the stores hold is known: a slow one must not keep the key in use.
    auto refreshed = co_await refresh_rings(Stores::kAreKnown);
    if (!refreshed.ok()) report.warning = refreshed.error();
    co_return report;
  }
  co_return Error{Code::kConflict, "revision_conflict",
                  "other instances changed this key again and again"};
}

Task<Done> Keeper::State::undo_in(RealmName realm, CompromiseRequest request) {
  for (int attempt = 0; attempt < kMaxConflicts; ++attempt) {
    CO_TRY(const std::vector<storage::KeyRecord> records, co_await storage->keys(realm));
    storage::Transaction transaction;
    for (auto record : records) {
      if (record.kid != request.kid || record.state != to_string(KeyState::kCompromised)) continue;
      record.state = to_string(KeyState::kRetired);
      const std::int64_t revision = record.revision;
      transaction.emplace_back(storage::PutKey{std::move(record), revision});
    }
    if (transaction.empty()) co_return Done{};
    auto written = co_await storage->commit(std::move(transaction));
    if (written.ok()) co_return Done{};
    if (written.error().code != Code::kConflict) co_return std::move(written).error();
  }
  co_return Error{Code::kConflict, "revision_conflict",
                  "other instances changed this key again and again"};
}

Task<Done> Keeper::State::undo_compromise(CompromiseRequest request) {
  CO_TRY(const Gate::Pass pass, co_await gate.enter());
  CO_TRY(const Journal remembered, co_await journal(request.realm));
  const JournalEntry* found = find_entry(remembered.entries(request.id), request.kid);
  if (found == nullptr) co_return unknown_key(request);
  if (found->history.state != KeyState::kCompromised) {
    co_return Error{Code::kConflict, "key_not_compromised",
                    "key " + quoted(request.kid.view()) + " is " +
                        std::string(to_string(found->history.state))};
  }
  // Storage is asked: what is in memory may be older than a report of another instance.
  CompromisedKeys listed;
  CO_TRY(co_await listed.load(storage));
  const std::vector<KeyId> kids = listed.reported_as(request.kid, material_of(*found));
  const bool is_reported = std::find(kids.begin(), kids.end(), request.kid) != kids.end();
  if (!kids.empty() && !is_reported) co_return reported_otherwise(request, kids.front());
  CompromiseReport report;
  report.history = found->history;
  // The list first, whatever names the key has there: while it holds the key, every refresh would
  // mark the journals again.
  storage::Transaction transaction;
  std::string others;
  for (const auto& kid : kids) {
    transaction.emplace_back(
        storage::EraseDocument{kCompromisedKind, RealmName(), kid.str(), std::nullopt});
    if (kid != request.kid) others += (others.empty() ? "" : " ") + kid.str();
  }
  transaction.push_back(
      compromise_audit("key.compromise_undone", request, report, clock->now(), others));
  CO_TRY(co_await storage->commit(std::move(transaction)));
  CO_TRY(co_await undo_in(RealmName(), request));
  storage::DocumentPages pages(storage, "realm", RealmName());
  while (true) {
    CO_TRY(const std::vector<storage::Document> page, co_await pages.next());
    if (page.empty()) break;
    for (const auto& document : page) {
      RealmName name(document.id);
      CO_TRY(co_await undo_in(std::move(name), request));
    }
  }
  CO_TRY(co_await undo_in(request.realm, request));
  co_return co_await refresh_rings(Stores::kAreKnown);
}

Task<Keeper::CompromiseReport> Keeper::compromise(CompromiseRequest request) {
  const auto before = state_->realms.load();
  CO_TRY(CompromiseReport report, co_await state_->compromise(request));
  // The global ones first: realms without keys of their own go by them.
  std::stable_partition(report.rings.begin(), report.rings.end(),
                        [](const auto& ring) { return ring.first.empty(); });
  for (const auto& [realm, id] : report.rings) {
    const auto ring = ring_in(*before, realm, id);
    const bool is_asked = realm == request.realm && id == request.id;
    if (!ring || signs_now(realm, id) || (!is_asked && !ring->can_sign)) continue;
    // Nothing that is known here signs: perhaps a store or another instance has something newer.
    static_cast<void>(co_await refresh());
    if (signs_now(realm, id)) continue;
    // Nothing is left: make a key where the lost one was.
    CompromiseRequest lost = request;
    lost.realm = realm;
    lost.id = id;
    if (!is_asked) lost.kid = ring->ring->active().kid;
    auto made = co_await replace(std::move(lost), ring);
    if (!made.ok() && is_asked && !report.warning) report.warning = std::move(made).error();
    if (!signs_now(realm, id)) report.silent.emplace_back(realm, id);
  }
  const auto now = rings_now(request.realm);
  const LiveRing* ring = now ? now->find(request.id) : nullptr;
  if (ring == nullptr || !ring->can_sign) co_return report;
  report.successor = ring->ring->active().kid;
  report.is_early = ring->activated_early;
  co_return report;
}

bool Keeper::signs_now(const RealmName& realm, const SecretId& id) const {
  const auto rings = rings_now(realm);
  const LiveRing* ring = rings ? rings->find(id) : nullptr;
  return ring != nullptr && ring->can_sign;
}

Task<Done> Keeper::replace(CompromiseRequest request, std::shared_ptr<const LiveRing> before) {
  const RingEntry* lost = before->find(request.kid);
  // A realm that went by a global key has no store where the lost one was, be it of the same name.
  const bool is_own = lost != nullptr && lost->secret.store_realm == request.realm;
  const StoreName name = is_own ? lost->secret.store : StoreName();
  const auto store = is_own ? this->store(request.realm, name) : nullptr;
  if (version_maker(store, name).ok()) {
    CO_TRY(const std::vector<Secret> present,
           co_await fetch(request.realm, name, lost->secret.alias));
    std::string after = version_to_follow(present, lost->secret.version, nullptr);
    CO_TRY(co_await make_version(request.realm, name, lost->secret.alias, std::move(after)));
    co_return co_await refresh();
  }
  const Error none{
      Code::kUnavailable, kNoSuccessor,
      "no other key of " + request.id.str() + " can sign, and its store makes none: publish one"};
  if (lost == nullptr || !key_maker(store, name).ok()) co_return none;
  auto made = co_await make_successor(request.realm, name, lost->secret);
  if (!made.ok() && made.error().is("rotate_needs_key_pair")) co_return none;
  if (!made.ok()) co_return std::move(made).error();
  StepRequest step;
  step.realm = request.realm;
  step.store = name;
  step.id = request.id;
  step.alias = made->alias;
  step.actor = request.actor;
  CO_TRY(co_await publish(std::move(step)));
  co_return Done{};
}

Task<Done> Keeper::undo_compromise(CompromiseRequest request) {
  co_return co_await state_->undo_compromise(std::move(request));
}

}  // namespace signet::secrets
