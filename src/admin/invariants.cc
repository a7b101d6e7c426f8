// GET /admin/invariants: what must hold at every moment, as far as a running server can tell.

#include <algorithm>

#include "admin/handlers.h"
#include "secrets/keeper/invariants.h"
#include "storage/audit_chain.h"
#include "storage/document_pages.h"

namespace signet::admin {
namespace {

using secrets::Invariant;

Task<std::vector<RealmName>> all_realms(const AdminServices& services) {
  std::vector<RealmName> out;
  out.emplace_back();
  storage::DocumentPages pages(services.oauth->storage, "realm", RealmName());
  while (true) {
    CO_TRY(const std::vector<storage::Document> page, co_await pages.next());
    if (page.empty()) co_return out;
    for (const auto& document : page)
      out.emplace_back(document.id);
  }
}

struct Trail {
  secrets::LifePaths lives;
  Invariant chain{.name = "audit_chain_whole", .violations = {}};
};

Task<std::shared_ptr<Trail>> follow_audit(const AdminServices& services) {
  auto trail = std::make_shared<Trail>();
  Bytes previous;
  std::int64_t after = 0;
  while (true) {
    CO_TRY(const std::vector<storage::AuditEvent> page,
           co_await services.oauth->storage->audit(after, storage::kPage));
    if (page.empty()) co_return trail;
    if (const auto checked = storage::verify_audit(page, previous); !checked.ok())
      trail->chain.violated(checked.error().detail);
    trail->chain.checked += page.size();
    for (const auto& event : page)
      trail->lives.add(event);
    previous = page.back().chain;
    after = page.back().sequence;
  }
}

/// A ring that lacks a key or whose store is out of reach must say so.
void check_degraded(const AdminServices& services, const RealmName& realm, Invariant& shown) {
  const auto& keeper = *services.oauth->keeper;
  const auto rings = keeper.rings_now(realm);
  if (!rings) return;
  for (const auto& ring : rings->all()) {
    if (ring->realm != realm) continue;
    ++shown.checked;
    const bool is_short = !ring->lost.empty() || !ring->can_sign;
    if (is_short && !ring->degraded) shown.violated(ring->id.str() + " misses keys in silence");
  }
}

json::Object as_json(const Invariant& invariant) {
  json::Object out;
  out.set("name", invariant.name);
  out.set("holds", invariant.holds());
  out.set("checked", std::int64_t(invariant.checked));
  out.set("violation_count", std::int64_t(invariant.count));
  json::Array violations;
  for (const auto& violation : invariant.violations)
    violations.emplace_back(violation);
  out.set("violations", std::move(violations));
  return out;
}

}  // namespace

Task<AdminReply> check_invariants(const AdminServices& services, AdminRequest) {
  Invariant one_active{.name = "one_active_key", .violations = {}};
  Invariant lives{.name = "lives_are_whole", .violations = {}};
  Invariant shown{.name = "degraded_is_shown", .violations = {}};
  CO_TRY(const std::vector<RealmName> realms, co_await all_realms(services));
  for (const auto& realm : realms) {
    CO_TRY(const auto records, co_await services.oauth->storage->keys(realm));
    secrets::check_records(records, one_active, lives);
    check_degraded(services, realm, shown);
  }
  CO_TRY(const std::shared_ptr<Trail> trail, co_await follow_audit(services));
  bool holds = true;
  json::Array out;
  for (const Invariant* invariant :
       {&one_active, &lives, &trail->lives.paths, &trail->lives.waits, &trail->chain, &shown}) {
    holds = holds && invariant->holds();
    out.emplace_back(as_json(*invariant));
  }
  AdminReply reply;
  reply.body.set("holds", holds);
  reply.body.set("invariants", std::move(out));
  co_return reply;
}

}  // namespace signet::admin
