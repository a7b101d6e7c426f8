#pragma once
// When two JSON values say the same.

#include <algorithm>
#include <cmath>

#include "base/json.h"

namespace fuzz {

/// The parser may round the last digit of a double another way than the writer did.
inline bool same_number(double a, double b) {
  const double difference = std::fabs(a - b);
  return difference <= 1e-14 * std::fabs(a) || difference < 1e-300;
}

/// Equal as JSON: 1.0 and 1 are the same number. Integers are exact.
inline bool same(const signet::json::Value& a, const signet::json::Value& b) {
  using signet::json::Object;
  if (a.is_integer() && b.is_integer()) return a == b;
  if (a.is_number() && b.is_number()) return same_number(*a.if_number(), *b.if_number());
  if (const auto* items = a.if_array()) {
    const auto* others = b.if_array();
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

}  // namespace fuzz
