#pragma once
// The configuration of Java's SunPKCS11 provider, as far as it says which token to use.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace signet::secrets::pkcs11 {

struct SunConfig {
  std::string name;
  std::string library;
  std::optional<std::uint64_t> slot;
  std::optional<std::uint64_t> slot_list_index;
  std::vector<std::string> skipped;  ///< settings that mean something to Java alone
};

/// `environment` fills ${NAME}. kConfig "pkcs11_file_invalid" with the line: no library, both slot
/// and slotListIndex, a setting that would change what the token may do (enabledMechanisms,
/// disabledMechanisms, nss...), a name that is not known, or no such form.
/// Source: Oracle, "PKCS#11 Reference Guide", table 5-1.
Result<SunConfig> parse_sun_config(std::string_view text,
                                   const std::map<std::string, std::string>& environment);

}  // namespace signet::secrets::pkcs11
