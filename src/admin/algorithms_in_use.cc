#include "admin/algorithms_in_use.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "base/text.h"

namespace signet::admin {
namespace {

using secrets::Keeper;
using secrets::LiveRing;
using secrets::Secret;
using secrets::SecretId;

std::vector<jose::JwsAlg> without(std::vector<jose::JwsAlg> all,
                                  const std::vector<jose::JwsAlg>& these) {
  std::erase_if(all, [&](const jose::JwsAlg alg) {
    return std::find(these.begin(), these.end(), alg) != these.end();
  });
  return all;
}

/// The list as the step would leave it (Keeper::publish() and its like): as it is where the keeper
/// would refuse that.
std::vector<Alias> after_step(StepCall method, const Alias& alias, std::vector<Alias> aliases) {
  const auto found = std::find(aliases.begin(), aliases.end(), alias);
  const bool is_there = found != aliases.end();
  if (method == &Keeper::publish && !is_there) aliases.push_back(alias);
  if (method == &Keeper::activate && is_there) std::rotate(aliases.begin(), found, found + 1);
  if (method == &Keeper::retire && is_there) aliases.erase(found);
  return aliases;
}

/// Whether the first of this store's list signs, or will as soon as it may: no store before it
/// serves the ID.
bool decides(const Keeper& keeper, const Keeper::StepRequest& step, const LiveRing& ring) {
  const Secret& active = ring.ring->active();
  for (const auto& store : keeper.health()) {  // those of a level in the order of asking
    if (store.realm != step.realm) continue;
    if (store.name == step.store) return true;
    if (active.is_of(step.realm, store.name)) return false;
  }
  return false;
}

/// The key of the alias that would sign, as far as the ring has it: of several versions the one
/// that waits, else the first.
const Secret* signer_in(const LiveRing& ring, const Keeper::StepRequest& step, const Alias& alias) {
  const Secret* first = nullptr;
  for (const auto& entry : ring.entries) {
    const Secret& secret = entry.secret;
    if (!secret.is_of(step.realm, step.store) || secret.alias != alias) continue;
    if (!secrets::can_be_active(secret)) continue;
    if (ring.waiting == secret.kid) return &secret;
    if (first == nullptr) first = &secret;
  }
  return first;
}

std::optional<Secret> signer_in(const LiveRing& ring, const Keeper::StepRequest& step,
                                const std::vector<Alias>& aliases) {
  for (const auto& alias : aliases) {
    if (const Secret* found = signer_in(ring, step, alias)) return *found;
  }
  return std::nullopt;
}

/// The same of a list that may have aliases which are not mapped yet. A store that cannot be asked
/// is the keeper's to tell of.
Task<std::optional<Secret>> first_signer(const AdminServices& services,
                                         std::shared_ptr<const LiveRing> ring,
                                         Keeper::StepRequest step, std::vector<Alias> before,
                                         std::vector<Alias> after) {
  for (const auto& alias : after) {
    if (const Secret* known = signer_in(*ring, step, alias))
      co_return std::optional<Secret>(*known);
    if (std::find(before.begin(), before.end(), alias) != before.end()) continue;
    const auto fetched = co_await services.oauth->keeper->fetch(step.realm, step.store, alias);
    if (!fetched.ok()) continue;
    for (const auto& secret : *fetched) {
      if (secrets::can_be_active(secret) && secrets::check_fits(step.id, secret).ok())
        co_return std::optional<Secret>(secret);
    }
  }
  co_return std::optional<Secret>();
}

std::string words_of(const Secret& secret) {
  return "key " + quoted(secret.kid.view()) + " (" + secret.store.str() + '/' + secret.alias.str() +
         ')';
}

std::string alg_names(const std::vector<jose::JwsAlg>& algorithms) {
  std::vector<std::string> names;
  for (const auto alg : algorithms)
    names.emplace_back(jose::name(alg));
  return join(names, ", ");
}

/// "what a, b, c and 7 more", or nothing of an empty list.
template <class T, class Name>
void add_some(std::vector<std::string>& out, const char* what, const std::vector<T>& all,
              Name name) {
  constexpr std::size_t kMostNamed = 3;
  if (all.empty()) return;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(all.size(), kMostNamed); ++i)
    names.push_back(quoted(name(all[i])));
  std::string text = std::string(what) + ' ' + join(names, ", ");
  if (all.size() > kMostNamed) text += " and " + std::to_string(all.size() - kMostNamed) + " more";
  out.push_back(std::move(text));
}

/// Who asks, in words; empty where it is nobody.
std::string words_of(const KeyImpact& askers) {
  std::vector<std::string> out;
  add_some(out, "realms", askers.realms, [](const RealmName& realm) { return realm.str(); });
  add_some(out, "clients", askers.clients,
           [](const auto& client) { return client.first.str() + '/' + client.second.str(); });
  add_some(out, "resource servers", askers.resource_servers,
           [](const auto& server) { return server.first.str() + '/' + server.second; });
  if (!askers.is_whole) {
    out.push_back("perhaps others: only the first " + std::to_string(kMostRead) +
                  " clients and resource servers were read");
  }
  return join(out, "; ");
}

/// What would sign for a realm without any key of its own; nothing for the global keys.
Task<std::optional<Secret>> global_signer(const AdminServices& services, Keeper::StepRequest step) {
  if (step.realm.empty()) co_return std::optional<Secret>();
  CO_TRY(const auto rings, co_await services.oauth->keeper->rings(RealmName()));
  const LiveRing* ring = rings->find(step.id);
  if (ring == nullptr || !ring->can_sign) co_return std::optional<Secret>();
  co_return std::optional<Secret>(ring->ring->active());
}

/// The list that the store has for the ID now.
Task<std::vector<Alias>> list_now(const AdminServices& services, Keeper::StepRequest step) {
  CO_TRY(const auto mappings, co_await services.oauth->keeper->mappings(step.realm, step.store));
  for (const auto& mapping : mappings) {
    if (mapping.id == step.id) co_return mapping.aliases;
  }
  co_return std::vector<Alias>();
}

/// What the list takes away that `change` makes of the present one.
Task<AlgorithmsTaken> taken_from(const AdminServices& services, Keeper::StepRequest step,
                                 std::function<std::vector<Alias>(std::vector<Alias>)> change) {
  const Keeper& keeper = *services.oauth->keeper;
  AlgorithmsTaken taken;
  if (!keeper.store(step.realm, step.store)) co_return taken;
  CO_TRY(const auto rings, co_await services.oauth->keeper->rings(step.realm));
  const std::shared_ptr<const LiveRing> ring = rings->share(step.id);
  if (!ring || !ring->can_sign || !decides(keeper, step, *ring)) co_return taken;
  const Secret& active = ring->ring->active();
  const std::vector<jose::JwsAlg> present = secrets::signing_algorithms(step.id, active);
  if (present.empty()) co_return taken;

  CO_TRY(const std::vector<Alias> before, co_await list_now(services, step));
  const std::vector<Alias> after = change(before);
  const auto first = signer_in(*ring, step, before);
  CO_TRY(auto next, co_await first_signer(services, ring, step, before, after));
  // What waits already to sign does so whatever else happens to the list.
  if (first && next && first->kid == next->kid && before != after) co_return taken;
  if (!next) {
    const bool is_emptied =
        after.empty() && !before.empty() && active.is_of(step.realm, step.store);
    if (!is_emptied) co_return taken;
    CO_TRY(next, co_await global_signer(services, step));
  }
  taken.algorithms = present;
  if (next) {
    taken.algorithms = without(present, secrets::signing_algorithms(step.id, *next));
    taken.signer = words_of(*next);
  }
  CO_TRY(taken.askers, co_await askers_of(services, step.realm, step.id, taken.algorithms));
  co_return taken;
}

}  // namespace

