#include "simulator/simulation.h"

#include <algorithm>

#include "secrets/keeper/compromised.h"
#include "secrets/keeper/kinds.h"
#include "storage/memory/memory_storage.h"

namespace signet::simulator {
namespace {

using secrets::SecretId;

constexpr std::size_t kKeystore = 0, kScheduled = 1, kVersioned = 2, kOwn = 3;
constexpr std::size_t kVerifiers = 8;
constexpr Seconds kMeanEventGap{40};
constexpr Milliseconds kLongestRequest = Seconds(30);

std::vector<RingName> ring_names() {
  return {
      {RealmName(), SecretId::literal("am.services.oauth2.oidc.signing.ES256"), kKeystore},
      {RealmName(), SecretId::literal("am.services.oauth2.stateless.signing.ES256"), kScheduled},
      {RealmName(), SecretId::literal("am.global.services.session.clientbased.signing"),
       kVersioned},
      {RealmName("alpha"), SecretId::literal("am.services.oauth2.oidc.signing.ES256"), kOwn}};
}

/// What the administration keeps of a realm: an undone compromise is looked up in each.
storage::Transaction realm_document(const RealmName& realm) {
  storage::PutDocument put;
  put.document.kind = "realm";
  put.document.id = realm.str();
  put.document.text = "{}";
  storage::Transaction transaction;
  transaction.emplace_back(std::move(put));
  return transaction;
}

class TrueClock : public Clock {
 public:
  explicit TrueClock(std::shared_ptr<const Truth> truth) : truth_(std::move(truth)) {}
  Instant now() const override { return instant_of(truth_->now); }

 private:
  const std::shared_ptr<const Truth> truth_;
};

secrets::Mapping one_alias(const SecretId& id, const Alias& alias) {
  secrets::Mapping mapping;
  mapping.id = id;
  mapping.aliases.push_back(alias);
  return mapping;
}

}  // namespace

Simulation::Simulation(std::uint64_t seed, Rules rules)
    : rules_(rules),
      dice_(seed),
      true_clock_(std::make_shared<TrueClock>(truth_)),
      shared_(storage::memory::open(*true_clock_)),
      rings_(ring_names()),
      checker_(shared_, truth_, rules_, rings_) {
  const Status known = async::run_now(shared_->commit(realm_document(rings_[kOwn].realm)));
  if (!known.ok()) checker_.violated("the realm could not be stored: " + known.error().detail);
  instances_.resize(3 + dice_.number(3));
  const char* names[] = {"keystore", "scheduled", "versioned", "own"};
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    auto vault = std::make_shared<Vault>();
    vault->name = StoreName(names[i]);
    vault->ordering = i == kVersioned ? secrets::Ordering::kByStore : secrets::Ordering::kByMapping;
    vault->instances = static_cast<int>(instances_.size());
    vault->next_key = &next_key_;
    vault->make(Alias("first"), {});
    vaults_.push_back(std::move(vault));
  }
  for (std::size_t i = 0; i < instances_.size(); ++i) {
    instances_[i].number = i;
    instances_[i].skew = dice_.time(-rules_.most_skew, rules_.most_skew);
    for (const auto& vault : vaults_)
      instances_[i].stores.push_back(std::make_shared<VaultView>(vault, truth_, i));
    start(instances_[i]);
  }
  for (std::size_t i = 0; i < kVerifiers; ++i)
    verifiers_.emplace_back().realm = i % 2 == 0 ? RealmName() : RealmName("alpha");
}

void Simulation::note(const std::string& what, const Status& outcome) {
  std::string line = std::to_string(truth_->now.count()) + " " + what;
  if (!outcome.ok()) line += ": " + std::string(outcome.error().reason);
  trace_.push_back(std::move(line));
}

