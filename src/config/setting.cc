#include "config/setting.h"

#include <charconv>

#include "config/units.h"

namespace signet::config {

std::string_view to_string(Type type) {
  switch (type) {
    case Type::kText:
      return "text";
    case Type::kPath:
      return "path";
    case Type::kUri:
      return "URI";
    case Type::kBool:
      return "boolean";
    case Type::kInteger:
      return "integer";
    case Type::kDuration:
      return "duration";
    case Type::kSize:
      return "size";
    case Type::kEnum:
      return "choice";
    case Type::kTexts:
      return "list of texts";
    case Type::kMappings:
      return "secret IDs with aliases";
    case Type::kKids:
      return "aliases with kids";
    case Type::kOpaque:
      return "object";
    case Type::kGroup:
      return "group";
    case Type::kItems:
      return "list of objects";
  }
  return "unknown";
}

std::string_view Setting::unit() const {
  if (type == Type::kDuration) return "seconds";
  if (type == Type::kSize) return "bytes";
  return {};
}

std::string Setting::written(std::int64_t number) const {
  if (type == Type::kDuration) return format_duration(Seconds(number));
  if (type == Type::kSize) return format_size(number);
  return std::to_string(number);
}

std::optional<json::Value> default_value(const Setting& setting) {
  const std::string_view text = setting.fallback;
  if (text.empty()) return std::nullopt;
  switch (setting.type) {
    case Type::kBool:
      return json::Value(text == "true");
    case Type::kDuration:
      return json::Value(std::int64_t{parse_duration(text).value().count()});
    case Type::kSize:
      return json::Value(parse_size(text).value());
    case Type::kInteger: {
      std::int64_t number = 0;
      std::from_chars(text.data(), text.data() + text.size(), number);
      return json::Value(number);
    }
    case Type::kTexts: {
      auto list = json::parse(text);
      if (!list.ok()) return std::nullopt;
      return std::move(list).value();
    }
    default:
      return json::Value(text);
  }
}

}  // namespace signet::config
