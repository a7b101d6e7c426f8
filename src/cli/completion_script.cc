#include "cli/completion_script.h"

#include <algorithm>

#include "base/text.h"

namespace signet::cli {
namespace {

std::string last_word(const CommandText& command) {
  return command.path.substr(command.path.find_last_of(' ') + 1);
}

/// What may be offered as the value of an option, in the words of the scripts: "FILE", "TEXT" where
/// nobody can guess it, or the words that it takes; empty for a flag.
std::string offer_of(const OptionText& option) {
  if (option.value.empty()) return {};
  std::string words;
  bool is_of_words = true;
  for (const std::string_view kind : split(option.value, '|')) {
    if (kind == "FILE") return "FILE";
    // Kinds are written in capitals; the words of one_of() never are.
    is_of_words = is_of_words && std::none_of(kind.begin(), kind.end(),
                                              [](char c) { return c >= 'A' && c <= 'Z'; });
    words.append(words.empty() ? "" : " ").append(kind);
  }
  return is_of_words ? words : "TEXT";
}

/// The same for the arguments of a command that are no options: "FILE", or the words they take.
std::string arguments_of(const CommandText& command) {
  std::string words;
  for (const auto& option : command.options) {
    const std::string offer = option.is_positional ? offer_of(option) : "TEXT";
    if (offer == "FILE") return offer;
    if (offer != "TEXT") words.append(words.empty() ? "" : " ").append(offer);
  }
  return words;
}

/// For bash and zsh, one line of a `case` each.
struct ShellTables {
  std::string words, values, arguments;
};

void fill(ShellTables& tables, const CommandText& command, const std::string& inherited) {
  std::string options = inherited, values;
  for (const auto& option : command.options) {
    if (option.is_positional) continue;
    options += (options.empty() ? "" : " ") + option.names;
    const std::string offer = offer_of(option);
    if (offer.empty()) continue;
    values += "    '" + command.path + ' ' + option.names + '\'';
    // Options may stand after the commands below as well.
    if (!command.children.empty()) values += " | '" + command.path + " '*' " + option.names + '\'';
    values += ") echo '" + offer + "' ;;\n";
  }
  std::string line;
  for (const auto& child : command.children)
    line += last_word(child) + ' ';
  tables.words += "    '" + command.path + "') echo '" + line + options + "' ;;\n";
  const std::string arguments = arguments_of(command);
  if (!arguments.empty())
    tables.arguments += "    '" + command.path + "') echo '" + arguments + "' ;;\n";
  for (const auto& child : command.children)
    fill(tables, child, options);
  tables.values += values;  // last: what a command below says of its own option comes first
}

std::string table_function(const char* name, const char* subject, const std::string& lines) {
  return std::string(name) + "() {\n  case \"" + subject + "\" in\n" + lines + "  esac\n}\n";
}

/// What bash and zsh share. "path" would be a bad name for a variable: to zsh that is PATH.
std::string shell_functions(const CommandText& root) {
  ShellTables tables;
  fill(tables, root, "");
  return "# What may follow a command.\n" + table_function("_signet_words", "$1", tables.words) +
         "# The value of a command's option: FILE, TEXT or words; nothing for a flag.\n" +
         table_function("_signet_value", "$1 $2", tables.values) + "# The same for arguments.\n" +
         table_function("_signet_arguments", "$1", tables.arguments) + R"sh(
# The command that the words of a line name, without the values of their options.
_signet_command() {
  local found=signet word value_follows=
  for word in "$@"; do
    if [ -n "$value_follows" ]; then
      # To bash "--key=value" is three words.
      [ "$word" = "=" ] || value_follows=
      continue
    fi
    case "$word" in
      -*) value_follows=$(_signet_value "$found" "$word") ;;
      *) if [ -n "$(_signet_words "$found $word")" ]; then found="$found $word"; fi ;;
    esac
  done
  echo "$found"
}
)sh";
}

constexpr std::string_view kBash = R"sh(
_signet() {
  local at offer
  local word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]}
  if [ "$word" = "=" ]; then
    word=
  elif [ "$option" = "=" ]; then
    option=${COMP_WORDS[COMP_CWORD-2]}
  fi
  COMPREPLY=()
  at=$(_signet_command "${COMP_WORDS[@]:1:COMP_CWORD-1}")
  offer=$(_signet_value "$at" "$option")
  if [ -z "$offer" ]; then
    case "$word" in
      -*) ;;
      *) offer=$(_signet_arguments "$at") ;;
    esac
    [ "$offer" = FILE ] || offer="$offer $(_signet_words "$at")"
  fi
  case "$offer" in
    FILE) compopt -o default ;;
    TEXT) ;;
    *) COMPREPLY=($(compgen -W "$offer" -- "$word")) ;;
  esac
}
complete -F _signet signet
)sh";

