#pragma once
// Members of objects that may hold anything: one that is missing or of another kind reads as
// nothing. What must be there is read by Fields (json_fields.h).

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace signet::json {

/// Empty if it is missing or no text.
inline std::string text_in(const Object& object, std::string_view name) {
  const Value* value = object.find(name);
  const std::string* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? *text : std::string();
}

/// Nothing if it is missing or no integer that fits.
inline std::optional<std::int64_t> number_in(const Object& object, std::string_view name) {
  const Value* value = object.find(name);
  return value != nullptr ? value->if_int() : std::nullopt;
}

/// Only true is true.
inline bool flag_in(const Object& object, std::string_view name) {
  const Value* value = object.find(name);
  return value != nullptr && value->if_bool() != nullptr && *value->if_bool();
}

}  // namespace signet::json
