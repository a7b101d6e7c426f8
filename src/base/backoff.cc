#include "base/backoff.h"

#include <algorithm>

namespace signet {

Milliseconds backoff_delay(std::uint32_t failures, Milliseconds first, Milliseconds most,
                           Random* random) {
  if (failures == 0) return Milliseconds(0);
  Milliseconds delay = std::min(first, most);
  for (std::uint32_t i = 1; i < failures && delay < most; ++i)
    delay = std::min(delay * 2, most);
  if (random == nullptr) return delay;
  std::uint8_t drawn[2];
  random->fill(drawn);
  const auto part = static_cast<std::int64_t>(drawn[0]) * 256 + drawn[1];
  return delay / 2 + (delay - delay / 2) * part / 65535;
}

}  // namespace signet
