#include "cli/run.h"

#include "cli/command.h"

namespace signet::cli {

std::shared_ptr<CLI::App> make_tree(Context& context) {
  auto root = std::make_shared<CLI::App>("Administers a Signet server and works with its tokens.",
                                         "signet");
  root->require_subcommand(1);
  root->fallthrough();  // global options may stand after the command too
  Globals& globals = context.globals;
  root->add_option("--config", globals.config,
                   "Configuration file (./signet.yaml, else /etc/signet/signet.yaml)")
      ->type_name("FILE");
  root->add_option("--url", globals.url, "Management listener (from the configuration)")
      ->type_name("URL");
  root->add_option("--token-file", globals.token_file,
                   "File with the administrator's token (admin.token in the data directory)")
      ->type_name("FILE");
  one_of(root->add_option("--output", globals.output, "Form of the output"), {"table", "json"});
  root->add_flag("--unsafe-plain-http", globals.unsafe_plain_http,
                 "Send the administrator's token over http to another machine");
  for (const auto& row : command_catalog()) {
    row.add(*root->add_subcommand(std::string(row.name), std::string(row.summary)), context);
  }
  return root;
}

namespace {

// CLI11 would only say that a command is missing.
bool names_no_command(const CLI::App& root, const CLI::ParseError& failure, World& world) {
  if (!std::string_view(failure.what()).starts_with("A subcommand is required")) return false;
  const auto left = root.remaining(true);
  if (left.empty()) return false;
  world.err << "signet: usage: there is no command " << signet::quoted(left.front())
            << " here; --help shows those there are\n";
  return true;
}

}  // namespace

int run(int argc, const char* const* argv, World& world) {
  Context context(world);
  const auto root = make_tree(context);
  try {
    root->parse(argc, argv);
  } catch (const CLI::Success& wish) {  // --help
    root->exit(wish, world.out, world.err);
    return 0;
  } catch (const CLI::ParseError& failure) {
    if (!names_no_command(*root, failure, world)) root->exit(failure, world.out, world.err);
    return 2;
  } catch (const std::exception& failure) {
    world.err << "signet: internal: " << failure.what() << '\n';
    return 1;
  }
  return context.exit_code;
}

}  // namespace signet::cli
