#pragma once
// Sentences about results: EXPECT_THAT(parse(x), is_ok()), EXPECT_THAT(parse(y),
// fails("json_malformed")).

#include <gmock/gmock.h>

#include <string_view>

#include "base/result.h"

namespace signet::test {

MATCHER(is_ok, "succeeds") {
  if (arg.ok()) return true;
  *result_listener << "failed with " << arg.error().reason << ": " << arg.error().detail;
  return false;
}

MATCHER_P(fails, expected_reason, "fails with the given reason") {
  if (arg.ok()) {
    *result_listener << "succeeded";
    return false;
  }
  *result_listener << "failed with " << arg.error().reason << ": " << arg.error().detail;
  return std::string_view(arg.error().reason) == std::string_view(expected_reason);
}

MATCHER_P(fails_with_code, expected_code, "fails with the given code") {
  if (arg.ok()) {
    *result_listener << "succeeded";
    return false;
  }
  *result_listener << "failed with " << arg.error().reason << ": " << arg.error().detail;
  return arg.error().code == expected_code;
}

}  // namespace signet::test
