#pragma once

#include "oauth/client.h"

namespace signet::realms {

/// Whether a client that proves who it is by this method has a secret.
bool needs_secret(oauth::AuthMethod method);

/// For a client that is given a secret. One that its method has no use for would prove nothing, and
/// would have to be kept from everybody all the same: "client_contradiction".
Status check_secret_has_use(const oauth::Client& client);

}  // namespace signet::realms
