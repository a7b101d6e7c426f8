#pragma once

#include "base/result.h"

namespace signet::crypto {

/// Makes the libraries ready: OpenSSL's secure heap for private numbers, wiping of whatever else it
/// frees, prefetched algorithms, libsodium. Call once at the start of main(), before any other
/// thread. Everything else in this room works without it too (tests), only with private numbers on
/// the ordinary heap.
Status init();

}  // namespace signet::crypto
