#include "simulator/checker.h"

#include <algorithm>

#include "base/json.h"
#include "storage/audit_chain.h"

namespace signet::simulator {
namespace {

constexpr Milliseconds kForever = Milliseconds::max();
constexpr std::size_t kMostWritten = 10;

bool flag_in(const json::Object& object, std::string_view name) {
  const json::Value* value = object.find(name);
  return value != nullptr && value->if_bool() != nullptr && *value->if_bool();
}

std::string seconds_of(Milliseconds time) {
  return std::to_string(time.count() / 1000) + " s";
}

}  // namespace

Checker::Checker(std::shared_ptr<storage::Storage> shared, std::shared_ptr<const Truth> truth,
                 const Rules& rules, std::vector<RingName> rings)
    : shared_(std::move(shared)),
      truth_(std::move(truth)),
      rules_(rules),
      rings_(std::move(rings)) {}

void Checker::violated(const std::string& how) {
  if (violations_.size() < kMostWritten)
    violations_.push_back("at " + seconds_of(truth_->now) + ": " + how);
}

bool Checker::is_excused(const KeyId& kid) const {
  const auto found = excused_.find(kid);
  return found != excused_.end() && truth_->now < found->second;
}

void Checker::excuse(const KeyId& kid, Milliseconds until) {
  auto& known = excused_[kid];
  known = std::max(known, until);
}

std::vector<storage::KeyRecord> Checker::living(const RingName& ring) const {
  std::vector<storage::KeyRecord> out;
  for (const auto& [name, record] : records_) {
    const auto state = secrets::parse_key_state(record.state);
    if (record.realm == ring.realm && record.secret_id == ring.id.str() && state &&
        !is_gone(*state))
      out.push_back(record);
  }
  return out;
}

void Checker::issued(const Instance& by, const secrets::LiveRing& ring, const RealmName& realm,
                     Milliseconds snapshot_at, Milliseconds expires) {
  ++issued_;
  const KeyId& kid = ring.ring->active().kid;
  auto& latest = tokens_[{realm, ring.id, kid}];
  latest = std::max(latest, expires);
  // Its own step may just have activated the key.
  if (is_changed_) {
    read_audit();
    read_journal();
  }
  // Whose last refresh began after the key was taken from the front knows better.
  const auto stopped = inactive_since_.find({ring.realm, ring.id.str(), kid});
  if (stopped == inactive_since_.end()) return;
  if (snapshot_at >= by.fresh_since && by.fresh_since > stopped->second) {
    violated("two active keys: instance " + by.name() + " signs with " + kid.str() + " of " +
             ring.id.str() + ", which is not active since " + seconds_of(stopped->second));
  }
}

void Checker::read_audit() {
  while (true) {
    const auto page = async::run_now(shared_->audit(audited_, 500));
    if (!page.ok() || page->empty()) return;
    if (const auto whole = storage::verify_audit(*page, chain_); !whole.ok())
      violated("audit chain: " + whole.error().detail);
    chain_ = page->back().chain;
    audited_ = page->back().sequence;
    for (const auto& event : *page) {
      paths_.add(event);
      const auto detail = json::parse_object(event.detail);
      const json::Value* kid = detail.ok() ? detail->find("kid") : nullptr;
      if (kid == nullptr || kid->if_string() == nullptr) continue;
      const KeyId key(*kid->if_string());
      const bool is_forced = flag_in(*detail, "forced");
      if (event.event == "key.activated") {
        ++activations_;
        if (is_forced || flag_in(*detail, "early")) surprises_[key] = truth_->now;
      } else if (event.event == "key.retired") {
        ++retirements_;
        if (is_forced) excuse(key, kForever);
      } else if (event.event == "key.compromised") {
        excuse(key, kForever);
        compromised_.emplace(key, truth_->now);
      } else if (event.event == "key.compromise_undone") {
        compromised_.erase(key);
      }
    }
  }
}

void Checker::read_journal() {
  std::vector<storage::KeyRecord> all;
  std::vector<RealmName> realms;
  for (const auto& ring : rings_) {
    if (std::find(realms.begin(), realms.end(), ring.realm) != realms.end()) continue;
    realms.push_back(ring.realm);
    auto records = async::run_now(shared_->keys(ring.realm));
    if (records.ok()) all.insert(all.end(), records->begin(), records->end());
  }
  secrets::Invariant one_active, lives;
  check_records(all, one_active, lives);
  for (const auto* invariant : {&one_active, &lives}) {
    for (const auto& violation : invariant->violations)
      violated(violation);
  }
  for (const auto& record : all) {
    const KeyName name{record.realm, record.secret_id, record.kid};
    // Two instances that hold different keys may each have activated theirs since the last look.
    const auto known = records_.find(name);
    const bool was_active = known != records_.end() && known->second.activated != record.activated;
    if (record.state == "active") {
      inactive_since_.erase(name);
    } else if (was_active) {
      inactive_since_.insert_or_assign(name, truth_->now);
    } else {
      inactive_since_.emplace(name, truth_->now);
    }
    // A retired key, and no token of it may live: not when it went, and not by a later promise.
    const bool is_early = record.state == "retired" && record.activated && record.retired &&
                          record.horizon + rules_.policy.clock_skew > *record.retired;
    if (is_early && !is_excused(record.kid)) {
      violated("key " + record.kid.str() + " of " + record.secret_id + " was retired " +
               seconds_of(record.horizon - *record.retired) + " before its horizon");
    }
    records_.insert_or_assign(name, record);
  }
}

// Until every instance has looked since, and nobody has a JWKS any more from before that.
void Checker::excuse_surprises(const std::vector<Instance>& instances) {
  std::erase_if(surprises_, [&](const auto& surprise) {
    excuse(surprise.first, truth_->now + rules_.jwks_cached + 4 * rules_.refresh_every);
    return std::all_of(instances.begin(), instances.end(), [&](const Instance& instance) {
      return !instance.is_up() || !instance.serves || instance.fresh_since > surprise.second;
    });
  });
}

void Checker::check_tokens(const std::vector<Instance>& instances,
                           const std::vector<Verifier>& verifiers) {
  std::erase_if(tokens_, [&](const auto& pair) { return pair.second <= truth_->now; });
  for (const auto& [token, expires] : tokens_) {
    if (is_excused(token.kid)) continue;
    for (const auto& instance : instances) {
      if (!instance.is_up() || !instance.serves) continue;
      const auto rings = instance.rings(token.realm);
      const secrets::LiveRing* ring = rings ? rings->find(token.id) : nullptr;
      if (ring != nullptr && ring->ring->find(token.kid.view()) != nullptr) continue;
      violated("instance " + instance.name() + " does not know key " + token.kid.str() + " of " +
               token.id.str() + ", whose tokens live for " + seconds_of(expires - truth_->now) +
               (ring == nullptr && rings ? ": " + rings->why(token.id).detail : ""));
    }
    for (const auto& verifier : verifiers) {
      if (verifier.realm != token.realm || !verifier.has_jwks(truth_->now)) continue;
      if (verifier.kids.contains(token.kid)) continue;
      violated("a verifier has no key " + token.kid.str() + " of " + token.id.str() +
               " in its JWKS of " + seconds_of(truth_->now - verifier.fetched) + " ago from " +
               verifier.from);
    }
  }
}

void Checker::check_gone(const std::vector<Instance>& instances) {
  for (const auto& [kid, since] : compromised_) {
    for (const auto& instance : instances) {
      if (!instance.is_up() || instance.fresh_since <= since) continue;
      for (const auto& ring : rings_) {
        if (published_kids(instance, ring.realm).contains(kid))
          violated("instance " + instance.name() + " still has the compromised key " + kid.str());
      }
    }
  }
}

void Checker::check_health(const std::vector<Instance>& instances) {
  for (const auto& instance : instances) {
    if (!instance.is_up()) continue;
    const auto health = instance.keeper->health();
    for (const auto& store : instance.stores) {
      if (!store->is_out() || store->out_from >= instance.fresh_since) continue;
      for (const auto& shown : health) {
        if (shown.name == store->name() && shown.ok)
          violated("instance " + instance.name() + " does not show the outage of " +
                   shown.name.str());
      }
    }
  }
}

void Checker::check(const std::vector<Instance>& instances,
                    const std::vector<Verifier>& verifiers) {
  if (std::exchange(is_changed_, false)) {
    read_audit();
    read_journal();
    for (const auto* invariant : {&paths_.paths, &paths_.waits}) {
      if (!invariant->holds()) violated(invariant->name + ": " + invariant->violations.back());
    }
  }
  excuse_surprises(instances);
  check_tokens(instances, verifiers);
  check_gone(instances);
  check_health(instances);
}

void Checker::check_calm(const std::vector<Instance>& instances) {
  for (const auto& instance : instances) {
    if (!instance.serves) violated("instance " + instance.name() + " does not serve");
    for (const auto& health : instance.keeper->health()) {
      if (!health.ok && health.detail.find("alias_unknown") == health.detail.npos)
        violated("instance " + instance.name() + " does not reach " + health.name.str() + ": " +
                 health.detail);
    }
    for (const auto& name : rings_) {
      const auto ours = instance.rings(name.realm), theirs = instances.front().rings(name.realm);
      const auto* mine = ours ? ours->find(name.id) : nullptr;
      const auto* first = theirs ? theirs->find(name.id) : nullptr;
      const bool is_same = mine != nullptr && first != nullptr &&
                           mine->can_sign == first->can_sign &&
                           mine->ring->active().kid == first->ring->active().kid;
      if (!is_same)
        violated("instances " + instance.name() + " and " + instances.front().name() +
                 " do not agree on " + name.id.str());
    }
  }
}

}  // namespace signet::simulator
