#pragma once

#include <functional>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace signet::storage::postgres {

/// Gives the password for a new connection; asked anew for each, so that it may be changed. Called
/// on a thread that may wait.
using PasswordSource = std::function<Result<SecretBytes>()>;

struct Options {
  PasswordSource password;      ///< empty: what the URL, PGPASSWORD or PGPASSFILE say
  std::size_t connections = 4;  ///< at least one; the first is for what has an order
  Milliseconds timeout{5000};   ///< of every call
};

}  // namespace signet::storage::postgres
