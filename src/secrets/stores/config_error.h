#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace signet::secrets {

/// What an operator wrote down, or put into a store, cannot be used.
inline Error config_error(const char* reason, std::string detail) {
  return Error{Code::kConfig, reason, std::move(detail)};
}

}  // namespace signet::secrets
