#include "oauth/endpoints/realm_directory.h"

#include "base/text.h"

namespace signet::oauth {
namespace {

/// Metadata is read by people and cached by programs: it names some scopes, not 100,000.
constexpr std::size_t kScopesInMetadata = 200;

}  // namespace

RealmRuntimePtr RealmDirectory::now(WorkerState& worker, std::string_view name) {
  if (const RealmRuntimePtr* cached = worker.realm(name)) return *cached;
  // The generation is read before the rings: a change in between is seen at the next request.
  const std::uint64_t generation = services_.keeper->generation();
  const RealmName realm{name};
  RealmRuntimePtr shared;
  std::uint64_t forgets = 0;
  {
    std::lock_guard hold(mutex_);
    forgets = forgets_;
    const auto found = realms_.find(realm.str());
    if (found == realms_.end()) return nullptr;
    shared = found->second;
  }
  secrets::RealmRingsPtr rings = services_.keeper->rings_now(realm);
  if (!rings) return nullptr;
  if (rings != shared->rings()) shared = share(shared->facts(), std::move(rings), forgets);
  if (!shared) return nullptr;
  worker.keep_realm(shared, generation);
  return shared;
}

RealmRuntimePtr RealmDirectory::share(RealmFacts facts, secrets::RealmRingsPtr rings,
                                      std::uint64_t forgets) {
  const std::string name = facts.settings.name.str();
  auto made = RealmRuntime::make(std::move(facts), std::move(rings), services_.public_url,
                                 services_.keeper->policy());
  std::lock_guard hold(mutex_);
  if (forgets != forgets_) return nullptr;
  if (realms_.size() >= services_.cached_realms) realms_.erase(realms_.begin());
  realms_.insert_or_assign(name, made);
  return made;
}

Task<RealmFacts> RealmDirectory::read(RealmName name) {
  const Error unknown{Code::kNotFound, "realm_unknown", "no realm " + quoted(name.view())};
  auto& storage = *services_.storage;
  RealmFacts facts;
  CO_TRY(const auto document, co_await storage.document("realm", RealmName(), name.str()));
  if (!document) co_return unknown;
  CO_TRY(const json::Object object, json::parse_object(document->text));
  CO_TRY(facts.settings, realms::RealmSettings::from_json(object));
  if (!facts.settings.enabled) co_return unknown;
  const std::string state_kind(resource_servers::kStateKind);
  CO_TRY(const auto state,
         co_await storage.document(state_kind, name, std::string(resource_servers::kStateId)));
  if (state) {
    CO_TRY(const json::Object members, json::parse_object(state->text));
    CO_TRY(facts.resource_servers, resource_servers::State::from_json(members));
  }
  const std::string scope_kind(resource_servers::kScopeKind);
  CO_TRY(const auto scopes,
         co_await storage.documents(scope_kind, name, std::string(), kScopesInMetadata));
  for (const auto& scope : scopes)
    facts.defined_scopes.push_back(scope.id);
  co_return facts;
}

Task<RealmRuntimePtr> RealmDirectory::load(RealmName name) {
  for (;;) {
    const std::uint64_t before = forgets();
    CO_TRY(RealmFacts facts, co_await read(name));
    CO_TRY(secrets::RealmRingsPtr rings, co_await services_.keeper->rings(name));
    if (auto shared = share(std::move(facts), std::move(rings), before)) co_return shared;
  }
}

void RealmDirectory::forget(const RealmName& name) {
  std::lock_guard hold(mutex_);
  realms_.erase(name.str());
  ++forgets_;
}

void RealmDirectory::forget_all() {
  std::lock_guard hold(mutex_);
  realms_.clear();
  ++forgets_;
}

std::uint64_t RealmDirectory::forgets() const {
  std::lock_guard hold(mutex_);
  return forgets_;
}

}  // namespace signet::oauth
