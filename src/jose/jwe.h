#pragma once
// JSON Web Encryption (RFC 7516), compact and JSON.

#include <optional>
#include <span>
#include <string>

#include "base/random.h"
#include "jose/jws.h"

namespace signet::jose {

struct JweHeader {
  JweAlg alg;
  JweEnc enc;
  std::string kid, typ, cty;
  bool deflated = false;
  json::Object members;
};

struct DecryptOptions {
  std::span<const KeyPtr> keys;  ///< candidates; a kid selects as in jws.h
  /// Accepted; empty: all that fit the key, but not RSA1_5 nor PBES2.
  std::span<const JweAlg> algs;
  std::span<const JweEnc> encs;  ///< accepted; empty: all
  Limits limits;
  /// RSA1_5 needs this and, where algs is not empty, its place there.
  bool allow_rsa15 = false;
  bool allow_pbes2 = false;
  std::uint32_t max_pbes2_iterations = 600'000;
  std::uint32_t min_pbes2_iterations = 1'000;
  bool allow_deflate = false;
  std::size_t max_inflated = 256 * 1024;
  std::size_t max_inflate_ratio = 20;
  KidMatching kid_matching = KidMatching::kStrict;
};

struct DecryptedJwe {
  JweHeader header;
  SecretBytes plain;
  KeyPtr key;
};

/// Faults before any key is used: "jwe_too_large", "jwe_not_compact", "base64url_invalid",
/// "jwe_header_malformed", "json_duplicate_member", "jwe_alg_unknown", "jwe_enc_unknown",
/// "jwe_crit_unknown", "jwe_zip_not_allowed", "jwe_zip_unknown".
Result<JweHeader> parse_jwe_header(std::string_view token, const Limits& limits = {});
/// Then "jwe_kid_unknown", "jwe_no_key", "jwe_alg_not_allowed", "jwe_enc_not_allowed",
/// "jwe_pbes2_iterations", "jwe_epk_invalid", "jwe_decrypt_failed" (one reason for every way a
/// ciphertext can be wrong), "jwe_inflate_limit".
Result<DecryptedJwe> decrypt_compact(std::string_view token, const DecryptOptions& options);
/// Flattened or general JSON, at most 16 recipients: "jwe_json_malformed". alg, enc and kid may be
/// unprotected there; `members`, `typ` and `cty` are the protected ones. A recipient whose alg is
/// unknown or not allowed is passed over where there are others; one that is malformed is not.
Result<DecryptedJwe> decrypt_json(std::string_view text, const DecryptOptions& options);
/// Compact or JSON, told apart by the first character: for tools, never for endpoints (sec_087).
Result<DecryptedJwe> decrypt_any(std::string_view text, const DecryptOptions& options);

/// For a key that cannot leave its box: what to unwrap remotely, and the rest of the work.
struct RemoteUnwrap {
  JweHeader header;
  KeyPtr key;
  Bytes encrypted_key;
};
/// Only RSA algorithms can be unwrapped remotely. As decrypt_compact(), and "jwe_no_key" where no
/// remote key fits.
Result<RemoteUnwrap> prepare_remote_decrypt(std::string_view token, const DecryptOptions& options);
Result<DecryptedJwe> finish_remote_decrypt(std::string_view token, const DecryptOptions& options,
                                           const RemoteUnwrap& prepared, SecretBytes cek);

/// What PBES2 takes when encrypting: joserfc opens no token with more.
inline constexpr std::uint32_t kPbes2Iterations = 300'000;

struct EncryptOptions {
  JweAlg alg;
  JweEnc enc;
  json::Object extra;  ///< further protected members (typ, cty, ...)
  std::uint32_t pbes2_iterations = kPbes2Iterations;
  Bytes apu, apv;  ///< ECDH-ES party info; empty: absent
  bool allow_rsa15 = false;
};
/// "jwe_alg_not_allowed", "jwe_key_wrong" (kind, size, use or alg of the key does not fit).
Result<std::string> encrypt_compact(const KeyPtr& key, ByteView plain,
                                    const EncryptOptions& options, Random& random);
struct JsonRecipient {
  KeyPtr key;
  json::Object unprotected;
};
/// One recipient gives the flattened form, more the general one; `dir` and ECDH-ES take one only
/// ("jwe_alg_not_allowed"). The kid of a recipient goes where its other parameters go.
Result<std::string> encrypt_json(std::span<const JsonRecipient> recipients, ByteView plain,
                                 const EncryptOptions& options, ByteView aad, Random& random);

}  // namespace signet::jose
