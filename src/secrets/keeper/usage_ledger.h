#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "async/task.h"
#include "secrets/keeper/kinds.h"
#include "secrets/key_usage.h"
#include "secrets/secret.h"
#include "storage/storage.h"

namespace signet::secrets {

/// The meters of this instance, and what all instances counted, in storage: for each realm one
/// document of each instance. Those of instances that are gone are added to one called "total". Any
/// thread; one flush at a time.
class UsageLedger {
 public:
  /// `instance`: our id; empty: "alone".
  UsageLedger(std::shared_ptr<storage::Storage> storage, std::string instance);

  /// The meter of a key; the same one for as long as this process lives.
  std::shared_ptr<const UsageMeter> meter(const RealmName& realm, const SecretId& id,
                                          const KeyId& kid);
  /// Adds what was counted since the last flush to our documents. `known`: the ids of instances
  /// whose documents are their own business.
  Task<Done> flush(std::vector<std::string> known);
  /// The uses of the keys of one ID over all instances, by kid; those of this one up to now.
  Task<std::map<KeyId, UseTotals>> totals(RealmName realm, SecretId id);

 private:
  using Name = std::pair<std::string, KeyId>;  ///< secret ID and kid
  using Sums = std::map<Name, UseTotals>;
  struct Counted {
    std::shared_ptr<const UsageMeter> meter;
    UseTotals flushed;
  };
  static Sums read(const std::string& text);
  static std::string text_of(const Sums& sums);
  Sums news(const RealmName& realm) const;
  Task<Done> flush_realm(RealmName realm);
  Task<Done> fold(RealmName realm, std::vector<std::string> known);

  const std::shared_ptr<storage::Storage> storage_;
  const std::string instance_;
  mutable std::mutex mutex_;
  std::map<RealmName, std::map<Name, Counted>> meters_;
};

}  // namespace signet::secrets
