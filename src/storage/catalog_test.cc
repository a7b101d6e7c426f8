#include "storage/catalog.h"

#include "storage/test_folder.h"
#include "support/matchers.h"

namespace signet::storage {
namespace {

using signet::test::fails;
using signet::test::is_ok;

TEST(StorageCatalog, refuses_what_it_does_not_know) {
  ManualClock clock;
  for (const char* url :
       {"", "memory", "memory:x", "sqlite", "sqlite:", "mysql://u:pw@host/db",
        "postgresql://u:pw@[host/db", "postgres://u:pw@host/db?no_such_option=1"}) {
    EXPECT_THAT(open(url, clock), fails("storage_url_invalid")) << url;
  }
  for (const char* url : {"mysql://u:pw@host/db", "postgresql://u:pw@[host/db",
                          "postgresql://u:pw@host/db?no_such_option=pw"}) {
    EXPECT_THAT(open(url, clock).error().detail, testing::Not(testing::HasSubstr("pw")))
        << "a password in a URL is not told back";
  }
}

TEST(StorageCatalog, opens_what_the_scheme_names) {
  ManualClock clock;
  test::TestFolder folder;
  EXPECT_THAT(open("memory:", clock), is_ok());
  EXPECT_THAT(open("sqlite:" + folder.file("a.db"), clock), is_ok());
}

}  // namespace
}  // namespace signet::storage
