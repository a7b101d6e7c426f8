#include "support/matchers.h"

#include <string>

namespace signet::test {
namespace {

std::string described(const Outcome& expected) {
  if (expected.is_success) return "succeeds";
  if (expected.reason) return "fails with the reason " + std::string(*expected.reason);
  return "fails with the code " + std::string(to_string(expected.code.value()));
}

bool is_met(const Outcome& expected, const Error* failure) {
  if (failure == nullptr || expected.is_success) return failure == nullptr && expected.is_success;
  if (expected.reason) return *expected.reason == failure->reason;
  return expected.code == failure->code;
}

}  // namespace

Outcome is_ok() {
  return {.is_success = true};
}
Outcome fails(std::string_view reason) {
  return {.reason = reason};
}
Outcome fails_with_code(Code code) {
  return {.code = code};
}

testing::AssertionResult check_outcome(const Outcome& expected, const char* expression,
                                       const Error* failure) {
  if (is_met(expected, failure)) return testing::AssertionSuccess();
  auto told = testing::AssertionFailure();
  told << "Value of: " << expression << "\nExpected: " << described(expected) << "\n  Actual: ";
  if (failure == nullptr) return told << "succeeded";
  return told << "failed with " << failure->reason << " (" << to_string(failure->code)
              << "): " << failure->detail;
}

}  // namespace signet::test
