#include "base/base64.h"

#include <memory>

#include "check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace signet;
  const ByteView input(data, size);
  const std::string_view text = as_text(input);

  const auto decoded = base64::url_decode(text);
  if (decoded.ok()) {
    FUZZ_CHECK(base64::url_encode(*decoded) == text);
    FUZZ_CHECK(base64::url_size(decoded->size()) == text.size());
  }
  // The room that url_decode_into() asks for, and not a byte more.
  const auto exact = std::make_unique<std::uint8_t[]>(size * 3 / 4);
  const std::size_t count = base64::url_decode_into(text, exact.get());
  FUZZ_CHECK((count != SIZE_MAX) == decoded.ok());
  if (decoded.ok()) FUZZ_CHECK(same_bytes(*decoded, {exact.get(), count}));

  const std::string encoded = base64::url_encode(input);
  const auto again = base64::url_decode(encoded);
  FUZZ_CHECK(again.ok() && same_bytes(*again, input));

  const auto standard = base64::decode(text);
  if (standard.ok()) {
    const auto twice = base64::decode(base64::encode(standard->view()));
    FUZZ_CHECK(twice.ok() && same_bytes(twice->view(), standard->view()));
  }
  return 0;
}