void Simulation::start(Instance& instance) {
  ++instance.life;
  ++lives_;
  instance.clock = std::make_shared<SkewedClock>(truth_);
  instance.clock->skew = instance.skew;
  instance.storage = std::make_shared<StorageView>(shared_, truth_);
  instance.storage->cut_until = all_cut_until_;
  instance.serves = false;
  instance.fresh_since = Milliseconds(-1);
  link(instance);
  secrets::KeeperOptions options;
  options.policy = rules_.policy;
  options.refresh_every = rules_.refresh_every;
  options.store_timeout = Seconds(3600);  // of real time, which is not a part of this
  options.horizon_step = std::min(options.horizon_step, rules_.policy.publish_ahead);
  options.random = std::make_shared<SeededRandom>(instance.number + 100 * lives_);
  if (rules_.instances_wait) options.instance.id = instance.name();
  instance.keeper = std::make_shared<secrets::Keeper>(instance.storage, instance.clock, options);
  std::vector<secrets::ConfiguredStore> stores;
  for (const auto& ring : rings_) {
    stores.push_back({instance.stores[ring.vault], ring.realm, {}});
    stores.back().mappings.push_back(one_alias(ring.id, Alias("first")));
  }
  secrets::RotationRule rule;
  rule.id = rings_[kScheduled].id;
  rule.store = vaults_[kScheduled]->name;
  rule.every = Seconds(3 * 3600);
  rule.publish_ahead = rules_.policy.publish_ahead;
  rule.keep = Seconds(1800);
  std::vector<secrets::RotationRule> scheduled;
  scheduled.push_back(rule);
  rule.id = rings_[kVersioned].id;
  rule.store = vaults_[kVersioned]->name;
  scheduled.push_back(rule);
  instance.runner = std::make_unique<secrets::RotationRunner>(
      instance.keeper, instance.storage, instance.clock, std::move(scheduled), instance.name(),
      rules_.refresh_every);
  instance.is_busy = true;
  Status configured = async::run_now(instance.keeper->configure(std::move(stores)));
  instance.is_busy = false;
  note("start " + instance.name(), configured);
  if (!configured.ok()) {  // it ends, and its supervisor tries again
    stop(instance);
    instance.down_until = truth_->now + Seconds(20);
    return;
  }
  instance.next_turn = truth_->now + dice_.time(Seconds(1), rules_.refresh_every);
  instance.is_busy = true;
  refresh(instance);
  instance.is_busy = false;
}

void Simulation::stop(Instance& instance) {
  instance.runner.reset();
  instance.keeper.reset();
  instance.serves = false;
}

// Another instance may act between this one's reading and writing; what it commits tells the
// others.
void Simulation::link(Instance& instance) {
  const std::size_t number = instance.number;
  instance.storage->in_between = [this, number] { interleave(instances_[number]); };
  instance.storage->committed = [this, number](const storage::Transaction& transaction) {
    checker_.changed();
    notify(instances_[number], transaction);
  };
}

void Simulation::notify(const Instance& by, const storage::Transaction& transaction) {
  const bool is_news =
      std::any_of(transaction.begin(), transaction.end(), [](const storage::Change& change) {
        const auto* put = std::get_if<storage::PutDocument>(&change);
        return put != nullptr && secrets::changes_rings(put->document.kind);
      });
  if (!is_news) return;
  for (const auto& other : instances_) {
    if (other.number == by.number || dice_.chance(0.3)) continue;
    notifications_.push_back({truth_->now + dice_.time(Milliseconds(1), Seconds(1)), other.number});
  }
}

void Simulation::interleave(Instance& committing) {
  const bool is_nested = std::count_if(instances_.begin(), instances_.end(),
                                       [](const auto& other) { return other.is_busy; }) > 1;
  if (is_calm_ || is_nested || !dice_.chance(0.04)) return;
  Instance& other = dice_.pick(instances_);
  if (&other == &committing || !other.is_up() || other.is_busy) return;
  note("between, at " + other.name());
  other.is_busy = true;
  act(other);
  other.is_busy = false;
}

void Simulation::refresh(Instance& instance) {
  const Milliseconds began = truth_->now;
  if (async::run_now(instance.keeper->refresh_due()).ok()) instance.fresh_since = began;
  bool has_all = true;
  for (const auto& ring : rings_) {
    const auto rings = async::run_now(instance.keeper->rings(ring.realm));
    has_all = has_all && rings.ok() && (*rings)->find(ring.id) != nullptr;
  }
  has_all = has_all && instance.keeper->unread().empty();
  if (has_all && !instance.serves) note("serves " + instance.name());
  instance.serves = instance.serves || has_all;
}

void Simulation::turn(Instance& instance) {
  instance.is_busy = true;
  static_cast<void>(async::run_now(instance.keeper->beat()));
  refresh(instance);
  static_cast<void>(async::run_now(instance.runner->run()));
  instance.is_busy = false;
  instance.next_turn = truth_->now + rules_.refresh_every;
}

Instance* Simulation::someone(bool must_serve) {
  std::vector<Instance*> able;
  for (auto& instance : instances_) {
    if (instance.is_up() && !instance.is_busy && (instance.serves || !must_serve))
      able.push_back(&instance);
  }
  return able.empty() ? nullptr : dice_.pick(able);
}

void Simulation::take_request(Instance& instance) {
  const RingName& name = dice_.pick(rings_);
  // A realm uses the global rings of IDs that it has no keys of its own for.
  const RealmName realm = dice_.chance(0.5) ? RealmName("alpha") : name.realm;
  const auto rings = instance.rings(realm);
  const secrets::LiveRing* ring = rings ? rings->find(name.id) : nullptr;
  if (ring == nullptr) return;  // the checker says so, if tokens live
  const auto shared = std::shared_ptr<const secrets::LiveRing>(rings, ring);
  if (!ring->can_sign) {
    // A first key waits until caches know it; from then on only an outage or a loss is a reason.
    if (!ring->degraded && !ring->waiting)
      checker_.violated("a ring that cannot sign does not say so");
    return;
  }
  const Milliseconds lives = dice_.time(Seconds(60), Seconds(7200));
  if (dice_.chance(0.8)) return issue(instance, realm, shared, truth_->now, lives);
  requests_.push_back({instance.number, instance.life, realm, shared, truth_->now,
                       truth_->now + dice_.time(Milliseconds(1), kLongestRequest), lives});
}

