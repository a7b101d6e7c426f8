#include "secrets/keeper/rotation_memory.h"

#include "support/matchers.h"

namespace signet::secrets {
namespace {

using signet::test::fails;
using signet::test::is_ok;

TEST(RotationMemory, is_read_as_it_was_written) {
  RotationMemory memory;
  memory.due = from_unix_seconds(1'700'000'000);
  memory.due_after = KeyId("k1");
  memory.making = Alias("web-2");
  memory.after = "3";
  memory.failures = 2;
  memory.retry_at = from_unix_seconds(1'700'000'060);
  memory.last_error = "store_timeout: no answer";
  const auto read = parse_rotation_memory(rotation_memory_text(memory));
  ASSERT_THAT(read, is_ok());
  EXPECT_EQ(*read, memory);
}

TEST(RotationMemory, what_is_missing_or_can_not_be_is_not_remembered) {
  for (const char* due : {"null", "\"soon\"", "-1", "9223372036854775807", "1e300"}) {
    const auto read = parse_rotation_memory(std::string(R"({"failures":-7,"due_ms":)") + due + "}");
    ASSERT_THAT(read, is_ok()) << due;
    EXPECT_EQ(*read, RotationMemory()) << due;
  }
  EXPECT_THAT(parse_rotation_memory("[]"), fails("json_not_object"));
}

}  // namespace
}  // namespace signet::secrets
