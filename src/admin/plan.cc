// GET and POST /admin/secrets/plan: what a step of a rotation would touch, and when it is safe.

#include <algorithm>

#include "admin/algorithms_in_use.h"
#include "admin/handlers.h"
#include "admin/key_impact.h"
#include "admin/operator_change.h"
#include "base/text.h"

namespace signet::admin {
namespace {

using secrets::Keeper;
using secrets::KeyState;
using secrets::LiveRing;
using secrets::RingEntry;

Result<StepCall> step_named(const std::string& name) {
  if (name == "publish") return &Keeper::publish;
  if (name == "activate") return &Keeper::activate;
  if (name == "retire") return &Keeper::retire;
  return Error{Code::kInvalid, "step_unknown",
               quoted(name) + " is no step: publish, activate or retire"};
}

struct Asked {
  std::string name;  ///< empty: the moments of all steps, and none is tried
  StepCall method = nullptr;
  Keeper::StepRequest step;
};

Result<Asked> finish(Asked asked, const std::string& id) {
  if (!asked.name.empty()) {
    TRY(asked.method, step_named(asked.name));
  }
  TRY(asked.step.id, secrets::SecretId::parse(id));
  return asked;
}

Result<Asked> from_query(const AdminRequest& request) {
  Asked asked;
  asked.name = query_value(request, "step", "");
  asked.step.realm = RealmName(query_value(request, "realm", ""));
  asked.step.store = StoreName(query_value(request, "store", ""));
  asked.step.alias = Alias(query_value(request, "alias", ""));
  asked.step.actor = request.actor;
  return finish(std::move(asked), query_value(request, "id", ""));
}

Result<Asked> from_body(const AdminRequest& request) {
  TRY(const json::Object body, json::parse_object(request.body));
  json::Fields f(body, "plan");
  Asked asked;
  asked.name = f.required_text("step");
  asked.step.realm = RealmName(f.text("realm"));
  asked.step.store = StoreName(f.text("store"));
  asked.step.alias = Alias(f.text("alias"));
  asked.step.force = f.boolean("force", false);
  const std::string id = f.required_text("id");
  TRY(f.finish());
  TRY(step_named(asked.name));
  asked.step.actor = request.actor;
  return finish(std::move(asked), id);
}

/// What was left open: the store of the active key; the key that waits, or the one that may go.
Status fill(const AdminServices& services, Asked& asked, const LiveRing* ring) {
  if (ring != nullptr) {
    const bool is_next = asked.name.empty() || asked.name == "activate";
    const RingEntry* meant = is_next                  ? ring->first_in(KeyState::kPrepared)
                             : asked.name == "retire" ? ring->first_in(KeyState::kPassive)
                                                      : nullptr;
    if (asked.step.alias.empty() && meant != nullptr) asked.step.alias = meant->secret.alias;
    for (const auto& entry : ring->entries) {
      const secrets::Secret& secret = entry.secret;
      const bool has_name = secret.alias == canonical_alias(services, secret.store_realm,
                                                            secret.store, asked.step.alias);
      if (asked.step.store.empty() && has_name) asked.step.store = secret.store;
    }
    if (asked.step.store.empty()) asked.step.store = ring->ring->active().store;
  }
  asked.step.alias =
      canonical_alias(services, asked.step.realm, asked.step.store, asked.step.alias);
  if (asked.step.alias.empty() && !asked.name.empty()) {
    return Error{
        Code::kInvalid, "alias_needed",
        "no key of " + asked.step.id.str() + " is there to " + asked.name + "; name an alias"};
  }
  return Done{};
}

json::Object key_json(const RingEntry& entry, Instant horizon) {
  json::Object out;
  out.set("alias", entry.secret.alias.view());
  out.set("kid", entry.secret.kid.view());
  out.set("state", secrets::to_string(entry.state));
  out.set("published", time_or_null(entry.history.published));
  out.set("tokens_until", known_time(horizon));
  // Who pinned it is known to nobody here; what they pinned is.
  if (!entry.secret.certificates.empty()) {
    const crypto::Certificate& leaf = entry.secret.certificates.front();
    json::Object certificate;
    certificate.set("sha256", hex(leaf.thumbprint(crypto::Hash::kSha256)));
    certificate.set("not_after", to_rfc3339(leaf.not_after()));
    out.set("certificate", std::move(certificate));
  }
  return out;
}

/// When the step is safe, as far as it is known now; nothing where another step must come first.
std::optional<Instant> safe_at(const std::string& name, const RingEntry& entry, Instant horizon,
                               const secrets::RotationPolicy& policy) {
  if (name == "publish") return entry.history.published;
  if (name == "activate" && entry.history.published)
    return secrets::activation_at(*entry.history.published, policy);
  if (name == "retire" && entry.state != KeyState::kActive) {
    secrets::KeyHistory history = entry.history;
    history.horizon = horizon;
    return secrets::forgotten_at(history, policy);
  }
  return std::nullopt;
}

bool is_named(const Asked& asked, const RingEntry& entry) {
  return entry.secret.alias == asked.step.alias &&
         entry.secret.is_of(asked.step.realm, asked.step.store);
}

/// One alias may have several versions: the one that is activated is the one that waits.
bool is_meant(const Asked& asked, const RingEntry& entry, const LiveRing& ring) {
  if (!is_named(asked, entry)) return false;
  const bool has_waiting =
      std::any_of(ring.entries.begin(), ring.entries.end(), [&](const RingEntry& other) {
        return is_named(asked, other) && other.state == KeyState::kPrepared;
      });
  return asked.name != "activate" || !has_waiting || entry.state == KeyState::kPrepared;
}

/// The key that comes next: the named one, also one that was active before; else the one that
/// waits. Null: it is not in the ring.
const RingEntry* next_of(const Asked& asked, const LiveRing& ring) {
  if (asked.name == "retire" || asked.step.alias.empty()) return ring.first_in(KeyState::kPrepared);
  const RingEntry* found = nullptr;
  for (const auto& entry : ring.entries) {
    if (is_named(asked, entry) && (!found || entry.state == KeyState::kPrepared)) found = &entry;
  }
  return found;
}

/// The key that goes: the named one; else one that signs no more, or the one that signs.
const RingEntry* going_of(const Asked& asked, const LiveRing& ring) {
  if (asked.name == "retire") {
    for (const auto& entry : ring.entries)
      if (is_named(asked, entry)) return &entry;
  }
  const RingEntry* passive = ring.first_in(KeyState::kPassive);
  return passive != nullptr ? passive : ring.first_in(KeyState::kActive);
}

struct StepTimes {
  Instant now;
  Seconds longest;  ///< life of a token
  bool by_versions = false;
};

/// The earliest safe moment of each step, one after the other, as if each came when it may.
json::Array steps_json(const Asked& asked, const LiveRing* ring,
                       const std::vector<storage::KeyRecord>& records,
                       const secrets::RotationPolicy& policy, const StepTimes& times) {
  json::Array out;
  const RingEntry* next = ring != nullptr ? next_of(asked, *ring) : nullptr;
  // Of one alias the version that signs is not the one that comes next.
  const bool is_active = next != nullptr && next->state == KeyState::kActive;
  if (is_active && times.by_versions) next = nullptr;
  const bool is_done = is_active && next != nullptr;
  const Alias alias = next != nullptr          ? next->secret.alias
                      : asked.name == "retire" ? Alias()
                                               : asked.step.alias;
  const KeyId kid = next != nullptr ? next->secret.kid : KeyId();
  const Instant published =
      next != nullptr ? next->history.published.value_or(times.now) : times.now;
  out.emplace_back(plan_step("publish", alias, kid, published, next != nullptr));
  if (ring == nullptr) return out;
  Instant activation = secrets::activation_at(published, policy);
  if (is_done) activation = next->history.activated.value_or(activation);
  out.emplace_back(plan_step("activate", alias, kid, activation, is_done));
  // Versions that sign no more are disabled in their store, by whoever it belongs to.
  const RingEntry* going = going_of(asked, *ring);
  if (times.by_versions || going == nullptr || (going == next && is_done)) return out;
  // The key that signs may do so until the next one is active.
  Instant retirement = std::max(activation, times.now) + times.longest + policy.clock_skew;
  const Instant horizon = horizon_in(records, asked.step.id, *going);
  if (const auto known = safe_at("retire", *going, horizon, policy)) retirement = *known;
  out.emplace_back(plan_step("retire", going->secret.alias, going->secret.kid, retirement, false));
  return out;
}

Task<json::Object> plan_json(const AdminServices& services, Asked asked, Status verdict,
                             AlgorithmsTaken taken) {
  Keeper& keeper = *services.oauth->keeper;
  CO_TRY(const auto rings, co_await keeper.rings(asked.step.realm));
  const LiveRing* ring = rings->find(asked.step.id);
  const RealmName ring_realm = ring != nullptr ? ring->realm : asked.step.realm;
  json::Object out;
  out.set("id", asked.step.id.str());
  out.set("realm", ring_realm.view());
  out.set("step", asked.name.empty() ? json::Value() : json::Value(asked.name));
  out.set("store", asked.step.store.view());
  out.set("alias", asked.step.alias.view());
  if (!asked.name.empty()) add_verdict(out, "safe", verdict);
  out.set("rotation_fault", rotation_fault_of(services, ring_realm, asked.step.id));

  CO_TRY(const auto records, co_await services.oauth->storage->keys(ring_realm));
  json::Array keys, missing;
  std::optional<Instant> not_before;
  Instant last_token{};
  if (ring != nullptr) {
    for (const auto& entry : ring->entries) {
      const Instant horizon = horizon_in(records, asked.step.id, entry);
      keys.emplace_back(key_json(entry, horizon));
      if (!is_meant(asked, entry, *ring)) continue;
      not_before = safe_at(asked.name, entry, horizon, keeper.policy());
      last_token = std::max(last_token, horizon);
      if (entry.state != KeyState::kPrepared) continue;
      for (auto& instance : keeper.missing(ring_realm, asked.step.id, entry.secret.kid))
        missing.emplace_back(std::move(instance));
    }
  }
  StepTimes times{};
  times.now = services.oauth->clock->now();
  CO_TRY(times.longest, co_await longest_lifetime(services, ring_realm));
  const auto store = keeper.store(asked.step.realm, asked.step.store);
  times.by_versions = store && store->ordering() == secrets::Ordering::kByStore;
  if (asked.name == "publish" && !not_before) not_before = times.now;
  out.set("not_before", time_or_null(not_before));
  out.set("steps", steps_json(asked, ring, records, keeper.policy(), times));
  out.set("missing", std::move(missing));
  out.set("tokens_until", known_time(last_token));
  out.set("keys", std::move(keys));
  CO_TRY(const KeyImpact impact, co_await impact_of(services, ring_realm, asked.step.id));
  add_impact(out, impact);
  add_taken(out, taken);
  co_return out;
}

Task<Asked> filled(const AdminServices& services, Asked asked) {
  CO_TRY(co_await check_realm(services, asked.step.realm));
  CO_TRY(const auto rings, co_await services.oauth->keeper->rings(asked.step.realm));
  CO_TRY(fill(services, asked, rings->find(asked.step.id)));
  co_return asked;
}

}  // namespace

Task<AdminReply> show_plan(const AdminServices& services, AdminRequest request) {
  CO_TRY(Asked asked, from_query(request));
  CO_TRY(asked, co_await filled(services, asked));
  AdminReply reply;
  if (asked.name.empty()) {
    Status untried = Done{};
    AlgorithmsTaken none;
    CO_TRY(reply.body, co_await plan_json(services, asked, std::move(untried), std::move(none)));
    co_return reply;
  }
  Keeper::StepRequest trial = asked.step;
  trial.dry_run = true;
  auto tried = co_await (services.oauth->keeper.get()->*asked.method)(std::move(trial));
  CO_TRY(AlgorithmsTaken taken, co_await taken_by_step(services, asked.step, asked.method));
  Status verdict = refuse_taken(taken);
  if (!tried.ok()) verdict = std::move(tried).error();
  CO_TRY(reply.body, co_await plan_json(services, asked, std::move(verdict), std::move(taken)));
  co_return reply;
}

Task<AdminReply> apply_plan(const AdminServices& services, AdminRequest request) {
  CO_TRY(Asked asked, from_body(request));
  CO_TRY(asked, co_await filled(services, asked));
  Keeper::StepRequest step = asked.step;
  CO_TRY(AlgorithmsTaken taken, co_await taken_by_step(services, step, asked.method));
  CO_TRY(co_await check_algorithms(services, step, asked.method, taken));
  CO_TRY(co_await (services.oauth->keeper.get()->*asked.method)(std::move(step)));
  AdminReply reply;
  Status done = Done{};
  CO_TRY(reply.body, co_await plan_json(services, asked, std::move(done), std::move(taken)));
  reply.body.set("done", true);
  co_return reply;
}

}  // namespace signet::admin
