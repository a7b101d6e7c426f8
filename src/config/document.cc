#include "config/document.h"

#include <charconv>
#include <cmath>

#include "base/text.h"

namespace signet::config {
namespace {

json::Value core_scalar(const std::string& text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (text.empty()) return text;
  const char* begin = text.data() + (text.front() == '+' ? 1 : 0);
  const char* end = text.data() + text.size();
  if (begin == end || (*begin != '-' && *begin != '.' && (*begin < '0' || *begin > '9'))) {
    return text;
  }
  std::int64_t integer = 0;
  if (const auto r = std::from_chars(begin, end, integer); r.ec == std::errc() && r.ptr == end) {
    return integer;
  }
  double number = 0;
  if (const auto r = std::from_chars(begin, end, number);
      r.ec == std::errc() && r.ptr == end && std::isfinite(number)) {
    return number;
  }
  return text;
}

Problem whole(const std::string& filename, std::string what, std::string remedy) {
  return {{filename, 0}, "", std::move(what), std::move(remedy)};
}

}  // namespace

const Node* Node::find(std::string_view child) const {
  if (kind != Kind::kMap) return nullptr;
  for (const auto& node : children) {
    if (node.name == child) return &node;
  }
  return nullptr;
}
Node* Node::find(std::string_view child) {
  return const_cast<Node*>(std::as_const(*this).find(child));
}

Result<Document, Problems> parse(std::string_view text, std::string_view filename,
                                 const DocumentLimits& limits) {
  const std::string name(filename);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.size() > limits.max_bytes) {
    return Problems{whole(name,
                          "the text is larger than " + std::to_string(limits.max_bytes) + " bytes",
                          "split it or shorten it")};
  }
  if (!is_utf8(text) || text.find('\0') != std::string_view::npos) {
    return Problems{whole(name, "the text is not UTF-8", "save it as UTF-8")};
  }
  TRY(Node root,
      name.ends_with(".json") ? read_json(text, name, limits) : read_yaml(text, name, limits));
  if (root.kind == Node::Kind::kNull) root.kind = Node::Kind::kMap;
  if (root.kind != Node::Kind::kMap) {
    return Problems{{{name, root.line},
                     "",
                     "the text is not an object of settings",
                     "write NAME: VALUE lines"}};
  }
  return Document{name, std::move(root)};
}

Node to_node(const json::Value& value, std::string_view source) {
  const auto shared = std::make_shared<const std::string>(source);
  const auto make = [&shared](const auto& self, const json::Value& from) -> Node {
    Node node;
    node.source = shared;
    if (const auto* array = from.if_array()) {
      node.kind = Node::Kind::kList;
      for (const auto& item : *array)
        node.children.push_back(self(self, item));
    } else if (const auto* object = from.if_object()) {
      node.kind = Node::Kind::kMap;
      for (const auto& [name, member] : *object) {
        node.children.push_back(self(self, member));
        node.children.back().name = name;
      }
    } else if (!from.is_null()) {
      node.kind = Node::Kind::kScalar;
      node.is_plain = !from.is_string();
      node.text = from.is_string() ? *from.if_string() : json::dump(from);
    }
    return node;
  };
  return make(make, value);
}

json::Value to_json(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return nullptr;
    case Node::Kind::kScalar:
      return node.is_plain ? core_scalar(node.text) : json::Value(node.text);
    case Node::Kind::kList: {
      json::Array array;
      for (const auto& child : node.children)
        array.push_back(to_json(child));
      return array;
    }
    case Node::Kind::kMap: {
      json::Object object;
      for (const auto& child : node.children)
        object.append_unchecked(child.name, to_json(child));
      return object;
    }
  }
  return nullptr;
}

}  // namespace signet::config
