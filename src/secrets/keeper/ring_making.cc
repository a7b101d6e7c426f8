#include "secrets/keeper/ring_making.h"

#include "base/text.h"

namespace signet::secrets {
namespace {

bool is_signing(const SecretId& id) {
  const SecretIdRow* row = find_row(id);
  return row != nullptr && row->purpose == Purpose::kSigning;
}

/// The public half that the journal kept, to verify with; nothing for keys that have none.
std::optional<Secret> from_journal(const SecretId& id, const JournalEntry& entry,
                                   const LiveRing* before) {
  if (!is_signing(id) || entry.public_jwk.empty()) return std::nullopt;
  const RingEntry* old = before != nullptr ? before->find(entry.history.kid) : nullptr;
  if (old != nullptr && old->secret.kind == SecretKind::kPublicKey && old->secret.store.empty())
    return old->secret;
  auto jwk = jose::Jwk::parse(entry.public_jwk);
  if (!jwk.ok()) return std::nullopt;
  return bound_to(id, Secret::of_key(std::move(jwk).value(), entry.history.kid));
}

/// The horizon of the active key grows all the time, and is told by LiveRing::active_horizon. That
/// of another key moves only where an instance made a token with it before it knew that the key
/// signs no more.
bool same_life(const KeyHistory& a, const KeyHistory& b) {
  return a.state == b.state && a.published == b.published && a.activated == b.activated &&
         a.deactivated == b.deactivated && (a.state == KeyState::kActive || a.horizon == b.horizon);
}

bool same_entry(const RingEntry& a, const RingEntry& b) {
  return a.secret.kid == b.secret.kid && a.secret.key == b.secret.key &&
         a.secret.text == b.secret.text && a.secret.alias == b.secret.alias &&
         a.secret.is_of(b.secret.store_realm, b.secret.store) &&
         a.secret.version == b.secret.version &&
         std::equal(a.secret.certificates.begin(), a.secret.certificates.end(),
                    b.secret.certificates.begin(), b.secret.certificates.end(),
                    [](const auto& x, const auto& y) { return x.der() == y.der(); }) &&
         same_life(a.history, b.history);
}

bool same_skipped(const Skipped& a, const Skipped& b) {
  return a.store == b.store && a.store_realm == b.store_realm && a.alias == b.alias &&
         a.kid == b.kid && a.why.detail == b.why.detail;
}

bool same_ring(const LiveRing& a, const LiveRing& b) {
  return a.waiting == b.waiting && a.waiting_until == b.waiting_until && a.degraded == b.degraded &&
         a.can_sign == b.can_sign && a.lacks_successor == b.lacks_successor && a.lost == b.lost &&
         std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(),
                    same_entry) &&
         std::equal(a.skipped.begin(), a.skipped.end(), b.skipped.begin(), b.skipped.end(),
                    same_skipped);
}

/// The ring until now if nothing changed, so that nobody has to prepare anything again.
Result<std::shared_ptr<const LiveRing>> finish(LiveRing ring,
                                               std::shared_ptr<const LiveRing> before) {
  std::vector<Secret> ordered;
  for (const auto& entry : ring.entries)
    ordered.push_back(entry.secret);
  TRY(ring.ring, KeyRing::make(ring.id, std::move(ordered)));
  if (before && same_ring(*before, ring)) return before;
  return std::make_shared<const LiveRing>(std::move(ring));
}

/// The horizon of the active key of `ring`, which may be one that only others can sign with; it
/// keeps its identity while that key stays the same. Zero where none is active.
std::shared_ptr<std::atomic<std::int64_t>> active_horizon_in(const LiveRing& ring,
                                                             const LiveRing* before) {
  const RingEntry* active = ring.first_in(KeyState::kActive);
  if (active == nullptr) return std::make_shared<std::atomic<std::int64_t>>(0);
  const std::int64_t remembered = unix_seconds(active->history.horizon);
  const RingEntry* last = before != nullptr ? before->first_in(KeyState::kActive) : nullptr;
  if (last == nullptr || last->history.kid != active->history.kid)
    return std::make_shared<std::atomic<std::int64_t>>(remembered);
  auto& known = *before->active_horizon;
  std::int64_t value = known.load();
  while (value < remembered && !known.compare_exchange_weak(value, remembered)) {
  }
  return before->active_horizon;
}

}  // namespace

