#include "config/indicium.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "config/schema.h"

namespace signet::config {
namespace {

constexpr std::string_view kSettings = "OpenIDServerSigningSettings";

// The end of the string that starts at `at`, one past its closing quote.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

void blank(std::string& text, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to && i < text.size(); ++i) {
    if (text[i] != '\n') text[i] = ' ';
  }
}

bool is_part_of_settings(const Node& member) {
  const std::string_view name = member.name;
  return equal_ignoring_case(name.substr(0, name.find(':')), kSettings);
}

// Puts values where .NET's configuration would find them, under the names of the schema. What the
// schema does not know stays as it is written, to be refused by that name.
class Settling {
 public:
  explicit Settling(Problems& problems) : problems_(problems) {}

  void put(Node& into, const Field& schema, std::string_view name, Node value) {
    const std::size_t colon = name.find(':');
    const bool goes_on = colon != std::string_view::npos;
    const Field* field = schema.find_ignoring_case(name.substr(0, colon));
    const bool is_known = field != nullptr && (!goes_on || field->is_group());
    if (into.kind == Node::Kind::kNull) into.kind = Node::Kind::kMap;
    if (into.kind != Node::Kind::kMap || (!is_known && into.find(name) != nullptr))
      return complain(value, name);
    if (!is_known) {
      value.name = name;
      into.children.push_back(std::move(value));
      return;
    }
    Node* child = into.find(field->name);
    if (child == nullptr) {
      child = &into.children.emplace_back();
      child->name = field->name;
      child->source = value.source;
      child->line = value.line;
    }
    if (goes_on) return put(*child, *field, name.substr(colon + 1), std::move(value));
    set(*child, *field, std::move(value));
  }

 private:
  void set(Node& child, const Field& field, Node value) {
    if (value.kind == Node::Kind::kNull) return;
    const bool is_group = value.kind == Node::Kind::kMap && field.is_group();
    if (child.kind != Node::Kind::kNull && !(is_group && child.kind == Node::Kind::kMap))
      return complain(value, field.name);
    if (!is_group) {
      value.name = child.name;
      child = std::move(value);
      return;
    }
    child.kind = Node::Kind::kMap;
    for (Node& member : value.children) {
      const std::string name = member.name;
      put(child, field, name, std::move(member));
    }
  }

  void complain(const Node& value, std::string_view name) {
    problems_.push_back({value.place(), std::string(kSettings),
                         quoted(name) + " is given twice, in names that .NET takes for one",
                         "keep one of the two"});
  }

  Problems& problems_;
};

}  // namespace

bool is_appsettings_name(std::string_view filename) {
  const std::string name = to_lower(filename.substr(filename.find_last_of("/\\") + 1));
  return name.starts_with("appsettings") && name.ends_with(".json");
}

std::string without_json_extras(std::string_view text) {
  std::string out(text);
  std::size_t comma = std::string::npos;  // a comma with nothing after it so far
  for (std::size_t i = 0; i < out.size();) {
    const std::string_view rest = std::string_view(out).substr(i);
    if (rest.front() == '"') {
      i = end_of_string(out, i);
      comma = std::string::npos;
    } else if (rest.starts_with("//") || rest.starts_with("/*")) {
      const bool is_line = rest[1] == '/';
      const std::size_t end = out.find(is_line ? "\n" : "*/", i + 2);
      const std::size_t stop = end == std::string::npos ? out.size() : end + (is_line ? 0 : 2);
      blank(out, i, stop);
      i = stop;
    } else {
      const char c = out[i];
      if ((c == '}' || c == ']') && comma != std::string::npos) out[comma] = ' ';
      if (c == ',') {
        comma = i;
      } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
        comma = std::string::npos;
      }
      ++i;
    }
  }
  return out;
}

Problems settle_signing_settings(Document& document) {
  Problems problems;
  Settling settling(problems);
  std::vector<Node> members = std::exchange(document.root.children, {});
  for (Node& member : members) {
    if (is_part_of_settings(member)) {
      const std::string name = member.name;
      settling.put(document.root, server_schema(), name, std::move(member));
    } else {
      document.root.children.push_back(std::move(member));
    }
  }
  return problems;
}

Problems keep_signing_settings(Document& document) {
  auto& members = document.root.children;
  const auto is_theirs = [](const Node& node) { return node.name != kSettings; };
  const auto is_any_of_ours = [](const Node& node) {
    return server_schema().find(node.name) != nullptr;
  };
  if (!std::all_of(members.begin(), members.end(), is_theirs)) {
    std::erase_if(members, is_theirs);
    return {};
  }
  if (members.empty() || std::any_of(members.begin(), members.end(), is_any_of_ours)) return {};
  members.clear();
  return {{{document.filename, 0},
           "",
           "holds no " + std::string(kSettings) + ", and nothing else of it is read",
           "give the server a file of its own"}};
}

}  // namespace signet::config
