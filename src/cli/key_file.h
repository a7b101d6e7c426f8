#pragma once

#include "cli/context.h"
#include "jose/jwk.h"
#include "jose/key.h"

namespace signet::cli {

/// Keys of a file: a JWK, a JWK set, or PEM (private and public keys, certificates for their public
/// keys, symmetric keys under our own labels; an encrypted key opens with `pem_password`). Keys of
/// a set that cannot be used are named on standard error. "file_unreadable", "key_file_empty", and
/// what the readers say.
Result<std::vector<jose::Jwk>> read_keys(const Context& context, const std::string& path,
                                         const SecretBytes* pem_password = nullptr);

/// The same as keys to work with; where `kid` is not empty only that one ("key_not_found").
Result<std::vector<jose::KeyPtr>> read_local_keys(const Context& context, const std::string& path,
                                                  const std::string& kid = {},
                                                  const SecretBytes* pem_password = nullptr);

}  // namespace signet::cli
