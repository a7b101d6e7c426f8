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
  std::string name;
  StepCall method = nullptr;
  Keeper::StepRequest step;
};

Result<Asked> finish(Asked asked, const std::string& id) {
  TRY(asked.method, step_named(asked.name));
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
  asked.step.actor = request.actor;
  return finish(std::move(asked), id);
}

/// What was left open: the store of the active key; the key that waits, or the one that may go.
Status fill(const AdminServices& services, Asked& asked, const LiveRing* ring) {
  if (ring != nullptr) {
    const RingEntry* meant = asked.name == "activate" ? ring->first_in(KeyState::kPrepared)
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
  if (asked.step.alias.empty()) {
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

Task<json::Object> plan_json(const AdminServices& services, Asked asked, Status verdict,
                             AlgorithmsTaken taken) {
  Keeper& keeper = *services.oauth->keeper;
  CO_TRY(const auto rings, co_await keeper.rings(asked.step.realm));
  const LiveRing* ring = rings->find(asked.step.id);
  const RealmName ring_realm = ring != nullptr ? ring->realm : asked.step.realm;
  json::Object out;
  out.set("id", asked.step.id.str());
  out.set("realm", ring_realm.view());
  out.set("step", asked.name);
  out.set("store", asked.step.store.view());
  out.set("alias", asked.step.alias.view());
  add_verdict(out, "safe", verdict);
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
  out.set("not_before", time_or_null(not_before));
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
  Keeper::StepRequest trial = asked.step;
  trial.dry_run = true;
  auto tried = co_await (services.oauth->keeper.get()->*asked.method)(std::move(trial));
  CO_TRY(AlgorithmsTaken taken, co_await taken_by_step(services, asked.step, asked.method));
  Status verdict = refuse_taken(taken);
  if (!tried.ok()) verdict = std::move(tried).error();
  AdminReply reply;
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
