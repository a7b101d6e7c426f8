#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/random.h"

namespace signet::secrets {

/// How long to leave a store alone after so many failures in a row (1 for the first): doubles from
/// `first` to `most`, and of that a random part between a half and the whole, so that the instances
/// of a cluster do not come back in step. Without `random` the whole.
Milliseconds backoff_delay(std::uint32_t failures, Milliseconds first, Milliseconds most,
                           Random* random);

}  // namespace signet::secrets
