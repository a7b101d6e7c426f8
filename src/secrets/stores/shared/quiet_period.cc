#include "secrets/stores/shared/quiet_period.h"

#include <algorithm>
#include <charconv>

#include "base/backoff.h"

namespace signet::secrets {
namespace {

constexpr std::uint32_t kPatience = 3;
constexpr Milliseconds kFirst{1'000};
constexpr Milliseconds kLongest{30'000};
constexpr Milliseconds kLongestAsked{300'000};

}  // namespace

QuietPeriod::QuietPeriod(std::shared_ptr<Clock> clock, std::shared_ptr<Random> random)
    : clock_(std::move(clock)), random_(std::move(random)) {}

Milliseconds QuietPeriod::left() const {
  const Milliseconds until(until_ms_.load(std::memory_order_relaxed));
  return std::max(Milliseconds(0), until - clock_->monotone());
}

Status QuietPeriod::check(const char* reason, const std::string& whom) const {
  const Milliseconds rest = left();
  if (rest <= Milliseconds(0)) return Done{};
  return Error{Code::kUnavailable, reason,
               whom + " is left alone for " + std::to_string(rest.count()) + " ms more"};
}

void QuietPeriod::succeeded() {
  failures_.store(0, std::memory_order_relaxed);
}

void QuietPeriod::failed() {
  if (left() > Milliseconds(0)) return;
  const std::uint32_t times = failures_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (times >= kPatience) be_quiet(delay_after(times - kPatience + 1));
}

void QuietPeriod::asked(std::string_view retry_after) {
  int seconds = 0;
  const char* end = retry_after.data() + retry_after.size();
  const auto [stop, ec] = std::from_chars(retry_after.data(), end, seconds);
  if (ec == std::errc() && stop == end && seconds >= 0) {
    be_quiet(std::min(Milliseconds(Seconds(seconds)), kLongestAsked));
    return;
  }
  be_quiet(delay_after(failures_.fetch_add(1, std::memory_order_relaxed) + 1));
}

void QuietPeriod::be_quiet(Milliseconds length) {
  until_ms_.store((clock_->monotone() + length).count(), std::memory_order_relaxed);
}

Milliseconds QuietPeriod::delay_after(std::uint32_t failures) {
  return backoff_delay(failures, kFirst, kLongest, random_.get());
}

}  // namespace signet::secrets
