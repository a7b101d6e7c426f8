#include "config/overlay.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>

#include "base/text.h"
#include "config/other_names.h"

namespace signet::config {
namespace {

using Kind = Node::Kind;
using Segments = std::vector<std::string>;

constexpr std::string_view kPrefix = "SIGNET__";
constexpr std::string_view kIndicium = "OPENIDSERVERSIGNINGSETTINGS__";

std::optional<std::size_t> as_index(const std::string& text) {
  std::size_t index = 0;
  const char* end = text.data() + text.size();
  const auto r = std::from_chars(text.data(), end, index);
  if (r.ec != std::errc() || r.ptr != end || index > 10'000) return std::nullopt;
  return index;
}

// As .NET reads its variables: a colon between two names is two underscores.
std::string without_colons(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == ':') {
      out += "__";
    } else {
      out += c;
    }
  }
  return out;
}

Segments split_name(std::string_view name) {
  Segments segments;
  std::size_t from = 0;
  for (std::size_t at = name.find("__"); at != std::string_view::npos; at = name.find("__", from)) {
    segments.emplace_back(name.substr(from, at - from));
    from = at + 2;
  }
  segments.emplace_back(name.substr(from));
  return segments;
}

// Item 2 comes before item 10, so that items are added in their order.
bool comes_before(const Segments& a, const Segments& b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](const std::string& x, const std::string& y) {
                                        const auto i = as_index(x), j = as_index(y);
                                        if (i && j) return *i < *j;
                                        return i || j ? i.has_value() : x < y;
                                      });
}

// A text that is the same for all names of one setting.
std::string setting_of(const Segments& names) {
  std::string out;
  for (const auto& name : names) {
    const auto index = as_index(name);
    out += index ? std::to_string(*index) : to_lower(name);
    out += '\n';
  }
  return out;
}

class Overlay {
 public:
  Overlay(std::string variable, const std::string& value)
      : source_(std::make_shared<const std::string>("environment variable " + std::move(variable))),
        value_(value) {}

  std::optional<Problem> into(Node& root, const Field& schema, const Segments& names) {
    Node* node = &root;
    const Field* field = &schema;  // null below what the schema leaves to other rooms
    bool is_item = false;          // the node is one item of field's list
    for (std::size_t i = 0; i < names.size(); ++i) {
      const bool is_list_level =
          field && !is_item &&
          (field->is_list() || (field->row && field->row->type == Type::kTexts));
      const bool wants_index = is_list_level || (!field && node->kind == Kind::kList) ||
                               (!field && node->kind == Kind::kNull && as_index(names[i]));
      if (wants_index) {
        auto next = item(*node, names[i]);
        if (!next.ok()) return std::move(next).error();
        node = *next;
        is_item = true;
        if (field && !field->is_list()) field = nullptr;
        continue;
      }
      if (field && !is_item && !field->is_group()) {
        if (field->row->type != Type::kOpaque && field->row->type != Type::kMappings) {
          return wrong(names[i], "is below a single value");
        }
        field = nullptr;
      }
      std::string name = names[i];
      if (field) {
        const Field* child = field->find_ignoring_case(names[i]);
        if (!child) return unknown(*field, names[i]);
        name = child->name;
        field = child;
        is_item = false;
      } else {
        name = free_name(*node, names[i]);
      }
      auto next = member(*node, name);
      if (!next.ok()) return std::move(next).error();
      node = *next;
    }
    if (node->kind == Kind::kMap || node->kind == Kind::kList) {
      return wrong(names.back(), "names a group, not a value");
    }
    node->kind = Kind::kScalar;
    node->is_plain = true;
    node->text = value_;
    node->source = source_;
    node->line = 0;
    return std::nullopt;
  }

 private:
  Problem wrong(const std::string& name, const std::string& what) const {
    return {{*source_, 0}, "", quoted(name) + ' ' + what, "see signet config reference"};
  }
  Problem unknown(const Field& field, const std::string& name) const {
    const std::string near = nearest(to_lower(name), field.names());
    return {{*source_, 0},
            "",
            "unknown setting " + quoted(to_lower(name)),
            near.empty() ? "unset the variable; known here: " + join(field.names(), ", ")
                         : "did you mean " + quoted(near) + "?"};
  }

  // Names that belong to another room: as they are in the document, else as they are written, else
  // (all capitals, as environment variables usually are) in lower case.
  static std::string free_name(const Node& node, const std::string& name) {
    for (const auto& child : node.children) {
      if (equal_ignoring_case(child.name, name)) return child.name;
    }
    return to_upper(name) == name ? to_lower(name) : name;
  }

  Result<Node*, Problem> member(Node& node, const std::string& name) {
    if (node.kind == Kind::kNull) node.kind = Kind::kMap;
    if (node.kind != Kind::kMap) return wrong(name, "is below a value that is not a group");
    if (Node* child = node.find(name)) return child;
    return add(node, name);
  }

  Result<Node*, Problem> item(Node& node, const std::string& name) {
    const auto index = as_index(name);
    if (!index) return wrong(name, "is not the number of an item");
    if (node.kind == Kind::kNull) node.kind = Kind::kList;
    if (node.kind != Kind::kList) return wrong(name, "is below a value that is not a list");
    if (*index > node.children.size()) {
      return wrong(name,
                   "leaves a gap: the list has " + std::to_string(node.children.size()) + " items");
    }
    if (*index < node.children.size()) return &node.children[*index];
    return add(node, "");
  }

  Node* add(Node& node, const std::string& name) {
    Node& child = node.children.emplace_back();
    child.name = name;
    child.source = source_;
    return &child;
  }

  std::shared_ptr<const std::string> source_;
  const std::string& value_;
};

}  // namespace

Problems overlay(Document& document, const Field& schema, const Environment& environment) {
  struct Variable {
    Segments names;
    const std::string* name;
    const std::string* value;
  };
  std::vector<Variable> variables;
  for (const auto& [name, value] : environment) {
    const std::string upper = to_upper(name);
    if (upper.starts_with(kPrefix)) {
      const std::string_view rest = std::string_view(name).substr(kPrefix.size());
      variables.push_back({with_settled_name(split_name(rest)), &name, &value});
    } else if (without_colons(upper).starts_with(kIndicium)) {
      variables.push_back({split_name(without_colons(name)), &name, &value});
    }
  }
  std::stable_sort(variables.begin(), variables.end(), [](const Variable& a, const Variable& b) {
    return comes_before(a.names, b.names);
  });
  Problems problems;
  std::map<std::string, const Variable*> first;
  for (const auto& variable : variables) {
    const auto [known, is_new] = first.emplace(setting_of(variable.names), &variable);
    if (!is_new && *known->second->value != *variable.value) {
      problems.push_back({{"environment variable " + *variable.name, 0},
                          "",
                          "sets what " + *known->second->name + " sets to another value",
                          "unset one of the two"});
      continue;
    }
    Overlay one(*variable.name, *variable.value);
    auto problem = one.into(document.root, schema, variable.names);
    if (problem) problems.push_back(std::move(*problem));
  }
  return problems;
}

}  // namespace signet::config
