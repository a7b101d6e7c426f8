#pragma once
// JSON (RFC 8259), strict: whole input, UTF-8 only, no comments, no duplicate member names, bounded
// depth. A tree to read foreign documents with, and a writer that appends straight to a string.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace signet::json {

class Value;
using Array = std::vector<Value>;

/// Members in document order; names are unique.
class Object {
 public:
  using Member = std::pair<std::string, Value>;
  const Value* find(std::string_view name) const;  ///< null if absent
  Value* find(std::string_view name);
  Value& set(std::string_view name, Value value);  ///< adds or replaces
  bool erase(std::string_view name);
  /// Adds a member whose name is known to be new.
  void append_unchecked(std::string name, Value value);
  std::size_t size() const;
  bool empty() const;
  const Member* begin() const;
  const Member* end() const;
  Member* begin();
  Member* end();

 private:
  std::vector<Member> members_;
};

/// A JSON value. Integers that fit keep their exactness; other numbers are doubles.
class Value {
 public:
  using State = std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string,
                             Array, Object>;
  Value() : state_(nullptr) {}
  Value(std::nullptr_t) : state_(nullptr) {}
  Value(bool b) : state_(b) {}
  Value(int i) : state_(std::int64_t{i}) {}
  Value(std::int64_t i) : state_(i) {}
  Value(std::uint64_t i) : state_(i) {}
  Value(double d) : state_(d) {}
  Value(const char* s) : state_(std::string(s)) {}
  Value(std::string_view s) : state_(std::string(s)) {}
  Value(std::string s) : state_(std::move(s)) {}
  Value(Array a) : state_(std::move(a)) {}
  Value(Object o) : state_(std::move(o)) {}

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(state_); }
  bool is_bool() const { return std::holds_alternative<bool>(state_); }
  bool is_string() const { return std::holds_alternative<std::string>(state_); }
  bool is_array() const { return std::holds_alternative<Array>(state_); }
  bool is_object() const { return std::holds_alternative<Object>(state_); }
  bool is_integer() const {
    return std::holds_alternative<std::int64_t>(state_) ||
           std::holds_alternative<std::uint64_t>(state_);
  }
  bool is_number() const { return is_integer() || std::holds_alternative<double>(state_); }

  // Null if the value is of another kind.
  const bool* if_bool() const { return std::get_if<bool>(&state_); }
  const std::string* if_string() const { return std::get_if<std::string>(&state_); }
  const Array* if_array() const { return std::get_if<Array>(&state_); }
  Array* if_array() { return std::get_if<Array>(&state_); }
  const Object* if_object() const { return std::get_if<Object>(&state_); }
  Object* if_object() { return std::get_if<Object>(&state_); }
  /// The number as an int64 if it is an integer that fits.
  std::optional<std::int64_t> if_int() const;
  /// Any number as a double.
  std::optional<double> if_number() const;

  /// The member of that name if this is an object that has it, else null.
  const Value* get(std::string_view name) const;

  const State& state() const { return state_; }
  friend bool operator==(const Value& a, const Value& b);

 private:
  State state_;
};

// Here, where Value is whole.
inline std::size_t Object::size() const {
  return members_.size();
}
inline bool Object::empty() const {
  return members_.empty();
}
inline const Object::Member* Object::begin() const {
  return members_.data();
}
inline const Object::Member* Object::end() const {
  return members_.data() + members_.size();
}
inline Object::Member* Object::begin() {
  return members_.data();
}
inline Object::Member* Object::end() {
  return members_.data() + members_.size();
}

bool operator==(const Object& a, const Object& b);  ///< same members in any order

struct Limits {
  std::size_t max_bytes = 1 << 20;
  std::size_t max_depth = 32;
};

/// reason: "json_too_large", "json_too_deep", "json_duplicate_member" or "json_malformed" (bad
/// UTF-8 and numbers beyond double included). The detail never quotes the input.
Result<Value> parse(std::string_view text, Limits limits = {});
/// The same, and the value must be an object: else "json_not_object".
Result<Object> parse_object(std::string_view text, Limits limits = {});

/// Compact text; objects in member order.
std::string dump(const Value& value);
/// Indented by two spaces, for people.
std::string dump_pretty(const Value& value);
void append(std::string& out, const Value& value);
/// Appends `text` as a JSON string with quotes. Bytes that are not UTF-8 become U+FFFD.
void append_string(std::string& out, std::string_view text);
void append_number(std::string& out, std::int64_t number);

/// Appends one object to a string without building a tree: for hot paths.
///   ObjectWriter w(out); w.add("iss", issuer).add("exp", 17); w.end();
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  ObjectWriter& add(std::string_view name, std::string_view text);
  ObjectWriter& add(std::string_view name, const char* text) {
    return add(name, std::string_view(text));
  }
  ObjectWriter& add(std::string_view name, const std::string& text) {
    return add(name, std::string_view(text));
  }
  ObjectWriter& add(std::string_view name, std::int64_t number);
  ObjectWriter& add(std::string_view name, int number) { return add(name, std::int64_t{number}); }
  ObjectWriter& add(std::string_view name, bool value);
  ObjectWriter& add(std::string_view name, const Value& value);
  /// `json` must be well-formed JSON already.
  ObjectWriter& add_raw(std::string_view name, std::string_view json);
  void end() { out_ += '}'; }

 private:
  void name(std::string_view name);
  std::string& out_;
  bool first_ = true;
};

}  // namespace signet::json
