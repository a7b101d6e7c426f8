#pragma once
// What the simulated instances stand on: one true time, clocks that are wrong by a bound, secret
// stores whose news reach each instance at its own time, one storage that may be cut.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "secrets/secret.h"
#include "secrets/stores/store.h"
#include "storage/forwarding_storage.h"

namespace signet::simulator {

/// Reproducible choices (splitmix64); the same seed is the same life.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  /// 0 <= n < `below`.
  std::uint64_t number(std::uint64_t below) { return next() % below; }
  bool chance(double probability) {
    return static_cast<double>(next() >> 11) < probability * 9007199254740992.0;
  }
  Milliseconds time(Milliseconds from, Milliseconds to) {
    return from + Milliseconds(static_cast<std::int64_t>(
                      number(static_cast<std::uint64_t>((to - from).count()) + 1)));
  }
  template <class T>
  T& pick(std::vector<T>& of) {
    return of[number(of.size())];
  }

 private:
  std::uint64_t next();
  std::uint64_t state_;
};

/// The true time since the simulation began.
struct Truth {
  Milliseconds now{0};
};
inline constexpr Instant kStart = from_unix_seconds(1'800'000'000);
inline Instant instant_of(Milliseconds since_start) {
  return kStart + since_start;
}

/// The clock of one instance: wrong by `skew`; its monotone clock began when it was started.
class SkewedClock : public Clock {
 public:
  explicit SkewedClock(std::shared_ptr<const Truth> truth)
      : truth_(std::move(truth)), began_(truth_->now) {}
  Instant now() const override { return instant_of(truth_->now) + skew; }
  Milliseconds monotone() const override { return truth_->now - began_; }

  Milliseconds skew{0};

 private:
  const std::shared_ptr<const Truth> truth_;
  const Milliseconds began_;
};

/// What a secret store holds. Each entry becomes visible to each instance at a time of its own, as
/// mounted volumes and replicated vaults do.
struct Vault {
  struct Item {
    secrets::Secret secret;
    std::vector<Milliseconds> visible;  ///< by instance
  };
  StoreName name;
  secrets::Ordering ordering;
  std::map<Alias, std::vector<Item>> items;  ///< newest first
  std::uint64_t changes = 0;
  int instances = 0;
  int* next_key = nullptr;  ///< numbers of the kids, over all vaults

  /// A new key; visible at once where `visible` is empty.
  secrets::Secret make(const Alias& alias, std::vector<Milliseconds> visible);
  void drop(const Alias& alias);
};

/// The store as one instance sees it.
class VaultView : public secrets::Store, public secrets::KeyMaker, public secrets::VersionMaker {
 public:
  VaultView(std::shared_ptr<Vault> vault, std::shared_ptr<const Truth> truth, std::size_t instance)
      : vault_(std::move(vault)), truth_(std::move(truth)), instance_(instance) {}

  const StoreName& name() const override { return vault_->name; }
  secrets::Ordering ordering() const override { return vault_->ordering; }
  Task<std::vector<secrets::Secret>> fetch(Alias alias) override;
  Task<std::vector<Alias>> aliases() override;
  Task<std::string> fingerprint() override;
  Task<Done> probe() override;
  Task<secrets::Secret> make_key(Alias alias, crypto::KeyKind kind, std::size_t bits) override;
  /// The instance that has it made sees it at once, the others later.
  Task<Done> make_version(Alias alias, std::string after) override;

  bool is_out() const { return truth_->now < out_until; }
  Milliseconds out_from{0}, out_until{0};

 private:
  Status reached() const;
  const std::shared_ptr<Vault> vault_;
  const std::shared_ptr<const Truth> truth_;
  const std::size_t instance_;
};

/// One instance's way to the shared storage.
class StorageView : public storage::ForwardingStorage {
 public:
  StorageView(std::shared_ptr<storage::Storage> shared, std::shared_ptr<const Truth> truth)
      : shared_(std::move(shared)), truth_(std::move(truth)) {}

  Task<Done> commit(storage::Transaction transaction) override;
  Task<std::optional<storage::Document>> document(std::string kind, RealmName realm,
                                                  std::string id) override;
  Task<std::vector<storage::Document>> documents(std::string kind, RealmName realm,
                                                 std::string after, std::size_t limit) override;
  Task<std::vector<storage::KeyRecord>> keys(RealmName realm) override;

  Milliseconds cut_until{0};
  /// The next commit is done, and its answer is lost.
  bool loses_answer = false;
  std::function<void()> in_between;  ///< called between reading and writing: others may act
  /// Told of every transaction that was done.
  std::function<void(const storage::Transaction&)> committed;

 private:
  storage::Storage& next() override { return *shared_; }
  Status reached() const;
  const std::shared_ptr<storage::Storage> shared_;
  const std::shared_ptr<const Truth> truth_;
};

}  // namespace signet::simulator
