#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/commands/commands.h"
#include "cli/commands/resource_server_trial.h"
#include "cli/documents.h"
#include "http/form.h"

namespace signet::cli {
namespace {

struct ResourceServerOptions {
  std::string realm = "root", name, file, present_name;
  bool yes = false, untested = false, deletes = false;
  TrialOptions trial;
};

std::string path_of(const ResourceServerOptions& options, const std::string& name) {
  return resource_server_path(options.realm, name) + (options.untested ? "?untested=true" : "");
}

std::string issued_here(const json::Value& item) {
  const json::Value* uses = item.get("uses");
  return uses && uses->is_object() ? text_of(*uses, "issued") : std::string();
}

Result<int> list(const Context& context, const ResourceServerOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Array all,
      admin.all(realm_path(options.realm) + "/resource-servers", "resource_servers"));
  if (print_as_json(context, "resource_servers", all)) return 0;
  // Counted by the instance that answers, since its start.
  Table table(
      {"resource server", "default", "encryption", "algorithm", "uri", "revision", "issued here"});
  for (const auto& item : all) {
    const json::Value* server = item.get("resource_server");
    if (!server) continue;
    const json::Value* access = server->get("access_token");
    const json::Value none = json::Object();
    const json::Value& token = access ? *access : none;
    std::string encryption = text_of(token, "encryption");
    if (encryption.empty())
      encryption = text_of(*server, "built_in") == "true" ? "as_realm" : "server_key";
    table.add({text_of(*server, "name"), text_of(*server, "default") == "true" ? "yes" : "",
               std::move(encryption), text_of(token, "key_encryption_algorithm"),
               text_of(*server, "uri"), text_of(item, "revision"), issued_here(item)});
  }
  context.print(table);
  return 0;
}

void print_resource_server(const Context& context, const json::Value& answer) {
  const json::Value* document = answer.get("resource_server");
  if (context.as_json() || !document || !document->is_object()) {
    context.print(answer);
  } else {
    json::Object shown = *document->if_object();
    const json::Value* uses = answer.get("uses");
    if (uses && uses->is_object()) shown.set("uses_here", *uses);
    if (const json::Value* spent = answer.get("gcm_uses")) shown.set("gcm_uses", *spent);
    if (const json::Value* key_set = answer.get("key_set")) shown.set("key_set", *key_set);
    context.print(as_table(shown));
  }
  note_warnings(context, answer);
}

Result<int> show(const Context& context, const ResourceServerOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Value answer, admin.get(resource_server_path(options.realm, options.name)));
  print_resource_server(context, answer);
  return 0;
}

Result<int> put(const Context& context, const ResourceServerOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Object document,
      context.read_document(options.file, config::resource_server_schema()));
  const std::string name =
      options.present_name.empty() ? text_of(document, "name") : options.present_name;
  TRY(const net::LocalHeaders condition,
      admin.condition_for(resource_server_path(options.realm, name)));
  TRY(const json::Value answer, admin.put(path_of(options, name), document, condition));
  print_resource_server(context, answer);
  return 0;
}

Result<int> remove(const Context& context, const ResourceServerOptions& options) {
  if (!options.yes)
    return Context::usage("this deletes the resource server and the scopes it defines; say --yes");
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(admin.remove(resource_server_path(options.realm, options.name)));
  return 0;
}

Result<int> make_default(const Context& context, const ResourceServerOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Value before, admin.get(resource_server_path(options.realm, options.name)));
  json::Object document = document_of(before, "resource_server");
  document.set("default", true);
  TRY(const json::Value answer,
      admin.put(path_of(options, options.name), document, AdminClient::condition_of(before)));
  note_warnings(context, answer);
  context.print_line(printable(options.name) + " is the default resource server");
  return 0;
}

Result<int> preview(const Context& context, const ResourceServerOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Value answer,
      admin.get(realm_path(options.realm) + "/resource-servers/preview?" +
                (options.deletes ? "delete=" : "default=") + http::form_encode(options.name)));
  if (context.as_json() || !answer.is_object()) {
    context.print(answer);
  } else {
    context.print(as_table(*answer.if_object()));
  }
  const json::Value* refused = answer.get("refused");
  return refused && !refused->is_null() ? 1 : 0;
}

Result<int> test(const Context& context, const ResourceServerOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Value answer,
      admin.post(resource_server_path(options.realm, options.name) + "/test", json::Object()));
  return show_trial(context, answer, options.trial);
}

}  // namespace

void add_resource_server(CLI::App& noun, Context& context) {
  const auto options = std::make_shared<ResourceServerOptions>();
  const auto add = [&](const char* name, const char* summary, bool needs_name = true) -> CLI::App& {
    CLI::App& command = verb(noun, name, summary);
    command.add_option("--realm", options->realm, "Realm (root)")->type_name("REALM");
    if (needs_name) {
      command.add_option("name", options->name, "The resource server's name")
          ->required()
          ->type_name("NAME");
    }
    return command;
  };
  const auto may_be_untested = [&](CLI::App& command) {
    command.add_flag("--untested", options->untested,
                     "Even where the URL of its keys cannot be reached now");
  };
  on_run(add("list", "Lists the resource servers of a realm.", false), context,
         [&context, options] { return list(context, *options); });
  on_run(add("show", "Shows one resource server; symmetric keys are never shown."), context,
         [&context, options] { return show(context, *options); });
  CLI::App& putting = add("put", "Creates or replaces a resource server from a document.", false);
  putting.add_option("file", options->file, "Document in JSON or YAML; - for standard input")
      ->required()
      ->type_name("FILE");
  putting
      .add_option("--rename", options->present_name,
                  "Its present name, where the document gives it another one")
      ->type_name("NAME");
  may_be_untested(putting);
  on_run(putting, context, [&context, options] { return put(context, *options); });
  CLI::App& removing = add("delete", "Deletes a resource server.");
  removing.add_flag("--yes", options->yes, "Really");
  on_run(removing, context, [&context, options] { return remove(context, *options); });
  CLI::App& defaulting = add("default", "Makes it the one for requests that name none.");
  may_be_untested(defaulting);
  on_run(defaulting, context, [&context, options] { return make_default(context, *options); });
  CLI::App& previewing = add(
      "preview",
      "What making it the default, or --delete, would touch; exit code 1: it would be refused.");
  previewing.add_flag("--delete", options->deletes, "What deleting it would touch");
  on_run(previewing, context, [&context, options] { return preview(context, *options); });
  CLI::App& testing = add(
      "test", "Issues a token of a minute for it, as a client would get; prints what it holds.");
  options->trial.add_to(testing);
  on_run(testing, context, [&context, options] { return test(context, *options); });
}

}  // namespace signet::cli
