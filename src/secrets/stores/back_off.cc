#include "secrets/stores/back_off.h"

#include <algorithm>
#include <array>

namespace signet::secrets {

Milliseconds BackOff::next(Random& random) {
  std::array<std::uint8_t, 4> bytes{};
  random.fill(bytes);
  std::uint32_t drawn = 0;
  for (const std::uint8_t byte : bytes)
    drawn = drawn << 8U | byte;
  const Milliseconds half = step_ / 2;
  const Milliseconds wait = half + Milliseconds(drawn % (step_ - half + Milliseconds(1)).count());
  step_ = std::min(step_ * 2, longest_);
  return wait;
}

}  // namespace signet::secrets
