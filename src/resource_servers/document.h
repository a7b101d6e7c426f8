#pragma once
// A resource server's document in its three forms: as an operator writes it, as it is stored
// (symmetric keys sealed under the server's encryption key), and as it is shown (without them).

#include <functional>

#include "base/json.h"
#include "base/secret_bytes.h"

namespace signet::resource_servers {

using Seal = std::function<Result<std::string>(ByteView plain)>;
using Unseal = std::function<Result<SecretBytes>(std::string_view sealed)>;

/// Completes what an operator wrote with the symmetric keys that `before` (in the operator's form;
/// may be null) has under the same kid: they are shown without `k`, and may come back so. Of
/// several with one kid, or with none, it is the one that is the same but for its `k`.
/// "resource_server_key_missing" for one that is not there, or could be more than one.
Result<json::Object> with_known_keys(json::Object document, const json::Object* before);

/// The operator's form to the stored one and back. A key set without symmetric keys is stored as it
/// is.
Result<json::Object> to_stored(json::Object document, const Seal& seal);
Result<json::Object> from_stored(json::Object stored, const Unseal& unseal);

/// Where a stored document keeps its key set sealed; null where it does not.
json::Value* sealed_keys_in(json::Object& stored);

/// Without the `k` of symmetric keys.
json::Object shown(json::Object document);

}  // namespace signet::resource_servers
