#pragma once
// Structured logging: one JSON object per line on standard error (or a line for people).

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"

namespace signet {
class SecretBytes;
}

namespace signet::log {

enum class Level : std::uint8_t { kDebug, kInfo, kWarn, kError, kOff };

/// One named value of a log line. A SecretBytes does not compile.
struct Field {
  std::string_view name;
  std::string_view text;
  std::int64_t number = 0;
  bool is_number = false;

  Field(std::string_view n, std::string_view t) : name(n), text(t) {}
  Field(std::string_view n, const char* t) : name(n), text(t) {}
  Field(std::string_view n, const std::string& t) : name(n), text(t) {}
  template <std::integral I>
  Field(std::string_view n, I i) : name(n), number(static_cast<std::int64_t>(i)), is_number(true) {}
  Field(std::string_view, const SecretBytes&) = delete;
};

/// Sets the least level that is written and the form. Call once at start.
void configure(Level least, bool as_json);
bool enabled(Level level);
/// `event` is a stable snake_case name; texts are escaped, so no input can forge a line. A line
/// that cannot be written is lost: telling of a thing may not undo it.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {}) noexcept;
/// Writes a line at once, past those that are buffered: for who ends the process without an exit,
/// after which no buffer is written any more. May wait for whoever reads standard error.
void last_line(Level level, std::string_view event,
               std::initializer_list<Field> fields = {}) noexcept;
/// Returns when what was logged until now is written; after two seconds in any case.
void flush();

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::kDebug)) write(Level::kDebug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::kInfo)) write(Level::kInfo, event, fields);
}
inline void warn(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::kWarn)) write(Level::kWarn, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::kError)) write(Level::kError, event, fields);
}
/// An Error at the level of whose move it is: its "code", "reason" and "detail", then `fields`,
/// each a member of its own and at most 256 bytes of it.
void failure(std::string_view event, const Error& error,
             std::initializer_list<Field> fields = {}) noexcept;

}  // namespace signet::log
