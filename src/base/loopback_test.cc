#include "base/loopback.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

TEST(Loopback, is_this_machine_in_each_spelling) {
  for (const char* host :
       {"localhost", "127.0.0.1", "127.0.0.53", "127.255.255.254", "::1", "[::1]"})
    EXPECT_TRUE(is_loopback(host)) << host;
}

TEST(Loopback, is_no_name_that_only_looks_like_it) {
  for (const char* host : {"", "127", "127.1", "127.example.com", "127.0.0.1.example.com",
                           "127.0.0.1x", "127.0.0.", "127.0.0.-1", "127.0.0.0001", "1.127.0.0",
                           "localhost.example.com", "0.0.0.0", "::", "[::]"})
    EXPECT_FALSE(is_loopback(host)) << host;
}

}  // namespace
}  // namespace signet
