#include "cli/admin_client.h"
#include "cli/commands/commands.h"
#include "cli/documents.h"

namespace signet::cli {
namespace {

struct RealmOptions {
  std::string name, file;
  std::vector<std::string> scopes;
  TokenFlags token;
  EnabledFlags enabled;
  bool yes = false;
};

Result<int> list(const Context& context) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Array all, admin.all("/admin/realms", "realms"));
  if (print_as_json(context, "realms", all)) return 0;
  Table table({"realm", "revision"});
  for (const auto& realm : all) {
    table.add({text_of(realm, "name"), text_of(realm, "revision")});
  }
  context.print(table);
  return 0;
}

Result<int> show(const Context& context, const RealmOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Value answer, admin.get(realm_path(options.name)));
  print_document(context, answer, "realm");
  return 0;
}

Status put_flags(const RealmOptions& options, json::Object& document) {
  TRY(options.token.put_into(document));
  TRY(options.enabled.put_into(document));
  if (!options.scopes.empty())
    document.set("scopes", json::Array(options.scopes.begin(), options.scopes.end()));
  return Done{};
}

Result<json::Object> from_file(const Context& context, const RealmOptions& options) {
  TRY(json::Object document, context.read_document(options.file, config::realm_schema()));
  if (*document.find("name") != json::Value(options.name)) {
    return Context::usage("the document is of another realm than the command names");
  }
  return document;
}

Result<int> create(const Context& context, const RealmOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  json::Object document;
  document.set("name", options.name);
  if (!options.file.empty()) {
    TRY(json::Object read, from_file(context, options));
    document = std::move(read);
  }
  TRY(put_flags(options, document));
  TRY(const json::Value answer,
      admin.put(realm_path(options.name), document, {{"If-None-Match", "*"}}));
  print_document(context, answer, "realm");
  return 0;
}

Result<int> update(const Context& context, const RealmOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Value before, admin.get(realm_path(options.name)));
  json::Object document = document_of(before, "realm");
  if (!options.file.empty()) {
    TRY(json::Object read, from_file(context, options));
    document = std::move(read);
  }
  TRY(put_flags(options, document));
  TRY(const json::Value answer,
      admin.put(realm_path(options.name), document, AdminClient::condition_of(before)));
  print_document(context, answer, "realm");
  return 0;
}

Result<int> remove(const Context& context, const RealmOptions& options) {
  if (!options.yes) {
    return Context::usage(
        "this deletes the realm, and its tokens are refused from then on; say --yes");
  }
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(admin.remove(realm_path(options.name)));
  return 0;
}

}  // namespace

void add_realm(CLI::App& noun, Context& context) {
  const auto options = std::make_shared<RealmOptions>();
  on_run(verb(noun, "list", "Lists the realms."), context, [&context] { return list(context); });

  const auto add = [&](const char* name, const char* summary) -> CLI::App& {
    CLI::App& command = verb(noun, name, summary);
    command.add_option("realm", options->name, "Name of the realm")->required()->type_name("REALM");
    return command;
  };
  const auto add_flags = [&](CLI::App& command) {
    command.add_option("--file", options->file, "Document in JSON or YAML; - for standard input")
        ->type_name("FILE");
    repeatable(command, "--scope", options->scopes,
               "Scope that no resource server defines; may be repeated");
    options->token.add_to(command);
    options->enabled.add_to(command);
  };
  on_run(add("show", "Shows one realm."), context,
         [&context, options] { return show(context, *options); });
  CLI::App& creating = add("create", "Creates a realm; it must not exist.");
  add_flags(creating);
  on_run(creating, context, [&context, options] { return create(context, *options); });
  CLI::App& updating =
      add("update", "Changes a realm: a file replaces the document, flags change single settings.");
  add_flags(updating);
  on_run(updating, context, [&context, options] { return update(context, *options); });
  CLI::App& removing = add(
      "delete", "Deletes a realm that holds no clients, resource servers and policies any more.");
  removing.add_flag("--yes", options->yes, "Really");
  on_run(removing, context, [&context, options] { return remove(context, *options); });
}

}  // namespace signet::cli
