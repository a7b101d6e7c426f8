#include "admin/key_impact.h"

#include <algorithm>
#include <set>

#include "admin/handlers.h"
#include "admin/resource_server_records.h"
#include "realms/realm_settings.h"
#include "storage/document_pages.h"
#include "tokens/format.h"

namespace signet::admin {
namespace {

namespace rs = resource_servers;

/// How access tokens are made where nobody says otherwise: by the realm, or by a client's own
/// settings over it.
using Making = std::pair<tokens::TokenFormat, jose::JwsAlg>;

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

/// Whether tokens for the resource server are made with keys of the ID, when a client asks for them
/// whose tokens are made so (TokenCall::choose_form).
bool is_made_with(const secrets::SecretId& id, const rs::ResourceServer& server,
                  const Making& making) {
  const auto alg = server.signing_alg.value_or(making.second);
  if (server.encryption == rs::Encryption::kAsRealm)
    return is_made_with(id, server.format.value_or(making.first), alg);
  const auto format = server.format.value_or(tokens::TokenFormat::kJwt);
  // What is encrypted for a resource server carries a claim that only this server can open.
  const bool is_sealed =
      format == tokens::TokenFormat::kJwt && server.encryption != rs::Encryption::kNone;
  return is_made_with(id, format, alg) || (is_sealed && tokens::encryption_id() == id);
}

/// A ring that is gone altogether is of the realms that have none of their own.
Task<bool> resolves_to(const AdminServices& services, RealmName realm, RealmName ring_realm,
                       secrets::SecretId id) {
  CO_TRY(const auto rings, co_await services.oauth->keeper->rings(realm));
  const secrets::LiveRing* ring = rings->find(id);
  if (ring == nullptr) co_return ring_realm.empty() || ring_realm == realm;
  if (ring->realm == ring_realm || !ring_realm.empty()) co_return ring->realm == ring_realm;
  // One that has no keys of its own any more, or not yet, signs with a global one as its own.
  CO_TRY(const auto global, co_await services.oauth->keeper->rings(RealmName()));
  const secrets::LiveRing* shared = global->find(id);
  co_return shared != nullptr && shared->ring->find(ring->ring->active().kid.view()) != nullptr;
}

/// The ways in which tokens of the realm's clients are made.
Task<std::set<Making>> add_clients(const AdminServices& services, RealmName realm,
                                   realms::RealmSettings settings, secrets::SecretId id,
                                   std::shared_ptr<KeyImpact> impact) {
  std::set<Making> makings;
  makings.emplace(settings.format, settings.signing_alg);
  storage::DocumentPages pages(services.oauth->storage, "client", realm);
  while (true) {
    CO_TRY(const std::vector<storage::Document> page, co_await pages.next());
    if (page.empty()) co_return makings;
    for (const auto& document : page) {
      const auto parsed = json::parse_object(document.text);
      if (!parsed.ok()) continue;
      const auto client = oauth::Client::from_json(*parsed);
      if (!client.ok()) continue;
      const auto format = client->format.value_or(settings.format);
      const auto alg = client->signing_alg.value_or(settings.signing_alg);
      if (is_made_with(id, format, alg)) impact->clients.emplace_back(realm, client->id);
      makings.emplace(format, alg);
    }
  }
}

Task<Done> add_resource_servers(const AdminServices& services, RealmName realm,
                                std::set<Making> makings, secrets::SecretId id,
                                std::shared_ptr<KeyImpact> impact) {
  const auto add = [&](const std::string& name, const Result<rs::ResourceServer>& server) {
    const bool is_hit =
        !server.ok() || std::any_of(makings.begin(), makings.end(), [&](const Making& making) {
          return is_made_with(id, *server, making);
        });
    if (is_hit) impact->resource_servers.emplace_back(realm, name);
  };
  CO_TRY(const StateRecord state, co_await load_state(services, realm));
  const std::string& built_in = state.state.identity_provider;
  bool is_built_in_stored = built_in.empty();
  storage::DocumentPages pages(services.oauth->storage, std::string(rs::kKind), realm);
  while (true) {
    CO_TRY(const std::vector<storage::Document> page, co_await pages.next());
    if (page.empty()) break;
    for (const auto& document : page) {
      is_built_in_stored = is_built_in_stored || document.id == built_in;
      const auto record = read_resource_server(services, document);
      add(document.id, record.ok() ? rs::ResourceServer::from_json(record->document)
                                   : Result<rs::ResourceServer>(record.error()));
    }
  }
  if (!is_built_in_stored) add(built_in, rs::ResourceServer::identity_provider(built_in));
  co_return Done{};
}

}  // namespace

Task<KeyImpact> impact_of(const AdminServices& services, RealmName ring_realm,
                          secrets::SecretId id) {
  auto impact = std::make_shared<KeyImpact>();
  storage::DocumentPages pages(services.oauth->storage, "realm", RealmName());
  while (true) {
    CO_TRY(const std::vector<storage::Document> page, co_await pages.next());
    if (page.empty()) break;
    for (const auto& document : page) {
      const RealmName realm(document.id);
      CO_TRY(const bool is_hit, co_await resolves_to(services, realm, ring_realm, id));
      if (!is_hit) continue;
      impact->realms.push_back(realm);
      const auto parsed = json::parse_object(document.text);
      if (!parsed.ok()) continue;
      auto settings = realms::RealmSettings::from_json(*parsed);
      if (!settings.ok()) continue;
      CO_TRY(auto makings,
             co_await add_clients(services, realm, std::move(settings).value(), id, impact));
      CO_TRY(co_await add_resource_servers(services, realm, std::move(makings), id, impact));
    }
  }
  co_return std::move(*impact);
}

void add_impact(json::Object& out, const KeyImpact& impact) {
  json::Array realms, clients, resource_servers;
  for (std::size_t i = 0; i < std::min(impact.realms.size(), kMostShown); ++i)
    realms.emplace_back(impact.realms[i].view());
  for (std::size_t i = 0; i < std::min(impact.clients.size(), kMostShown); ++i) {
    json::Object one;
    one.set("realm", impact.clients[i].first.view());
    one.set("client_id", impact.clients[i].second.view());
    clients.emplace_back(std::move(one));
  }
  for (std::size_t i = 0; i < std::min(impact.resource_servers.size(), kMostShown); ++i) {
    json::Object one;
    one.set("realm", impact.resource_servers[i].first.view());
    one.set("name", impact.resource_servers[i].second);
    resource_servers.emplace_back(std::move(one));
  }
  out.set("realms", std::move(realms));
  out.set("realm_count", std::int64_t(impact.realms.size()));
  out.set("clients", std::move(clients));
  out.set("client_count", std::int64_t(impact.clients.size()));
  out.set("resource_servers", std::move(resource_servers));
  out.set("resource_server_count", std::int64_t(impact.resource_servers.size()));
}

Instant horizon_in(const std::vector<storage::KeyRecord>& records, const secrets::SecretId& id,
                   const secrets::RingEntry& entry) {
  Instant horizon = entry.history.horizon;
  for (const auto& record : records) {
    if (record.secret_id == id.str() && record.kid == entry.secret.kid)
      horizon = std::max(horizon, record.horizon);
  }
  return horizon;
}

}  // namespace signet::admin
