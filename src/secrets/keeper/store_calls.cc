#include "secrets/keeper/store_calls.h"

#include <algorithm>

#include "base/text.h"
#include "secrets/keeper/state.h"
#include "secrets/keeper/successor.h"

namespace signet::secrets {
namespace {

/// An HSM may take its time for a large RSA key; one that never answers must not hold up the rest.
constexpr Milliseconds kLongestMaking{120'000};

/// The making of a key or a version, limited in time and counted with the store's other calls.
/// `meter`: null counts nothing.
template <class T>
Task<T> make_within(Deadlines& deadlines, std::shared_ptr<StoreMeter> meter, std::string store,
                    Task<T> call) {
  const auto began = std::chrono::steady_clock::now();
  Result<T> made = co_await deadlines.within<T>(kLongestMaking, std::move(store), std::move(call));
  std::optional<Code> failure;
  if (!made.ok()) failure = made.error().code;
  if (meter) meter->count(failure, std::chrono::steady_clock::now() - began);
  co_return made;
}

}  // namespace

Task<std::string> ask_fingerprint(std::shared_ptr<Store> store) {
  co_return co_await store->fingerprint();
}

Task<std::vector<Alias>> ask_aliases(std::shared_ptr<Store> store) {
  co_return co_await store->aliases();
}

Task<Done> ask_probe(std::shared_ptr<Store> store) {
  co_return co_await store->probe();
}

Task<std::vector<Secret>> ask_secrets(std::shared_ptr<Store> store, Alias alias) {
  CO_TRY(std::vector<Secret> secrets, co_await store->fetch(alias));
  store->chosen_kids().name(alias, secrets);
  co_return secrets;
}

Task<Secret> ask_for_key(std::shared_ptr<Store> store, StoreName name, Alias alias, Secret model) {
  CO_TRY(KeyMaker* const maker, key_maker(store, name));
  CO_TRY(Secret made, co_await maker->make_like(alias, std::move(model)));
  store->chosen_kids().name(alias, made);
  co_return made;
}

Task<Done> ask_for_version(std::shared_ptr<Store> store, StoreName name, Alias alias,
                           std::string after) {
  CO_TRY(VersionMaker* const maker, version_maker(store, name));
  co_return co_await maker->make_version(std::move(alias), std::move(after));
}

std::shared_ptr<Store> Keeper::State::seen_store(const RealmName& realm,
                                                 const StoreName& name) const {
  const std::lock_guard hold(seen_mutex);
  const auto found = seen.stores.find({realm, name});
  return found == seen.stores.end() ? nullptr : found->second;
}

std::shared_ptr<StoreMeter> Keeper::State::seen_meter(const RealmName& realm,
                                                      const StoreName& name) const {
  const std::lock_guard hold(seen_mutex);
  const auto found = std::find_if(seen.meters.begin(), seen.meters.end(), [&](const auto& meter) {
    return meter.name == name && meter.realm == realm;
  });
  return found == seen.meters.end() ? nullptr : found->counts;
}

Error Keeper::State::no_such_store(const RealmName& realm, const StoreName& name) const {
  std::string detail;
  if (realm.empty()) {
    detail = "there is no global store " + quoted(name.view());
  } else {
    detail = "realm " + realm.str() + " has no store " + quoted(name.view()) + " of its own";
    if (seen_store(RealmName(), name))
      detail += "; a global one has that name: leave the realm out";
  }
  return {Code::kNotFound, "store_unknown", std::move(detail)};
}

std::shared_ptr<Store> Keeper::store(const RealmName& realm, const StoreName& name) const {
  return state_->seen_store(realm, name);
}

Task<std::vector<Secret>> Keeper::fetch(RealmName realm, StoreName name, Alias alias) const {
  const auto known = store(realm, name);
  if (!known) co_return state_->no_such_store(realm, name);
  auto call = ask_secrets(known, std::move(alias));
  co_return co_await state_->deadlines.within<std::vector<Secret>>(state_->options.store_timeout,
                                                                   name.str(), std::move(call));
}

Task<std::vector<Alias>> Keeper::aliases(RealmName realm, StoreName name) const {
  const auto known = store(realm, name);
  if (!known) co_return state_->no_such_store(realm, name);
  auto call = ask_aliases(known);
  co_return co_await state_->deadlines.within<std::vector<Alias>>(state_->options.store_timeout,
                                                                  name.str(), std::move(call));
}

Task<Done> Keeper::probe(RealmName realm, StoreName name) const {
  const auto known = store(realm, name);
  if (!known) co_return state_->no_such_store(realm, name);
  auto call = ask_probe(known);
  co_return co_await state_->deadlines.within<Done>(state_->options.store_timeout, name.str(),
                                                    std::move(call));
}

// What the store cannot make at all is no call of it.
Task<Secret> Keeper::make_like(RealmName realm, StoreName name, Alias alias, Secret model) const {
  const auto known = store(realm, name);
  CO_TRY(key_maker(known, name));
  auto call = ask_for_key(known, name, std::move(alias), std::move(model));
  co_return co_await make_within<Secret>(state_->deadlines, state_->seen_meter(realm, name),
                                         name.str(), std::move(call));
}

Task<Secret> Keeper::make_successor(RealmName realm, StoreName name, Secret model) const {
  const auto known = store(realm, name);
  CO_TRY(key_maker(known, name));
  Alias alias = model.alias;
  auto call =
      secrets::make_successor(known, std::move(alias), std::move(model), state_->clock->now());
  co_return co_await make_within<Secret>(state_->deadlines, state_->seen_meter(realm, name),
                                         name.str(), std::move(call));
}

Task<Done> Keeper::make_version(RealmName realm, StoreName name, Alias alias,
                                std::string after) const {
  const auto known = store(realm, name);
  CO_TRY(version_maker(known, name));
  auto call = ask_for_version(known, name, std::move(alias), std::move(after));
  co_return co_await make_within<Done>(state_->deadlines, state_->seen_meter(realm, name),
                                       name.str(), std::move(call));
}

}  // namespace signet::secrets
