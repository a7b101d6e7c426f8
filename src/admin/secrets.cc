// Keys: what there is, the steps of a rotation, mappings.

#include "admin/algorithms_in_use.h"
#include "admin/cryptoperiods.h"
#include "admin/handlers.h"
#include "admin/operator_change.h"

namespace signet::admin {
namespace {

using secrets::Keeper;
using secrets::LiveRing;
using secrets::SecretId;

json::Array algorithm_names(const SecretId& id, const secrets::Secret& secret) {
  json::Array out;
  if (!secret.key) return out;
  for (const auto alg : secrets::signing_algorithms(id, secret))
    out.emplace_back(jose::name(alg));
  return out;
}

json::Object key_json(const SecretId& id, const secrets::RingEntry& entry,
                      const secrets::RotationPolicy& policy) {
  json::Object out;
  out.set("kid", entry.secret.kid.view());
  out.set("alias", entry.secret.alias.view());
  out.set("store", entry.secret.store.view());
  out.set("store_realm", entry.secret.store_realm.view());
  if (!entry.secret.version.empty()) out.set("version", entry.secret.version);
  out.set("state", secrets::to_string(entry.state));
  out.set("kind", secrets::to_string(entry.secret.kind));
  out.set("algorithms", algorithm_names(id, entry.secret));
  out.set("published", time_or_null(entry.history.published));
  out.set("activated", time_or_null(entry.history.activated));
  out.set("deactivated", time_or_null(entry.history.deactivated));
  out.set("horizon", known_time(entry.history.horizon));
  // As the step says. A key that was never active and made no token has nothing to wait for.
  const bool leaves_traces = entry.history.horizon > Instant{} || entry.history.deactivated;
  out.set("retire_not_before",
          leaves_traces ? json::Value(to_rfc3339(secrets::forgotten_at(entry.history, policy)))
                        : json::Value());
  return out;
}

json::Object ring_json(const LiveRing& ring, const AdminServices& services) {
  const Keeper& keeper = *services.oauth->keeper;
  const secrets::RotationPolicy& policy = keeper.policy();
  json::Object out;
  out.set("id", ring.id.str());
  const auto* row = secrets::find_row(ring.id);
  out.set("purpose", row ? json::Value(secrets::to_string(row->purpose)) : json::Value("password"));
  out.set("degraded", ring.degraded);
  out.set("waiting", ring.waiting ? json::Value(ring.waiting->view()) : json::Value());
  out.set("waiting_until", time_or_null(ring.waiting_until));
  json::Array waiting_for;
  if (ring.waiting) {
    for (auto& instance : keeper.missing(ring.realm, ring.id, *ring.waiting))
      waiting_for.emplace_back(std::move(instance));
  }
  out.set("waiting_for", std::move(waiting_for));
  json::Array keys;
  for (auto entry : ring.entries) {
    entry.history.horizon = ring.horizon_of(entry);
    json::Object key = key_json(ring.id, entry, policy);
    add_cryptoperiod(key, services, ring.realm, ring.id, entry.history);
    keys.emplace_back(std::move(key));
  }
  out.set("keys", std::move(keys));
  json::Array skipped;
  for (const auto& item : ring.skipped) {
    json::Object one;
    one.set("store", item.store.view());
    one.set("store_realm", item.store_realm.view());
    one.set("alias", item.alias.view());
    one.set("reason", item.why.reason);
    one.set("detail", item.why.detail);
    skipped.emplace_back(std::move(one));
  }
  out.set("skipped", std::move(skipped));
  json::Array lost;
  for (const auto& kid : ring.lost)
    lost.emplace_back(kid.view());
  out.set("lost", std::move(lost));
  return out;
}

Task<json::Object> ring_after(const AdminServices& services, Keeper::StepRequest step) {
  CO_TRY(const auto rings, co_await services.oauth->keeper->rings(step.realm));
  const LiveRing* ring = rings->find(step.id);
  json::Object out;
  out.set("ring", ring ? json::Value(ring_json(*ring, services)) : json::Value());
  co_return out;
}

Task<AdminReply> do_step(const AdminServices& services, AdminRequest request, StepCall method) {
  CO_TRY(auto step, read_step(request));
  if (step.alias.empty())
    co_return Error{Code::kInvalid, "settings_invalid", "step.alias: is required"};
  step.alias = canonical_alias(services, step.realm, step.store, step.alias);
  CO_TRY(co_await check_algorithms(services, step, method));
  CO_TRY(co_await (services.oauth->keeper.get()->*method)(step));
  CO_TRY(auto body, co_await ring_after(services, step));
  co_return AdminReply{200, std::move(body)};
}

// Whether the store brought it by itself, and nobody changed it.
bool is_brought(const AdminServices& services, const RealmName& realm, const StoreName& store,
                const secrets::Mapping& mapping) {
  for (const auto& info : services.stores) {
    if (info.name != store.view() || info.realm != realm) continue;
    for (const auto& brought : info.brought)
      if (brought.id == mapping.id) return brought.aliases == mapping.aliases;
  }
  return false;
}

}  // namespace

Result<Keeper::StepRequest> read_step(const AdminRequest& request) {
  TRY(const json::Object body, json::parse_object(request.body));
  Keeper::StepRequest step;
  json::Fields f(body, "step");
  step.realm = RealmName(f.text("realm"));
  step.store = StoreName(f.required_text("store"));
  const std::string id = f.required_text("id");
  step.alias = Alias(f.text("alias"));
  step.force = f.boolean("force", false);
  step.dry_run = f.boolean("dry_run", false);
  TRY(f.finish());
  TRY(step.id, SecretId::parse(id));
  step.actor = request.actor;
  return step;
}

Task<AdminReply> publish_secret(const AdminServices& services, AdminRequest request) {
  return do_step(services, std::move(request), &Keeper::publish);
}
Task<AdminReply> activate_secret(const AdminServices& services, AdminRequest request) {
  return do_step(services, std::move(request), &Keeper::activate);
}
Task<AdminReply> retire_secret(const AdminServices& services, AdminRequest request) {
  return do_step(services, std::move(request), &Keeper::retire);
}

Task<AdminReply> list_secrets(const AdminServices& services, AdminRequest request) {
  const RealmName realm = realm_parameter(request);
  CO_TRY(co_await existing_realm(services, realm));
  CO_TRY(const auto rings, co_await services.oauth->keeper->rings(realm));
  json::Array found, missing;
  for (const auto& ring : rings->all())
    found.emplace_back(ring_json(*ring, services));
  for (const auto& row : secrets::registry()) {
    const auto id = SecretId::parse(row.name);
    if (!id.ok() || !secrets::has_ring(&row) || rings->find(*id))
      continue;  // templated rows are no IDs
    json::Object one;
    one.set("id", row.name);
    one.set("reason", rings->why(*id).reason);
    one.set("detail", rings->why(*id).detail);
    missing.emplace_back(std::move(one));
  }
  AdminReply reply;
  reply.body.set("realm", realm.view());
  reply.body.set("rings", std::move(found));
  reply.body.set("missing", std::move(missing));
  co_return reply;
}

Task<AdminReply> list_mappings(const AdminServices& services, AdminRequest request) {
  const RealmName realm(query_value(request, "realm", ""));
  const StoreName store(query_value(request, "store", ""));
  CO_TRY(const auto mappings, co_await services.oauth->keeper->mappings(realm, store));
  json::Array out;
  for (const auto& mapping : mappings) {
    json::Object one = mapping.to_json();
    if (is_brought(services, realm, store, mapping)) one.set("default", true);
    out.emplace_back(std::move(one));
  }
  AdminReply reply;
  reply.body.set("mappings", std::move(out));
  // For who compares a list of aliases with this one.
  const auto known = services.oauth->keeper->store(realm, store);
  if (known && known->ignores_case()) reply.body.set("ignores_case", true);
  co_return reply;
}

}  // namespace signet::admin
