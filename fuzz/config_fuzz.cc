// Settings texts. The first byte chooses the name, and with it the reader: YAML, JSON, or
// Indicium's JSON with comments.
#include <array>

#include "check.h"
#include "config/conform.h"
#include "config/server_config.h"
#include "json_same.h"

namespace {

using namespace signet;
using namespace signet::config;

constexpr std::array<std::string_view, 3> kNames = {"a.yaml", "a.json", "appsettings.json"};

// Whoever is refused is told why, in one line each.
void check_problems(const Problems& problems) {
  FUZZ_CHECK(!problems.empty());
  for (const Problem& problem : problems) {
    FUZZ_CHECK(!problem.what.empty());
    FUZZ_CHECK(problem.place.line >= 0);
    FUZZ_CHECK(to_text(problem).find('\n') == std::string::npos);
  }
}

void check_tree(const Node& node, std::size_t depth) {
  FUZZ_CHECK(depth <= DocumentLimits{}.max_depth + 1);
  FUZZ_CHECK(node.children.empty() || node.kind == Node::Kind::kList ||
             node.kind == Node::Kind::kMap);
  for (const Node& child : node.children)
    check_tree(child, depth + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view name = kNames[data[0] % kNames.size()];
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);

  const auto document = parse(text, name);
  if (document.ok()) {
    check_tree(document->root, 0);
    // The tree written as JSON is the same tree: a YAML text never holds more than JSON could say.
    const json::Value value = to_json(document->root);
    const auto again = parse(json::dump(value), "again.json");
    FUZZ_CHECK(again.ok() && fuzz::same(to_json(again->root), value));
    const auto realm = conform(document->root, realm_schema(), Fill::kAll);
    if (realm.ok()) {
      const Node written = to_node(realm->values, "written");
      const auto twice = conform(written, realm_schema(), Fill::kAll);
      FUZZ_CHECK(twice.ok() && fuzz::same(twice->values, realm->values));
    } else {
      check_problems(realm.error());
    }
    const auto client = conform(document->root, client_schema(), Fill::kNone, Unknown::kDrop);
    if (!client.ok()) check_problems(client.error());
  } else {
    check_problems(document.error());
  }

  const auto loaded = load(text, name, {});
  if (loaded.ok()) {
    FUZZ_CHECK(document.ok() || name == "appsettings.json");
    FUZZ_CHECK(!loaded->data_dir.empty() && !loaded->shown.empty());
    FUZZ_CHECK(json::parse(json::dump(loaded->shown), {.max_bytes = SIZE_MAX}).ok());
  } else {
    check_problems(loaded.error());
  }
  return 0;
}
