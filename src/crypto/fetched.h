#pragma once
// OpenSSL's algorithm objects, looked up once: an implicit fetch costs more than a small digest.

#include <openssl/evp.h>

#include <cstddef>

#include "crypto/algorithms.h"

namespace signet::crypto {

const EVP_MD* fetched_md(Hash hash);
const char* md_name(Hash hash);  ///< OpenSSL's name, e.g. "SHA2-256"

enum class CipherMode { kGcm, kCbc, kWrap, kWrapPadded };
/// AES in that mode; null unless the key is 16, 24 or 32 bytes.
const EVP_CIPHER* fetched_aes(CipherMode mode, std::size_t key_bytes);
const EVP_CIPHER* fetched_des_ede3_cbc();

/// A library context apart from the default one, with the legacy provider in it: for reading what
/// was encrypted with DES, RC2 or RC4 long ago. Nothing else may use it.
OSSL_LIB_CTX* legacy_context();

/// Fetches everything above now.
void fetch_all();

}  // namespace signet::crypto