constexpr std::string_view kZsh = R"sh(
_signet() {
  local at offer option
  at=$(_signet_command "${words[@]:1:$((CURRENT-2))}")
  option=${words[CURRENT-1]}
  if [[ $PREFIX == --*=* ]]; then
    option=${PREFIX%%=*}
    compset -P '*='
  fi
  offer=$(_signet_value "$at" "$option")
  if [[ -z $offer ]]; then
    [[ $PREFIX == -* ]] || offer=$(_signet_arguments "$at")
    [[ $offer == FILE ]] || offer="$offer $(_signet_words "$at")"
  fi
  case $offer in
    FILE) _files ;;
    TEXT) ;;
    *) compadd -- ${=offer} ;;
  esac
}
compdef _signet signet
)sh";

constexpr std::string_view kFish = R"sh(
# Whether the line names this very command, whatever the values of its options are.
function __signet_at
    set -l line (commandline -opc)
    set -e line[1]
    set -l found signet
    set -l value_follows 0
    for word in $line
        if test $value_follows = 1
            set value_follows 0
        else if string match -q -- '-*' "$word"
            __signet_takes_value "$found $word"; and set value_follows 1
        else if contains -- "$found $word" $__signet_commands
            set found "$found $word"
        end
    end
    test "$found" = "$argv"
end
)sh";

std::string fish_text(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text)
    quoted += c == '\'' || c == '\\' ? std::string{'\\', c} : std::string{c};
  return quoted + '\'';
}

/// The names of all commands, and all options with a value as patterns of commands and option.
void fish_names(const CommandText& command, std::string& commands, std::string& valued) {
  commands += ' ' + fish_text(command.path);
  for (const auto& option : command.options) {
    if (option.is_positional || offer_of(option).empty()) continue;
    valued += " '" + command.path + ' ' + option.names + '\'';
    if (!command.children.empty()) valued += " '" + command.path + " * " + option.names + '\'';
  }
  for (const auto& child : command.children)
    fish_names(child, commands, valued);
}

std::string fish_option(const OptionText& option, const std::string& condition) {
  const std::string offer = offer_of(option);
  std::string value;
  if (offer == "FILE") {
    value = " -r -F";
  } else if (offer == "TEXT") {
    value = " -x";
  } else if (!offer.empty()) {
    value = " -x -a " + fish_text(offer);
  }
  return "complete -c signet" + condition + " -l " + option.names.substr(2) + value + " -d " +
         fish_text(option.summary) + '\n';
}

/// `inherited`: options of the commands above, the root's apart, which need no condition.
std::string fish_lines(const CommandText& command, std::vector<OptionText> inherited) {
  const bool is_root = command.path.find(' ') == std::string::npos;
  const std::string at = " -n " + fish_text("__signet_at " + command.path);
  std::string out;
  std::vector<OptionText> own;
  for (const auto& option : command.options)
    if (!option.is_positional && option.names.starts_with("--")) own.push_back(option);
  for (const auto& option : own)
    out += fish_option(option, is_root ? "" : at);
  for (const auto& option : inherited)
    out += fish_option(option, at);
  for (const auto& child : command.children) {
    out += "complete -c signet -f" + at + " -a " + last_word(child) + " -d " +
           fish_text(child.summary) + '\n';
  }
  const std::string arguments = arguments_of(command);
  if (command.children.empty() && arguments != "FILE") {
    out += "complete -c signet -f" + at;
    out += (arguments.empty() ? "" : " -a " + fish_text(arguments)) + '\n';
  }
  if (!is_root) inherited.insert(inherited.end(), own.begin(), own.end());
  for (const auto& child : command.children)
    out += fish_lines(child, inherited);
  return out;
}

}  // namespace

std::string completion(const CommandText& root, std::string_view shell) {
  if (shell == "zsh") return "#compdef signet\n" + shell_functions(root).append(kZsh);
  if (shell == "bash") return shell_functions(root).append(kBash);
  std::string commands, valued;
  fish_names(root, commands, valued);
  std::string out = "set -g __signet_commands" + commands + '\n';
  out += "function __signet_takes_value\n    switch \"$argv\"\n        case" + valued +
         "\n            return 0\n    end\n    return 1\nend\n";
  return out.append(kFish) + fish_lines(root, {});
}

}  // namespace signet::cli
