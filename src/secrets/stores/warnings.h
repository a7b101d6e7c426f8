#pragma once
// The warnings of a store's last readings.

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace signet::secrets {

/// Sentences by the alias they are about. Shared by all threads.
class Warnings {
 public:
  /// Replaces what was said about `about`; an empty list takes it back. A store of many aliases
  /// keeps the first 256 that have something to say.
  void set(const std::string& about, std::vector<std::string> sentences);
  std::vector<std::string> all() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> by_alias_;
};

}  // namespace signet::secrets
