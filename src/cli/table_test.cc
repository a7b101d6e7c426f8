#include "cli/table.h"

namespace signet::cli {
namespace {

TEST(Table, keeps_columns_and_disarms_terminals) {
  Table table({"a", "b"});
  table.add({"\xC3\xA9t\xC3\xA9", "1"});
  table.add({"x\x1b[2J", ""});
  EXPECT_EQ(table.text(), "A      B\n\xC3\xA9t\xC3\xA9    1\nx?[2J\n");
  EXPECT_EQ(printable("a\nb\r"), "a?b?");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "?31m");
}

}  // namespace
}  // namespace signet::cli
