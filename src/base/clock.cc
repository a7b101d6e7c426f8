#include "base/clock.h"

#include <cstdio>
#include <ctime>

namespace signet {

std::string to_rfc3339(Instant instant) {
  const std::time_t seconds = unix_seconds(instant);
  const auto ms = (instant - from_unix_seconds(seconds)).count();
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char date[40], out[48];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(out, sizeof out, "%s.%03dZ", date, static_cast<int>(ms));
  return out;
}

}  // namespace signet
