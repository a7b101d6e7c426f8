#pragma once
// Symmetric keys in the JWKS of a resource server's document: secrets in the midst of settings.

#include "base/json.h"

namespace signet::cli {

/// The document without the `k` of its symmetric keys; where `known` is given, only of those whose
/// kid that document has too.
json::Object without_shared_keys(json::Object document, const json::Object* known = nullptr);
/// True if it holds a `k`.
bool has_shared_keys(const json::Object& document);

}  // namespace signet::cli
