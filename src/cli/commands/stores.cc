#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/commands/commands.h"

namespace signet::cli {
namespace {

Result<int> list_stores(const Context& context) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Value answer, admin.patient().get("/admin/stores"));
  if (context.as_json()) {
    context.print(answer);
    return 0;
  }
  Table table({"store", "type", "realm", "ordering", "ok", "aliases", "detail"});
  for (const auto& store : list_of(answer, "stores")) {
    const std::string realm = text_of(store, "realm");
    table.add({text_of(store, "name"), text_of(store, "type"), realm.empty() ? "(global)" : realm,
               text_of(store, "ordering"), text_of(store, "ok") == "true" ? "yes" : "NO",
               texts_of(store, "aliases"), text_of(store, "detail")});
  }
  context.print(table);
  for (const auto& store : list_of(answer, "stores")) {
    const std::string probe = text_of(store, "probe");
    if (!probe.empty()) context.note("probe: " + text_of(store, "name") + ": " + probe);
    for (const auto& warning : list_of(store, "warnings")) {
      if (const std::string* text = warning.if_string())
        context.note("warning: " + text_of(store, "name") + ": " + *text);
    }
  }
  return 0;
}

}  // namespace

void add_stores(CLI::App& noun, Context& context) {
  on_run(verb(noun, "list", "Lists the secret stores and how they are."), context,
         [&context] { return list_stores(context); });
}

}  // namespace signet::cli
