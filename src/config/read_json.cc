// JSON by base/json.h; this finds the lines, which that reader does not keep.

#include "config/document.h"

namespace signet::config {
namespace {

// Walks a text that is known to be well-formed, token by token.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}

  // Stands before the next value or name and tells its line.
  int next() {
    while (at_ < text_.size() && is_between(text_[at_])) {
      if (text_[at_] == '\n') ++line_;
      ++at_;
    }
    return line_;
  }
  // Goes into a list or an object.
  void enter() { ++at_; }
  void skip_scalar() {
    if (at_ < text_.size() && text_[at_] == '"') {
      for (++at_; text_[at_] != '"'; ++at_) {
        if (text_[at_] == '\\') ++at_;
      }
      ++at_;
      return;
    }
    while (at_ < text_.size() && !is_between(text_[at_]))
      ++at_;
  }

 private:
  static bool is_between(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ':' || c == ']' ||
           c == '}';
  }
  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

void add_lines(Node& node, Lines& lines) {
  const int line = lines.next();
  if (node.line == 0) node.line = line;
  if (node.kind == Node::Kind::kList || node.kind == Node::Kind::kMap) {
    lines.enter();
    for (auto& child : node.children) {
      if (node.kind == Node::Kind::kMap) {
        child.line = lines.next();
        lines.skip_scalar();
      }
      add_lines(child, lines);
    }
  } else {
    lines.skip_scalar();
  }
}

// The first line at which the text cannot be JSON any more: the shortest run of whole lines that
// fails for another reason than being incomplete.
int first_bad_line(std::string_view text, const json::Limits& limits) {
  std::vector<std::size_t> ends;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') ends.push_back(i + 1);
  }
  ends.push_back(text.size());
  std::size_t low = 0, high = ends.size() - 1;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    const auto result = json::parse(text.substr(0, ends[middle]), limits);
    const bool is_bad =
        !result.ok() && result.error().detail.find("incomplete") == std::string::npos;
    if (is_bad) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return static_cast<int>(low) + 1;
}

}  // namespace

Result<Node, Problems> read_json(std::string_view text, const std::string& filename,
                                 const DocumentLimits& limits) {
  const json::Limits json_limits{limits.max_bytes, limits.max_depth};
  const auto value = json::parse(text, json_limits);
  if (!value.ok()) {
    return Problems{
        {{filename, first_bad_line(text, json_limits)}, "", value.error().detail, "mend the line"}};
  }
  Node root = to_node(*value, filename);
  Lines lines(text);
  add_lines(root, lines);
  return root;
}

}  // namespace signet::config
