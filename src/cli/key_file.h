#pragma once

#include "cli/context.h"
#include "jose/jwk.h"
#include "jose/key.h"

namespace signet::cli {

/// Keys of a text: a JWK, a JWK set, or PEM (private and public keys, certificates for their public
/// keys, symmetric keys under our own labels; an encrypted key opens with `pem_password`). Keys of
/// a set that cannot be used are named on standard error. "key_file_empty", which says `source`,
/// and what the readers say. The text is wiped.
Result<std::vector<jose::Jwk>> keys_in(const Context& context, std::string text,
                                       const std::string& source,
                                       const SecretBytes* pem_password = nullptr);
/// The same of a file: also "file_unreadable".
Result<std::vector<jose::Jwk>> read_keys(const Context& context, const std::string& path,
                                         const SecretBytes* pem_password = nullptr);

/// The same as keys to work with. Where `kid` is not empty only that one ("key_not_found"); a
/// file's only key that has no kid is given this one.
Result<std::vector<jose::KeyPtr>> read_local_keys(const Context& context, const std::string& path,
                                                  const std::string& kid = {},
                                                  const SecretBytes* pem_password = nullptr);

}  // namespace signet::cli
