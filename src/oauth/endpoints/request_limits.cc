#include "oauth/endpoints/request_limits.h"

#include <algorithm>

namespace signet::oauth {

RequestLimits::RequestLimits(std::size_t per_second)
    : over_all_(per_second > 0 ? std::make_unique<RateLimit>(per_second) : nullptr) {}

std::shared_ptr<RateLimit> RequestLimits::of_client(const RealmName& realm, const ClientId& client,
                                                    std::size_t per_second, const Clock& clock) {
  if (per_second == 0) return nullptr;
  std::lock_guard hold(mutex_);
  // What no worker keeps and nobody used for a second is forgotten without a loss.
  if (clients_.size() >= sweep_at_) {
    std::erase_if(clients_, [&](const auto& entry) {
      return entry.second.use_count() == 1 && entry.second->is_idle(clock);
    });
    sweep_at_ = std::max<std::size_t>(64, 2 * clients_.size());
  }
  auto& limit = clients_[realm.str() + '\0' + client.str()];
  if (!limit || limit->per_second() != per_second) limit = std::make_shared<RateLimit>(per_second);
  return limit;
}

}  // namespace signet::oauth
