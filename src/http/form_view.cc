#include "http/form_view.h"

#include "http/form.h"

namespace signet::http {
namespace {

// Decodes one piece; `out` is where decoded text may be put. False if it is malformed.
bool decode(std::string_view& piece, char*& out) {
  const std::size_t size = unescape_into(piece, true, out);
  if (size == SIZE_MAX) return false;
  piece = {out, size};
  out += size;
  return true;
}

}  // namespace

Result<FormView> FormView::parse(std::string_view body, std::span<char> scratch) {
  FormView form;
  char* out = scratch.data();
  while (!body.empty()) {
    const auto end = body.find('&');
    std::string_view field = body.substr(0, end);
    body = end == body.npos ? std::string_view() : body.substr(end + 1);
    if (field.empty()) continue;
    if (form.count_ == kMaxFields)
      return Error{Code::kInvalid, "form_too_many_fields", "the form has too many fields"};
    const auto equals = field.find('=');
    std::string_view name = field.substr(0, equals);
    std::string_view value = equals == field.npos ? std::string_view() : field.substr(equals + 1);
    if (!decode(name, out) || !decode(value, out) || name.empty())
      return Error{Code::kInvalid, "form_malformed",
                   "the form has a bad escape, a raw blank, a nameless field or is not UTF-8"};
    form.fields_[form.count_++] = {name, value};
  }
  return form;
}

std::optional<std::string_view> FormView::find(std::string_view name) const {
  for (const auto& field : fields())
    if (field.name == name) return field.value;
  return std::nullopt;
}

std::optional<std::string_view> FormView::given(std::string_view name) const {
  const auto value = find(name);
  return value && !value->empty() ? value : std::nullopt;
}

std::string_view FormView::duplicate(std::string_view repeatable) const {
  for (std::size_t i = 0; i < count_; ++i)
    for (std::size_t j = i + 1; j < count_; ++j)
      if (fields_[i].name == fields_[j].name &&
          (repeatable.empty() || fields_[i].name != repeatable))
        return fields_[i].name;
  return {};
}

}  // namespace signet::http