Error nothing_usable(const SecretId& id, const Found& found) {
  if (found.resolution.blocked_by && found.resolution.outage) return *found.resolution.outage;
  std::vector<std::string> asked;
  for (const auto& store : found.resolution.asked)
    asked.push_back(store.str());
  std::string detail = "no usable secret for " + id.str() + "; asked: " + join(asked, ", ");
  std::vector<Skipped> skipped = found.resolution.skipped;
  skipped.insert(skipped.end(), found.unread.begin(), found.unread.end());
  for (const auto& one : skipped)
    detail += "; " + quoted(one.alias.view()) + " in " + one.store.str() + ": " + one.why.detail;
  return {Code::kConfig, "secret_missing", std::move(detail)};
}

const JournalEntry* compromised_signer(const std::vector<JournalEntry>& entries) {
  const JournalEntry* last = nullptr;
  for (const auto& entry : entries) {
    if (!entry.history.activated) continue;
    if (last == nullptr || *last->history.activated <= *entry.history.activated) last = &entry;
  }
  return last != nullptr && last->history.state == KeyState::kCompromised ? last : nullptr;
}

Error no_successor(const SecretId& id, const JournalEntry& signer, const std::string& found) {
  std::string detail = "key ";
  detail += quoted(signer.history.kid.view());
  detail += " of ";
  detail += id.str();
  detail +=
      " was reported compromised and has no successor, so that nothing is made with this ID "
      "until another key is published: ";
  detail += found;
  return {Code::kUnavailable, kNoSuccessor, std::move(detail)};
}

Result<std::shared_ptr<const LiveRing>> without_journal(LiveRing ring, const Found& found,
                                                        std::shared_ptr<const LiveRing> before) {
  if (found.resolution.ordered.empty()) return nothing_usable(ring.id, found);
  ring.skipped = found.resolution.skipped;
  ring.skipped.insert(ring.skipped.end(), found.unread.begin(), found.unread.end());
  for (const auto& secret : found.resolution.ordered) {
    const KeyState state = ring.entries.empty() ? KeyState::kActive : KeyState::kPassive;
    KeyHistory history;
    history.kid = secret.kid;
    history.state = state;
    ring.entries.push_back({secret, history, state, nullptr});
  }
  ring.active_horizon = std::make_shared<std::atomic<std::int64_t>>(LiveRing::kEndless);
  return finish(std::move(ring), std::move(before));
}

Result<std::shared_ptr<const LiveRing>> verifying_ring(LiveRing ring,
                                                       const std::vector<JournalEntry>& entries,
                                                       std::shared_ptr<const LiveRing> before,
                                                       UsageLedger& usage) {
  ring.degraded = true;
  ring.can_sign = false;
  if (before) ring.lost = before->lost;
  for (const auto& entry : entries) {
    if (is_gone(entry.history.state) || !entry.history.published) continue;
    auto secret = from_journal(ring.id, entry, before.get());
    if (!secret) continue;
    auto meter = usage.meter(ring.realm, ring.id, entry.history.kid);
    ring.entries.push_back(
        {std::move(*secret), entry.history, entry.history.state, std::move(meter)});
  }
  std::stable_partition(ring.entries.begin(), ring.entries.end(),
                        [](const RingEntry& entry) { return entry.state == KeyState::kActive; });
  ring.active_horizon = active_horizon_in(ring, before.get());
  return finish(std::move(ring), std::move(before));
}

Result<std::shared_ptr<const LiveRing>> ring_of(LiveRing ring, const Lineup& lineup,
                                                const Candidates& candidates,
                                                const std::vector<JournalEntry>& entries,
                                                std::shared_ptr<const LiveRing> before,
                                                UsageLedger& usage) {
  ring.lost = lineup.lost;
  ring.waiting = lineup.waiting;
  ring.waiting_until = lineup.waiting_until;
  ring.activated_early = lineup.activated_early;
  ring.can_sign = lineup.active.has_value();
  const bool is_missing = !lineup.active && !lineup.waiting;
  ring.lacks_successor = is_missing && compromised_signer(entries) != nullptr;
  ring.degraded = ring.degraded || !lineup.lost.empty() || is_missing;
  ring.skipped = candidates.skipped;
  for (const auto& kid : lineup.order) {
    const JournalEntry& entry = *find_entry(entries, kid);
    std::optional<Secret> secret;
    if (const Secret* held = candidates.find(kid)) {
      secret = *held;
    } else {
      secret = from_journal(ring.id, entry, before.get());
    }
    if (!secret) continue;
    auto meter = usage.meter(ring.realm, ring.id, kid);
    ring.entries.push_back(
        {std::move(*secret), entry.history, entry.history.state, std::move(meter)});
  }
  ring.active_horizon = active_horizon_in(ring, before.get());
  return finish(std::move(ring), std::move(before));
}

}  // namespace signet::secrets
