#include "cli/command.h"
#include "cli/commands/commands.h"
#include "cli/completion_script.h"
#include "cli/run.h"

namespace signet::cli {

void add_completion(CLI::App& noun, Context& context) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    CLI::App& command = verb(noun, shell, std::string("Prints the script for ") + shell + '.');
    on_run(command, context, [&context, shell]() -> Result<int> {
      context.world.out << completion(describe(*make_tree(context)), shell);
      return 0;
    });
  }
}

}  // namespace signet::cli
