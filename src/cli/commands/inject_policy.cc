#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/commands/commands.h"
#include "cli/commands/resource_server_trial.h"
#include "cli/documents.h"

namespace signet::cli {
namespace {

struct InjectPolicyOptions {
  std::string realm = "root", name, file;
  bool yes = false;
};

Result<int> list(const Context& context, const InjectPolicyOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Array all,
      admin.all(realm_path(options.realm) + "/inject-policies", "inject_policies"));
  if (print_as_json(context, "inject_policies", all)) return 0;
  Table table({"policy", "client", "resource server", "scopes", "revision"});
  for (const auto& item : all) {
    const json::Value* policy = item.get("inject_policy");
    if (!policy) continue;
    table.add({text_of(*policy, "name"), text_of(*policy, "client_id"),
               text_of(*policy, "resource_server"), texts_of(*policy, "scopes"),
               text_of(item, "revision")});
  }
  context.print(table);
  return 0;
}

Result<int> show(const Context& context, const InjectPolicyOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Value answer, admin.get(inject_policy_path(options.realm, options.name)));
  print_document(context, answer, "inject_policy");
  return 0;
}

Result<int> put(const Context& context, const InjectPolicyOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Object document,
      context.read_document(options.file, config::inject_policy_schema()));
  const std::string path = inject_policy_path(options.realm, text_of(document, "name"));
  TRY(const net::LocalHeaders condition, admin.condition_for(path));
  TRY(const json::Value answer, admin.put(path, document, condition));
  print_document(context, answer, "inject_policy");
  note_warnings(context, answer);
  return 0;
}

Result<int> remove(const Context& context, const InjectPolicyOptions& options) {
  if (!options.yes) return Context::usage("gateways that use the policy get no token; say --yes");
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(admin.remove(inject_policy_path(options.realm, options.name)));
  return 0;
}

}  // namespace

void add_inject_policy(CLI::App& noun, Context& context) {
  const auto options = std::make_shared<InjectPolicyOptions>();
  const auto add = [&](const char* name, const char* summary) -> CLI::App& {
    CLI::App& command = verb(noun, name, summary);
    command.add_option("--realm", options->realm, "Realm (root)")->type_name("REALM");
    return command;
  };
  const auto needs_name = [&](CLI::App& command) {
    command.add_option("policy", options->name, "The policy's name")
        ->required()
        ->type_name("POLICY");
  };
  on_run(add("list", "Lists the inject policies of a realm."), context,
         [&context, options] { return list(context, *options); });
  CLI::App& showing = add("show", "Shows one inject policy.");
  needs_name(showing);
  on_run(showing, context, [&context, options] { return show(context, *options); });
  CLI::App& putting = add("put", "Creates or replaces an inject policy from a document.");
  putting.add_option("file", options->file, "Document in JSON or YAML; - for standard input")
      ->required()
      ->type_name("FILE");
  on_run(putting, context, [&context, options] { return put(context, *options); });
  CLI::App& removing = add("delete", "Deletes an inject policy.");
  needs_name(removing);
  removing.add_flag("--yes", options->yes, "Really");
  on_run(removing, context, [&context, options] { return remove(context, *options); });
}

}  // namespace signet::cli
