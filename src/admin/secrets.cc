// Keys: what there is, the steps of a rotation, mappings, instances and health.

#include <algorithm>

#include "admin/handlers.h"
#include "admin/operator_change.h"
#include "base/secret_bytes.h"
#include "base/text.h"

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
  if (!entry.secret.version.empty()) out.set("version", entry.secret.version);
  out.set("state", secrets::to_string(entry.state));
  out.set("kind", secrets::to_string(entry.secret.kind));
  out.set("algorithms", algorithm_names(id, entry.secret));
  out.set("published", time_or_null(entry.history.published));
  out.set("activated", time_or_null(entry.history.activated));
  out.set("deactivated", time_or_null(entry.history.deactivated));
  out.set("horizon", known_time(entry.history.horizon));
  // A key that never made a token has nothing to wait for.
  const bool was_used = entry.history.horizon > Instant{};
  out.set("retire_not_before",
          was_used ? json::Value(to_rfc3339(secrets::retirement_at(entry.history, policy)))
                   : json::Value());
  return out;
}

json::Object ring_json(const LiveRing& ring, const Keeper& keeper) {
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
    // The horizon moves between refreshes; the atomic has the newest.
    if (entry.state == secrets::KeyState::kActive && ring.active_horizon)
      entry.history.horizon =
          std::max(entry.history.horizon, from_unix_seconds(ring.active_horizon->load()));
    keys.emplace_back(key_json(ring.id, entry, policy));
  }
  out.set("keys", std::move(keys));
  json::Array skipped;
  for (const auto& item : ring.skipped) {
    json::Object one;
    one.set("store", item.store.view());
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

// The ring as it is after a step: of the step's realm, or of root for global stores.
Task<json::Object> ring_after(const AdminServices& services, Keeper::StepRequest step) {
  const RealmName realm = step.realm.empty() ? RealmName("root") : step.realm;
  CO_TRY(const auto rings, co_await services.oauth->keeper->rings(realm));
  const LiveRing* ring = rings->find(step.id);
  json::Object out;
  out.set("ring", ring ? json::Value(ring_json(*ring, *services.oauth->keeper)) : json::Value());
  co_return out;
}

Task<AdminReply> do_step(const AdminServices& services, AdminRequest request, StepCall method) {
  CO_TRY(const auto step, read_step(request));
  if (step.alias.empty())
    co_return Error{Code::kInvalid, "settings_invalid", "step.alias: is required"};
  CO_TRY(co_await (services.oauth->keeper.get()->*method)(step));
  CO_TRY(auto body, co_await ring_after(services, step));
  co_return AdminReply{200, std::move(body)};
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
    found.emplace_back(ring_json(*ring, *services.oauth->keeper));
  for (const auto& row : secrets::registry()) {
    const auto id = SecretId::parse(row.name);
    const bool has_ring = row.purpose != secrets::Purpose::kPassword;
    if (!id.ok() || !has_ring || rings->find(*id)) continue;  // templated rows are no IDs
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
  for (const auto& mapping : mappings)
    out.emplace_back(mapping.to_json());
  AdminReply reply;
  reply.body.set("mappings", std::move(out));
  co_return reply;
}

Task<AdminReply> list_instances(const AdminServices& services, AdminRequest) {
  json::Array out;
  for (const auto& instance : services.oauth->keeper->instances()) {
    json::Object one;
    one.set("id", instance.info.id);
    one.set("version", instance.info.version);
    one.set("address", instance.info.address);
    one.set("started", to_rfc3339(instance.info.started));
    one.set("self", instance.is_self);
    one.set("live", instance.is_live);
    one.set("clock_ahead_seconds",
            std::int64_t{std::chrono::duration_cast<Seconds>(instance.clock_ahead).count()});
    json::Array prepared;
    for (const auto& key : instance.prepared) {
      json::Object waiting;
      waiting.set("realm", key.realm.view());
      waiting.set("secret_id", key.id.str());
      waiting.set("kid", key.kid.view());
      prepared.emplace_back(std::move(waiting));
    }
    one.set("prepared", std::move(prepared));
    out.emplace_back(std::move(one));
  }
  AdminReply reply;
  reply.body.set("instances", std::move(out));
  co_return reply;
}

namespace {

constexpr Milliseconds kNeedIsShown = std::chrono::hours(1);

/// Why requests of the last hour failed for want of a secret that is still not there.
std::vector<std::string> still_missing(const oauth::Services& services) {
  std::vector<std::string> out;
  for (const auto& need : services.needed_secrets->all()) {
    const auto rings = services.keeper->rings_now(need.realm);
    const secrets::LiveRing* ring = rings ? rings->find(need.id) : nullptr;
    const bool is_there = ring != nullptr && ring->can_sign;
    if (is_there || services.clock->now() - need.last > kNeedIsShown) {
      services.needed_secrets->forget(need.realm, need.id);
    } else {
      out.push_back(need.id.str() + " in realm " + need.realm.str() +
                    (rings ? ": " + rings->why(need.id).detail : std::string()));
    }
  }
  return out;
}

}  // namespace

Task<AdminReply> get_health(const AdminServices& services, AdminRequest) {
  bool ok = true;
  json::Array stores, checks;
  for (const auto& h : services.oauth->keeper->health()) {
    ok = ok && h.ok;
    json::Object one;
    one.set("name", h.name.view());
    one.set("realm", h.realm.view());
    one.set("ok", h.ok);
    one.set("detail", h.detail);
    one.set("last_good", known_time(h.last_good));
    one.set("lease_until", known_time(h.lease_until));
    one.set("warnings", json::Array(h.warnings.begin(), h.warnings.end()));
    stores.emplace_back(std::move(one));
  }
  const auto check = [&](const char* name, bool good, std::string detail) {
    ok = ok && good;
    json::Object one;
    one.set("name", name);
    one.set("ok", good);
    one.set("detail", std::move(detail));
    checks.emplace_back(std::move(one));
  };
  const auto ping = co_await services.oauth->storage->ping();
  check("storage", ping.ok(), ping.ok() ? "" : ping.error().detail);
  check("secret_memory_locked", secret_memory_is_locked(),
        secret_memory_is_locked() ? "" : "the system refused to lock memory; raise RLIMIT_MEMLOCK");
  const std::string set = clock_was_set(services);
  check("clock", set.empty(), set);
  const std::string apart = clocks_apart(services);
  check("clocks_of_instances", apart.empty(), apart);
  if (services.rotation) {
    for (const auto& status : services.rotation->status()) {
      const auto& memory = status.memory;
      const std::string name = "rotation of " + status.rule.id.str() +
                               (status.rule.realm.empty() ? "" : " in " + status.rule.realm.str());
      check(name.c_str(), memory.failures == 0,
            memory.failures == 0 ? ""
                                 : memory.last_error + "; next try " +
                                       to_rfc3339(memory.retry_at.value_or(Instant{})));
    }
  }
  const auto missing = still_missing(*services.oauth);
  check("needed_secrets", missing.empty(), join(missing, "; "));
  KeySetHealth key_sets = key_set_health(*services.oauth);
  check("key_sets", key_sets.is_ok, std::move(key_sets.detail));
  AdminReply reply;
  reply.body.set("status", ok ? "ok" : "degraded");
  reply.body.set("stores", std::move(stores));
  reply.body.set("key_sets", std::move(key_sets.failing));
  reply.body.set("checks", std::move(checks));
  co_return reply;
}

}  // namespace signet::admin
