#pragma once
// ~/.aws/config and ~/.aws/credentials. Dry: texts in, settings of one profile out.

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace signet::secrets::aws {

/// Settings by name, lower case.
using Profile = std::map<std::string, std::string>;
using Profiles = std::map<std::string, Profile>;

enum class ProfileFile : std::uint8_t {
  kConfig,       ///< sections "[profile name]" and "[default]"; others are no profiles
  kCredentials,  ///< sections "[name]"
};

/// Adds what the text says to `profiles`; what is there already stays, so read credentials first.
/// Comments begin with # or ; indented lines are nested settings, and are skipped. kConfig
/// "aws_profile_malformed" with the line, never its content.
Status add_profiles(std::string_view text, ProfileFile kind, Profiles& profiles);

}  // namespace signet::secrets::aws
