#pragma once
// How Java writes text into keystores.

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/secret_bytes.h"

namespace signet::keystores {

/// A password in UTF-8 as Java's characters, two bytes each (UTF-16BE). None if it is not UTF-8.
std::optional<SecretBytes> java_characters(ByteView utf8);

/// Java's modified UTF-8 as UTF-8: NUL comes as C0 80, and what lies beyond the basic plane as two
/// surrogates of three bytes each. None for what Java does not write.
std::optional<std::string> from_modified_utf8(ByteView bytes);

}  // namespace signet::keystores
