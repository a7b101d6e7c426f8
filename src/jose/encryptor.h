#pragma once
// One key that many tokens are encrypted for: access tokens of a resource server, on the hot path.

#include "jose/jwe.h"

namespace signet::jose {

/// With an issuer's key the content keys are such that the issuer can open its own token again,
/// though nothing in the token shows it: they are derived from the token's IV under a key of the
/// issuer (with ECDH-ES the shared secret travels, wrapped, as `apu`). So to all others the content
/// key is as fresh as the IV, and after 2^32 tokens of one issuer's key in GCM, whose IV has 96
/// bits, the chance that two share both is 2^-33. `dir` is the recipient's key itself.
struct EncryptorOptions {
  JweAlg alg;
  JweEnc enc;
  json::Object extra{};       ///< protected members: typ, cty
  bool allow_legacy = false;  ///< RSA1_5 and PBES2 (1,000 iterations: the key is no password)
  KeyPtr issuer_key{};        ///< oct; null: nobody but the recipient opens it
  /// What counts the uses of the key where spends_gcm(); null: the key's own, of this object alone.
  std::shared_ptr<GcmUses> gcm_uses{};
};

/// Whether the key itself serves AES-GCM with a random IV for every token: `dir` with GCM, A*GCMKW.
bool spends_gcm(JweAlg alg, JweEnc enc);

/// Everything that stays the same from token to token, made once. Immutable, cheap to copy and
/// shared between threads. The content key and the IV are fresh for each token (with `dir` and
/// ECDH-ES the content key is what the algorithm says).
class Encryptor {
 public:
  /// "jwe_alg_not_allowed", "jwe_key_wrong" (kind, size, use, key_ops or alg of the key does not
  /// fit, or the issuer's key is no oct key of at least 16 bytes for encryption),
  /// "jwe_header_malformed".
  static Result<Encryptor> make(KeyPtr key, EncryptorOptions options);

  /// Appends a compact JWE. With `dir` and A*KW and up to 4 KiB of plaintext it allocates only what
  /// `out` grows by. After a failure `out` is as it was. Where spends_gcm(), what
  /// GcmUses::take() says: "key_worn_out" after 2^32 times.
  Status append(std::string& out, ByteView plain, Random& random) const;

  const KeyPtr& key() const;

 private:
  friend Result<std::string> encrypt_compact(const KeyPtr& key, ByteView plain,
                                             const EncryptOptions& options, Random& random);
  struct State;
  static Result<Encryptor> prepare(KeyPtr key, const EncryptOptions& options,
                                   SecretBytes issuer_secret, std::shared_ptr<GcmUses> gcm_uses);
  explicit Encryptor(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

/// The other side: opens a compact JWE that was encrypted for others, trying each of the issuer's
/// keys; one by `dir` with the recipient's keys, as decrypt_compact() does. "jwe_decrypt_failed" if
/// none opens it. What the recipient of one token knows suffices to make another one that opens
/// here, so the content is as trustworthy as the signature inside it, and no more.
Result<DecryptedJwe> decrypt_as_issuer(std::string_view token, std::span<const KeyPtr> issuer_keys,
                                       std::span<const KeyPtr> recipient_keys = {},
                                       const Limits& limits = {});

}  // namespace signet::jose
