#pragma once
// The keystore that `signet keystore init` makes.

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/secret_bytes.h"
#include "secrets/stores/local/key_spec.h"

namespace signet::secrets {

struct DefaultKey {
  std::string_view alias;
  std::string_view spec;  ///< as parse_key_spec() takes it
};
/// Every default alias of the secret IDs, in both spellings that AM has of one, and those of AM's
/// demo keystore.
const std::vector<DefaultKey>& default_keystore_keys();

/// A PKCS#12 store with a fresh key under each of these aliases. CPU work of about a second.
/// "keystore_bad_password".
Result<SecretBytes> make_default_keystore(const CertificateTerms& terms, Instant now,
                                          Random& random, ByteView password);

}  // namespace signet::secrets
