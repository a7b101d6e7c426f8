#pragma once
// New keys, made inside the token.

#include "secrets/stores/pkcs11/key_reader.h"

namespace signet::secrets::pkcs11 {

/// A key pair under a new label. kConflict "alias_exists" (also where another instance was first);
/// kUnsupported "key_kind_unsupported".
Status make_pair(Session& session, const Place& place, const std::string& label,
                 crypto::KeyKind kind, std::size_t bits, Random& random);

/// A key of so many bytes that makes and checks MACs, as make_pair().
Status make_mac_key(Session& session, const Place& place, const std::string& label,
                    std::size_t bytes, Random& random);

}  // namespace signet::secrets::pkcs11
