#pragma once
// A key pair as people and products put it into one value of a cloud service. Dry: bytes in,
// secrets out.

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "secrets/secret.h"

namespace signet::secrets {

/// Whether the value looks like one of the forms below.
bool looks_like_key_bundle(ByteView value);

/// Reads, whatever it is of these:
///   - PEM: what secrets_of_pem() reads;
///   - PKCS#12 (PFX) with one private key, opened with `password`, or with none;
///   - a JWK, or a JWK set of one key;
///   - a JSON object whose members hold one of them: one PFX (in base64; its password may be a
///     member beside it, called "password" or "pfxPassword" in any case), or PEM blocks, which are
///     taken together in their order ("privateKey" and "certificate", say);
///   - base64 of any of them.
/// kConfig "key_bundle_unknown", "key_bundle_ambiguous", "keystore_password_wrong", and what the
/// readers of each form say.
Result<std::vector<Secret>> read_key_bundle(ByteView value, std::optional<ByteView> password);

}  // namespace signet::secrets
