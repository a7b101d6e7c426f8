// F20: what the keys of many realms cost while nobody asks for them.

#include <malloc.h>

#include "secrets/keeper/test_support.h"
#include "secrets/stores/memory/memory_store.h"

namespace signet::secrets {
namespace {

using namespace test;

constexpr std::size_t kRealms = 200, kMostKeysOfEach = 12;
constexpr std::size_t kMostBytes = 4096;

/// The key that an ID may have: a fresh pair where it takes one, else bytes; null: another kind.
std::optional<Secret> fresh_key(const SecretId& id) {
  static const Secret pair = Secret::of_key(ec(1));
  if (check_fits(id, pair).ok()) return Secret::of_key(make_key(crypto::KeyKind::kEcP256));
  for (const std::size_t size : {std::size_t{64}, std::size_t{32}}) {
    Secret bytes = Secret::of_key(oct(size));
    if (check_fits(id, bytes).ok()) return bytes;
  }
  return std::nullopt;
}

std::vector<SecretId> ids_of_realms() {
  std::vector<SecretId> out;
  for (const auto& row : registry()) {
    if (is_template(row) || row.scope != Scope::kRealm || out.size() == kMostKeysOfEach) continue;
    const SecretId id = SecretId::literal(row.name);
    if (fresh_key(id)) out.push_back(id);
  }
  return out;
}

TEST(ManyRealms, f20_an_idle_key_costs_four_kibibytes_at_most) {
  World world;
  const auto ids = ids_of_realms();
  ASSERT_GT(ids.size(), 2u);
  const auto in_use = [] { return ::mallinfo2().uordblks; };

  const std::size_t at_first = in_use();
  std::vector<ConfiguredStore> stores;
  std::vector<RealmName> names;
  for (std::size_t i = 0; i < kRealms; ++i) {
    names.emplace_back("realm" + std::to_string(i));
    auto store = std::make_shared<MemoryStore>(StoreName("own"));
    ConfiguredStore configured{store, names.back(), {}};
    for (const auto& id : ids) {
      const Alias alias(id.str());
      std::vector<Secret> held;
      held.push_back(fresh_key(id).value());
      store->put(alias, std::move(held));
      configured.mappings.push_back(Mapping{id, {alias}});
    }
    stores.push_back(std::move(configured));
  }
  const std::size_t of_keys = in_use() - at_first;
  {  // what storage remembers is no part of the cache
    auto first = world.keeper();
    ASSERT_THAT(async::run_now(first->configure(stores, names)), is_ok());
  }
  const std::size_t before = in_use();
  auto keeper = world.keeper();
  ASSERT_THAT(async::run_now(keeper->configure(stores, names)), is_ok());
  const std::size_t of_keeper = in_use() - before;
  ASSERT_EQ(World::ring(*keeper, ids[0], names.back())->entries.size(), 1u);
  if (of_keys == 0) GTEST_SKIP() << "this allocator does not tell";
  const std::size_t each = (of_keys + of_keeper) / (kRealms * ids.size());
  std::cout << each << " bytes for each idle key\n";
  EXPECT_LE(each, kMostBytes);
}

}  // namespace
}  // namespace signet::secrets
