// GET /admin/secrets/usage: is this key still needed?

#include <algorithm>

#include "admin/handlers.h"
#include "base/text.h"

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

secrets::KeyHistory history_of(const storage::KeyRecord& record) {
  secrets::KeyHistory history;
  history.kid = record.kid;
  history.state = secrets::parse_key_state(record.state).value_or(KeyState::kRetired);
  history.published = record.published;
  history.activated = record.activated;
  history.deactivated = record.deactivated;
  history.retired = record.retired;
  history.horizon = record.horizon;
  return history;
}

}  // namespace

json::Value time_or_null(const std::optional<Instant>& at) {
  return at ? json::Value(to_rfc3339(*at)) : json::Value();
}

Task<AdminReply> show_usage(const AdminServices& services, AdminRequest request) {
  CO_TRY(const auto id, secrets::SecretId::parse(query_value(request, "id", "")));
  RealmName realm(query_value(request, "realm", ""));
  const auto& keeper = *services.oauth->keeper;
  CO_TRY(const auto rings, co_await services.oauth->keeper->rings(realm));
  if (const auto* ring = rings->find(id)) realm = ring->realm;
  CO_TRY(const auto records, co_await services.oauth->storage->keys(realm));
  CO_TRY(const auto totals, co_await keeper.usage(realm, id));
  const Instant now = services.oauth->clock->now();
  json::Array keys;
  for (const auto& record : records) {
    if (record.secret_id != id.str()) continue;
    const secrets::KeyHistory history = history_of(record);
    const Verdict verdict = judge(history, keeper.policy(), now);
    const auto used = totals.find(record.kid);
    json::Object one;
    one.set("kid", record.kid.view());
    one.set("state", record.state);
    one.set("uses", uses_json(used == totals.end() ? secrets::UseTotals() : used->second));
    const bool made_tokens = record.horizon > Instant{};
    one.set("tokens_until", made_tokens ? json::Value(to_rfc3339(record.horizon)) : json::Value());
    one.set("verdict", verdict.word);
    one.set("why", verdict.why);
    one.set("not_before", time_or_null(verdict.not_before));
    keys.emplace_back(std::move(one));
  }
  AdminReply reply;
  reply.body.set("id", id.str());
  reply.body.set("realm", realm.view());
  reply.body.set("keys", std::move(keys));
  co_return reply;
}

}  // namespace signet::admin
