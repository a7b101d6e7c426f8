#include "secrets/keeper/clock_difference.h"

#include <algorithm>

namespace signet::secrets {

ClockDifference::ClockDifference(Instant written, Instant now, std::optional<Milliseconds> since)
    : least_(written - now) {
  if (since) most_ = least_ + *since;
}

ClockDifference ClockDifference::then(const ClockDifference& newer) const {
  ClockDifference both;
  both.least_ = std::max(least_, newer.least_);
  both.most_ = std::min(most_, newer.most_);
  return both.least_ <= both.most_ ? both : newer;
}

Milliseconds ClockDifference::certain() const {
  if (least_ > Milliseconds(0)) return least_;
  return std::min(most_, Milliseconds(0));
}

}  // namespace signet::secrets
