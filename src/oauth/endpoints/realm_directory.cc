#include "oauth/endpoints/realm_directory.h"

#include "base/text.h"

namespace signet::oauth {

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
  if (rings != shared->rings()) shared = share(shared->settings(), std::move(rings), forgets);
  if (!shared) return nullptr;
  worker.keep_realm(shared, generation);
  return shared;
}

RealmRuntimePtr RealmDirectory::share(realms::RealmSettings settings, secrets::RealmRingsPtr rings,
                                      std::uint64_t forgets) {
  const std::string name = settings.name.str();
  auto made = RealmRuntime::make(std::move(settings), std::move(rings), services_.public_url,
                                 services_.keeper->policy());
  std::lock_guard hold(mutex_);
  if (forgets != forgets_) return nullptr;
  if (realms_.size() >= services_.cached_realms) realms_.erase(realms_.begin());
  realms_.insert_or_assign(name, made);
  return made;
}

Task<RealmRuntimePtr> RealmDirectory::load(RealmName name) {
  const Error unknown{Code::kNotFound, "realm_unknown", "no realm " + quoted(name.view())};
  for (;;) {
    const std::uint64_t before = forgets();
    CO_TRY(const auto document,
           co_await services_.storage->document("realm", RealmName(), name.str()));
    if (!document) co_return unknown;
    CO_TRY(const json::Object object, json::parse_object(document->text));
    CO_TRY(realms::RealmSettings settings, realms::RealmSettings::from_json(object));
    if (!settings.enabled) co_return unknown;
    CO_TRY(secrets::RealmRingsPtr rings, co_await services_.keeper->rings(name));
    if (auto shared = share(std::move(settings), std::move(rings), before)) co_return shared;
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
