// What health says of clocks.

#include "admin/handlers.h"
#include "base/text.h"
#include "secrets/keeper/clock_difference.h"

namespace signet::admin {
namespace {

constexpr Milliseconds kStepIsShown = std::chrono::hours(1);

std::string whole_seconds(Milliseconds time) {
  return std::to_string(std::chrono::floor<Seconds>(time).count());
}

}  // namespace

std::string clock_was_set(const AdminServices& services) {
  const auto step = services.oauth->keeper->clock_step();
  if (!step) return {};
  // Shown for an hour by whichever clock: it may have been set again.
  const Milliseconds ago = services.oauth->clock->now() - step->seen;
  if (ago >= kStepIsShown || ago <= -kStepIsShown) return {};
  return "it was set by " + whole_seconds(step->by) + " seconds at " + to_rfc3339(step->seen) +
         ": set it by NTP";
}

std::string clocks_apart(const AdminServices& services) {
  std::string out;
  for (const auto& instance : services.oauth->keeper->instances()) {
    const Milliseconds apart = std::chrono::abs(instance.clock_ahead);
    if (!instance.is_live || apart < secrets::kClocksApart) continue;
    if (!out.empty()) out += "; ";
    out += "the clock of instance " + instance.info.id;
    if (!instance.info.address.empty()) out += " (" + quoted(instance.info.address) + ")";
    out += " is " + whole_seconds(apart) + " seconds or more ";
    out += instance.clock_ahead > Milliseconds(0) ? "ahead of" : "behind";
    out += " this one's";
  }
  return out.empty() ? out : out + ": set both by NTP";
}

}  // namespace signet::admin
