#pragma once
// JSON Web Signature (RFC 7515), compact and JSON, with unencoded payload (RFC 7797) on input.

#include <functional>
#include <span>
#include <string>

#include "jose/key.h"

namespace signet::jose {

/// The parsed, checked protected header of a token.
struct JwsHeader {
  JwsAlg alg;
  std::string kid;  ///< empty if none
  std::string typ;
  std::string cty;
  json::Object members;  ///< all protected members
};

struct Limits {
  std::size_t max_token = 64 * 1024;
  std::size_t max_header = 16 * 1024;
  std::size_t max_depth = 32;
};

/// A verified JWS: after verification only these bytes may be read.
struct VerifiedJws {
  JwsHeader header;
  Bytes payload;
  KeyPtr key;  ///< the key that verified it
};

/// What a token's `kid` asks of a key.
enum class KidMatching : std::uint8_t {
  /// The key has that very kid (keys.md rule 9): for keys that somebody manages.
  kStrict,
  /// The key has that kid, or none at all: for a key that a person names, as PEM has no kid.
  kIfKeyHasOne
};

/// Which keys may verify: the candidates in order. A header with a `kid` is checked with the keys
/// that `kid_matching` leaves; one without is tried against every candidate.
struct VerifyOptions {
  std::span<const KeyPtr> keys;
  /// Algorithms the caller accepts; empty: whatever the keys allow.
  std::span<const JwsAlg> algs;
  Limits limits;
  /// `crit` names the caller understands besides "b64".
  std::span<const std::string_view> understood_crit;
  KidMatching kid_matching = KidMatching::kStrict;
};

/// Splits and checks a compact token's header without any key. Each fault has its own reason:
/// "jws_too_large", "jws_not_compact", "base64url_invalid", "jws_header_malformed" (duplicates:
/// "json_duplicate_member"), "jws_alg_none", "jws_alg_unknown", "jws_crit_unknown",
/// "jws_crit_malformed", "jws_is_jwe".
Result<JwsHeader> parse_compact_header(std::string_view token, const Limits& limits = {});

/// Also "jws_kid_unknown", "jws_alg_not_allowed", "jws_signature_invalid", "jws_no_key". When
/// several keys were tried the most informative failure is returned.
Result<VerifiedJws> verify_compact(std::string_view token, const VerifyOptions& options);
/// `detached` is the payload of a token with an empty second part (RFC 7515 appendix F).
Result<VerifiedJws> verify_detached(std::string_view token, ByteView detached,
                                    const VerifyOptions& options);
/// Flattened or general JSON; for the general form at least one signature must verify (RFC 7515
/// §5.2): one whose alg or crit is unknown is not valid, as a wrong one is, and the others are
/// tried. An entry that is malformed, or unsigned, refuses the whole.
/// "jws_json_malformed" for what is not such a form; at most 16 signatures. The header's `alg` and
/// `kid` may be unprotected there (RFC 7515 §7.2); `members`, `typ` and `cty` are the protected
/// ones.
Result<VerifiedJws> verify_json(std::string_view text, const VerifyOptions& options);
/// The same for a text without `payload`.
Result<VerifiedJws> verify_json_detached(std::string_view text, ByteView detached,
                                         const VerifyOptions& options);
/// Compact or JSON, told apart by the first character: for tools, never for endpoints (sec_087).
Result<VerifiedJws> verify_any(std::string_view text, const VerifyOptions& options);

/// For a MAC whose key stays in its box: what to ask the box, and the token as it is read once the
/// box has said yes.
struct RemoteVerify {
  KeyPtr key;
  JwsAlg alg;
  Bytes signing_input, signature;
  VerifiedJws unproven;
};
/// For a token that verify_compact() answered with "key_is_remote". Only one that names the key's
/// `kid` is worth a call: "jws_kid_unknown" otherwise. A signature of a wrong size is
/// "jws_signature_invalid" without asking.
Result<RemoteVerify> prepare_remote_verify(std::string_view token, const VerifyOptions& options);

/// Signs with one key and one algorithm, many times: the protected header is encoded once.
/// Immutable and shared between threads.
class CompactSigner {
 public:
  /// `extra` are further protected members (typ, cty, ...); kid is the key's, if it has one.
  static Result<CompactSigner> make(KeyPtr key, JwsAlg alg, const json::Object& extra);

  /// Appends header.payload.signature to `out`. Allocates only what `out` grows by.
  Status append(std::string& out, ByteView payload) const;

  /// The two halves of append() for a remote key: first signing_input, then finish.
  void append_signing_input(std::string& out, ByteView payload) const;
  static void finish(std::string& out, ByteView signature);

  const KeyPtr& key() const { return key_; }
  JwsAlg alg() const { return alg_; }
  const std::string& encoded_header() const { return encoded_header_; }

 private:
  CompactSigner(KeyPtr key, JwsAlg alg, std::string encoded_header)
      : key_(std::move(key)), alg_(alg), encoded_header_(std::move(encoded_header)) {}
  KeyPtr key_;
  JwsAlg alg_;
  std::string encoded_header_;
};

Result<std::string> sign_compact(const KeyPtr& key, JwsAlg alg, ByteView payload,
                                 const json::Object& extra = {});
struct JsonSignature {
  KeyPtr key;
  JwsAlg alg;
  json::Object protected_extra;
  json::Object unprotected;
};
/// One entry gives the flattened form unless `general` is set. A kid in `unprotected` takes the
/// place of the protected one; an alg or a member on both sides is refused
/// ("jws_header_malformed").
Result<std::string> sign_json(std::span<const JsonSignature> signatures, ByteView payload,
                              bool general = false);

}  // namespace signet::jose
