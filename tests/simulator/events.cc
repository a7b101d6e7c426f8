// What happens to a simulated cluster.

#include <algorithm>

#include "simulator/simulation.h"

namespace signet::simulator {
namespace {

constexpr const char* kOperator = "operator";

}  // namespace

secrets::Keeper::StepRequest Simulation::request(const RingName& ring, const Alias& alias) {
  secrets::Keeper::StepRequest out;
  out.realm = ring.realm;
  out.store = vaults_[ring.vault]->name;
  out.id = ring.id;
  out.alias = alias;
  out.actor = kOperator;
  out.force = dice_.chance(0.01);
  return out;
}

std::vector<Alias> Simulation::mapped(Instance& instance, const RingName& ring) {
  const auto mappings =
      async::run_now(instance.keeper->mappings(ring.realm, vaults_[ring.vault]->name));
  if (mappings.ok()) {
    for (const auto& mapping : *mappings) {
      if (mapping.id == ring.id) return mapping.aliases;
    }
  }
  return {};
}

std::vector<Milliseconds> Simulation::lags() {
  std::vector<Milliseconds> out(instances_.size(), truth_->now);
  if (dice_.chance(0.5)) return out;
  for (auto& at : out)
    at += dice_.chance(0.5)
              ? Milliseconds(0)
              : dice_.time(Milliseconds(0), 2 * Milliseconds(rules_.policy.publish_ahead));
  return out;
}

void Simulation::event() {
  const std::uint64_t kind = dice_.number(1000);
  if (kind < 60) {
    change_vault();
  } else if (kind < 75) {
    break_store(dice_.pick(instances_));
  } else if (kind < 95) {
    cut_storage(dice_.pick(instances_));
  } else if (kind < 110) {
    crash(dice_.pick(instances_));
  } else if (kind < 130) {
    Instance& instance = dice_.pick(instances_);
    instance.skew = dice_.time(-rules_.most_skew, rules_.most_skew);
    if (instance.clock) instance.clock->skew = instance.skew;
    note("clock " + instance.name() + " " + std::to_string(instance.skew.count()));
  } else if (Instance* instance = someone(true)) {
    instance->is_busy = true;
    act(*instance);
    instance->is_busy = false;
  }
}

// What a server does when it is asked. It may come between another one's reading and writing.
void Simulation::act(Instance& instance) {
  const std::uint64_t kind = dice_.number(1000);
  if (kind < 40) return publish(instance);
  if (kind < 100) return activate(instance);
  if (kind < 160) return retire(instance);
  if (kind < 163) return compromise(instance);
  if (kind < 165) return undo_compromise(instance);
  if (kind < 168) return take_own_keys(instance);
  if (kind < 240) return refresh(instance);
  if (kind < 250) {
    instance.storage->loses_answer = true;
    note("answer lost " + instance.name());
    return;
  }
  if (instance.serves) take_request(instance);
}

void Simulation::publish(Instance& instance) {
  const RingName& ring = dice_.pick(rings_);
  Vault& vault = *vaults_[ring.vault];
  if (vault.ordering != secrets::Ordering::kByMapping) return;
  const auto known = mapped(instance, ring);
  if (known.size() > 3) return;
  Alias alias("a" + std::to_string(next_alias_));
  std::vector<Alias> old;
  for (const auto& [name, items] : vault.items) {
    if (std::find(known.begin(), known.end(), name) == known.end()) old.push_back(name);
  }
  if (!old.empty() && dice_.chance(0.3)) {
    alias = dice_.pick(old);
  } else {
    ++next_alias_;
    vault.make(alias, lags());
  }
  note("publish " + ring.str() + " " + alias.str() + " at " + instance.name(),
       async::run_now(instance.keeper->publish(request(ring, alias))));
}

void Simulation::activate(Instance& instance) {
  const RingName& ring = dice_.pick(rings_);
  auto aliases = mapped(instance, ring);
  if (aliases.empty()) return;
  const Alias alias = dice_.pick(aliases);
  note("activate " + ring.str() + " " + alias.str() + " at " + instance.name(),
       async::run_now(instance.keeper->activate(request(ring, alias))));
}

void Simulation::retire(Instance& instance) {
  const RingName& ring = dice_.pick(rings_);
  auto aliases = mapped(instance, ring);
  if (aliases.empty()) return;
  const Alias alias = dice_.pick(aliases);
  const auto asked = request(ring, alias);
  note("retire " + ring.str() + " " + alias.str() + " at " + instance.name() +
           (asked.force ? " by force" : ""),
       async::run_now(instance.keeper->retire(asked)));
}

// Somebody takes all keys of a realm from it, and the global ones sign for it at once.
void Simulation::take_own_keys(Instance& instance) {
  for (const auto& ring : rings_) {
    if (ring.realm.empty()) continue;
    for (const auto& alias : mapped(instance, ring)) {
      auto asked = request(ring, alias);
      asked.force = true;
      note("take " + ring.str() + " " + alias.str() + " at " + instance.name(),
           async::run_now(instance.keeper->retire(asked)));
    }
  }
}

void Simulation::compromise(Instance& instance) {
  const RingName& ring = dice_.pick(rings_);
  auto living = checker_.living(ring);
  if (living.empty()) return;
  const KeyId kid = dice_.pick(living).kid;
  const auto done =
      async::run_now(instance.keeper->compromise({ring.realm, ring.id, kid, kOperator}));
  note("compromise " + ring.str() + " " + kid.str() + " at " + instance.name(),
       done.ok() ? Status(Done{}) : Status(done.error()));
  if (done.ok()) compromised_.emplace_back(ring, kid);
}

void Simulation::undo_compromise(Instance& instance) {
  if (compromised_.empty()) return;
  const auto [ring, kid] = dice_.pick(compromised_);
  note("undo compromise " + kid.str() + " at " + instance.name(),
       async::run_now(instance.keeper->undo_compromise({ring.realm, ring.id, kid, kOperator})));
}

// New versions come, old ones go, and now and then somebody deletes what is in use.
void Simulation::change_vault() {
  for (const auto& vault : vaults_) {
    if (vault->ordering == secrets::Ordering::kByStore) {
      auto& versions = vault->items[Alias("first")];
      if (versions.size() < 4 && dice_.chance(0.1)) {
        const auto made = vault->make(Alias("first"), lags());
        note("version " + made.kid.str());
      } else if (versions.size() > 1 && dice_.chance(0.05)) {
        note("version gone " + versions.back().secret.kid.str());
        versions.pop_back();
        ++vault->changes;
      }
    } else if (vault->items.size() > 1 && dice_.chance(0.01)) {
      auto item = vault->items.begin();
      std::advance(item, dice_.number(vault->items.size()));
      note("deleted from " + vault->name.str() + " " + item->first.str());
      vault->drop(Alias(item->first));
    }
  }
}

void Simulation::break_store(Instance& instance) {
  const std::size_t which = dice_.number(vaults_.size());
  const Milliseconds until = truth_->now + dice_.time(Seconds(1), Seconds(3 * 3600));
  const bool is_all = dice_.chance(0.3);
  for (auto& each : instances_) {
    if (!is_all && &each != &instance) continue;
    VaultView& store = *each.stores[which];
    if (!store.is_out()) store.out_from = truth_->now;
    store.out_until = std::max(store.out_until, until);
    note("outage of " + store.name().str() + " at " + each.name() + " until " +
         std::to_string(store.out_until.count()));
  }
}

// One instance is cut off for less than it takes to be held for dead (docs/adr/0008 says what it
// does not give); all together for as long as it likes.
void Simulation::cut_storage(Instance& instance) {
  const bool is_all = dice_.chance(0.2);
  const Milliseconds longest =
      is_all ? Milliseconds(Seconds(3600)) : Milliseconds(rules_.refresh_every) * 3 / 2;
  const Milliseconds until = truth_->now + dice_.time(Milliseconds(1), longest);
  // Nor anybody again before it had the time to say that it lives.
  const auto was_cut = [&](const Instance& each) {
    return each.is_up() && each.storage->cut_until > Milliseconds(0) &&
           truth_->now < each.storage->cut_until + 2 * rules_.refresh_every;
  };
  if (is_all ? std::any_of(instances_.begin(), instances_.end(), was_cut) : was_cut(instance))
    return;
  if (is_all) all_cut_until_ = std::max(all_cut_until_, until);
  for (auto& each : instances_) {
    if ((!is_all && &each != &instance) || !each.is_up()) continue;
    each.storage->cut_until = std::max(each.storage->cut_until, until);
    note("storage cut at " + each.name() + " until " + std::to_string(until.count()));
  }
}

void Simulation::crash(Instance& instance) {
  if (!instance.is_up()) return;
  const bool is_orderly = dice_.chance(0.4);
  Status left = Done{};
  if (is_orderly) {
    instance.is_busy = true;
    left = async::run_now(instance.runner->stop());
    const Status gone = async::run_now(instance.keeper->leave());
    if (left.ok()) left = gone;
    instance.is_busy = false;
  }
  note((is_orderly ? "leave " : "crash ") + instance.name(), left);
  stop(instance);
  instance.down_until = truth_->now + dice_.time(Seconds(1), Seconds(900));
}

}  // namespace signet::simulator
