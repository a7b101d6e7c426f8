#include "base/json.h"

#include <algorithm>
#include <cmath>

#include "check.h"

namespace {

using signet::json::Array;
using signet::json::Object;
using signet::json::Value;

/// The parser may round the last digit of a double another way than the writer did.
bool same_number(double a, double b) {
  const double difference = std::fabs(a - b);
  return difference <= 1e-14 * std::fabs(a) || difference < 1e-300;
}

/// Equal as JSON: 1.0 and 1 are the same number. Integers are exact.
bool same(const Value& a, const Value& b) {
  if (a.is_integer() && b.is_integer()) return a == b;
  if (a.is_number() && b.is_number()) return same_number(*a.if_number(), *b.if_number());
  if (const Array* items = a.if_array()) {
    const Array* others = b.if_array();
    return others && std::equal(items->begin(), items->end(), others->begin(), others->end(), same);
  }
  if (const Object* members = a.if_object()) {
    const Object* others = b.if_object();
    return others && std::equal(members->begin(), members->end(), others->begin(), others->end(),
                                [](const Object::Member& x, const Object::Member& y) {
                                  return x.first == y.first && same(x.second, y.second);
                                });
  }
  return a == b;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace signet;
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
