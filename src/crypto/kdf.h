#pragma once
// Key derivation and password hashing.

#include <string>
#include <string_view>

#include "crypto/digest.h"

namespace signet::crypto {

SecretBytes pbkdf2(Hash hash, ByteView password, ByteView salt, std::uint32_t iterations,
                   std::size_t size);
/// PKCS#5 PBKDF1 with MD5, as the legacy PBEWithMD5AndDES needs it: 16 bytes.
SecretBytes pbkdf1_md5(ByteView password, ByteView salt, std::uint32_t iterations);
/// DES-CBC with PKCS#5 padding: only to read what AM's encode.jsp once wrote.
Result<SecretBytes> des_cbc_decrypt(ByteView key8, ByteView iv8, ByteView cipher);
Result<Bytes> des_cbc_encrypt(ByteView key8, ByteView iv8, ByteView plain);
/// Triple DES (EDE, three keys), CBC, PKCS#5 padding: only to read old keystores. "decrypt_failed".
Result<SecretBytes> des_ede3_cbc_decrypt(ByteView key24, ByteView iv8, ByteView cipher);
SecretBytes hkdf_sha256(ByteView secret, ByteView salt, ByteView info, std::size_t size);
/// NIST SP 800-56A concat KDF with SHA-256, as RFC 7518 §4.6.2 uses it.
SecretBytes concat_kdf_sha256(ByteView z, ByteView other_info, std::size_t size);

/// Argon2id in its PHC text form, e.g. "$argon2id$v=19$m=19456,t=2,p=1$...". Costs about 20 MB and
/// tens of milliseconds: run it on the blocking pool.
Result<std::string> argon2id_hash(ByteView password);
bool argon2id_verify(std::string_view phc, ByteView password);

}  // namespace signet::crypto
