#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/strong.h"
#include "crypto/x509.h"
#include "jose/key.h"
#include "secrets/secret_id.h"

namespace signet::secrets {

enum class SecretKind : std::uint8_t {
  kText,          ///< a password or other generic secret
  kSymmetric,     ///< an HMAC or AES key
  kKeyPair,       ///< a private key here, with its chain if it has one
  kRemoteKey,     ///< a key pair or MAC key whose private half stays in its box
  kPublicKey,     ///< verifies only: what the journal keeps of a key that is gone
  kCertificates,  ///< trust anchors
};
std::string_view to_string(SecretKind kind);

/// What does the work of a kRemoteKey; a wet thing (secrets/stores/remote_key.h), only carried
/// here.
class RemoteKey;

/// One entry of a store: bytes, a key, certificates, or a handle to a key that cannot leave its
/// box. Immutable; copies share the material.
struct Secret {
  SecretKind kind = SecretKind::kText;
  KeyId kid;                   ///< what tokens name; empty for texts and certificates
  bool is_kid_chosen = false;  ///< by the operator, in the configuration of its store
  Alias alias;
  StoreName store;
  RealmName store_realm;                          ///< whose store that is; empty: a global one
  std::string version;                            ///< of a store that versions; empty otherwise
  std::shared_ptr<const SecretBytes> text;        ///< kText
  jose::KeyPtr key;                               ///< kSymmetric, kKeyPair, kRemoteKey, kPublicKey
  std::shared_ptr<const RemoteKey> remote;        ///< kRemoteKey
  std::vector<jose::JweAlg> unwraps;              ///< kRemoteKey: what its box can unwrap
  std::vector<crypto::Certificate> certificates;  ///< chain of the key, or trust anchors
  std::optional<Instant> not_before, not_after;   ///< the store's own window, if it has one

  /// Whether it is of that store. Names alone do not tell: a realm's store and a global one may
  /// share theirs.
  bool is_of(const RealmName& realm, const StoreName& name) const {
    return store == name && store_realm == realm;
  }

  /// The same key under another kid.
  Secret under_kid(KeyId other) const;

  static Secret of_text(SecretBytes text);
  /// kid: `chosen` if given, else the RFC 7638 thumbprint of the public half; for a symmetric key
  /// an opaque id: 96 bits of HMAC(key, fixed text), equal on every instance and telling nothing.
  static Secret of_key(jose::Jwk jwk, std::optional<KeyId> chosen = std::nullopt);
  /// `key` is the public half (jose::Key::remote) with the algorithms that the box can sign by
  /// (none: it cannot sign); kid as in of_key(). A MAC key is Jwk::of_hidden_symmetric and must be
  /// given a kid that tells nothing of its bytes. What the box can decrypt goes into `unwraps`.
  static Secret of_remote_key(jose::Jwk public_half, std::vector<jose::JwsAlg> allowed,
                              std::shared_ptr<const RemoteKey> remote,
                              std::optional<KeyId> chosen = std::nullopt);
  static Secret of_certificates(std::vector<crypto::Certificate> certificates);
};

/// The text whose HMAC-SHA256 under a symmetric key makes its kid, and the kid of that tag: for a
/// key whose box must make it.
std::string_view symmetric_kid_text();
KeyId symmetric_kid(ByteView tag);

/// Checks a secret against what the ID allows: kind, type, curve, size, algorithm, remote ability
/// (keys.md rule 4). The reason says in words what is wrong: "secret_wrong_kind",
/// "secret_wrong_curve", "secret_too_small", "secret_wrong_size", "secret_well_known" (example and
/// default keys of other products). An operator's own ID takes texts only.
Status check_fits(const SecretId& id, const Secret& secret);

/// Whether the bytes of a symmetric key are no random ones: few distinct values, a repeated block,
/// a count, or a text of well-known words. A modest check: the floor is the size.
bool is_guessable(ByteView key);

/// Whether the bytes are an HMAC secret of 32 bytes or more that was found in the wild: copied from
/// manuals and examples, and in every attacker's list.
bool is_found_in_the_wild(ByteView key);

/// The secret as the ID may use it: its key is pinned to the algorithms of the ID and, where it
/// does not say so itself, to its use (sig or enc). Texts and certificates stay as they are.
Secret bound_to(const SecretId& id, const Secret& secret);

/// Whether the active key of this ID could be this one: it can sign or decrypt here or in its box.
bool can_be_active(const Secret& secret);

/// Whether two secrets hold the same key (by public half, or by bytes in constant time; MAC keys in
/// a box by kid).
bool same_material(const Secret& a, const Secret& b);

/// The JWS algorithms of the ID that this key can serve.
std::vector<jose::JwsAlg> signing_algorithms(const SecretId& id, const Secret& secret);

}  // namespace signet::secrets
