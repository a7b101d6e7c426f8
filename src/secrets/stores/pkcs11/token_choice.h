#pragma once
// Which of a module's tokens is meant.

#include <optional>
#include <string>

#include "secrets/stores/pkcs11/session.h"

namespace signet::secrets::pkcs11 {

/// Which token. Of slot and slot_list_index at most one is set; with neither, the token is found by
/// its label, or is the only one there is.
struct TokenChoice {
  std::string library;
  std::optional<CK_SLOT_ID> slot;
  std::optional<std::size_t> slot_list_index;
  std::string label;
};

/// The slot of the token. kUnavailable "pkcs11_lost" where it is not there; kConfig
/// "pkcs11_token_ambiguous" where several fit.
Result<CK_SLOT_ID> choose_slot(const CK_FUNCTION_LIST& f, const TokenChoice& choice);

/// The text of a field of fixed size, which is padded with spaces.
std::string fixed_field(const unsigned char* bytes, std::size_t size);

/// kUnavailable "pkcs11_lost".
Error token_lost(std::string detail);

}  // namespace signet::secrets::pkcs11
