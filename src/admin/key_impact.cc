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

/// What is looked for: tokens that need a key of the ID.
struct Wanted {
  secrets::SecretId id;
  std::vector<jose::JwsAlg> algorithms;  ///< of these alone; empty: whatever the ID makes

  bool is_any() const { return algorithms.empty(); }
  bool is_signed(jose::JwsAlg alg) const {
    return tokens::signing_id(alg) == id &&
           (is_any() || std::find(algorithms.begin(), algorithms.end(), alg) != algorithms.end());
  }
  bool is_encrypted() const { return is_any() && tokens::encryption_id() == id; }
};

/// One look at everything, which ends where it has read enough.
struct Look {
  Wanted wanted;
  KeyImpact found;
  std::size_t clients_left = kMostRead, servers_left = kMostRead;

  /// False: enough was read already.
  bool take(std::size_t& left) {
    if (left == 0) {
      found.is_whole = false;
      return false;
    }
    --left;
    return true;
  }
};

/// Whether access tokens of this form need what is looked for.
bool is_made_with(const Wanted& wanted, tokens::TokenFormat format, jose::JwsAlg alg) {
  switch (format) {
    case tokens::TokenFormat::kJwt:
      return wanted.is_signed(alg);
    case tokens::TokenFormat::kEncryptedJwt:
      return wanted.is_encrypted();
    case tokens::TokenFormat::kOpaque:
      return false;
  }
  return false;
}

/// Whether tokens for the resource server need it, when a client asks for them whose tokens are
/// made so (TokenCall::choose_form).
bool is_made_with(const Wanted& wanted, const rs::ResourceServer& server, const Making& making) {
  const auto alg = server.signing_alg.value_or(making.second);
  if (server.encryption == rs::Encryption::kAsRealm)
    return is_made_with(wanted, server.format.value_or(making.first), alg);
  const auto format = server.format.value_or(tokens::TokenFormat::kJwt);
  // What is encrypted for a resource server carries a claim that only this server can open.
  const bool is_sealed =
      format == tokens::TokenFormat::kJwt && server.encryption != rs::Encryption::kNone;
  return is_made_with(wanted, format, alg) || (is_sealed && wanted.is_encrypted());
}

