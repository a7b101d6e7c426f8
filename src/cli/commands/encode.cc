#include "base/text.h"
#include "cli/command.h"
#include "cli/commands/commands.h"
#include "cli/sealing_keys.h"

namespace signet::cli {
namespace {

Result<int> encode(const Context& context) {
  TRY(const auto config, context.load_config());
  TRY(const auto keys, read_sealing_keys(context, config));
  TRY(const SecretBytes plain, context.read_secret("-"));
  if (plain.empty()) return Context::usage("standard input is empty");
  TRY(const std::string sealed, keys->encode(plain.view(), *context.world.random));
  if (context.as_json()) {
    json::Object out;
    out.set("encoded", sealed);
    context.print(out);
  } else {
    context.print_line(sealed);
  }
  return 0;
}

/// The other way round: a key of a local store in clear, for instance.
Result<int> open_encoded(const Context& context) {
  TRY(const auto config, context.load_config());
  TRY(const auto keys, read_sealing_keys(context, config));
  TRY(const SecretBytes sealed, context.read_secret("-"));
  if (sealed.empty()) return Context::usage("standard input is empty");
  TRY(const SecretBytes plain, keys->decode(as_text(sealed.view())));
  std::string_view text = as_text(plain.view());
  if (context.as_json()) {
    if (!is_utf8(text)) return Context::usage("the value is no text: leave out --output json");
    json::Object out;
    out.set("decoded", text);
    context.print(out);
    return 0;
  }
  // A PEM text has its own last line break.
  if (text.ends_with('\n')) text.remove_suffix(1);
  context.print_line(text);
  return 0;
}

}  // namespace

void add_encode(CLI::App& command, Context& context) {
  const auto is_decoding = std::make_shared<bool>(false);
  command.add_flag("--decode", *is_decoding, "Open such a value instead, and print it in clear");
  on_run(command, context, [&context, is_decoding] {
    return *is_decoding ? open_encoded(context) : encode(context);
  });
}

}  // namespace signet::cli
