#pragma once
// The versions of a secret where a service lists them and never changes one.

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "secrets/stores/store.h"
#include "secrets/stores/warnings.h"

namespace signet::secrets {

/// Reads each version once and keeps it while it is listed. Shared by all threads.
class VersionCache {
 public:
  using Secrets = std::vector<Secret>;
  /// Reads the version at this place of the list; nothing if it went since it was listed.
  using Read = std::function<Task<std::optional<Secrets>>(std::size_t at)>;

  /// The secrets of all versions, in the order of their `stamps`, which name versions for good. A
  /// version that cannot be read (kConfig, kUnsupported) is left out with a warning about `name`,
  /// if another one can; every other failure fails the whole, so that no version is taken as gone
  /// while the service is out.
  Task<Secrets> all(std::string name, std::vector<std::string> stamps, Read read);

  Warnings& warnings() { return warnings_; }
  const Warnings& warnings() const { return warnings_; }

 private:
  using ByStamp = std::map<std::string, Secrets>;
  ByStamp known(const std::string& name) const;
  void keep(const std::string& name, ByStamp versions);

  Warnings warnings_;
  mutable std::mutex mutex_;
  std::map<std::string, ByStamp> kept_;
};

}  // namespace signet::secrets
