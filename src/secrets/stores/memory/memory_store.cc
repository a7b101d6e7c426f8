#include "secrets/stores/memory/memory_store.h"

#include "base/text.h"
#include "secrets/stores/settings.h"

namespace signet::secrets {

MemoryStore::MemoryStore(StoreName name, Ordering ordering)
    : name_(std::move(name)), ordering_(ordering) {}

void MemoryStore::put(const Alias& alias, std::vector<Secret> secrets) {
  for (Secret& secret : secrets) {
    secret.alias = alias;
    secret.store = name_;
  }
  const std::lock_guard lock(mutex_);
  secrets_[alias] = std::move(secrets);
  ++changes_;
}

void MemoryStore::erase(const Alias& alias) {
  const std::lock_guard lock(mutex_);
  if (secrets_.erase(alias) > 0) ++changes_;
}

void MemoryStore::fail_with(std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(error);
}

Task<std::vector<Secret>> MemoryStore::fetch(Alias alias) {
  const std::lock_guard lock(mutex_);
  if (failure_) co_return *failure_;
  const auto found = secrets_.find(alias);
  if (found == secrets_.end()) co_return std::vector<Secret>();
  co_return found->second;
}

Task<std::vector<Alias>> MemoryStore::aliases() {
  const std::lock_guard lock(mutex_);
  if (failure_) co_return *failure_;
  std::vector<Alias> aliases;
  for (const auto& [alias, secrets] : secrets_)
    aliases.push_back(alias);
  co_return aliases;
}

Task<std::string> MemoryStore::fingerprint() {
  const std::lock_guard lock(mutex_);
  if (failure_) co_return *failure_;
  co_return std::to_string(changes_);
}

Task<Done> MemoryStore::probe() {
  const std::lock_guard lock(mutex_);
  if (failure_) co_return *failure_;
  co_return Done{};
}

Task<Secret> MemoryStore::make_key(Alias alias, crypto::KeyKind kind, std::size_t bits) {
  const Error taken{Code::kConflict, "alias_exists",
                    "store " + quoted(name_.view()) + " has an alias " + quoted(alias.view())};
  CO_TRY(crypto::PrivateKey key, crypto::PrivateKey::generate(kind, bits));
  Secret secret = Secret::of_key(jose::Jwk::from_private(std::move(key)));
  secret.alias = alias;
  secret.store = name_;
  const std::lock_guard lock(mutex_);
  if (failure_) co_return *failure_;
  if (!secrets_.emplace(alias, std::vector<Secret>{secret}).second) co_return taken;
  ++changes_;
  co_return secret;
}

StoreType memory_store_type() {
  StoreType type;
  type.name = "memory";
  type.ordering = Ordering::kByMapping;
  type.summary = "Secrets in memory that end with the process: for tests and demonstrations.";
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext) -> Result<std::shared_ptr<Store>> {
    TRY(SettingsReader(name, settings, {}).done());
    return std::shared_ptr<Store>(std::make_shared<MemoryStore>(std::move(name)));
  };
  return type;
}

}  // namespace signet::secrets
