#include "cli/command.h"
#include "cli/commands/commands.h"

namespace signet::cli {

void print_version(const Context& context) {
  if (context.as_json()) {
    json::Object shown;
    shown.set("version", context.world.version);
    context.print(shown);
  } else {
    context.print_line("signet " + context.world.version);
  }
}

void add_version(CLI::App& command, Context& context) {
  on_run(command, context, [&context]() -> Result<int> {
    print_version(context);
    return 0;
  });
}

}  // namespace signet::cli
