#pragma once
// One setting: a row. Types, bounds, defaults, documentation and error messages all come from it.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace signet::config {

enum class Type : std::uint8_t {
  kText,
  kPath,  ///< a file or folder; a text that is not empty
  kUri,   ///< an absolute http or https URI
  kBool,  ///< true or false, nothing else
  kInteger,
  kDuration,  ///< in documents any form of units.h; as a value whole seconds
  kSize,      ///< in documents any form of units.h; as a value bytes
  kEnum,
  kTexts,     ///< a list of texts
  kMappings,  ///< secret IDs, each with a list of aliases
  kKids,      ///< aliases, each with a kid
  kOpaque,    ///< an object whose members belong to another room
  kGroup,     ///< an object with settings of its own
  kItems,     ///< a list of objects with settings of their own ("name[]")
};
std::string_view to_string(Type type);

/// Whose setting it is: the server's (global), or a realm's or client's.
enum class Level : std::uint8_t { kServer, kRealm };

struct Setting {
  std::string_view path;  ///< "server.port"; members of list items as "secret_stores[].name"
  Type type = Type::kText;
  std::string_view fallback =
      {};                         ///< the default as one would write it; lists as JSON; empty: none
  std::string_view summary = {};  ///< one sentence
  std::int64_t min = std::numeric_limits<std::int64_t>::min();  ///< in the unit of the type
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::vector<std::string_view> choices = {};  ///< of kEnum
  Level level = Level::kServer;
  bool is_secret = false;     ///< never shown, not even in an error
  bool is_required = false;   ///< where its group is there
  bool empty_counts = false;  ///< an empty list says something else than none
  bool order_counts = false;  ///< the same texts in another order are another value

  /// "seconds", "bytes" or empty.
  std::string_view unit() const;
  bool has_min() const { return min != std::numeric_limits<std::int64_t>::min(); }
  bool has_max() const { return max != std::numeric_limits<std::int64_t>::max(); }
  /// A number of this setting as one would write it: "PT10M", "64KiB", "8080".
  std::string written(std::int64_t number) const;
};

/// The typed default, or nothing.
std::optional<json::Value> default_value(const Setting& setting);

}  // namespace signet::config
