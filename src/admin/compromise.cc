// POST /admin/secrets/compromise: a key that somebody else may have.

#include "admin/algorithms_in_use.h"
#include "admin/handlers.h"
#include "admin/key_impact.h"
#include "admin/operator_change.h"
#include "base/log.h"
#include "base/text.h"

namespace signet::admin {
namespace {

using secrets::Keeper;

json::Object answer_of(const Keeper::CompromiseRequest& request,
                       const Keeper::CompromiseReport& report) {
  json::Object out;
  out.set("realm", request.realm.view());
  out.set("id", request.id.str());
  out.set("kid", request.kid.view());
  out.set("alias", report.alias.view());
  out.set("store", report.store.view());
  out.set("store_realm", report.store_realm.view());
  out.set("was", secrets::to_string(report.history.state));
  out.set("tokens_until", known_time(report.history.horizon));
  json::Array rings;
  for (const auto& [realm, id] : report.rings) {
    json::Object one;
    one.set("realm", realm.view());
    one.set("id", id.str());
    rings.emplace_back(std::move(one));
  }
  out.set("rings", std::move(rings));
  out.set("successor", report.successor ? json::Value(report.successor->view()) : json::Value());
  out.set("successor_is_early", report.is_early);
  return out;
}

}  // namespace

Task<AdminReply> compromise_secret(const AdminServices& services, AdminRequest request) {
  CO_TRY(const json::Object body, json::parse_object(request.body));
  json::Fields f(body, "compromise");
  Keeper::CompromiseRequest asked;
  asked.realm = RealmName(f.text("realm"));
  const std::string id = f.required_text("id");
  asked.kid = KeyId(f.required_text("kid"));
  const bool is_undo = f.boolean("undo", false);
  CO_TRY(f.finish());
  CO_TRY(asked.id, secrets::SecretId::parse(id));
  asked.actor = request.actor;
  Keeper& keeper = *services.oauth->keeper;
  // A realm may share the global ring; one that was deleted has nothing but what is remembered.
  const auto known = co_await check_realm(services, asked.realm);
  if (!known.ok() && !known.error().is("realm_unknown")) co_return known.error();
  if (known.ok() && !asked.realm.empty()) {
    CO_TRY(const auto rings, co_await keeper.rings(asked.realm));
    if (const auto* ring = rings->find(asked.id)) asked.realm = ring->realm;
  }
  AdminReply reply;
  if (is_undo) {
    CO_TRY(co_await keeper.undo_compromise(asked));
    reply.body.set("id", asked.id.str());
    reply.body.set("kid", asked.kid.view());
    reply.body.set("state", "retired");
    co_return reply;
  }
  Abilities before = abilities_now(keeper);
  CO_TRY(const auto report, co_await keeper.compromise(asked));
  log::warn("key_compromised", {{"id", asked.id.str()}, {"kid", asked.kid.str()}});
  reply.body = answer_of(asked, report);
  json::Array warnings;
  if (report.warning)
    warnings.emplace_back(std::string(report.warning->reason) + ": " + report.warning->detail);
  for (const auto& [realm, silent] : report.silent) {
    if (silent == asked.id && realm == asked.realm)
      continue;  // its successor is missing in the answer
    warnings.emplace_back("nothing signs for " + silent.str() +
                          (realm.empty() ? std::string() : " in realm " + realm.str()) +
                          " any more, which had the same key: publish one");
  }
  CO_TRY(const auto taken, co_await warn_of_taken(services, std::move(before), report.rings));
  for (const auto& warning : taken)
    warnings.emplace_back(warning);
  // The key is gone already: that its users cannot be listed must not look like a failure.
  const auto impact = co_await impact_of(services, asked.realm, asked.id);
  if (impact.ok()) {
    add_impact(reply.body, *impact);
  } else {
    warnings.emplace_back("its users could not be listed: " + impact.error().detail);
  }
  reply.body.set("warnings", std::move(warnings));
  co_return reply;
}

}  // namespace signet::admin
