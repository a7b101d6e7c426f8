#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace signet::http {

/// A small form read without allocating: names and values are views into the body, or into the
/// caller's scratch where they had to be decoded. For hot paths; as strict as Form.
class FormView {
 public:
  static constexpr std::size_t kMaxFields = 32;
  struct Field {
    std::string_view name, value;
  };

  /// `scratch` must hold body.size() bytes and outlive the view, as must `body`. "form_malformed",
  /// "form_too_many_fields".
  static Result<FormView> parse(std::string_view body, std::span<char> scratch);

  /// The value of a field; nothing if absent. Call duplicate() first: a name that occurs twice is
  /// an error of the request, not a choice.
  std::optional<std::string_view> find(std::string_view name) const;
  /// The name of a field that occurs more than once, apart from `repeatable`; empty if none.
  std::string_view duplicate(std::string_view repeatable = {}) const;
  std::span<const Field> fields() const { return {fields_.data(), count_}; }

 private:
  std::array<Field, kMaxFields> fields_;
  std::size_t count_ = 0;
};

}  // namespace signet::http
