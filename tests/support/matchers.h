#pragma once
// Sentences about results: EXPECT_THAT(parse(x), is_ok()), EXPECT_THAT(parse(y),
// fails("json_malformed")). No matchers of gmock's own making: those are compiled again, with all
// that describes and prints them, for every type of result and in every test.

#include <gmock/gmock.h>

#include <optional>
#include <string_view>

#include "base/result.h"

namespace signet::test {

/// How a result must end. `reason` is not copied.
struct Outcome {
  bool is_success = false;
  std::optional<std::string_view> reason{};
  std::optional<Code> code{};
};

Outcome is_ok();
Outcome fails(std::string_view reason);
Outcome fails_with_code(Code code);

/// `failure` is null where the result of `expression` is a success.
testing::AssertionResult check_outcome(const Outcome& expected, const char* expression,
                                       const Error* failure);

}  // namespace signet::test

/// What EXPECT_THAT(result, outcome) calls.
template <>
class testing::internal::PredicateFormatterFromMatcher<signet::test::Outcome> {
 public:
  explicit PredicateFormatterFromMatcher(signet::test::Outcome expected) : expected_(expected) {}
  template <class T>
  [[gnu::noinline]] AssertionResult operator()(const char* expression,
                                               const signet::Result<T>& result) const {
    return check_outcome(expected_, expression, result.ok() ? nullptr : &result.error());
  }

 private:
  signet::test::Outcome expected_;
};