/// Whether the resource server has a say in how its tokens are made.
bool has_say(const rs::ResourceServer& server) {
  return server.encryption != rs::Encryption::kAsRealm || server.format || server.signing_alg;
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

using FoundRealm = std::pair<RealmName, realms::RealmSettings>;

/// The ways in which tokens of the realm's clients are made.
Task<std::set<Making>> add_clients(const AdminServices& services, FoundRealm realm,
                                   std::shared_ptr<Look> look) {
  const auto& [name, settings] = realm;
  std::set<Making> makings;
  makings.emplace(settings.format, settings.signing_alg);
  storage::DocumentPages pages(services.oauth->storage, "client", name);
  while (true) {
    CO_TRY(const std::vector<storage::Document> page, co_await pages.next());
    if (page.empty()) co_return makings;
    for (const auto& document : page) {
      if (!look->take(look->clients_left)) co_return makings;
      const auto parsed = json::parse_object(document.text);
      if (!parsed.ok()) continue;
      const auto client = oauth::Client::from_json(*parsed);
      if (!client.ok()) continue;
      const auto format = client->format.value_or(settings.format);
      const auto alg = client->signing_alg.value_or(settings.signing_alg);
      const bool is_meant = look->wanted.is_any() || client->format || client->signing_alg;
      if (is_meant && is_made_with(look->wanted, format, alg))
        look->found.clients.emplace_back(name, client->id);
      makings.emplace(format, alg);
    }
  }
}

Task<Done> add_resource_servers(const AdminServices& services, RealmName realm,
                                std::set<Making> makings, std::shared_ptr<Look> look) {
  const auto add = [&](const std::string& name, const Result<rs::ResourceServer>& server) {
    const Wanted& wanted = look->wanted;
    bool is_hit = wanted.is_any();
    if (server.ok()) {
      is_hit = (wanted.is_any() || has_say(*server)) &&
               std::any_of(makings.begin(), makings.end(), [&](const Making& making) {
                 return is_made_with(wanted, *server, making);
               });
    }
    if (is_hit) look->found.resource_servers.emplace_back(realm, name);
  };
  CO_TRY(const StateRecord state, co_await load_state(services, realm));
  const std::string& built_in = state.state.identity_provider;
  bool is_built_in_stored = built_in.empty();
  storage::DocumentPages pages(services.oauth->storage, std::string(rs::kKind), realm);
  while (true) {
    CO_TRY(const std::vector<storage::Document> page, co_await pages.next());
    if (page.empty()) break;
    for (const auto& document : page) {
      if (!look->take(look->servers_left)) co_return Done{};
      is_built_in_stored = is_built_in_stored || document.id == built_in;
      const auto record = read_resource_server(services, document);
      add(document.id, record.ok() ? rs::ResourceServer::from_json(record->document)
                                   : Result<rs::ResourceServer>(record.error()));
    }
  }
  if (!is_built_in_stored) add(built_in, rs::ResourceServer::identity_provider(built_in));
  co_return Done{};
}

/// Of the realms, each with its settings.
Task<Done> add_users(const AdminServices& services, std::vector<FoundRealm> realms,
                     std::shared_ptr<Look> look) {
  for (const auto& realm : realms) {
    CO_TRY(auto makings, co_await add_clients(services, realm, look));
    CO_TRY(co_await add_resource_servers(services, realm.first, std::move(makings), look));
  }
  co_return Done{};
}

/// The one realm, or all of them where it is empty.
Task<std::vector<storage::Document>> realm_documents(const AdminServices& services, RealmName only,
                                                     std::shared_ptr<Look> look) {
  std::vector<storage::Document> out;
  if (!only.empty()) {
    CO_TRY(auto document,
           co_await services.oauth->storage->document("realm", RealmName(), only.str()));
    if (document) out.push_back(std::move(*document));
    co_return out;
  }
  storage::DocumentPages pages(services.oauth->storage, "realm", RealmName());
  std::size_t left = kMostRead;
  while (true) {
    CO_TRY(std::vector<storage::Document> page, co_await pages.next());
    if (page.empty()) co_return out;
    for (auto& document : page) {
      if (!look->take(left)) co_return out;
      out.push_back(std::move(document));
    }
  }
}

std::optional<FoundRealm> settings_in(const storage::Document& document) {
  const auto parsed = json::parse_object(document.text);
  if (!parsed.ok()) return std::nullopt;
  auto settings = realms::RealmSettings::from_json(*parsed);
  if (!settings.ok()) return std::nullopt;
  return FoundRealm(RealmName(document.id), std::move(settings).value());
}

}  // namespace

// All realms come first, so that each is named whatever the clients of another one are.
Task<KeyImpact> impact_of(const AdminServices& services, RealmName ring_realm,
                          secrets::SecretId id) {
  auto look = std::make_shared<Look>();
  look->wanted.id = id;
  CO_TRY(const auto documents, co_await realm_documents(services, ring_realm, look));
  std::vector<FoundRealm> touched;
  for (const auto& document : documents) {
    const RealmName realm(document.id);
    CO_TRY(const bool is_hit, co_await resolves_to(services, realm, ring_realm, id));
    if (!is_hit) continue;
    look->found.realms.push_back(realm);
    if (auto settings = settings_in(document)) touched.push_back(std::move(*settings));
  }
  CO_TRY(co_await add_users(services, std::move(touched), look));
  co_return std::move(look->found);
}

Task<KeyImpact> askers_of(const AdminServices& services, RealmName realm, secrets::SecretId id,
                          std::vector<jose::JwsAlg> algorithms) {
  auto look = std::make_shared<Look>();
  if (algorithms.empty()) co_return std::move(look->found);
  look->wanted.id = id;
  look->wanted.algorithms = std::move(algorithms);
  CO_TRY(const auto documents, co_await realm_documents(services, realm, look));
  std::vector<FoundRealm> touched;
  for (const auto& document : documents) {
    auto settings = settings_in(document);
    if (!settings) continue;
    bool is_hit = !realm.empty();
    if (realm.empty()) {
      CO_TRY(is_hit, co_await resolves_to(services, settings->first, RealmName(), id));
    }
    if (!is_hit) continue;
    if (is_made_with(look->wanted, settings->second.format, settings->second.signing_alg))
      look->found.realms.push_back(settings->first);
    touched.push_back(std::move(*settings));
  }
  CO_TRY(co_await add_users(services, std::move(touched), look));
  co_return std::move(look->found);
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
  out.set("all_read", impact.is_whole);
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
