#include "app/demo_client.h"

#include <filesystem>

#include "app/data_dir.h"
#include "app/master_key.h"
#include "base/json_members.h"
#include "oauth/client.h"
#include "oauth/client_secret.h"

namespace signet::app {

Result<DemoSecret> demo_secret(const std::string& data_dir, Random& random) {
  DemoSecret out;
  out.file = data_dir + "/demo-client.secret";
  std::error_code ec;
  out.is_new = !std::filesystem::exists(out.file, ec);
  if (out.is_new) {
    out.text = oauth::make_client_secret(random);
  } else {
    TRY(out.text, secret_text(out.file, random));
  }
  return out;
}

Result<bool> keep_demo_secret(const admin::AdminServices& services, const DemoSecret& secret) {
  const RealmName realm("root");
  TRY(const auto stored,
      async::run_now(services.oauth->storage->document("client", realm, "demo")));
  if (!stored) return false;
  if (!secret.is_new) return true;
  TRY(json::Object document, json::parse_object(stored->text));
  // It may be new as well, and have it.
  if (!oauth::verify_fast(json::text_in(document, "stored_secret"), as_bytes(secret.text))) {
    document.erase("stored_secret");
    document.set("secret", secret.text);
    TRY(async::run_now(
        admin::put_client(services, realm, std::move(document), stored->revision, "demo")));
  }
  TRY(write_new_secret_file(secret.file, as_bytes(secret.text)));
  return true;
}

}  // namespace signet::app
