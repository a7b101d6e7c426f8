#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/command.h"
#include "cli/commands/commands.h"
#include "secrets/stores/folder.h"
#include "secrets/stores/keystore/default_keystore.h"

namespace signet::cli {
namespace {

struct KeystoreOptions {
  std::string file, password_from;
  std::string type = "pkcs12";
};

Error not_written(const std::string& path, int error) {
  return Error{Code::kConfig, error == EEXIST ? "file_exists" : "file_unwritable",
               quoted(path, 256) + ": " + std::strerror(error)};
}

// For the owner alone, and never over a file that is there.
Status create_file(const std::string& path, ByteView bytes) {
  const secrets::Fd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return not_written(path, errno);
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(file.get(), bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) break;
    bytes = bytes.subspan(static_cast<std::size_t>(wrote));
  }
  if (bytes.empty() && ::fsync(file.get()) == 0) return Done{};
  const int error = errno;
  ::unlink(path.c_str());
  return not_written(path, error);
}

Result<int> init(const Context& context, const KeystoreOptions& options) {
  TRY(const SecretBytes password, context.read_secret(options.password_from));
  if (password.empty()) return Context::usage("--password-from: the password is empty");
  TRY(const SecretBytes store,
      secrets::make_default_keystore(secrets::CertificateTerms{}, context.world.clock->now(),
                                     *context.world.random, password.view()));
  TRY(create_file(options.file, store.view()));
  if (context.as_json()) {
    json::Array keys;
    for (const secrets::DefaultKey& key : secrets::default_keystore_keys()) {
      json::Object row;
      row.set("alias", key.alias);
      row.set("key", key.spec);
      keys.push_back(std::move(row));
    }
    json::Object made;
    made.set("file", options.file);
    made.set("keys", std::move(keys));
    context.print(std::move(made));
    return 0;
  }
  Table table({"alias", "key"});
  for (const secrets::DefaultKey& key : secrets::default_keystore_keys())
    table.add({std::string(key.alias), std::string(key.spec)});
  context.print(table);
  return 0;
}

}  // namespace

void add_keystore(CLI::App& noun, Context& context) {
  const auto options = std::make_shared<KeystoreOptions>();
  CLI::App& command =
      verb(noun, "init", "Makes a keystore with a fresh key under every default alias.");
  command.add_option("--file", options->file, "The keystore to make; it must not exist yet")
      ->type_name("FILE")
      ->required();
  command
      .add_option("--password-from", options->password_from,
                  "File with its password; - is standard input")
      ->type_name("FILE")
      ->required();
  one_of(command.add_option("--type", options->type, "Kind of keystore (pkcs12)"), {"pkcs12"});
  on_run(command, context, [&context, options] { return init(context, *options); });
}

}  // namespace signet::cli