// No coroutines: g++ 12 destroys a lambda twice that is made inside a co_await expression.
Task<AlgorithmsTaken> taken_by_step(const AdminServices& services, Keeper::StepRequest step,
                                    StepCall method) {
  const Alias alias = step.alias;
  return taken_from(services, std::move(step), [method, alias](std::vector<Alias> aliases) {
    return after_step(method, alias, std::move(aliases));
  });
}

Task<AlgorithmsTaken> taken_by_list(const AdminServices& services, Keeper::StepRequest step,
                                    std::vector<Alias> aliases) {
  return taken_from(services, std::move(step),
                    [list = std::move(aliases)](std::vector<Alias>) { return list; });
}

Status refuse_taken(const AlgorithmsTaken& taken) {
  if (taken.algorithms.empty()) return Done{};
  const std::string askers = words_of(taken.askers);
  if (askers.empty()) return Done{};
  const std::string signer =
      taken.signer.empty() ? "no key would be left that does " : taken.signer + " does not do ";
  return Error{
      Code::kConflict, "algorithm_in_use",
      signer + alg_names(taken.algorithms) + ", and tokens by that are asked for by " + askers};
}

Task<Done> check_algorithms(const AdminServices& services, Keeper::StepRequest step,
                            StepCall method) {
  if (step.force) co_return Done{};
  CO_TRY(AlgorithmsTaken taken, co_await taken_by_step(services, step, method));
  co_return co_await check_algorithms(services, step, method, std::move(taken));
}