void Simulation::answer(const Request& request) {
  Instance& instance = instances_[request.instance];
  if (!instance.is_up() || instance.life != request.life) return;
  issue(instance, request.realm, request.ring, request.taken, request.lives);
}

void Simulation::issue(Instance& instance, const RealmName& realm,
                       const std::shared_ptr<const secrets::LiveRing>& ring, Milliseconds taken,
                       Milliseconds lives) {
  const Instant expires = instance.clock->now() + lives;
  if (rules_.horizons_are_raised) {
    const bool was_busy = std::exchange(instance.is_busy, true);
    const auto raised = async::run_now(instance.keeper->raise_horizon(ring, expires));
    instance.is_busy = was_busy;
    if (!raised.ok()) return;
  }
  checker_.issued(instance, *ring, realm, taken, expires - kStart);
}

Milliseconds Simulation::next_moment() const {
  Milliseconds next = next_event_;
  for (const auto& instance : instances_)
    next = std::min(next, instance.is_up() ? instance.next_turn : instance.down_until);
  for (const auto& request : requests_)
    next = std::min(next, request.answered);
  for (const auto& notification : notifications_)
    next = std::min(next, notification.at);
  return std::max(next, truth_->now);
}

void Simulation::step() {
  truth_->now = next_moment();
  const Milliseconds now = truth_->now;
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    if (requests_[i].answered > now) continue;
    const Request request = requests_[i];
    requests_.erase(requests_.begin() + static_cast<std::ptrdiff_t>(i));
    return answer(request);
  }
  for (std::size_t i = 0; i < notifications_.size(); ++i) {
    if (notifications_[i].at > now) continue;
    Instance& instance = instances_[notifications_[i].instance];
    notifications_.erase(notifications_.begin() + static_cast<std::ptrdiff_t>(i));
    if (!instance.is_up()) return;
    instance.is_busy = true;
    refresh(instance);
    instance.is_busy = false;
    return;
  }
  for (auto& instance : instances_) {
    if (instance.is_up() && instance.next_turn <= now) return turn(instance);
    if (!instance.is_up() && instance.down_until <= now) return start(instance);
  }
  next_event_ = now + dice_.time(Milliseconds(1), 2 * Milliseconds(kMeanEventGap));
  if (!is_calm_) event();
}

Outcome Simulation::run(Milliseconds lasts) {
  const auto go_to = [&](Milliseconds end) {
    while (truth_->now < end && checker_.violations().empty()) {
      step();
      for (auto& verifier : verifiers_) {
        if (verifier.has_jwks(truth_->now) || !dice_.chance(0.2)) continue;
        if (Instance* from = someone(true)) verifier.fetch(*from, truth_->now, rules_.jwks_cached);
      }
      checker_.check(instances_, verifiers_);
    }
  };
  go_to(lasts);
  calm_down();
  go_to(lasts + 3 * rules_.policy.publish_ahead + 70 * rules_.refresh_every);
  // What one has done this moment the others know after a refresh.
  for (int i = 0; i < 2; ++i) {
    for (auto& instance : instances_) {
      instance.is_busy = true;
      refresh(instance);
      instance.is_busy = false;
    }
  }
  if (checker_.violations().empty()) checker_.check_calm(instances_);
  return {checker_.violations(),  std::move(trace_),      checker_.tokens(),
          checker_.activations(), checker_.retirements(), lives_};
}

void Simulation::calm_down() {
  note("calm");
  is_calm_ = true;
  all_cut_until_ = truth_->now;
  for (auto& instance : instances_) {
    for (const auto& store : instance.stores)
      store->out_until = truth_->now;
    if (instance.storage) instance.storage->cut_until = truth_->now;
    if (!instance.is_up()) start(instance);
  }
  // Somebody puts keys where compromises and deletions have left none.
  vaults_[kVersioned]->make(Alias("first"), {});
  if (Instance* instance = someone(false)) {
    refresh(*instance);  // what it read before may be what was compromised
    for (const auto& ring : rings_) {
      // Where the store has the versions its one alias may have been retired.
      const Alias alias(ring.vault == kVersioned ? "first" : "calm");
      if (ring.vault != kVersioned) vaults_[ring.vault]->make(alias, {});
      secrets::Keeper::StepRequest step = request(ring, alias);
      step.force = false;
      note("publish " + ring.str() + " at " + instance->name(),
           async::run_now(instance->keeper->publish(std::move(step))));
    }
  }
}

}  // namespace signet::simulator
