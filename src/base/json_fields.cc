#include "base/json_fields.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace signet::json {

const Value* Fields::take(std::string_view name) {
  known_.emplace_back(name);
  return object_.find(name);
}

void Fields::fault(std::string_view name, std::string_view what) {
  faults_.push_back(where_ + "." + std::string(name) + ": " + std::string(what));
}

std::string Fields::text(std::string_view name, std::string fallback) {
  const Value* value = take(name);
  if (!value) return fallback;
  if (const std::string* s = value->if_string()) return *s;
  fault(name, "must be a text");
  return fallback;
}

std::string Fields::required_text(std::string_view name) {
  std::string out = text(name);
  if (out.empty() && faults_.empty()) fault(name, "is required");
  return out;
}

bool Fields::boolean(std::string_view name, bool fallback) {
  const Value* value = take(name);
  if (!value) return fallback;
  if (const bool* b = value->if_bool()) return *b;
  fault(name, "must be true or false");
  return fallback;
}

std::int64_t Fields::integer(std::string_view name, std::int64_t fallback, std::int64_t least,
                             std::int64_t most) {
  const Value* value = take(name);
  if (!value) return fallback;
  const auto i = value->if_int();
  if (i && *i >= least && *i <= most) return *i;
  fault(name,
        "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return fallback;
}

std::chrono::seconds Fields::duration(std::string_view name, std::chrono::seconds fallback,
                                      std::chrono::seconds least, std::chrono::seconds most) {
  const Value* value = take(name);
  if (!value) return fallback;
  std::optional<std::chrono::seconds> read;
  if (const auto i = value->if_int()) read = std::chrono::seconds(*i);
  if (const std::string* s = value->if_string()) read = parse_duration(*s);
  if (read && *read >= least && *read <= most) return *read;
  fault(name, "must be a duration from " + format_duration(least) + " to " + format_duration(most) +
                  ", e.g. \"PT10M\", \"10m\" or 600");
  return fallback;
}

std::vector<std::string> Fields::texts(std::string_view name, std::vector<std::string> fallback) {
  const Value* value = take(name);
  if (!value) return fallback;
  std::vector<std::string> out;
  const Array* array = value->if_array();
  if (array)
    for (const auto& item : *array)
      if (const std::string* s = item.if_string()) out.push_back(*s);
  if (!array || out.size() != array->size()) fault(name, "must be a list of texts");
  return out;
}

std::string Fields::word(std::string_view name, std::string_view fallback,
                         std::initializer_list<std::string_view> allowed) {
  std::string out = text(name, std::string(fallback));
  if (out == fallback || std::find(allowed.begin(), allowed.end(), out) != allowed.end())
    return out;
  std::string list;
  for (const auto word : allowed)
    list += (list.empty() ? "" : ", ") + std::string(word);
  fault(name, quoted(out) + " is not one of " + list);
  return std::string(fallback);
}

const Object* Fields::object(std::string_view name) {
  const Value* value = take(name);
  if (!value) return nullptr;
  if (const Object* o = value->if_object()) return o;
  fault(name, "must be an object");
  return nullptr;
}

const Array* Fields::array(std::string_view name) {
  const Value* value = take(name);
  if (!value) return nullptr;
  if (const Array* a = value->if_array()) return a;
  fault(name, "must be a list");
  return nullptr;
}

Status Fields::finish() {
  for (const auto& [name, value] : object_) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    const std::string near = nearest(name, known_);
    faults_.push_back(where_ + ": unknown setting " + quoted(name) +
                      (near.empty() ? "" : ", did you mean '" + near + "'?"));
  }
  if (faults_.empty()) return Done{};
  return Error{Code::kConfig, "settings_invalid", join(faults_, "; ")};
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
  const auto unit_seconds = [](char unit, bool is_time) -> std::int64_t {
    switch (unit) {
      case 'D':
      case 'd':
        return 86400;
      case 'W':
      case 'w':
        return 604800;
      case 'H':
      case 'h':
        return 3600;
      case 'M':
      case 'm':
        return is_time ? 60 : 0;
      case 'S':
      case 's':
        return 1;
      default:
        return 0;
    }
  };
  const bool iso = !text.empty() && text[0] == 'P';
  if (iso) text.remove_prefix(1);
  bool is_time = !iso;
  std::int64_t total = 0;
  bool any = false;
  while (!text.empty()) {
    if (iso && text[0] == 'T' && !is_time) {
      is_time = true;
      text.remove_prefix(1);
      continue;
    }
    std::int64_t number = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc() || number < 0 || number > 10'000'000'000) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) {
      if (iso || any) return std::nullopt;
      return std::chrono::seconds(number);
    }
    const std::int64_t unit = unit_seconds(text[0], is_time);
    if (unit == 0 || (iso && text[0] >= 'a')) return std::nullopt;
    text.remove_prefix(1);
    total += number * unit;
    if (total > 10'000'000'000) return std::nullopt;
    any = true;
  }
  if (!any) return std::nullopt;
  return std::chrono::seconds(total);
}

std::string format_duration(std::chrono::seconds duration) {
  std::int64_t rest = duration.count();
  if (rest <= 0) return "PT0S";
  std::string out = "P";
  if (rest >= 86400) out += std::to_string(rest / 86400) + "D";
  rest %= 86400;
  if (rest) out += 'T';
  if (rest >= 3600) out += std::to_string(rest / 3600) + "H";
  if (rest % 3600 >= 60) out += std::to_string(rest % 3600 / 60) + "M";
  if (rest % 60) out += std::to_string(rest % 60) + "S";
  return out;
}

}  // namespace signet::json
