#pragma once

#include <string>

#include "admin/admin_api.h"

namespace signet::app {

/// The secret of the client "demo", which stands in a file of the data folder.
struct DemoSecret {
  std::string file, text;
  bool is_new = false;  ///< there is no file yet
};
/// That of the file, or a new one. Errors are those of secret_text().
Result<DemoSecret> demo_secret(const std::string& data_dir, Random& random);

/// A new secret becomes that of the client, which is stored, and then the file is written: a
/// process that ends in between leaves no file, and the next one begins anew. False where an
/// operator deleted the client.
Result<bool> keep_demo_secret(const admin::AdminServices& services, const DemoSecret& secret);

}  // namespace signet::app
