#pragma once
// A store that holds what it was given: for tests and for `signetd --demo`.

#include <map>
#include <mutex>

#include "secrets/stores/catalog.h"

namespace signet::secrets {

/// Shared by all threads. Nothing of it outlives the process.
class MemoryStore : public Store, public KeyMaker {
 public:
  explicit MemoryStore(StoreName name, Ordering ordering = Ordering::kByMapping);

  /// The secrets behind an alias, active first; replaces what was there. Sets alias and store in
  /// them.
  void put(const Alias& alias, std::vector<Secret> secrets);
  void erase(const Alias& alias);
  /// Every asking fails with this until it is taken back: a store that cannot be reached.
  void fail_with(std::optional<Error> error);

  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return ordering_; }
  Task<std::vector<Secret>> fetch(Alias alias) override;
  Task<std::vector<Alias>> aliases() override;
  Task<std::string> fingerprint() override;
  Task<Done> probe() override;
  Task<Secret> make_key(Alias alias, crypto::KeyKind kind, std::size_t bits) override;

 private:
  StoreName name_;
  Ordering ordering_;
  mutable std::mutex mutex_;
  std::map<Alias, std::vector<Secret>> secrets_;
  std::uint64_t changes_ = 0;
  std::optional<Error> failure_;
};

StoreType memory_store_type();

}  // namespace signet::secrets
