#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/rate_limit.h"
#include "base/strong.h"

namespace signet::oauth {

/// How many requests per second this instance takes: from all together, and from single clients.
/// Shared by all workers.
class RequestLimits {
 public:
  /// 0: no limit over all.
  explicit RequestLimits(std::size_t per_second = 0);

  /// Null if there is none.
  RateLimit* over_all() const { return over_all_.get(); }

  /// The one count of this client, whichever worker asks; null for 0. It goes on over changes of
  /// the client and is begun anew when its number is changed. Takes a lock: ask once, and keep it.
  std::shared_ptr<RateLimit> of_client(const RealmName& realm, const ClientId& client,
                                       std::size_t per_second, const Clock& clock);

  /// Whether a refusal may be logged: one in a second is enough.
  bool may_log(const Clock& clock) { return log_.take(clock); }

 private:
  std::unique_ptr<RateLimit> over_all_;
  RateLimit log_{1};
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<RateLimit>> clients_;  ///< by realm NUL id
  std::size_t sweep_at_ = 64;
};

}  // namespace signet::oauth
