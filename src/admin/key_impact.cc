#include "admin/key_impact.h"

#include <algorithm>

#include "realms/realm_settings.h"
#include "tokens/format.h"

namespace signet::admin {
namespace {

constexpr std::size_t kMostShown = 100;

/// Whether access tokens of this form are made with keys of the ID.
bool is_made_with(const secrets::SecretId& id, tokens::TokenFormat format, jose::JwsAlg alg) {
  switch (format) {
    case tokens::TokenFormat::kJwt:
      return tokens::signing_id(alg) == id;
    case tokens::TokenFormat::kEncryptedJwt:
      return tokens::encryption_id() == id;
    case tokens::TokenFormat::kOpaque:
      return false;
  }
  return false;
}

/// A ring that is gone altogether is of the realms that have none of their own.
Task<bool> resolves_to(const AdminServices& services, RealmName realm, RealmName ring_realm,
                       secrets::SecretId id) {
  CO_TRY(const auto rings, co_await services.oauth->keeper->rings(realm));
  const secrets::LiveRing* ring = rings->find(id);
  if (ring != nullptr) co_return ring->realm == ring_realm;
  co_return ring_realm.empty() || ring_realm == realm;
}

Task<Done> add_clients(const AdminServices& services, RealmName realm,
                       realms::RealmSettings settings, secrets::SecretId id,
                       std::shared_ptr<KeyImpact> impact) {
  std::string after;
  while (true) {
    CO_TRY(const std::vector<storage::Document> page,
           co_await services.oauth->storage->documents("client", realm, after, storage::kPage));
    if (page.empty()) co_return Done{};
    after = page.back().id;
    for (const auto& document : page) {
      const auto parsed = json::parse_object(document.text);
      if (!parsed.ok()) continue;
      const auto client = oauth::Client::from_json(*parsed);
      if (!client.ok()) continue;
      const auto format = client->format.value_or(settings.format);
      const auto alg = client->signing_alg.value_or(settings.signing_alg);
      if (is_made_with(id, format, alg)) impact->clients.emplace_back(realm, client->id);
    }
  }
}

}  // namespace

Task<KeyImpact> impact_of(const AdminServices& services, RealmName ring_realm,
                          secrets::SecretId id) {
  auto impact = std::make_shared<KeyImpact>();
  std::string after;
  while (true) {
    CO_TRY(
        const std::vector<storage::Document> page,
        co_await services.oauth->storage->documents("realm", RealmName(), after, storage::kPage));
    if (page.empty()) break;
    after = page.back().id;
    for (const auto& document : page) {
      const RealmName realm(document.id);
      CO_TRY(const bool is_hit, co_await resolves_to(services, realm, ring_realm, id));
      if (!is_hit) continue;
      impact->realms.push_back(realm);
      const auto parsed = json::parse_object(document.text);
      if (!parsed.ok()) continue;
      auto settings = realms::RealmSettings::from_json(*parsed);
      if (!settings.ok()) continue;
      CO_TRY(co_await add_clients(services, realm, std::move(settings).value(), id, impact));
    }
  }
  co_return std::move(*impact);
}

void add_impact(json::Object& out, const KeyImpact& impact) {
  json::Array realms, clients;
  for (std::size_t i = 0; i < std::min(impact.realms.size(), kMostShown); ++i)
    realms.emplace_back(impact.realms[i].view());
  for (std::size_t i = 0; i < std::min(impact.clients.size(), kMostShown); ++i) {
    json::Object one;
    one.set("realm", impact.clients[i].first.view());
    one.set("client_id", impact.clients[i].second.view());
    clients.emplace_back(std::move(one));
  }
  out.set("realms", std::move(realms));
  out.set("realm_count", std::int64_t(impact.realms.size()));
  out.set("clients", std::move(clients));
  out.set("client_count", std::int64_t(impact.clients.size()));
}

}  // namespace signet::admin
