#pragma once
// How the JDK's older keystores seal keys: constructions over SHA-1, MD5 and triple DES, to read
// what exists. Neither resists a determined guesser of passwords, so nothing is written with them.

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace signet::crypto {

/// JKS (1.3.6.1.4.1.42.2.17.1.1): a salt of 20 bytes, the key under a chain of SHA-1 digests, and
/// SHA-1 over password and key. `password` is the JDK's UTF-16BE. "key_password_wrong",
/// "key_malformed".
Result<SecretBytes> open_jks_sealed(ByteView sealed, ByteView password);

/// JCEKS (1.3.6.1.4.1.42.2.19.1, PBEWithMD5AndTripleDES): each half of the salt is hashed with the
/// password `iterations` times, which costs about a microsecond for five. The caller bounds that.
/// A wrong password shows as bad padding 255 times in 256 ("key_password_wrong"); the caller checks
/// the form of what comes out.
Result<SecretBytes> open_jceks_sealed(ByteView sealed, ByteView salt8, std::uint32_t iterations,
                                      ByteView password);

}  // namespace signet::crypto
