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

// Item 2 comes before item 10, so that items are added in their order; and a whole comes before
// what is below it, in whatever case the two are written.
bool comes_before(const Segments& a, const Segments& b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](const std::string& x, const std::string& y) {
                                        const auto i = as_index(x), j = as_index(y);
                                        if (i && j) return *i < *j;
                                        if (i || j) return i.has_value();
                                        return to_lower(x) < to_lower(y);
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
        value_(value),
        is_unset_(value == "null") {}

  std::optional<Problem> into(Node& root, const Field& schema, const Segments& names) {
    Spot spot;
    spot.node = &root;
    spot.field = &schema;
    for (const auto& name : names)
      if (auto problem = step(spot, name)) return problem;
    if (is_unset_) return unset(spot, names.back());
    const Shape shape = shape_of(spot);
    if (shape != Shape::kValue) return replace(*spot.node, shape, names.back());
    Node& node = *spot.node;
    node.kind = Kind::kScalar;
    node.is_plain = true;
    node.text = value_;
    node.source = source_;
    node.line = 0;
    return std::nullopt;
  }

 private:
  enum class Shape : std::uint8_t { kValue, kList, kGroup };

  /// Where the names that were read so far lead.
  struct Spot {
    Node* node = nullptr;
    Node* parent = nullptr;
    const Field* field = nullptr;  ///< null below what the schema leaves to other rooms
    bool is_item = false;          ///< the node is one item of a list
    bool is_aliases = false;       ///< the node is the list of one secret ID
  };

  // By the schema, and where it says nothing by what is there.
  static Shape shape_of(const Spot& at) {
    if (at.is_aliases) return Shape::kList;
    if (!at.field) {
      return at.node->kind == Kind::kList  ? Shape::kList
             : at.node->kind == Kind::kMap ? Shape::kGroup
                                           : Shape::kValue;
    }
    if (at.is_item || at.field->is_group()) return Shape::kGroup;
    switch (at.field->row->type) {
      case Type::kItems:
      case Type::kTexts:
        return Shape::kList;
      case Type::kOpaque:
      case Type::kMappings:
      case Type::kKids:
        return Shape::kGroup;
      default:
        return Shape::kValue;
    }
  }

  std::optional<Problem> step(Spot& at, const std::string& name) {
    const Shape shape = shape_of(at);
    const bool begins_list = !at.field && at.node->kind == Kind::kNull && as_index(name);
    if (shape == Shape::kList || begins_list) {
      auto next = item(*at.node, name);
      if (!next.ok()) return std::move(next).error();
      const bool is_known = at.field && at.field->is_list();
      at = {*next, at.node, is_known ? at.field : nullptr, true, false};
      return std::nullopt;
    }
    if (at.field && shape == Shape::kValue) return wrong(name, "is below a single value");
    const Field* child = nullptr;
    std::string own = free_name(*at.node, name);
    if (at.field && (at.is_item || at.field->is_group())) {
      child = at.field->find_ignoring_case(name);
      if (!child) return unknown(*at.field, name);
      own = child->name;
    }
    const bool is_aliases = at.field && !child && at.field->row->type == Type::kMappings;
    auto next = member(*at.node, own);
    if (!next.ok()) return std::move(next).error();
    at = {*next, at.node, child, false, is_aliases};
    return std::nullopt;
  }

  std::optional<Problem> replace(Node& node, Shape shape, const std::string& name) const {
    const bool is_list = shape == Shape::kList;
    const auto value = json::parse(value_);
    if (!value.ok() || !(is_list ? value->is_array() : value->is_object()))
      return wrong(name,
                   is_list ? "is a list, and the value is not one in JSON"
                           : "is a group, not a value, and the value is no object in JSON",
                   is_list ? "write [\"a\", \"b\"], or its items by numbers: ...__0"
                           : "write {\"name\": ...}, or the settings in it: ...__NAME");
    Node made = to_node(*value, *source_);
    made.name = std::move(node.name);
    node = std::move(made);
    return std::nullopt;
  }

  std::optional<Problem> unset(const Spot& at, const std::string& name) const {
    if (at.is_item)
      return wrong(name, "is one item of a list, and null takes away whole settings",
                   "give the whole list as JSON");
    if (at.node != &absent_)
      std::erase_if(at.parent->children, [&](const Node& node) { return &node == at.node; });
    return std::nullopt;
  }

  Problem wrong(const std::string& name, const std::string& what,
                std::string remedy = "see signet config reference") const {
    return {{*source_, 0}, "", quoted(name) + ' ' + what, std::move(remedy)};
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
    if (node.kind == Kind::kNull && !is_unset_) node.kind = Kind::kMap;
    if (node.kind != Kind::kMap && node.kind != Kind::kNull)
      return wrong(name, "is below a value that is not a group");
    if (Node* child = node.find(name)) return child;
    return add(node, name);
  }

  Result<Node*, Problem> item(Node& node, const std::string& name) {
    const auto index = as_index(name);
    if (!index) return wrong(name, "is not the number of an item");
    if (node.kind == Kind::kNull && !is_unset_) node.kind = Kind::kList;
    if (node.kind != Kind::kList && node.kind != Kind::kNull)
      return wrong(name, "is below a value that is not a list");
    if (*index < node.children.size()) return &node.children[*index];
    if (*index > node.children.size() && !is_unset_) {
      return wrong(name,
                   "leaves a gap: the list has " + std::to_string(node.children.size()) + " items");
    }
    return add(node, "");
  }

  // What is to be taken away is not made first, nor any group around it.
  Node* add(Node& node, const std::string& name) {
    if (is_unset_) return &absent_;
    Node& child = node.children.emplace_back();
    child.name = name;
    child.source = source_;
    return &child;
  }

  std::shared_ptr<const std::string> source_;
  const std::string& value_;
  const bool is_unset_;
  Node absent_;
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
