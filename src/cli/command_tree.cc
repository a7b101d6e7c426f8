#include "cli/command_tree.h"

#include "base/text.h"

namespace signet::cli {
namespace {

std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

void man_options(std::string& out, const CommandText& command) {
  for (const auto& option : command.options) {
    out += ".TP\n.B " + roff(option.names);
    if (!option.is_positional && !option.value.empty()) {
      out += " \\fI" + roff(option.value) + "\\fR";
    }
    out += '\n' + roff(option.summary);
    if (option.is_required && !option.is_positional) out += " Required.";
    out += '\n';
  }
}

void man_command(std::string& out, const CommandText& command) {
  if (command.children.empty()) {
    out += ".SS " + roff(command.path);
    for (const auto& option : command.options) {
      if (option.is_positional) out += ' ' + roff(to_upper(option.names));
    }
    out += '\n' + roff(command.summary) + '\n';
    man_options(out, command);
  }
  for (const auto& child : command.children)
    man_command(out, child);
}

// The words that may follow each command path, parents' options included.
void words(const CommandText& command, const std::string& inherited,
           std::vector<std::pair<std::string, std::string>>& out) {
  std::string options = inherited;
  for (const auto& option : command.options) {
    if (!option.is_positional) options += (options.empty() ? "" : " ") + option.names;
  }
  std::string line;
  for (const auto& child : command.children) {
    line += child.path.substr(child.path.find_last_of(' ') + 1) + ' ';
  }
  out.emplace_back(command.path, line + options);
  for (const auto& child : command.children)
    words(child, options, out);
}

// One function that walks the words of the line down the tree; both shells understand it.
std::string cases(const CommandText& root) {
  std::vector<std::pair<std::string, std::string>> lines;
  words(root, "", lines);
  std::string out = "_signet_words() {\n  case \"$1\" in\n";
  for (const auto& [path, line] : lines)
    out += "    '" + path + "') echo '" + line + "' ;;\n";
  out += "  esac\n}\n";
  out +=
      // Not "path": to zsh that is an array tied to PATH.
      "_signet_path() {\n"
      "  local found=signet word\n"
      "  for word in \"$@\"; do\n"
      "    case \"$word\" in -*) continue ;; esac\n"
      "    if [ -n \"$(_signet_words \"$found $word\")\" ]; then found=\"$found $word\"; fi\n"
      "  done\n"
      "  echo \"$found\"\n"
      "}\n";
  return out;
}

std::string fish_lines(const CommandText& command, const std::string& condition) {
  std::string out;
  const auto quote = [](const std::string& text) {
    std::string q = "'";
    for (const char c : text)
      q += c == '\'' || c == '\\' ? std::string{'\\', c} : std::string{c};
    return q + '\'';
  };
  for (const auto& option : command.options) {
    if (option.is_positional || !option.names.starts_with("--")) continue;
    out += "complete -c signet" + condition + " -l " + option.names.substr(2) +
           (option.value.empty() ? "" : " -r") + " -d " + quote(option.summary) + '\n';
  }
  for (const auto& child : command.children) {
    const std::string name = child.path.substr(child.path.find_last_of(' ') + 1);
    const std::string here = condition.empty() ? " -n __fish_use_subcommand" : condition;
    out += "complete -c signet -f" + here + " -a " + name + " -d " + quote(child.summary) + '\n';
    out += fish_lines(child, " -n '__fish_seen_subcommand_from " + name + "'");
  }
  return out;
}

}  // namespace

CommandText describe(const CLI::App& app, const std::string& above) {
  CommandText text;
  text.path = above.empty() ? app.get_name() : above + ' ' + app.get_name();
  text.summary = app.get_description();
  for (const CLI::Option* option : app.get_options()) {
    if (option == app.get_help_ptr() || option->get_group().empty()) continue;
    text.options.push_back({option->get_name(false, true), option->get_type_name(),
                            option->get_description(), option->get_positional(),
                            option->get_required()});
    if (option->get_positional()) text.options.back().names = option->get_name(true);
    if (option->get_expected_max() == 0) text.options.back().value.clear();
  }
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!child->get_group().empty()) text.children.push_back(describe(*child, text.path));
  }
  return text;
}

std::string man_page(const CommandText& root, std::string_view version) {
  std::string out = ".TH SIGNET 1 \"\" \"signet " + std::string(version) + "\" \"Signet\"\n";
  out += ".SH NAME\nsignet \\- " + roff(root.summary) + "\n";
  out += ".SH SYNOPSIS\n.B signet\n";
  out += "[\\fIoptions\\fR] \\fInoun\\fR [\\fIverb\\fR] [\\fIoptions\\fR]\n";
  out += ".SH OPTIONS\n";
  man_options(out, root);
  out += ".SH COMMANDS\n";
  for (const auto& child : root.children)
    man_command(out, child);
  out +=
      ".SH EXIT STATUS\n.TP\n.B 0\nDone; of a check: it holds.\n"
      ".TP\n.B 1\nRefused, invalid or failed; the reason is on standard error.\n"
      ".TP\n.B 2\nThe command was not understood, a file cannot be read, or apply "
      "\\-\\-dry\\-run found differences.\n"
      ".TP\n.B 3\napply \\-\\-check found some.\n";
  return out;
}

std::string completion(const CommandText& root, std::string_view shell) {
  if (shell == "fish") return fish_lines(root, "");
  if (shell == "zsh") {
    return "#compdef signet\n" + cases(root) +
           "_signet() {\n"
           "  local -a candidates\n"
           "  local at\n"
           "  at=$(_signet_path \"${words[@]:1:$((CURRENT-2))}\")\n"
           "  candidates=(${=\"$(_signet_words \"$at\")\"})\n"
           "  compadd -- $candidates\n"
           "  [[ $PREFIX == -* ]] || _files\n"
           "}\n"
           "compdef _signet signet\n";
  }
  return cases(root) +
         "_signet() {\n"
         "  local path\n"
         "  path=$(_signet_path \"${COMP_WORDS[@]:1:$((COMP_CWORD-1))}\")\n"
         "  local word=${COMP_WORDS[COMP_CWORD]}\n"
         "  COMPREPLY=($(compgen -W \"$(_signet_words \"$path\")\" -- \"$word\"))\n"
         "}\n"
         "complete -o default -F _signet signet\n";
}

}  // namespace signet::cli
