#include "cli/command.h"
#include "cli/command_tree.h"
#include "cli/commands/commands.h"
#include "cli/run.h"

namespace signet::cli {

void add_man(CLI::App& command, Context& context) {
  on_run(command, context, [&context]() -> Result<int> {
    context.world.out << man_page(describe(*make_tree(context)), context.world.version);
    return 0;
  });
}

}  // namespace signet::cli
