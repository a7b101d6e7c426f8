#include "cli/run.h"

#include <algorithm>

#include "cli/command.h"
#include "cli/commands/commands.h"

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
  // After --output, which is read before: callbacks are called in this order.
  const auto tell_version = [&context] {
    print_version(context);
    throw CLI::Success();
  };
  root->add_flag_callback("--version", tell_version, "Print the version and exit");
  for (const auto& row : command_catalog()) {
    row.add(*root->add_subcommand(std::string(row.name), std::string(row.summary)), context);
  }
  return root;
}

namespace {

bool looks_like_option(std::string_view word) {
  return word.size() > 1 && word.starts_with('-') && word != "--";
}

// CLI11 would only say that a command is missing, or that an argument was not expected.
bool names_what_is_not(const CLI::App& root, const CLI::ParseError& failure, World& world) {
  const bool lacks_command =
      std::string_view(failure.what()).starts_with("A subcommand is required");
  const bool has_too_much =
      failure.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
  if (!lacks_command && !has_too_much) return false;
  const auto left = root.remaining(true);
  const auto first =
      lacks_command ? left.begin() : std::find_if(left.begin(), left.end(), looks_like_option);
  if (first == left.end()) return false;
  const bool is_option = looks_like_option(*first);
  const std::string name = is_option ? first->substr(0, first->find('=')) : *first;
  world.err << "signet: usage: there is no " << (is_option ? "option " : "command ")
            << signet::quoted(name) << " here; --help shows those there are\n";
  return true;
}

}  // namespace

int run(int argc, const char* const* argv, World& world) {
  Context context(world);
  const auto root = make_tree(context);
  try {
    root->parse(argc, argv);
  } catch (const CLI::Success& wish) {  // --help, --version
    root->exit(wish, world.out, world.err);
    return 0;
  } catch (const CLI::ParseError& failure) {
    if (!names_what_is_not(*root, failure, world)) root->exit(failure, world.out, world.err);
    return 2;
  } catch (const std::exception& failure) {
    world.err << "signet: internal: " << failure.what() << '\n';
    return 1;
  }
  return context.exit_code;
}

}  // namespace signet::cli
