// YAML by yaml-cpp's events; this is only the policy. Aliases never reach the tree, so a text
// cannot unfold to more than it is long.

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <unordered_set>

#include "base/text.h"
#include "config/document.h"

namespace signet::config {
namespace {

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& filename, const DocumentLimits& limits)
      : source_(std::make_shared<const std::string>(filename)), limits_(limits) {}

  Problems problems;
  Node root;

  void complain(int line, std::string what, std::string remedy) {
    problems.push_back({{*source_, line}, "", std::move(what), std::move(remedy)});
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, "", anchor);
    put(make(mark, Node::Kind::kNull));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    complain(mark.line + 1, "aliases (*name) are not taken", "write the value out");
    put(make(mark, Node::Kind::kNull));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check(mark, tag, anchor);
    // yaml-cpp makes lone bytes of \N and \_, which stand for U+0085 and U+00A0.
    if (!is_utf8(value) || value.find('\0') != std::string::npos) {
      complain(
          mark.line + 1, "the escapes \\0, \\N and \\_ are not taken",
          "write the character itself, or its number as \\uXXXX; no text may hold a zero byte");
    }
    Node node = make(mark, Node::Kind::kScalar);
    node.is_plain = tag != "!";
    node.text = value;
    put(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    open(make(mark, Node::Kind::kList));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    open(make(mark, Node::Kind::kMap));
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    bool has_name = false;
    std::string name;
    int name_line = 0;
    std::unordered_set<std::string> names;
  };

  Node make(const YAML::Mark& mark, Node::Kind kind) const {
    Node node;
    node.kind = kind;
    node.source = source_;
    node.line = mark.line + 1;
    return node;
  }

  void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      complain(mark.line + 1, "anchors (&name) are not taken",
               "write the value out where it is used");
    }
    if (!tag.empty() && tag != "?" && tag != "!") {
      complain(mark.line + 1, "the tag " + quoted(tag) + " is not taken",
               "leave it out: the schema knows the type");
    }
  }

  // Beyond the depth limit only the counting goes on; the text is refused anyway.
  void open(Node node) {
    if (++depth_ > limits_.max_depth) {
      if (depth_ == limits_.max_depth + 1) {
        complain(node.line, "nested deeper than " + std::to_string(limits_.max_depth) + " levels",
                 "flatten it");
      }
      return;
    }
    frames_.push_back({std::move(node), false, {}, 0, {}});
  }

  void close() {
    if (depth_-- > limits_.max_depth) return;
    Node done = std::move(frames_.back().node);
    frames_.pop_back();
    put(std::move(done));
  }

  void put(Node node) {
    if (depth_ > limits_.max_depth) return;
    if (frames_.empty()) {
      root = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == Node::Kind::kMap && !frame.has_name) {
      take_name(frame, node);
      return;
    }
    if (frame.node.kind == Node::Kind::kMap) {
      node.name = std::move(frame.name);
      node.line = frame.name_line;
      frame.has_name = false;
    }
    frame.node.children.push_back(std::move(node));
  }

  void take_name(Frame& frame, const Node& node) {
    frame.has_name = true;
    frame.name = node.text;
    frame.name_line = node.line;
    if (node.kind != Node::Kind::kScalar) {
      complain(node.line, "a name must be a text", "write NAME: VALUE");
    } else if (!frame.names.insert(node.text).second) {
      complain(node.line, "the name " + quoted(node.text) + " occurs twice", "keep one of them");
    }
  }

  std::shared_ptr<const std::string> source_;
  DocumentLimits limits_;
  std::vector<Frame> frames_;
  std::size_t depth_ = 0;
};

}  // namespace

Result<Node, Problems> read_yaml(std::string_view text, const std::string& filename,
                                 const DocumentLimits& limits) {
  TreeBuilder builder(filename, limits);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    if (builder.problems.empty()) {
      TreeBuilder rest(filename, limits);
      if (parser.HandleNextDocument(rest)) {
        builder.complain(0, "the text holds several documents (---)", "keep one of them");
      }
    }
  } catch (const YAML::Exception& failure) {
    builder.complain(failure.mark.is_null() ? 0 : failure.mark.line + 1,
                     "not YAML: " + quoted(failure.msg, 200),
                     "mend the line, and indent with blanks, not tabs");
  }
  if (!builder.problems.empty()) return std::move(builder.problems);
  return std::move(builder.root);
}

}  // namespace signet::config
