#include "crypto/ecdsa_form.h"

#include <cstring>

#include "crypto/der.h"
#include "crypto/sign.h"

namespace signet::crypto {
namespace {

constexpr std::size_t kLargestField = 66;

}  // namespace

bool ecdsa_der_into_raw(ByteView der, std::size_t field_bytes, std::uint8_t* out) {
  auto sequence = der_take(der, kDerSequence);
  if (!sequence || !der.empty()) return false;
  std::memset(out, 0, 2 * field_bytes);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto number = der_take_unsigned(*sequence);
    if (!number || number->size() > field_bytes) return false;
    if (number->empty()) continue;
    std::memcpy(out + (i + 1) * field_bytes - number->size(), number->data(), number->size());
  }
  return sequence->empty();
}

ByteView ecdsa_raw_into_der(ByteView raw, ByteSpan buffer) {
  DerWriter der(buffer);
  const std::size_t end = der.position();
  der.integer(raw.subspan(raw.size() / 2)).integer(raw.first(raw.size() / 2));
  der.wrap(kDerSequence, end);
  return der.ok() ? der.written() : ByteView();
}

Result<Bytes> ecdsa_der_to_raw(ByteView der, std::size_t field_bytes) {
  Bytes raw(2 * field_bytes);
  if (field_bytes > kLargestField || !ecdsa_der_into_raw(der, field_bytes, raw.data())) {
    return Error{Code::kInvalid, "signature_malformed", "not the DER form of an ECDSA signature"};
  }
  return raw;
}

Result<Bytes> ecdsa_raw_to_der(ByteView raw) {
  if (raw.empty() || raw.size() % 2 != 0 || raw.size() > 2 * kLargestField) {
    return Error{Code::kInvalid, "signature_malformed", "not an ECDSA signature of fixed length"};
  }
  std::uint8_t buffer[kLargestEcdsaDer];
  return to_bytes(ecdsa_raw_into_der(raw, buffer));
}

}  // namespace signet::crypto
