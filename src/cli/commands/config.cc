#include "cli/command.h"
#include "cli/commands/commands.h"
#include "config/schema.h"

namespace signet::cli {
namespace {

Result<int> check(const Context& context) {
  TRY(const auto config, context.load_whole_config());
  for (const auto& warning : config.warnings) {
    context.note("warning: " + config::to_text(warning));
  }
  const std::string path = context.config_path();
  if (context.as_json()) {
    json::Object out;
    out.set("valid", true);
    out.set("file", path);
    context.print(out);
    return 0;
  }
  context.print_line((path.empty() ? std::string("no file, all defaults") : path) + ": valid");
  return 0;
}

Result<int> show(const Context& context) {
  TRY(const auto config, context.load_config());
  context.print(config.shown);
  return 0;
}

}  // namespace

void add_config(CLI::App& noun, Context& context) {
  on_run(verb(noun, "check", "Checks the configuration; says everything that is wrong."), context,
         [&context] { return check(context); });
  on_run(verb(noun, "show", "Prints what holds, defaults and environment included."), context,
         [&context] { return show(context); });
  CLI::App& reference = verb(noun, "reference", "Prints all settings as a Markdown table.");
  reference.group("");
  on_run(reference, context, [&context]() -> Result<int> {
    context.world.out << config::settings_markdown();
    return 0;
  });
}

}  // namespace signet::cli
