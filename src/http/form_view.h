#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace signet::http {

/// application/x-www-form-urlencoded, read without allocating: names and values are views into the
/// caller's scratch. Strict: see unescape_into() in form.h; a field has a name.
class FormView {
 public:
  static constexpr std::size_t kMaxFields = 32;
  struct Field {
    std::string_view name, value;
  };

  /// `scratch` must hold body.size() bytes and outlive the view. "form_malformed",
  /// "form_too_many_fields".
  static Result<FormView> parse(std::string_view body, std::span<char> scratch);

  /// The value of a field; nothing if absent. Call duplicate() first: a name that occurs twice is
  /// an error of the request, not a choice.
  std::optional<std::string_view> find(std::string_view name) const;
  /// The same where a field without a value counts as omitted (RFC 6749 §3.1, §3.2).
  std::optional<std::string_view> given(std::string_view name) const;
  /// The name of a field that occurs more than once, apart from `repeatable`; empty if none.
  std::string_view duplicate(std::string_view repeatable = {}) const;
  std::span<const Field> fields() const { return {fields_.data(), count_}; }

 private:
  std::array<Field, kMaxFields> fields_;
  std::size_t count_ = 0;
};

}  // namespace signet::http
