#pragma once
// CRC-32C (Castagnoli), the checksum of RFC 3720 §12.1 that Google's services put beside the bytes
// they send. It finds accidents, not forgeries.

#include <cstdint>

#include "base/bytes.h"

namespace signet {

std::uint32_t crc32c(ByteView bytes);

}  // namespace signet
