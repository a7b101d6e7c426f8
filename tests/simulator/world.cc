#include "simulator/world.h"

#include <string>

#include "crypto/key.h"
#include "jose/jwk.h"

namespace signet::simulator {
namespace {

/// Of a version, which is called like its key: "k12".
std::uint64_t number_of(const std::string& version) {
  return version.size() > 1 ? std::stoull(version.substr(1)) : 0;
}

}  // namespace

std::uint64_t Dice::next() {
  state_ += 0x9E3779B97F4A7C15u;
  std::uint64_t x = state_;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

secrets::Secret Vault::make(const Alias& alias, std::vector<Milliseconds> visible) {
  auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256, 0).value();
  // Random keys under counted names: what happens is the same in every run of a seed.
  Item item;
  item.secret = secrets::Secret::of_key(jose::Jwk::from_private(std::move(key)),
                                        KeyId("k" + std::to_string((*next_key)++)));
  item.secret.alias = alias;
  item.secret.store = name;
  item.secret.version = ordering == secrets::Ordering::kByStore ? item.secret.kid.str() : "";
  item.visible = std::move(visible);
  item.visible.resize(static_cast<std::size_t>(instances));
  secrets::Secret out = item.secret;
  auto& list = items[alias];
  list.insert(list.begin(), std::move(item));
  ++changes;
  return out;
}

void Vault::drop(const Alias& alias) {
  items.erase(alias);
  ++changes;
}

Status VaultView::reached() const {
  if (!is_out()) return Done{};
  return Error{Code::kUnavailable, "store_down", "store " + vault_->name.str() + " is down"};
}

Task<std::vector<secrets::Secret>> VaultView::fetch(Alias alias) {
  CO_TRY(reached());
  std::vector<secrets::Secret> out;
  const auto found = vault_->items.find(alias);
  if (found == vault_->items.end()) co_return out;
  for (const auto& item : found->second) {
    if (item.visible[instance_] <= truth_->now) out.push_back(item.secret);
  }
  co_return out;
}

Task<std::vector<Alias>> VaultView::aliases() {
  CO_TRY(reached());
  std::vector<Alias> out;
  for (const auto& [alias, list] : vault_->items)
    out.push_back(alias);
  co_return out;
}

Task<std::string> VaultView::fingerprint() {
  CO_TRY(reached());
  std::size_t seen = 0;
  for (const auto& [alias, list] : vault_->items) {
    for (const auto& item : list)
      seen += item.visible[instance_] <= truth_->now ? 1 : 0;
  }
  co_return std::to_string(vault_->changes) + "/" + std::to_string(seen);
}

Task<Done> VaultView::probe() {
  CO_TRY(reached());
  co_return Done{};
}

Task<secrets::Secret> VaultView::make_key(Alias alias, crypto::KeyKind, std::size_t) {
  CO_TRY(reached());
  if (vault_->items.contains(alias))
    co_return Error{Code::kConflict, "alias_exists", "there is an alias " + alias.str()};
  co_return vault_->make(alias, {});
}

Task<Done> VaultView::make_version(Alias alias, std::string after) {
  CO_TRY(reached());
  const auto& versions = vault_->items[alias];
  if (!versions.empty() && number_of(versions.front().secret.version) > number_of(after))
    co_return Done{};
  std::vector<Milliseconds> visible;
  for (std::size_t i = 0; i < static_cast<std::size_t>(vault_->instances); ++i) {
    const Seconds lag(i == instance_ ? 0 : 300 * static_cast<std::int64_t>(i % 4));
    visible.push_back(truth_->now + lag);
  }
  vault_->make(alias, std::move(visible));
  co_return Done{};
}

Status StorageView::reached() const {
  if (truth_->now >= cut_until) return Done{};
  return Error{Code::kUnavailable, "storage_unavailable", "cut off"};
}

Task<Done> StorageView::commit(storage::Transaction transaction) {
  CO_TRY(reached());
  if (in_between) in_between();
  const storage::Transaction copy = transaction;
  CO_TRY(co_await shared_->commit(std::move(transaction)));
  if (committed) committed(copy);
  if (std::exchange(loses_answer, false))
    co_return Error{Code::kUnavailable, "storage_unavailable", "the answer was lost"};
  co_return Done{};
}

Task<std::optional<storage::Document>> StorageView::document(std::string kind, RealmName realm,
                                                             std::string id) {
  CO_TRY(reached());
  co_return co_await shared_->document(std::move(kind), std::move(realm), std::move(id));
}

Task<std::vector<storage::Document>> StorageView::documents(std::string kind, RealmName realm,
                                                            std::string after, std::size_t limit) {
  CO_TRY(reached());
  co_return co_await shared_->documents(std::move(kind), std::move(realm), std::move(after), limit);
}

Task<std::vector<storage::KeyRecord>> StorageView::keys(RealmName realm) {
  CO_TRY(reached());
  if (in_between) in_between();
  co_return co_await shared_->keys(std::move(realm));
}

}  // namespace signet::simulator
