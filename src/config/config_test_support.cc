#include <gtest/gtest.h>

#include "config/test_config.h"

namespace signet::config::test {

std::string problems_of(std::string_view text, const Environment& environment,
                        std::string_view filename) {
  auto result = load(text, filename, environment);
  return result.ok() ? std::string("accepted") : to_text(result.error());
}

ServerConfig loaded(std::string_view text, const Environment& environment,
                    std::string_view filename) {
  auto result = load(text, filename, environment);
  EXPECT_TRUE(result.ok()) << to_text(result.error());
  return result.ok() ? std::move(result).value() : ServerConfig{};
}

}  // namespace signet::config::test
