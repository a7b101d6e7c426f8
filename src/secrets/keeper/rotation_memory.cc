#include "secrets/keeper/rotation_memory.h"

#include <algorithm>

#include "base/json.h"

namespace signet::secrets {
namespace {

json::Value time_value(const std::optional<Instant>& at) {
  return at ? json::Value(std::int64_t{at->time_since_epoch().count()}) : json::Value();
}

json::Value alias_value(const std::optional<Alias>& alias) {
  return alias ? json::Value(alias->view()) : json::Value();
}

}  // namespace

std::string rotation_memory_text(const RotationMemory& memory) {
  json::Object out;
  out.set("due_ms", time_value(memory.due));
  out.set("due_after", memory.due_after.view());
  out.set("making", alias_value(memory.making));
  out.set("pending", alias_value(memory.pending));
  out.set("after", memory.after);
  out.set("failures", memory.failures);
  out.set("retry_at_ms", time_value(memory.retry_at));
  out.set("last_error", memory.last_error);
  return json::dump(json::Value(std::move(out)));
}

Result<RotationMemory> parse_rotation_memory(std::string_view text) {
  TRY(const auto object, json::parse_object(text));
  const auto time = [&](const char* name) -> std::optional<Instant> {
    const json::Value* value = object.find(name);
    const auto number = value != nullptr ? value->if_int() : std::nullopt;
    constexpr std::int64_t kLatest = kLastUnixSecond * 1000;
    if (!number || *number < 0 || *number > kLatest) return std::nullopt;
    return Instant(Milliseconds(*number));
  };
  const auto alias = [&](const char* name) -> std::optional<Alias> {
    const json::Value* value = object.find(name);
    if (value == nullptr || value->if_string() == nullptr) return std::nullopt;
    return Alias(*value->if_string());
  };
  RotationMemory memory;
  memory.due = time("due_ms");
  memory.making = alias("making");
  memory.pending = alias("pending");
  memory.retry_at = time("retry_at_ms");
  const json::Value* failures = object.find("failures");
  if (failures != nullptr)
    memory.failures =
        static_cast<int>(std::clamp<std::int64_t>(failures->if_int().value_or(0), 0, 1'000'000));
  const auto text_at = [&](const char* name) {
    const json::Value* value = object.find(name);
    const std::string* found = value != nullptr ? value->if_string() : nullptr;
    return found != nullptr ? *found : std::string();
  };
  memory.due_after = KeyId(text_at("due_after"));
  memory.after = text_at("after");
  memory.last_error = text_at("last_error");
  return memory;
}

}  // namespace signet::secrets