Task<Done> check_algorithms(const AdminServices& services, Keeper::StepRequest step,
                            StepCall method, AlgorithmsTaken taken) {
  const Status refused = refuse_taken(taken);
  if (step.force || refused.ok()) co_return Done{};
  // What ends by itself is told first: who waits for it need not think of the rest yet.
  step.dry_run = true;
  CO_TRY(co_await (services.oauth->keeper.get()->*method)(std::move(step)));
  co_return refused.error();
}

Task<Done> check_algorithms(const AdminServices& services, Keeper::StepRequest step,
                            secrets::Mapping mapping) {
  if (step.force) co_return Done{};
  CO_TRY(const AlgorithmsTaken taken, co_await taken_by_list(services, step, mapping.aliases));
  const Status refused = refuse_taken(taken);
  if (refused.ok()) co_return Done{};
  CO_TRY(co_await services.oauth->keeper->map(step.realm, step.store, std::move(mapping), false,
                                              step.actor, true));
  co_return refused.error();
}

Task<Done> check_algorithms_of_undo(const AdminServices& services, Keeper::StepRequest step) {
  if (step.force) co_return Done{};
  step.dry_run = true;
  CO_TRY(Keeper::Undone undone, co_await services.oauth->keeper->undo_map(step));
  CO_TRY(const AlgorithmsTaken taken,
         co_await taken_by_list(services, step, std::move(undone.aliases)));
  co_return refuse_taken(taken);
}

void add_taken(json::Object& out, const AlgorithmsTaken& taken) {
  json::Array names;
  for (const auto alg : taken.algorithms)
    names.emplace_back(jose::name(alg));
  out.set("algorithms_taken", std::move(names));
  json::Object askers;
  add_impact(askers, taken.askers);
  out.set("algorithm_askers", std::move(askers));
}

Abilities abilities_now(const Keeper& keeper) {
  Abilities out;
  for (const auto& ring : keeper.rings_in_use()) {
    if (!ring->can_sign) continue;
    auto algorithms = secrets::signing_algorithms(ring->id, ring->ring->active());
    if (!algorithms.empty()) out[{ring->realm, ring->id}] = std::move(algorithms);
  }
  return out;
}

Task<std::vector<std::string>> warn_of_taken(const AdminServices& services, Abilities before,
                                             std::vector<std::pair<RealmName, SecretId>> rings) {
  std::vector<std::string> out;
  for (const auto& [realm, id] : rings) {
    const auto known = before.find({realm, id});
    const auto now = services.oauth->keeper->rings_now(realm);
    const LiveRing* ring = now ? now->find(id) : nullptr;
    // That nothing signs any more is told as such.
    if (known == before.end() || ring == nullptr || !ring->can_sign) continue;
    const Secret& active = ring->ring->active();
    const auto taken = without(known->second, secrets::signing_algorithms(id, active));
    const std::string does_less =
        words_of(active) + " of " + id.str() + " does not do " + alg_names(taken);
    const auto askers = co_await askers_of(services, realm, id, taken);
    if (!askers.ok()) {
      out.push_back(does_less + "; who asks for it is not known: " + askers.error().detail);
    } else if (const std::string who = words_of(*askers); !who.empty()) {
      out.push_back(does_less + ", and tokens by that are asked for by " + who);
    }
  }
  co_return out;
}

}  // namespace signet::admin
