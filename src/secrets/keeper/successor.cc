#include "secrets/keeper/successor.h"

#include "secrets/rotation_schedule.h"

namespace signet::secrets {

Task<Secret> make_successor(std::shared_ptr<Store> store, Alias alias, crypto::PublicKey shape,
                            Instant now) {
  constexpr int kMostNames = 30;
  auto* maker = dynamic_cast<KeyMaker*>(store.get());
  if (maker == nullptr)
    co_return Error{Code::kUnsupported, "store_makes_no_keys", "this store makes no keys"};
  const std::size_t bits = shape.kind() == crypto::KeyKind::kRsa ? shape.bits() : std::size_t{0};
  for (int later = 0;; ++later) {
    const Alias name = next_alias(alias, now + Seconds(later));
    auto made = co_await maker->make_key(name, shape.kind(), bits);
    if (made.ok()) made->alias = name;
    const bool is_taken = !made.ok() && made.error().is("alias_exists") && later < kMostNames;
    if (!is_taken) co_return made;
  }
}

}  // namespace signet::secrets
