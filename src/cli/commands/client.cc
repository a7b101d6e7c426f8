#include "base/text.h"
#include "cli/admin_client.h"
#include "cli/commands/commands.h"
#include "cli/commands/resource_server_trial.h"
#include "cli/documents.h"
#include "jose/jwk.h"

namespace signet::cli {
namespace {

struct ClientOptions {
  std::string realm = "root", id, file, name, auth_method, jwks, introspect;
  std::vector<std::string> grants, scopes, default_scopes, audience;
  bool secret_stdin = false, generate_secret = false, yes = false;
  TokenFlags token;
  EnabledFlags enabled;
};

Result<int> list(const Context& context, const ClientOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Array all, admin.all(realm_path(options.realm) + "/clients", "clients"));
  if (print_as_json(context, "clients", all)) return 0;
  Table table({"client", "name", "enabled", "authentication", "scopes", "revision"});
  for (const auto& item : all) {
    const json::Value* client = item.get("client");
    if (!client) continue;
    table.add({text_of(*client, "client_id"), text_of(*client, "name"), text_of(*client, "enabled"),
               text_of(*client, "token_endpoint_auth_method"), texts_of(*client, "scopes"),
               text_of(item, "revision")});
  }
  context.print(table);
  return 0;
}

void print_client(const Context& context, const json::Value& answer) {
  print_document(context, answer, "client");
  if (context.as_json()) return;
  if (const std::string secret = text_of(answer, "secret"); !secret.empty()) {
    context.note("The secret is shown only this once:");
    context.print_line(secret);
  }
}

Result<int> show(const Context& context, const ClientOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Value answer, admin.get(client_path(options.realm, options.id)));
  print_client(context, answer);
  return 0;
}

json::Value as_list(const std::vector<std::string>& texts) {
  return json::Array(texts.begin(), texts.end());
}

// The keys of a file that can be used, without private halves, which never leave this machine. The
// others are named: a client whose key is missing is found out when it cannot authenticate.
Result<json::Object> public_halves(const Context& context, const std::string& path) {
  TRY(const std::string text, context.read(path, 1 << 20));
  TRY(const jose::JwkSet set, jose::JwkSet::parse_any(text));
  const std::string skipped = "signet: a key of " + signet::quoted(path, 200) + " is skipped: ";
  for (const auto& why : set.skipped)
    context.note(skipped + std::string(why.reason) + ": " + why.detail);
  for (const auto& unsupported : set.unsupported)
    context.note(skipped + "jwk_unsupported: " + unsupported.why);
  if (set.keys.empty()) {
    return Error{Code::kInvalid, "key_file_empty",
                 signet::quoted(path, 200) + " holds no usable key"};
  }
  json::Array keys;
  for (const auto& key : set.keys) {
    TRY(json::Object shown, key.public_json());
    keys.push_back(std::move(shown));
  }
  json::Object jwks;
  jwks.set("keys", std::move(keys));
  return jwks;
}

Status put_flags(const Context& context, const ClientOptions& options, json::Object& document) {
  TRY(options.token.put_into(document));
  TRY(options.enabled.put_into(document));
  if (!options.name.empty()) document.set("name", options.name);
  if (!options.auth_method.empty()) {
    document.set("token_endpoint_auth_method", options.auth_method);
  }
  if (!options.introspect.empty()) document.set("may_introspect", options.introspect);
  if (!options.grants.empty()) document.set("grant_types", as_list(options.grants));
  if (!options.scopes.empty()) document.set("scopes", as_list(options.scopes));
  if (!options.default_scopes.empty()) {
    document.set("default_scopes", as_list(options.default_scopes));
  }
  if (!options.audience.empty()) document.set("audience", as_list(options.audience));
  if (!options.jwks.empty()) {
    TRY(json::Object jwks, public_halves(context, options.jwks));
    document.set("jwks", std::move(jwks));
  }
  if (options.secret_stdin) {
    TRY(const SecretBytes secret, context.read_secret("-"));
    if (secret.empty()) return Context::usage("--secret-stdin: standard input is empty");
    document.set("secret", as_text(secret.view()));
  }
  if (options.generate_secret) document.set("generate_secret", true);
  return Done{};
}

