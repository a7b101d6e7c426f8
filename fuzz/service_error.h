#pragma once
// What our errors make of the errors of outside services.

#include <algorithm>
#include <string_view>

#include "base/result.h"
#include "check.h"

namespace fuzz {

/// The first byte chooses one of eight statuses.
inline int status_of(std::string_view input, const int (&statuses)[8]) {
  return statuses[static_cast<unsigned char>(input[0]) % 8];
}

inline void check_service_error(const signet::Error& error, std::size_t most_detail) {
  FUZZ_CHECK(error.code != signet::Code::kInternal && error.reason);
  FUZZ_CHECK(error.detail.size() < most_detail);
  // Foreign words reach logs: nothing in them may act there.
  FUZZ_CHECK(std::all_of(error.detail.begin(), error.detail.end(),
                         [](char c) { return c >= ' ' && c <= '~'; }));
}

}  // namespace fuzz
