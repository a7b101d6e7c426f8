#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/commands/commands.h"

namespace signet::cli {
namespace {

struct Options {
  std::int64_t after = 0, limit = 100;
};

Result<int> list(const Context& context, const Options& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Value answer, admin.get("/admin/audit?after=" + std::to_string(options.after) +
                                          "&limit=" + std::to_string(options.limit)));
  if (context.as_json()) {
    context.print(answer);
    return 0;
  }
  Table table({"sequence", "at", "realm", "event", "actor", "detail"});
  for (const auto& event : list_of(answer, "events")) {
    table.add({text_of(event, "sequence"), text_of(event, "at"), text_of(event, "realm"),
               text_of(event, "event"), text_of(event, "actor"), text_of(event, "detail")});
  }
  context.print(table);
  return 0;
}

}  // namespace

void add_audit(CLI::App& noun, Context& context) {
  const auto options = std::make_shared<Options>();
  CLI::App& command = verb(noun, "list", "Lists events of the journal, oldest first.");
  command.add_option("--after", options->after, "Only events after this sequence number (0)")
      ->type_name("NUMBER");
  command.add_option("--limit", options->limit, "The most events (100)")
      ->check(CLI::Range(1, 1000))
      ->type_name("NUMBER");
  on_run(command, context, [&context, options] { return list(context, *options); });
}

}  // namespace signet::cli
