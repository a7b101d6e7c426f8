#pragma once
// Reads the members of a JSON object by name and tells all faults at once: for configured documents
// (realms, clients, store settings), where unknown is wrong.

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace signet::json {

/// Usage: Fields f(object, "client"); auto id = f.text("client_id"); ...; TRY(f.finish());
/// The object must outlive the reader.
class Fields {
 public:
  Fields(const Object& object, std::string where) : object_(object), where_(std::move(where)) {}

  std::string text(std::string_view name, std::string fallback = {});
  std::string required_text(std::string_view name);
  bool boolean(std::string_view name, bool fallback);
  std::int64_t integer(std::string_view name, std::int64_t fallback, std::int64_t least,
                       std::int64_t most);
  /// Seconds as an integer, or "PT10M", "10m", "24h".
  std::chrono::seconds duration(std::string_view name, std::chrono::seconds fallback,
                                std::chrono::seconds least, std::chrono::seconds most);
  std::vector<std::string> texts(std::string_view name, std::vector<std::string> fallback = {});
  /// One of the given words.
  std::string word(std::string_view name, std::string_view fallback,
                   std::initializer_list<std::string_view> allowed);
  const Object* object(std::string_view name);  ///< null if absent
  const Array* array(std::string_view name);
  bool has(std::string_view name) const { return object_.find(name) != nullptr; }
  /// Says that a member is known although it is read elsewhere.
  const Value* take(std::string_view name);
  void fault(std::string_view name, std::string_view what);

  /// kConfig "settings_invalid": every fault in one message, unknown members with the nearest name.
  Status finish();

 private:
  const Object& object_;
  std::string where_;
  std::vector<std::string> known_;
  std::vector<std::string> faults_;
};

/// "PT1H30M", "P1D", "90s", "10m", "24h", "7d" or digits alone (seconds).
std::optional<std::chrono::seconds> parse_duration(std::string_view text);
std::string format_duration(std::chrono::seconds duration);  ///< ISO 8601

}  // namespace signet::json
