#pragma once
// config: settings as a schema. Text in, typed values out, and every problem reported at once with
// its place and its remedy.

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace signet::config {

/// Where a value was written. `source` is a file name, or "environment variable NAME" with line 0.
struct Place {
  std::string source;
  int line = 0;
};

/// One thing that is wrong, for the operator. Values of secret settings are never quoted.
struct Problem {
  Place place;
  std::string path;    ///< e.g. "secret_stores[0].name"; empty where the whole text is meant
  std::string what;    ///< e.g. "unknown setting 'prot'"
  std::string remedy;  ///< what to do about it, e.g. "did you mean 'port'?"
};
using Problems = std::vector<Problem>;

/// Where each setting was written, by path ("realms[0].name").
using Places = std::map<std::string, Place>;
/// The place of the setting, else of the nearest group around it.
Place place_of(const Places& places, std::string path);

/// "signet.yaml:3: server.prot: unknown setting 'prot', did you mean 'port'?"
std::string to_text(const Problem& problem);
/// One line each.
std::string to_text(const Problems& problems);
/// All of them as one failure: kConfig "config_invalid".
Error to_error(const Problems& problems);
/// A failure that another room found in a setting, with the setting and its place in its words.
Error at_setting(const Places& places, const std::string& path, Error why);

}  // namespace signet::config
