#pragma once
// PEM (RFC 7468), the traditional encrypted form (RFC 1421 headers), and labels of our own for
// symmetric keys.

#include <string_view>
#include <utility>

#include "keystores/entry.h"

namespace signet::keystores {

/// One block. The views point into the text that was split.
struct PemBlock {
  std::string_view label;    ///< e.g. "CERTIFICATE"
  std::string_view headers;  ///< RFC 1421 lines, empty if none
  std::string_view whole;    ///< from BEGIN to END
  SecretBytes payload;       ///< decoded; of an encrypted traditional key still encrypted
};

/// Strict: labels of capital letters, digits and single spaces, each BEGIN with its own END, base64
/// without stray characters; text between the blocks is skipped. At most 1 MiB ("pem_too_large")
/// and 1000 blocks; anything else wrong, and no block at all, is "pem_malformed".
Result<std::vector<PemBlock>> split_pem(std::string_view text);

/// What the blocks of a text hold, each in its own order.
struct PemContents {
  std::vector<crypto::PrivateKey> private_keys;
  std::vector<crypto::PublicKey> public_keys;
  std::vector<crypto::Certificate> certificates;
  std::vector<std::pair<std::string, SecretBytes>> secrets;  ///< label and raw bytes
};

/// Reads CERTIFICATE, PUBLIC KEY, RSA PUBLIC KEY, PRIVATE KEY, ENCRYPTED PRIVATE KEY, RSA / EC /
/// DSA PRIVATE KEY, and HMAC SECRET KEY, AES SECRET KEY, GENERIC SECRET (the payload is the key).
/// EC PARAMETERS are skipped. Other labels: "pem_label_unknown". An encrypted key without a
/// password is "key_password_missing", with a wrong one "key_password_wrong".
Result<PemContents> read_pem(ByteView text, std::optional<ByteView> password);

}  // namespace signet::keystores
