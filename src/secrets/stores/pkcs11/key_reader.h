#pragma once
// What a token holds under a label, as a store of ours tells it.

#include <string>

#include "base/random.h"
#include "secrets/secret.h"
#include "secrets/stores/pkcs11/mechanisms.h"

namespace signet::secrets::pkcs11 {

/// By what a key is found again.
struct KeyName {
  CK_OBJECT_CLASS type = CKO_PRIVATE_KEY;
  std::string label;
  Bytes id;
};

/// A private or secret key: what may be told of it. Its bytes are never asked for.
struct ReadKey {
  KeyName name;
  KeyFacts facts;
  Object object = CK_INVALID_HANDLE;
  std::optional<jose::Jwk> public_half;  ///< or of a hidden symmetric key
  std::vector<jose::JwsAlg> signs;
  std::vector<jose::JweAlg> unwraps;
  std::optional<KeyId> kid;  ///< of a symmetric key
};

struct ReadAlias {
  std::optional<ReadKey> key;
  std::optional<crypto::PublicKey> public_key;  ///< where nothing else has the label
  std::vector<crypto::Certificate> certificates;
  std::vector<std::string> warnings;
};

/// Nothing under the label: all empty. kConfig "pkcs11_label_ambiguous" where several keys have it,
/// "secret_unreadable" where a key has no public half or is of an unknown kind.
Result<ReadAlias> read_alias(Session& session, const Place& place, const std::string& label,
                             Random& random);

/// Every label of a key or certificate, sorted.
Result<std::vector<std::string>> read_labels(Session& session);

/// A digest over all keys and certificates: another one when one came, went or was replaced.
Result<std::string> read_fingerprint(Session& session, const Place& place);

/// The one object of that name. kUnavailable "pkcs11_key_gone"; kConfig "pkcs11_label_ambiguous".
Result<Object> find_key(Session& session, const KeyName& name);

}  // namespace signet::secrets::pkcs11
