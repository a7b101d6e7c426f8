// GET /admin/stores and what health tells of stores.

#include "admin/test_admin.h"

namespace signet::admin {
namespace {

using signet::test::is_ok;
using testing::HasSubstr;

/// Nothing of it fails, and an operator should look at it.
class WarningMemory : public secrets::MemoryStore {
 public:
  WarningMemory() : MemoryStore(StoreName("memory")) {}
  std::vector<std::string> warnings() const override { return {"version 2 of 'web' was skipped"}; }
};

class StoresTest : public test::AdminApiTest {
 protected:
  json::Value first_of(const std::string& path) {
    return (*get(path).json().find("stores")->if_array())[0];
  }
};

TEST_F(StoresTest, aliases_that_cannot_be_read_are_not_shown_as_none) {
  const json::Value before = first_of("/admin/stores");
  EXPECT_FALSE(before.get("aliases")->if_array()->empty());
  EXPECT_FALSE(before.get("aliases_unread"));
  world.store->fail_with(Error{Code::kUnavailable, "store_down", "nobody there"});
  const json::Value out = first_of("/admin/stores");
  EXPECT_TRUE(out.get("aliases")->is_null());
  EXPECT_THAT(*out.get("aliases_unread")->if_string(), HasSubstr("store_down: nobody there"));
}

TEST_F(StoresTest, what_a_store_warns_of_is_in_its_row_and_in_health) {
  secrets::ConfiguredStore configured;
  configured.store = std::make_shared<WarningMemory>();
  ASSERT_THAT(async::run_now(world.services->keeper->configure({configured})), is_ok());
  for (const char* path : {"/admin/stores", "/admin/health"}) {
    const json::Value store = first_of(path);
    EXPECT_EQ(*store.get("ok"), json::Value(true)) << path;
    EXPECT_THAT(json::dump(*store.get("warnings")), HasSubstr("was skipped")) << path;
  }
}

}  // namespace
}  // namespace signet::admin
