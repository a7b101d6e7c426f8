// JSON written, compact and for people.

#include <charconv>
#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace signet::json {
namespace {

void append_pretty(std::string& out, const Value& value, std::size_t indent) {
  const auto newline = [&](std::size_t n) {
    out += '\n';
    out.append(n, ' ');
  };
  if (const Array* array = value.if_array(); array && !array->empty()) {
    out += '[';
    bool first = true;
    for (const auto& item : *array) {
      if (!std::exchange(first, false)) out += ',';
      newline(indent + 2);
      append_pretty(out, item, indent + 2);
    }
    newline(indent);
    out += ']';
  } else if (const Object* object = value.if_object(); object && !object->empty()) {
    out += '{';
    bool first = true;
    for (const auto& [name, member] : *object) {
      if (!std::exchange(first, false)) out += ',';
      newline(indent + 2);
      append_string(out, name);
      out += ": ";
      append_pretty(out, member, indent + 2);
    }
    newline(indent);
    out += '}';
  } else {
    append(out, value);
  }
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t run = 0;  // start of the bytes not yet copied
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
      ++i;
      continue;
    }
    if (c >= 0x80) {
      if (const std::size_t length = utf8_length(text, i)) {
        i += length;
        continue;
      }
    }
    out.append(text, run, i - run);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (c >= 0x80) {
          out += "\xEF\xBF\xBD";
        } else {
          constexpr char kHex[] = "0123456789abcdef";
          out += "\\u00";
          out += kHex[c >> 4];
          out += kHex[c & 15];
        }
    }
    run = ++i;
  }
  out.append(text, run, text.size() - run);
  out += '"';
}

void append_number(std::string& out, std::int64_t number) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  out.append(buffer, static_cast<std::size_t>(end - buffer));
}

void append(std::string& out, const Value& value) {
  struct Visitor {
    std::string& out;
    void operator()(std::nullptr_t) const { out += "null"; }
    void operator()(bool b) const { out += b ? "true" : "false"; }
    void operator()(std::int64_t i) const { append_number(out, i); }
    void operator()(std::uint64_t u) const { out += std::to_string(u); }
    void operator()(double d) const {
      char buffer[32];
      const auto end = std::to_chars(buffer, buffer + sizeof buffer, d).ptr;
      out.append(buffer, static_cast<std::size_t>(end - buffer));
    }
    void operator()(const std::string& s) const { append_string(out, s); }
    void operator()(const Array& array) const {
      out += '[';
      bool first = true;
      for (const auto& item : array) {
        if (!std::exchange(first, false)) out += ',';
        append(out, item);
      }
      out += ']';
    }
    void operator()(const Object& object) const {
      out += '{';
      bool first = true;
      for (const auto& [name, member] : object) {
        if (!std::exchange(first, false)) out += ',';
        append_string(out, name);
        out += ':';
        append(out, member);
      }
      out += '}';
    }
  };
  std::visit(Visitor{out}, value.state());
}

std::string dump(const Value& value) {
  std::string out;
  append(out, value);
  return out;
}
std::string dump_pretty(const Value& value) {
  std::string out;
  append_pretty(out, value, 0);
  return out;
}

void ObjectWriter::name(std::string_view name) {
  if (!std::exchange(first_, false)) out_ += ',';
  append_string(out_, name);
  out_ += ':';
}
ObjectWriter& ObjectWriter::add(std::string_view n, std::string_view text) {
  name(n);
  append_string(out_, text);
  return *this;
}
ObjectWriter& ObjectWriter::add(std::string_view n, std::int64_t number) {
  name(n);
  append_number(out_, number);
  return *this;
}
ObjectWriter& ObjectWriter::add(std::string_view n, bool value) {
  name(n);
  out_ += value ? "true" : "false";
  return *this;
}
ObjectWriter& ObjectWriter::add(std::string_view n, const Value& value) {
  name(n);
  append(out_, value);
  return *this;
}
ObjectWriter& ObjectWriter::add_raw(std::string_view n, std::string_view json) {
  name(n);
  out_ += json;
  return *this;
}

}  // namespace signet::json
