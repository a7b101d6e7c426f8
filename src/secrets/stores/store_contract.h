#pragma once
// The exam that every store passes. A store's test builds an Exam and calls pass_exam().

#include <functional>

#include "secrets/stores/store_test_support.h"

namespace signet::secrets {

struct Exam {
  std::shared_ptr<Store> store;
  Alias known;                        ///< has at least one secret
  Alias unknown;                      ///< well-formed, and there is none
  std::function<void()> change;       ///< changes what is behind `known`; null where nothing can
  std::vector<std::string> canaries;  ///< texts that no error, warning or fingerprint may hold
  /// Each breaks something; fetching `known` and probing must then fail or answer, and never tell.
  std::vector<std::function<void()>> breakages;
};

void expect_no_canary(const Exam& exam, std::string_view text);

void pass_exam(const Exam& exam);

}  // namespace signet::secrets
