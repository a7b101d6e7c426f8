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

bool takes_value(const CLI::App& root, const CLI::App& command, const std::string& option) {
  for (const CLI::App* app : {&command, &root}) {
    if (const CLI::Option* found = app->get_option_no_throw(option))
      return found->get_expected_max() > 0;
  }
  return false;
}

// The first word that is no command where one is due, in words; empty where there is none. CLI11
// itself says of a misspelt one that a subcommand is required.
std::string unknown_command(const CLI::App& root, int argc, const char* const* argv) {
  const CLI::App* at = &root;
  std::string path = "signet";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with('-')) {
      if (takes_value(root, *at, word)) ++i;
      continue;
    }
    const CLI::App* next = nullptr;
    std::vector<std::string> names;
    for (const CLI::App* child : at->get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(child->get_name());
      if (names.back() == word) next = child;
    }
    if (names.empty()) return {};  // a verb: what follows is its own
    if (!next) {
      const std::string near = nearest(word, names);
      return "there is no command " + signet::quoted(path + ' ' + word) +
             (near.empty() ? ": one of " + join(names, ", ") : ", did you mean '" + near + "'?");
    }
    at = next;
    path += ' ' + word;
  }
  return {};
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
    const std::string unknown = unknown_command(*root, argc, argv);
    if (unknown.empty()) {
      root->exit(failure, world.out, world.err);
    } else {
      world.err << unknown << "\nRun with --help for more information.\n";
    }
    return 2;
  } catch (const std::exception& failure) {
    world.err << "signet: internal: " << failure.what() << '\n';
    return 1;
  }
  return context.exit_code;
}

}  // namespace signet::cli
