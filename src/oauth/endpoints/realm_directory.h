#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "oauth/endpoints/realm_runtime.h"
#include "oauth/endpoints/services.h"
#include "oauth/endpoints/worker_state.h"

namespace signet::oauth {

/// Makes and shares realm snapshots: workers keep their own pointers and come here only when
/// something changed.
class RealmDirectory {
 public:
  explicit RealmDirectory(const Services& services) : services_(services) {}

  /// Without waiting: from the worker's cache, else from the shared map if its rings are current.
  /// Null: load() it.
  RealmRuntimePtr now(WorkerState& worker, std::string_view name);
  /// Reads settings, what is known of resource servers, and rings. kNotFound "realm_unknown" for
  /// one that is not there or not enabled.
  Task<RealmRuntimePtr> load(RealmName name);
  /// Forgets a realm whose settings changed.
  void forget(const RealmName& name);
  /// Forgets all: any of them may have changed.
  void forget_all();

 private:
  /// Null if something was forgotten since `forgets`: the settings may be the ones before.
  RealmRuntimePtr share(RealmFacts facts, secrets::RealmRingsPtr rings, std::uint64_t forgets);
  Task<RealmFacts> read(RealmName name);
  std::uint64_t forgets() const;

  const Services& services_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, RealmRuntimePtr> realms_;
  std::uint64_t forgets_ = 0;  ///< how often something was forgotten
};

}  // namespace signet::oauth
