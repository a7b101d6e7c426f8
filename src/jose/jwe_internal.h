#pragma once
// The steps that several forms of encryption and decryption share.

#include "jose/header.h"
#include "jose/jwe.h"

namespace signet::jose {

inline constexpr HeaderFaults kJweFaults = {"jwe_header_malformed", "jwe_crit_unknown",
                                            "jwe_crit_malformed"};
/// Of a JSON form that is made or read.
inline constexpr std::size_t kMaxRecipients = 16;

inline Error jwe_header_malformed(std::string detail) {
  return {Code::kInvalid, "jwe_header_malformed", std::move(detail)};
}

/// Least informative first.
inline constexpr std::string_view kJweFailureOrder[] = {
    "jwe_no_key",    "jwe_alg_unknown", "jwe_kid_unknown",   "jwe_alg_not_allowed",
    "key_is_remote", "jwe_epk_invalid", "jwe_decrypt_failed"};

/// The headers of one recipient, checked before any key is used.
struct ParsedJwe {
  JweHeader header;
  bool has_kid = false;
  std::optional<json::Object> joint;  ///< absent in the compact form: the protected header is all

  const json::Object& parameters() const { return joint ? *joint : header.members; }
};

/// `others` are the unprotected headers that apply (null ones are skipped).
Result<ParsedJwe> interpret_jwe_header(json::Object protected_members,
                                       std::initializer_list<const json::Object*> others);

/// What the caller's options say of this header, before anything is decoded or derived.
Status check_policy(const ParsedJwe& parsed, const DecryptOptions& options);

/// Whether the key's kind, size, use, key_ops and alg let it encrypt so: "jwe_key_wrong".
Status check_can_encrypt(const KeyPtr& key, JweAlg alg, JweEnc enc);
/// "jwe_alg_not_allowed", "jwe_pbes2_iterations", "jwe_header_malformed" (a member of `extra` that
/// callers cannot set).
Status check_options(const EncryptOptions& options);

/// The parts of a token besides its headers.
struct Encrypted {
  Bytes encrypted_key, iv, ciphertext, tag;
  std::string aad;
};

using CompactParts = std::array<std::string_view, 5>;
/// "jwe_too_large", "jwe_not_compact".
Result<CompactParts> split_compact(std::string_view token, const Limits& limits);
/// Decodes and interprets the first part.
Result<ParsedJwe> parse_protected_header(std::string_view encoded, const Limits& limits);
/// Decodes the other four.
Result<Encrypted> decode_parts(const CompactParts& parts);

/// The keys that the header's kid leaves are tried in their order.
Result<DecryptedJwe> decrypt_with_candidates(const ParsedJwe& parsed, const Encrypted& parts,
                                             const DecryptOptions& options);
/// Content decryption and decompression.
Result<SecretBytes> open_content(const JweHeader& header, const Encrypted& parts, ByteView cek,
                                 const DecryptOptions& options);

}  // namespace signet::jose
