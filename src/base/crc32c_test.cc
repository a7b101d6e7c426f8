#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <numeric>

namespace signet {
namespace {

TEST(Crc32c, matches_the_published_check_value) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(Crc32c, matches_the_examples_of_rfc_3720_appendix_b_4) {
  Bytes rising(32), falling(32);
  std::iota(rising.begin(), rising.end(), std::uint8_t{0});
  std::iota(falling.rbegin(), falling.rend(), std::uint8_t{0});
  EXPECT_EQ(crc32c(Bytes(32, 0x00)), 0x8A9136AAU);
  EXPECT_EQ(crc32c(Bytes(32, 0xFF)), 0x62A8AB43U);
  EXPECT_EQ(crc32c(rising), 0x46DD794EU);
  EXPECT_EQ(crc32c(falling), 0x113FDB5CU);
}

}  // namespace
}  // namespace signet
