#pragma once

#include <string>

#include "base/random.h"
#include "base/result.h"

namespace signet::app {

/// Makes the folder where it is absent, and shuts others out of it. kConfig "data_dir_unusable".
Status make_data_dir(const std::string& path);

/// Whether a server kept anything there that its master key may have sealed. "data_dir_unusable"
/// where that cannot be told.
Result<bool> holds_data(const std::string& path);

/// The text of a secret file that is made at the first start (the admin token).
/// "secret_text_unusable" where it is empty, too short to be one, or could not stand in a header.
/// Errors besides: those of read_secret_file() and write_new_secret_file().
Result<std::string> secret_text(const std::string& path, Random& random);

}  // namespace signet::app
