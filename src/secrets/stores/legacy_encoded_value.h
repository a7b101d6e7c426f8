#pragma once
// The two ways in which AM's encode.jsp and ampassword wrote a secret. Reading only.

#include "secrets/stores/encoded_value.h"

namespace signet::secrets {

/// Any value whose base64 is taken off already; reasons as EncodingKeys::decode.
Result<SecretBytes> decode_legacy(ByteView raw, const LegacyEncoding& legacy);

}  // namespace signet::secrets
