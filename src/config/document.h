#pragma once
// A settings text as a tree with places, before the schema has given types to it.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "config/problem.h"

namespace signet::config {

/// One value as it was written.
struct Node {
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  /// A scalar without quotes: the schema decides whether it is a text, a number or a boolean.
  /// Quoted ones are always texts.
  bool is_plain = false;
  std::string text;  ///< of a scalar
  std::string name;  ///< where it is the member of a map
  std::vector<Node> children;
  std::shared_ptr<const std::string> source;
  int line = 0;

  Place place() const { return {source ? *source : std::string(), line}; }
  const Node* find(std::string_view child) const;  ///< null if absent
  Node* find(std::string_view child);
};

struct Document {
  std::string filename;
  Node root;  ///< always a map
};

struct DocumentLimits {
  std::size_t max_bytes = 1 << 20;
  std::size_t max_depth = 32;
};

/// Reads YAML 1.2 (the core schema), or JSON where the name ends in ".json". Refused: duplicate
/// names, anchors and aliases, explicit tags, several documents, names that are not plain texts,
/// what is not UTF-8, and what is beyond the limits.
Result<Document, Problems> parse(std::string_view text, std::string_view filename,
                                 const DocumentLimits& limits = {});

/// A tree of a value that came over the wire, so that the schema can read it too.
Node to_node(const json::Value& value, std::string_view source);

/// A value without a schema, by the core schema of YAML 1.2: null, true, false, decimal integers
/// and floating-point numbers; everything else is a text.
json::Value to_json(const Node& node);

// The two readers behind parse().
Result<Node, Problems> read_yaml(std::string_view text, const std::string& filename,
                                 const DocumentLimits& limits);
Result<Node, Problems> read_json(std::string_view text, const std::string& filename,
                                 const DocumentLimits& limits);

}  // namespace signet::config
