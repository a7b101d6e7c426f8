#include "secrets/keeper/box_pauses.h"

#include <algorithm>

namespace signet::secrets {
namespace {

constexpr int kFailuresBeforePause = 3;
constexpr Milliseconds kFirstPause{250};
constexpr Milliseconds kLongestPause{30'000};

}  // namespace

Status BoxPauses::may_ask(const KeyId& kid, Milliseconds now, Milliseconds limit) {
  if (count_.load(std::memory_order_relaxed) == 0) return Done{};
  const std::lock_guard hold(mutex_);
  const auto found = troubles_.find(kid);
  if (found == troubles_.end() || found->second.pause == Milliseconds(0)) return Done{};
  Trouble& trouble = found->second;
  if (now < trouble.until || now < trouble.try_until)
    return Error{Code::kUnavailable, "box_paused", "left alone after failures: " + trouble.last};
  trouble.try_until = now + limit;
  return Done{};
}

void BoxPauses::answered(const KeyId& kid) {
  if (count_.load(std::memory_order_relaxed) == 0) return;
  const std::lock_guard hold(mutex_);
  troubles_.erase(kid);
  count_.store(troubles_.size(), std::memory_order_relaxed);
}

void BoxPauses::failed(const KeyId& kid, const Error& error, Milliseconds now) {
  const std::lock_guard hold(mutex_);
  Trouble& trouble = troubles_[kid];
  count_.store(troubles_.size(), std::memory_order_relaxed);
  trouble.last = std::string(error.reason) + ": " + error.detail;
  if (now < trouble.until) return;  // of a call that began before the pause
  trouble.try_until = Milliseconds{};
  if (++trouble.failures < kFailuresBeforePause) return;
  trouble.pause =
      trouble.pause == Milliseconds(0) ? kFirstPause : std::min(trouble.pause * 2, kLongestPause);
  std::uint8_t byte = 0;
  random_.fill({&byte, 1});
  trouble.until = now + trouble.pause * 3 / 4 + trouble.pause * byte / 512;
}

}  // namespace signet::secrets
