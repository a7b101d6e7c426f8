#include "http/form_view.h"

#include "base/text.h"

namespace signet::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Decodes one piece; `out` is where decoded text may be put. False if it is malformed.
bool decode(std::string_view& piece, char*& out) {
  if (piece.find_first_of("%+") != piece.npos) {
    char* const begin = out;
    for (std::size_t i = 0; i < piece.size(); ++i) {
      char c = piece[i];
      if (c == '+') {
        c = ' ';
      } else if (c == '%') {
        if (i + 2 >= piece.size()) return false;
        const int high = hex_digit(piece[i + 1]), low = hex_digit(piece[i + 2]);
        if (high < 0 || low < 0) return false;
        c = static_cast<char>(high << 4 | low);
        i += 2;
      }
      *out++ = c;
    }
    piece = {begin, static_cast<std::size_t>(out - begin)};
  }
  return piece.find('\0') == piece.npos && is_utf8(piece);
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
    if (!decode(name, out) || !decode(value, out))
      return Error{Code::kInvalid, "form_malformed",
                   "the form is not valid UTF-8 or has a bad escape"};
    form.fields_[form.count_++] = {name, value};
  }
  return form;
}

std::optional<std::string_view> FormView::find(std::string_view name) const {
  for (const auto& field : fields())
    if (field.name == name) return field.value;
  return std::nullopt;
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
