#include "cli/command.h"
#include "cli/commands/commands.h"
#include "cli/sealing_keys.h"

namespace signet::cli {
namespace {

Result<int> encode(const Context& context) {
  TRY(const auto config, context.load_config());
  TRY(const auto keys, read_sealing_keys(context, config));
  TRY(const SecretBytes plain, context.read_secret("-"));
  if (plain.empty()) return Context::usage("standard input is empty");
  TRY(const std::string sealed, keys->encode(plain.view(), *context.world.random));
  if (context.as_json()) {
    json::Object out;
    out.set("encoded", sealed);
    context.print(out);
  } else {
    context.print_line(sealed);
  }
  return 0;
}

}  // namespace

void add_encode(CLI::App& command, Context& context) {
  on_run(command, context, [&context] { return encode(context); });
}

}  // namespace signet::cli
