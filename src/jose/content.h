#pragma once
// Content encryption of JWE (RFC 7518 §5): AES-GCM and AES-CBC with HMAC.

#include "base/secret_bytes.h"
#include "jose/algorithm_info.h"

namespace signet::jose {

struct Sealed {
  Bytes ciphertext;
  Bytes tag;
};

/// The one failure of every way a ciphertext can be wrong (sec_091).
Error decrypt_failed();

/// `cek` must have key_size(enc) bytes and `iv` the size that enc wants.
Result<Sealed> seal(JweEnc enc, ByteView cek, ByteView iv, ByteView aad, ByteView plain);
/// The same into memory of the caller: sealed_size() bytes of ciphertext, tag_bytes() of tag.
Status seal(JweEnc enc, ByteView cek, ByteView iv, ByteView aad, ByteView plain,
            std::uint8_t* ciphertext, std::uint8_t* tag);
std::size_t sealed_size(JweEnc enc, std::size_t plain);
/// decrypt_failed() for wrong sizes, a wrong tag or wrong padding. With CBC the tag is checked
/// first, in constant time, and nothing is decrypted unless it is right.
Result<SecretBytes> open(JweEnc enc, ByteView cek, ByteView iv, ByteView aad, ByteView ciphertext,
                         ByteView tag);

}  // namespace signet::jose