Result<json::Object> from_file(const Context& context, const ClientOptions& options) {
  if (options.secret_stdin && options.file == "-") {
    return Context::usage("--file and --secret-stdin cannot both read standard input");
  }
  TRY(json::Object document, context.read_document(options.file, config::client_schema()));
  if (*document.find("client_id") != json::Value(options.id)) {
    return Context::usage("the document is of another client than the command names");
  }
  return document;
}

Result<int> create(const Context& context, const ClientOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  json::Object document;
  document.set("client_id", options.id);
  if (!options.file.empty()) {
    TRY(json::Object read, from_file(context, options));
    document = std::move(read);
  }
  TRY(put_flags(context, options, document));
  TRY(const json::Value answer,
      admin.put(client_path(options.realm, options.id), document, {{"If-None-Match", "*"}}));
  note_warnings(context, answer);
  print_client(context, answer);
  return 0;
}

Result<int> update(const Context& context, const ClientOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Value before, admin.get(client_path(options.realm, options.id)));
  json::Object document = document_of(before, "client");
  document.erase("has_secret");
  if (!options.file.empty()) {
    TRY(json::Object read, from_file(context, options));
    document = std::move(read);
  }
  TRY(put_flags(context, options, document));
  TRY(const json::Value answer, admin.put(client_path(options.realm, options.id), document,
                                          AdminClient::condition_of(before)));
  note_warnings(context, answer);
  print_client(context, answer);
  return 0;
}

Result<int> remove(const Context& context, const ClientOptions& options) {
  if (!options.yes)
    return Context::usage(
        "this deletes the client, whose tokens stay active until they end or are revoked; "
        "say --yes");
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(admin.remove(client_path(options.realm, options.id)));
  return 0;
}

void add_flags(CLI::App& command, ClientOptions& options) {
  command.add_option("--file", options.file, "Document in JSON or YAML; - for standard input")
      ->type_name("FILE");
  command.add_option("--name", options.name, "Name for people")->type_name("TEXT");
  one_of(command.add_option("--auth-method", options.auth_method, "How it proves who it is"),
         {"client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt",
          "none"});
  command.add_option("--jwks", options.jwks, "File with its keys; only public halves are sent")
      ->type_name("FILE");
  one_of(command.add_option("--may-introspect", options.introspect, "Whose tokens it may see into"),
         {"none", "own", "realm"});
  repeatable(command, "--grant", options.grants, "Grant type; may be repeated");
  repeatable(command, "--scope", options.scopes, "Scope; may be repeated");
  repeatable(command, "--default-scope", options.default_scopes,
             "Scope of requests that name none; may be repeated");
  repeatable(command, "--audience", options.audience, "aud of its tokens; may be repeated");
  auto* given = command.add_flag("--secret-stdin", options.secret_stdin,
                                 "Read the secret from standard input");
  command.add_flag("--generate-secret", options.generate_secret, "Let the server make a secret")
      ->excludes(given);
  options.token.add_to(command);
  options.enabled.add_to(command);
}

}  // namespace

void add_client(CLI::App& noun, Context& context) {
  const auto options = std::make_shared<ClientOptions>();
  const auto add = [&](const char* name, const char* summary, bool needs_id = true) -> CLI::App& {
    CLI::App& command = verb(noun, name, summary);
    command.add_option("--realm", options->realm, "Realm (root)")->type_name("REALM");
    if (needs_id) {
      command.add_option("client", options->id, "The client's ID")->required()->type_name("CLIENT");
    }
    return command;
  };
  on_run(add("list", "Lists the clients of a realm.", false), context,
         [&context, options] { return list(context, *options); });
  on_run(add("show", "Shows one client; secrets are never shown."), context,
         [&context, options] { return show(context, *options); });
  CLI::App& creating = add("create", "Creates a client; it must not exist.");
  add_flags(creating, *options);
  on_run(creating, context, [&context, options] { return create(context, *options); });
  CLI::App& updating =
      add("update", "Changes a client: a file replaces it, flags change single settings.");
  add_flags(updating, *options);
  on_run(updating, context, [&context, options] { return update(context, *options); });
  CLI::App& removing = add("delete", "Deletes a client.");
  removing.add_flag("--yes", options->yes, "Really");
  on_run(removing, context, [&context, options] { return remove(context, *options); });
}

}  // namespace signet::cli
