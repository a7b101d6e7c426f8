#pragma once
// Fields of Vault's answers; nothing where one is missing or of another kind.

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace signet::secrets::vault::answer {

inline Error malformed(std::string_view what) {
  return Error{Code::kUnavailable, "vault_answer_malformed",
               "Vault answered something else than " + std::string(what)};
}

inline const json::Object* object(const json::Object* of, std::string_view name) {
  const json::Value* value = of ? of->find(name) : nullptr;
  return value ? value->if_object() : nullptr;
}
inline const std::string* text(const json::Object* of, std::string_view name) {
  const json::Value* value = of ? of->find(name) : nullptr;
  return value ? value->if_string() : nullptr;
}
inline std::optional<std::int64_t> number(const json::Object* of, std::string_view name) {
  const json::Value* value = of ? of->find(name) : nullptr;
  return value ? value->if_int() : std::nullopt;
}
inline bool flag(const json::Object* of, std::string_view name) {
  const json::Value* value = of ? of->find(name) : nullptr;
  return value && value->if_bool() && *value->if_bool();
}

inline std::optional<std::int64_t> digits(std::string_view name) {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(name.data(), name.data() + name.size(), value);
  if (ec != std::errc() || end != name.data() + name.size() || value < 1) return std::nullopt;
  return value;
}

}  // namespace signet::secrets::vault::answer
