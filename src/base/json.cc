#include "base/json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <cmath>
#include <unordered_set>

namespace signet::json {
namespace {

namespace bj = boost::json;

// Builds our tree from Boost.JSON's events; it is the parser, this is only the policy.
struct Handler {
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  std::vector<Value> stack;                           // open containers, innermost last
  std::vector<std::string> names;                     // the pending member name of each open object
  std::vector<std::unordered_set<std::string>> seen;  // only for objects grown large
  std::string text;
  Value root;
  bool duplicate = false;

  using Ec = bj::error_code;
  bool on_document_begin(Ec&) { return true; }
  bool on_document_end(Ec&) { return true; }
  bool on_object_begin(Ec&) {
    stack.emplace_back(Object{});
    names.emplace_back();
    seen.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, Ec& ec) {
    names.pop_back();
    seen.pop_back();
    return close(ec);
  }
  bool on_array_begin(Ec&) {
    stack.emplace_back(Array{});
    return true;
  }
  bool on_array_end(std::size_t, Ec& ec) { return close(ec); }
  bool on_key_part(bj::string_view part, std::size_t, Ec&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_key(bj::string_view part, std::size_t, Ec& ec) {
    text.append(part.data(), part.size());
    const Object& object = *stack.back().if_object();
    // Small objects are searched; in large ones a set keeps the check linear.
    auto& set = seen.back();
    constexpr std::size_t kSearch = 16;
    if (object.size() == kSearch && set.empty())
      for (const auto& [name, value] : object)
        set.insert(name);
    const bool is_duplicate =
        object.size() < kSearch ? object.find(text) != nullptr : !set.insert(text).second;
    if (is_duplicate) {
      duplicate = true;
      ec = bj::error::syntax;
      return false;
    }
    names.back() = std::move(text);
    text.clear();
    return true;
  }
  bool on_string_part(bj::string_view part, std::size_t, Ec&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_string(bj::string_view part, std::size_t, Ec& ec) {
    text.append(part.data(), part.size());
    std::string whole = std::move(text);
    text.clear();
    return put(Value(std::move(whole)), ec);
  }
  bool on_number_part(bj::string_view, Ec&) { return true; }
  bool on_int64(std::int64_t i, bj::string_view, Ec& ec) { return put(Value(i), ec); }
  bool on_uint64(std::uint64_t i, bj::string_view, Ec& ec) { return put(Value(i), ec); }
  bool on_double(double d, bj::string_view, Ec& ec) {
    if (!std::isfinite(d)) {
      ec = bj::error::exponent_overflow;
      return false;
    }
    return put(Value(d), ec);
  }
  bool on_bool(bool b, Ec& ec) { return put(Value(b), ec); }
  bool on_null(Ec& ec) { return put(Value(nullptr), ec); }
  bool on_comment_part(bj::string_view, Ec&) { return true; }
  bool on_comment(bj::string_view, Ec&) { return true; }

 private:
  bool close(Ec& ec) {
    Value done = std::move(stack.back());
    stack.pop_back();
    return put(std::move(done), ec);
  }
  bool put(Value value, Ec&) {
    if (stack.empty()) {
      root = std::move(value);
    } else if (Array* array = stack.back().if_array()) {
      array->push_back(std::move(value));
    } else {
      stack.back().if_object()->append_unchecked(std::move(names.back()), std::move(value));
    }
    return true;
  }
};

}  // namespace

const Value* Object::find(std::string_view name) const {
  for (const auto& member : members_)
    if (member.first == name) return &member.second;
  return nullptr;
}
Value* Object::find(std::string_view name) {
  return const_cast<Value*>(std::as_const(*this).find(name));
}
Value& Object::set(std::string_view name, Value value) {
  if (Value* existing = find(name)) return *existing = std::move(value);
  return members_.emplace_back(std::string(name), std::move(value)).second;
}
void Object::append_unchecked(std::string name, Value value) {
  members_.emplace_back(std::move(name), std::move(value));
}
bool Object::erase(std::string_view name) {
  return std::erase_if(members_, [&](const Member& m) { return m.first == name; }) > 0;
}

std::optional<std::int64_t> Value::if_int() const {
  if (const auto* i = std::get_if<std::int64_t>(&state_)) return *i;
  if (const auto* u = std::get_if<std::uint64_t>(&state_); u && *u <= INT64_MAX)
    return static_cast<std::int64_t>(*u);
  return std::nullopt;
}
std::optional<double> Value::if_number() const {
  if (const auto* i = std::get_if<std::int64_t>(&state_)) return static_cast<double>(*i);
  if (const auto* u = std::get_if<std::uint64_t>(&state_)) return static_cast<double>(*u);
  if (const auto* d = std::get_if<double>(&state_)) return *d;
  return std::nullopt;
}
const Value* Value::get(std::string_view name) const {
  const Object* object = if_object();
  return object ? object->find(name) : nullptr;
}

bool operator==(const Object& a, const Object& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& member) {
           const Value* other = b.find(member.first);
           return other && *other == member.second;
         });
}
bool operator==(const Value& a, const Value& b) {
  if (const auto i = a.if_int(), j = b.if_int(); i && j) return *i == *j;
  return a.state_ == b.state_;
}

Result<Value> parse(std::string_view text, Limits limits) {
  if (text.size() > limits.max_bytes)
    return Error{Code::kInvalid, "json_too_large", "the JSON text is larger than allowed"};
  bj::parse_options options;
  options.max_depth = limits.max_depth;
  bj::basic_parser<Handler> parser(options);
  bj::error_code ec;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (!ec && used < text.size()) ec = bj::error::extra_data;
  if (!ec) return std::move(parser.handler().root);
  if (parser.handler().duplicate)
    return Error{Code::kInvalid, "json_duplicate_member", "a member name occurs twice"};
  if (ec == bj::error::too_deep)
    return Error{Code::kInvalid, "json_too_deep", "the JSON text is nested deeper than allowed"};
  return Error{Code::kInvalid, "json_malformed", "not JSON: " + ec.message()};
}

Result<Object> parse_object(std::string_view text, Limits limits) {
  TRY(Value value, parse(text, limits));
  if (Object* object = value.if_object()) return std::move(*object);
  return Error{Code::kInvalid, "json_not_object", "the JSON text is not an object"};
}

}  // namespace signet::json
