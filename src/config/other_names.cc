#include "config/other_names.h"

#include <algorithm>

#include "base/text.h"

namespace signet::config {
namespace {

struct OtherName {
  std::string_view group, name;  ///< group empty: at the top, the name with its periods
  std::string_view real_group, real_name;
};

constexpr OtherName kOtherNames[] = {
    // The Java property of NetIQ Access Manager's identity server.
    {"", "com.novell.oauth.threshold.maxrequestsallowed", "oauth", "max_requests_per_second"},
    {"oauth", "maxRequestsPerSecond", "oauth", "max_requests_per_second"},
};

std::string full(std::string_view group, std::string_view name) {
  return group.empty() ? std::string(name) : std::string(group) + '.' + std::string(name);
}

Node& group_of(Node& root, std::string_view name, const Node& like) {
  if (Node* found = root.find(name)) return *found;
  Node& made = root.children.emplace_back();
  made.kind = Node::Kind::kMap;
  made.name = name;
  made.source = like.source;
  made.line = like.line;
  return made;
}

}  // namespace

Problems settle_other_names(Document& document) {
  Problems problems;
  Node& root = document.root;
  for (const auto& other : kOtherNames) {
    Node* group = other.group.empty() ? &root : root.find(other.group);
    Node* found = group ? group->find(other.name) : nullptr;
    if (!found) continue;
    Node moved = std::move(*found);
    std::erase_if(group->children, [&](const Node& node) { return &node == found; });
    moved.name = other.real_name;
    Node& target = group_of(root, other.real_group, moved);
    if (target.kind == Node::Kind::kNull) target.kind = Node::Kind::kMap;
    if (target.find(other.real_name)) {
      const std::string real = full(other.real_group, other.real_name);
      problems.push_back({moved.place(), full(other.group, other.name),
                          "is another name of " + real + ", which is given too",
                          "keep one of the two"});
      continue;
    }
    target.children.push_back(std::move(moved));
  }
  return problems;
}

std::vector<std::string> with_settled_name(std::vector<std::string> names) {
  const std::string name = join(names, ".");
  for (const auto& other : kOtherNames) {
    if (equal_ignoring_case(name, full(other.group, other.name)))
      return {std::string(other.real_group), std::string(other.real_name)};
  }
  return names;
}

}  // namespace signet::config
