// GET /admin/invariants: what must hold at every moment, as far as a running server can tell.

#include <algorithm>
#include <set>

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

bool is_shown_well(const std::vector<secrets::StoreHealth>& health, const RealmName& realm,
                   const StoreName& store) {
  return std::any_of(health.begin(), health.end(), [&](const secrets::StoreHealth& one) {
    return one.name == store && one.realm == realm && one.ok;
  });
}

struct StoreQuestion {
  RealmName realm;
  StoreName store;
  Alias alias;
};

/// For each store behind the rings that is shown as well, a key of it to ask for.
std::vector<StoreQuestion> questions(const AdminServices& services,
                                     const std::vector<RealmName>& realms) {
  const auto health = services.oauth->keeper->health();
  std::set<std::pair<RealmName, StoreName>> asked;
  std::vector<StoreQuestion> out;
  for (const auto& realm : realms) {
    const auto rings = services.oauth->keeper->rings_now(realm);
    if (!rings) continue;
    for (const auto& ring : rings->all()) {
      for (const auto& entry : ring->entries) {
        const secrets::Secret& secret = entry.secret;
        if (secret.store.empty() || secret.alias.empty()) continue;
        if (!is_shown_well(health, secret.store_realm, secret.store)) continue;
        if (asked.emplace(secret.store_realm, secret.store).second)
          out.push_back({secret.store_realm, secret.store, secret.alias});
      }
    }
  }
  return out;
}

/// What is looked at once, whatever is looked at again after a refresh.
struct RecordChecks {
  Invariant one_active{.name = "one_active_key", .violations = {}};
  Invariant lives{.name = "lives_are_whole", .violations = {}};
};

/// What stores say now and what storage remembers, against what health and rings show of it. The
/// records are checked by themselves on the way; `checks`: null where they were already.
Task<std::shared_ptr<Invariant>> look_at_degraded(const AdminServices& services,
                                                  std::vector<RealmName> realms,
                                                  std::shared_ptr<RecordChecks> checks) {
  const auto& keeper = services.oauth->keeper;
  auto shown = std::make_shared<Invariant>();
  shown->name = "degraded_is_shown";
  std::vector<secrets::StoreAnswered> answers;
  const std::vector<StoreQuestion> asked = questions(services, realms);
  for (const auto& question : asked) {
    auto fetched = co_await keeper->fetch(question.realm, question.store, question.alias);
    secrets::StoreAnswered answer;
    answer.name = question.store;
    answer.realm = question.realm;
    if (!fetched.ok()) answer.outcome = std::move(fetched).error();
    answers.push_back(std::move(answer));
  }
  secrets::check_outages(answers, keeper->health(), *shown);
  for (const auto& realm : realms) {
    const auto rings = keeper->rings_now(realm);
    if (!rings && !checks) continue;
    CO_TRY(const auto records, co_await services.oauth->storage->keys(realm));
    if (checks) secrets::check_records(records, checks->one_active, checks->lives);
    if (!rings) continue;
    std::vector<std::shared_ptr<const secrets::LiveRing>> own = rings->all();
    std::erase_if(own, [&](const auto& ring) { return ring->realm != realm; });
    secrets::check_missed_keys(records, own, keeper->policy(), services.oauth->clock->now(),
                               *shown);
  }
  co_return shown;
}

/// What happened since the last look of this instance is not told yet, so that only what is left
/// after another one is held against it.
Task<std::shared_ptr<Invariant>> check_journals(const AdminServices& services,
                                                std::vector<RealmName> realms,
                                                std::shared_ptr<RecordChecks> checks) {
  CO_TRY(auto shown, co_await look_at_degraded(services, realms, std::move(checks)));
  if (shown->holds()) co_return shown;
  CO_TRY(co_await services.oauth->keeper->refresh());
  std::shared_ptr<RecordChecks> done_already;
  co_return co_await look_at_degraded(services, std::move(realms), std::move(done_already));
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
  auto checks = std::make_shared<RecordChecks>();
  CO_TRY(std::vector<RealmName> realms, co_await all_realms(services));
  CO_TRY(const std::shared_ptr<Invariant> shown,
         co_await check_journals(services, std::move(realms), checks));
  CO_TRY(const std::shared_ptr<Trail> trail, co_await follow_audit(services));
  bool holds = true;
  json::Array out;
  for (const Invariant* invariant : {&checks->one_active, &checks->lives, &trail->lives.paths,
                                     &trail->lives.waits, &trail->chain, shown.get()}) {
    holds = holds && invariant->holds();
    out.emplace_back(as_json(*invariant));
  }
  AdminReply reply;
  reply.body.set("holds", holds);
  reply.body.set("invariants", std::move(out));
  co_return reply;
}

}  // namespace signet::admin
