#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/secret_bytes.h"

namespace signet::secrets::aws {

/// What requests are signed with. Immutable once shared.
struct Credentials {
  std::string access_key_id;  ///< a name, not a secret
  SecretBytes secret_access_key;
  std::string session_token;  ///< empty for long-lived ones
  std::optional<Instant> expires;

  Credentials() = default;
  Credentials(Credentials&&) = default;
  Credentials& operator=(Credentials&&) = default;
  ~Credentials() { wipe(session_token); }
};
using CredentialsPtr = std::shared_ptr<const Credentials>;

}  // namespace signet::secrets::aws
