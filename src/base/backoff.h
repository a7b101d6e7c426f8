#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/random.h"

namespace signet {

/// How long to leave somebody alone after so many failures in a row (1 for the first, 0 for none):
/// doubles from `first` to `most`, and of that a random part between a half and the whole, so that
/// those who failed together do not come back together. Without `random` the whole.
Milliseconds backoff_delay(std::uint32_t failures, Milliseconds first, Milliseconds most,
                           Random* random);

}  // namespace signet
