#pragma once
// PKCS#12 stores as the JDK reads them.

#include "keystores/entry.h"

namespace signet::keystores {

/// Groups the bags of a store into entries, in file order. The certificate of a private key is the
/// one with its public key (the same localKeyID or name preferred); the chain follows the issuers'
/// names. A certificate that belongs to no key is an entry only if it is marked as trusted.
/// Nameless entries are called "1", "2", ...; of two with one alias the later stands. A key that
/// lies in the file unencrypted is not served ("keystore_key_not_encrypted"), as the JDK does not
/// read it. Failures: those of crypto::read_pkcs12.
Result<std::vector<Entry>> read_pkcs12_store(ByteView der, ByteView password);

}  // namespace signet::keystores
