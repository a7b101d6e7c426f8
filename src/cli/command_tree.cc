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

}  // namespace signet::cli
