#pragma once
// ECDSA signatures between their two forms without allocating. Only for this room.

#include "base/bytes.h"

namespace signet::crypto {

/// Room for the DER form of any curve up to 66 bytes of field.
inline constexpr std::size_t kLargestEcdsaDer = 160;

/// DER to R‖S of twice `field_bytes`; false unless it is strict DER and both numbers fit.
bool ecdsa_der_into_raw(ByteView der, std::size_t field_bytes, std::uint8_t* out);
/// R‖S to DER at the end of `buffer`.
ByteView ecdsa_raw_into_der(ByteView raw, ByteSpan buffer);

}  // namespace signet::crypto
