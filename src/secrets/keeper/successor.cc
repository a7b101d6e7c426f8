#include "secrets/keeper/successor.h"

#include "base/text.h"
#include "secrets/rotation_schedule.h"

namespace signet::secrets {

Result<KeyMaker*> key_maker(const std::shared_ptr<Store>& store, const StoreName& name) {
  auto* maker = dynamic_cast<KeyMaker*>(store.get());
  if (maker == nullptr) {
    return Error{Code::kUnsupported, "store_makes_no_keys",
                 "store " + quoted(name.view()) +
                     " is unknown or makes no keys: put one into a store and publish it"};
  }
  if (store->ordering() != Ordering::kByMapping) {
    return Error{Code::kUnsupported, "store_makes_no_keys",
                 "store " + quoted(name.view()) +
                     " rotates by versions of its own: make a new version there"};
  }
  TRY(maker->may_make_keys());
  return maker;
}

Result<VersionMaker*> version_maker(const std::shared_ptr<Store>& store, const StoreName& name) {
  auto* maker = dynamic_cast<VersionMaker*>(store.get());
  if (maker != nullptr && store->ordering() == Ordering::kByStore) return maker;
  return Error{Code::kUnsupported, "store_makes_no_keys",
               "store " + quoted(name.view()) + " makes no versions: make one there"};
}

Task<Secret> make_successor(std::shared_ptr<Store> store, Alias alias, Secret model, Instant now) {
  constexpr int kMostNames = 30;
  CO_TRY(KeyMaker* const maker, key_maker(store, store ? store->name() : StoreName()));
  const Alias family = maker->family(alias);
  for (int later = 0;; ++later) {
    const Alias name = next_alias(family, now + Seconds(later));
    auto made = co_await maker->make_like(name, model);
    if (made.ok()) {
      made->alias = name;
      store->chosen_kids().name(name, *made);
    }
    const bool is_taken = !made.ok() && made.error().is("alias_exists") && later < kMostNames;
    if (!is_taken) co_return made;
  }
}

}  // namespace signet::secrets
