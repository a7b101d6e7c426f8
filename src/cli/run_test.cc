// What is asked of the command itself: usage, its version, its manual.

#include <sstream>

#include "cli/test_cli.h"
#include "support/vectors.h"

namespace signet::cli {
namespace {

using signet::test::read_file;
using test::Cli;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(Cli, a_command_that_is_not_understood_is_exit_code_2) {
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"nonsense"}), 2);
  EXPECT_THAT(errors, HasSubstr("there is no command 'nonsense' here"));
  EXPECT_EQ(run({"realm", "lst"}), 2);
  EXPECT_THAT(errors, HasSubstr("there is no command 'lst' here"));
  for (const auto& line : std::vector<std::vector<std::string>>{{"--nonsense"},
                                                                {"--nonsense=x"},
                                                                {"realm", "--nonsense"},
                                                                {"--nonsense", "realm", "list"},
                                                                {"realm", "list", "--nonsense"}}) {
    EXPECT_EQ(run(line), 2);
    EXPECT_THAT(errors, HasSubstr("there is no option '--nonsense' here"));
  }
  EXPECT_THAT(sent, IsEmpty());
  EXPECT_EQ(run({"realm", "list", "more"}), 2);
  EXPECT_THAT(errors, HasSubstr("not expected: more"));
  EXPECT_EQ(run({"realm"}), 2);
  EXPECT_EQ(run({"jose", "verify"}), 2);
  EXPECT_EQ(run({"jose", "verify", "--key", "/nonexistent"}), 2);
  EXPECT_THAT(errors, HasSubstr("file_unreadable"));
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_THAT(output, HasSubstr("secrets"));
}

TEST_F(Cli, man_and_completion_come_from_the_tree) {
  EXPECT_EQ(run({"man"}), 0);
  EXPECT_THAT(output, HasSubstr(".SS signet secrets rotate ID"));
  EXPECT_THAT(output, HasSubstr("\n.B \\-\\-version\n"));
  EXPECT_THAT(output, Not(HasSubstr("reference")));
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_EQ(run({"completion", shell}), 0);
    EXPECT_THAT(output, HasSubstr("thumbprint")) << shell;
    EXPECT_THAT(output, HasSubstr("version")) << shell;
  }
}

TEST_F(Cli, completion_knows_what_an_option_takes) {
  for (const char* shell : {"bash", "zsh"}) {
    ASSERT_EQ(run({"completion", shell}), 0);
    EXPECT_THAT(output, HasSubstr("'signet jose verify --key') echo 'FILE' ;;")) << shell;
    EXPECT_THAT(output, HasSubstr("'signet jose verify --kid') echo 'TEXT' ;;")) << shell;
    EXPECT_THAT(output, HasSubstr("'signet token verify --jwks') echo 'FILE' ;;")) << shell;
    EXPECT_THAT(output, HasSubstr("'signet --output' | 'signet '*' --output') echo 'table json'"))
        << "and so below every command";
    EXPECT_THAT(output, Not(HasSubstr("--dry-run')"))) << "a flag takes nothing";
    EXPECT_THAT(output, HasSubstr("'signet apply') echo 'FILE' ;;"));
    EXPECT_THAT(output, HasSubstr("'signet keys plan') echo 'publish activate retire' ;;"));
  }
}

TEST_F(Cli, completion_of_fish_looks_at_the_whole_command) {
  ASSERT_EQ(run({"completion", "fish"}), 0);
  for (const char* line :
       {"complete -c signet -f -n '__signet_at signet' -a realm -d ",
        "complete -c signet -f -n '__signet_at signet realm' -a list -d ",
        "complete -c signet -f -n '__signet_at signet realm list'\n",
        "complete -c signet -n '__signet_at signet jose verify' -l key -r -F -d ",
        "complete -c signet -n '__signet_at signet jose verify' -l kid -x -d ",
        "complete -c signet -n '__signet_at signet jose sign' -l format -x -a 'compact flattened "
        "general' -d ",
        "complete -c signet -f -n '__signet_at signet keys plan' -a 'publish activate retire'\n",
        " 'signet --output' 'signet * --output'"}) {
    EXPECT_THAT(output, HasSubstr(line));
  }
  EXPECT_THAT(output, Not(HasSubstr("-f -n '__signet_at signet apply'\n"))) << "it takes files";
  EXPECT_THAT(output, Not(HasSubstr("__fish_seen_subcommand_from")));
}

TEST_F(Cli, the_version_is_asked_for_as_a_command_or_as_an_option) {
  EXPECT_EQ(run({"version"}), 0);
  EXPECT_EQ(output, "signet 1.2.3\n");
  ASSERT_EQ(run({"version", "--output", "json"}), 0);
  const std::string as_json = output;
  EXPECT_THAT(as_json, HasSubstr(R"("version": "1.2.3")"));
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_EQ(output, "signet 1.2.3\n");
  EXPECT_EQ(run({"--version", "--output", "json"}), 0);
  EXPECT_EQ(output, as_json);
  EXPECT_EQ(run({"realm", "delete", "root", "--yes", "--version"}), 0);
  EXPECT_EQ(output, "signet 1.2.3\n");
  EXPECT_THAT(sent, IsEmpty()) << "as with --help, the command itself is not run";
}

TEST_F(Cli, the_documentation_names_every_command) {
  const std::string doc = read_file("docs/cli.md");
  ASSERT_EQ(run({"man"}), 0);
  std::istringstream man(output);
  for (std::string line; std::getline(man, line);) {
    if (!line.starts_with(".SS ")) continue;
    std::string command;
    std::istringstream words(line.substr(4));
    for (std::string word; words >> word;) {
      if (word != std::string(word.size(), ' ') &&
          std::isupper(static_cast<unsigned char>(word[0])))
        break;
      command += (command.empty() ? "" : " ") + word;
    }
    std::erase(command, '\\');  // roff writes a hyphen as "\-"
    EXPECT_THAT(doc, HasSubstr("`" + command)) << command;
  }
}

}  // namespace
}  // namespace signet::cli
