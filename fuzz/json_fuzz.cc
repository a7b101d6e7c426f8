#include "base/json.h"

#include "check.h"
#include "json_same.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace signet;
  using fuzz::same;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = json::parse(text);
  const auto object = json::parse_object(text);
  FUZZ_CHECK(object.ok() == (value.ok() && value->is_object()));

  std::string any_text;
  json::append_string(any_text, text);
  FUZZ_CHECK(json::parse(any_text, {.max_bytes = SIZE_MAX, .max_depth = 1}).ok());
  if (!value.ok()) return 0;

  const std::string compact = json::dump(*value);
  const auto again = json::parse(compact);
  FUZZ_CHECK(again.ok() && same(*value, *again));
  const auto pretty = json::parse(json::dump_pretty(*value));
  FUZZ_CHECK(pretty.ok() && same(*value, *pretty));
  return 0;
}
