// GET /admin/secrets/usage: is this key still needed?

#include <algorithm>

#include "admin/cryptoperiods.h"
#include "admin/handlers.h"
#include "admin/operator_change.h"
#include "secrets/keeper/journal.h"

namespace signet::admin {
namespace {

using secrets::KeyState;

struct Verdict {
  std::string_view word, why;
  std::optional<Instant> not_before{};
};

Verdict judge(const secrets::KeyHistory& key, const secrets::RotationPolicy& policy, Instant now) {
  switch (key.state) {
    case KeyState::kPrepared:
      return {"in preparation", "it is published and does not sign yet"};
    case KeyState::kActive:
      return {"in use", "it signs; activate another one first"};
    case KeyState::kRetired:
      return {"gone", "it was retired"};
    case KeyState::kCompromised:
      return {"gone", "it was reported compromised"};
    case KeyState::kPassive:
      break;
  }
  const Instant at = secrets::forgotten_at(key, policy);
  if (now >= at) return {"safe to retire", "nothing made with it can be alive"};
  const bool is_token = now < secrets::retirement_at(key, policy);
  return {"not yet", is_token ? "tokens made with it may be alive" : "its JWKS may still be cached",
          at};
}

json::Object uses_json(const secrets::UseTotals& totals) {
  json::Object out;
  for (std::size_t i = 0; i < secrets::kKeyUses; ++i) {
    json::Object use;
    use.set("count", totals[i].count);
    use.set("last", time_or_null(totals[i].last));
    out.set(secrets::to_string(static_cast<secrets::KeyUse>(i)), std::move(use));
  }
  return out;
}

}  // namespace

Task<AdminReply> show_usage(const AdminServices& services, AdminRequest request) {
  CO_TRY(const auto id, secrets::SecretId::parse(query_value(request, "id", "")));
  RealmName realm(query_value(request, "realm", ""));
  const auto& keeper = *services.oauth->keeper;
  CO_TRY(co_await check_realm(services, realm));
  CO_TRY(const auto rings, co_await services.oauth->keeper->rings(realm));
  if (const auto* ring = rings->find(id)) realm = ring->realm;
  CO_TRY(const auto records, co_await services.oauth->storage->keys(realm));
  CO_TRY(const auto remembered, secrets::Journal::of(records));
  CO_TRY(const auto totals, co_await keeper.usage(realm, id));
  const Instant now = services.oauth->clock->now();
  json::Array keys;
  for (const auto& entry : remembered.entries(id)) {
    const secrets::KeyHistory& history = entry.history;
    const Verdict verdict = judge(history, keeper.policy(), now);
    const auto used = totals.find(history.kid);
    json::Object one;
    one.set("kid", history.kid.view());
    one.set("state", secrets::to_string(history.state));
    one.set("uses", uses_json(used == totals.end() ? secrets::UseTotals() : used->second));
    one.set("tokens_until", known_time(history.horizon));
    one.set("verdict", verdict.word);
    one.set("why", verdict.why);
    one.set("not_before", time_or_null(verdict.not_before));
    add_cryptoperiod(one, services, realm, id, history);
    keys.emplace_back(std::move(one));
  }
  AdminReply reply;
  reply.body.set("id", id.str());
  reply.body.set("realm", realm.view());
  reply.body.set("keys", std::move(keys));
  co_return reply;
}

}  // namespace signet::admin
