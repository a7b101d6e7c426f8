#include "config/unsafe_switches.h"

#include "config/test_config.h"

namespace signet::config {
namespace {

using test::loaded;
using testing::ElementsAre;

TEST(UnsafeSwitches, sec_218_that_are_on_are_found_in_every_store) {
  const auto config = loaded(R"(
secret_stores:
  - {name: a, type: filesystem, settings: {directory: /a, unsafe_permissions: true}}
  - {name: b, type: filesystem, settings: {directory: /b, unsafe_permissions: false}}
realms:
  - name: root
    secret_stores:
      - {name: c, type: filesystem, settings: {directory: /c, unsafe_permissions: "yes"}}
)");
  std::vector<std::string> found;
  for (const auto& one : unsafe_switches(config))
    found.push_back(one.realm + "/" + one.store + "/" + one.name);
  EXPECT_THAT(found, ElementsAre("/a/unsafe_permissions", "root/c/unsafe_permissions"));
}

}  // namespace
}  // namespace signet::config
