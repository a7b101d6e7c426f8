// PUT /admin/secrets/mappings and POST .../undo: the whole list of aliases, tried, set and taken
// back.

#include <algorithm>

#include "admin/algorithms_in_use.h"
#include "admin/handlers.h"
#include "admin/key_impact.h"
#include "admin/operator_change.h"
#include "base/text.h"

namespace signet::admin {
namespace {

using secrets::Keeper;
using secrets::Mapping;

json::Array alias_array(const std::vector<Alias>& aliases) {
  json::Array out;
  for (const auto& alias : aliases)
    out.emplace_back(alias.view());
  return out;
}

struct MappingAsked {
  RealmName realm;
  StoreName store;
  Mapping mapping;
  bool force = false;
  bool dry_run = false;
};

Result<MappingAsked> read_mapping(const std::string& text) {
  TRY(const json::Object body, json::parse_object(text));
  json::Fields f(body, "mapping");
  MappingAsked asked;
  asked.realm = RealmName(f.text("realm"));
  asked.store = StoreName(f.required_text("store"));
  const std::string id_text = f.required_text("secretId");
  std::vector<Alias> aliases;
  for (auto& alias : f.texts("aliases"))
    aliases.emplace_back(std::move(alias));
  asked.force = f.boolean("force", false);
  asked.dry_run = f.boolean("dry_run", false);
  TRY(f.finish());
  TRY(const auto id, secrets::SecretId::parse(id_text));
  TRY(asked.mapping, Mapping::make(id, std::move(aliases), false));
  return asked;
}

/// The keys that would leave, each with the moment until which its tokens would be refused; null
/// where it made none that are alive.
Task<json::Array> keys_that_leave(const AdminServices& services, const MappingAsked& asked) {
  const Keeper& keeper = *services.oauth->keeper;
  CO_TRY(co_await check_realm(services, asked.realm));
  CO_TRY(const auto rings, co_await services.oauth->keeper->rings(asked.realm));
  json::Array out;
  const secrets::LiveRing* ring = rings->find(asked.mapping.id);
  if (ring == nullptr || ring->realm != asked.realm) co_return out;
  CO_TRY(const auto records, co_await services.oauth->storage->keys(ring->realm));
  const Instant now = services.oauth->clock->now();
  for (const auto& entry : ring->entries) {
    const auto& aliases = asked.mapping.aliases;
    const bool stays =
        std::find(aliases.begin(), aliases.end(), entry.secret.alias) != aliases.end();
    if (stays || !entry.secret.is_of(asked.realm, asked.store)) continue;
    const Instant refused_until =
        horizon_in(records, asked.mapping.id, entry) + keeper.policy().clock_skew;
    json::Object one;
    one.set("alias", entry.secret.alias.view());
    one.set("kid", entry.secret.kid.view());
    one.set("state", secrets::to_string(entry.state));
    one.set("tokens_unverifiable_until",
            refused_until > now ? json::Value(to_rfc3339(refused_until)) : json::Value());
    out.emplace_back(std::move(one));
  }
  co_return out;
}

Keeper::StepRequest step_of(const MappingAsked& asked) {
  Keeper::StepRequest step;
  step.realm = asked.realm;
  step.store = asked.store;
  step.id = asked.mapping.id;
  step.force = asked.force;
  return step;
}

Task<AdminReply> try_mapping(const AdminServices& services, MappingAsked asked, std::string actor) {
  Keeper& keeper = *services.oauth->keeper;
  const auto tried = co_await keeper.map(asked.realm, asked.store, asked.mapping, asked.force,
                                         std::move(actor), true);
  auto step = step_of(asked);
  CO_TRY(const AlgorithmsTaken taken,
         co_await taken_by_list(services, std::move(step), asked.mapping.aliases));
  Status verdict = asked.force ? Status(Done{}) : refuse_taken(taken);
  if (!tried.ok()) verdict = tried.error();
  AdminReply reply;
  reply.body = asked.mapping.to_json();
  reply.body.set("dry_run", true);
  add_verdict(reply.body, "safe", verdict);
  CO_TRY(auto leaving, co_await keys_that_leave(services, asked));
  reply.body.set("leaving", std::move(leaving));
  CO_TRY(const KeyImpact impact, co_await impact_of(services, asked.realm, asked.mapping.id));
  add_impact(reply.body, impact);
  add_taken(reply.body, taken);
  co_return reply;
}

}  // namespace

Task<AdminReply> replace_mapping(const AdminServices& services, AdminRequest request) {
  CO_TRY(MappingAsked asked, read_mapping(request.body));
  if (const auto store = services.oauth->keeper->store(asked.realm, asked.store))
    asked.mapping.aliases = store->canonical(asked.mapping.aliases);
  if (asked.dry_run) co_return co_await try_mapping(services, std::move(asked), request.actor);
  auto step = step_of(asked);
  CO_TRY(co_await check_algorithms(services, std::move(step), asked.mapping));
  CO_TRY(co_await services.oauth->keeper->map(asked.realm, asked.store, asked.mapping, asked.force,
                                              request.actor));
  AdminReply reply;
  reply.body = asked.mapping.to_json();
  co_return reply;
}

Task<AdminReply> undo_mapping(const AdminServices& services, AdminRequest request) {
  CO_TRY(const json::Object body, json::parse_object(request.body));
  json::Fields f(body, "undo");
  Keeper::StepRequest step;
  step.realm = RealmName(f.text("realm"));
  step.store = StoreName(f.required_text("store"));
  const std::string id_text = f.required_text("secretId");
  step.force = f.boolean("force", false);
  CO_TRY(f.finish());
  CO_TRY(step.id, secrets::SecretId::parse(id_text));
  step.actor = request.actor;
  CO_TRY(co_await check_realm(services, step.realm));
  CO_TRY(co_await check_algorithms_of_undo(services, step));
  AdminReply reply;
  reply.body.set("secretId", step.id.str());
  CO_TRY(const Keeper::Undone undone, co_await services.oauth->keeper->undo_map(std::move(step)));
  reply.body.set("aliases", alias_array(undone.aliases));
  Status is_whole = Done{};
  if (undone.not_first) is_whole = *undone.not_first;
  add_verdict(reply.body, "whole", is_whole);
  co_return reply;
}

}  // namespace signet::admin
