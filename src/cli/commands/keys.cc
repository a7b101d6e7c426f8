#include "base/text.h"
#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/commands/commands.h"
#include "cli/key_impact.h"
#include "http/form.h"

namespace signet::cli {
namespace {

struct KeysOptions {
  std::string realm, store, id, step, alias, kid;
  bool force = false, undo = false;
};

std::string or_dash(std::string text) {
  return text.empty() ? "-" : text;
}

void show_plan(const Context& context, const json::Value& answer) {
  Table table({"alias", "state", "kid", "published", "tokens until"});
  for (const auto& key : list_of(answer, "keys")) {
    table.add({text_of(key, "alias"), text_of(key, "state"), text_of(key, "kid"),
               or_dash(text_of(key, "published")), or_dash(text_of(key, "tokens_until"))});
  }
  context.print(table);
  for (const auto& key : list_of(answer, "keys")) {
    const json::Value* certificate = key.get("certificate");
    if (certificate == nullptr) continue;
    context.note("certificate of " + text_of(key, "alias") + ": sha256 " +
                 text_of(*certificate, "sha256") + ", valid until " +
                 text_of(*certificate, "not_after") + "; tell whoever pinned it");
  }
  const std::string step = text_of(answer, "step");
  note_impact(context, answer);
  if (!step.empty()) {
    note_taken(context, answer);
    context.note("last token of this key ends: " + or_dash(text_of(answer, "tokens_until")));
  }
  for (const auto& one : list_of(answer, "steps")) {
    std::string line = text_of(one, "step");
    const std::string alias = text_of(one, "alias");
    if (!alias.empty()) line += ' ' + alias;
    line += text_of(one, "done") == "true" ? ": done " : ": safe from ";
    context.note(line + text_of(one, "not_before"));
  }
  for (const auto& missing : list_of(answer, "missing")) {
    if (missing.if_string() != nullptr) context.note("waits for: " + *missing.if_string());
  }
  const std::string fault = text_of(answer, "rotation_fault");
  if (!fault.empty()) context.note("planned rotation: " + fault);
  if (!step.empty() && text_of(answer, "safe") != "true") {
    context.note("refused: " + text_of(answer, "reason") + ": " + text_of(answer, "detail"));
  }
}

/// Exit code 1 says that the step would be refused; without a step only moments are shown.
Result<int> plan(const Context& context, const KeysOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  std::string path = "/admin/secrets/plan?id=" + http::form_encode(options.id);
  const std::pair<const char*, const std::string&> more[] = {{"step", options.step},
                                                             {"realm", options.realm},
                                                             {"store", options.store},
                                                             {"alias", options.alias}};
  for (const auto& [name, value] : more) {
    if (!value.empty()) path += std::string("&") + name + "=" + http::form_encode(value);
  }
  TRY(const json::Value answer, admin.get(path));
  if (context.as_json()) {
    context.print(answer);
  } else {
    show_plan(context, answer);
  }
  return options.step.empty() || text_of(answer, "safe") == "true" ? 0 : 1;
}

Result<int> apply(const Context& context, const KeysOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  json::Object body;
  body.set("realm", options.realm);
  body.set("store", options.store);
  body.set("id", options.id);
  body.set("step", options.step);
  body.set("alias", options.alias);
  body.set("force", options.force);
  TRY(const json::Value answer, admin.post("/admin/secrets/plan", body));
  if (context.as_json()) {
    context.print(answer);
  } else {
    show_plan(context, answer);
    context.note("done: " + options.step + ' ' + text_of(answer, "alias"));
  }
  return 0;
}

std::string use_of(const json::Value& key, const char* name) {
  const json::Value* uses = key.get("uses");
  const json::Value* use = uses != nullptr ? uses->get(name) : nullptr;
  if (use == nullptr || text_of(*use, "count") == "0") return "-";
  return text_of(*use, "count") + " until " + text_of(*use, "last");
}

Result<int> usage(const Context& context, const KeysOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Value answer,
      admin.get("/admin/secrets/usage?id=" + http::form_encode(options.id) +
                "&realm=" + http::form_encode(options.realm)));
  if (context.as_json()) {
    context.print(answer);
    return 0;
  }
  Table table({"kid", "state", "sign", "verify", "encrypt", "decrypt", "verdict"});
  for (const auto& key : list_of(answer, "keys")) {
    std::string verdict = text_of(key, "verdict");
    const std::string not_before = text_of(key, "not_before");
    if (!not_before.empty()) verdict = "not before " + not_before;
    verdict += ": " + text_of(key, "why");
    const std::string period = cryptoperiod_in_words(key);
    if (!period.empty()) verdict += "; " + period;
    table.add({text_of(key, "kid"), text_of(key, "state"), use_of(key, "sign"),
               use_of(key, "verify"), use_of(key, "encrypt"), use_of(key, "decrypt"), verdict});
  }
  context.print(table);
  return 0;
}

Result<int> compromise(const Context& context, const KeysOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  json::Object body;
  body.set("realm", options.realm);
  body.set("id", options.id);
  body.set("kid", options.kid);
  body.set("undo", options.undo);
  TRY(const json::Value answer, admin.post("/admin/secrets/compromise", body));
  if (context.as_json()) {
    context.print(answer);
    return 0;
  }
  if (options.undo) {
    context.note(options.kid + " is retired now; publish it to use it again");
    return 0;
  }
  context.note(options.kid + " (" + text_of(answer, "store") + '/' + text_of(answer, "alias") +
               ") was " + text_of(answer, "was") + "; it signs and verifies nothing any more");
  context.note("tokens made with it lived until: " + or_dash(text_of(answer, "tokens_until")));
  const std::string successor = text_of(answer, "successor");
  context.note(successor.empty() ? "nothing signs in its place"
                                 : "signs now: " + successor +
                                       (text_of(answer, "successor_is_early") == "true"
                                            ? " (verifiers may not know it yet)"
                                            : ""));
  std::vector<std::string> also;
  for (const auto& ring : list_of(answer, "rings")) {
    const std::string name = text_of(ring, "id"), realm = text_of(ring, "realm");
    if (name == text_of(answer, "id") && realm == text_of(answer, "realm")) continue;
    also.push_back(realm.empty() ? name : realm + '/' + name);
  }
  if (!also.empty()) context.note("out of use for these too: " + join(also, ", "));
  note_impact(context, answer);
  for (const auto& warning : list_of(answer, "warnings")) {
    if (warning.if_string() != nullptr) context.note("warning: " + *warning.if_string());
  }
  return successor.empty() ? 1 : 0;
}

// Empty where nothing is known of it, or nothing wrong.
std::string clock_in_words(const std::string& ahead) {
  if (ahead.empty() || ahead == "0") return {};
  return (ahead.starts_with('-') ? "" : "+") + ahead + " s";
}

Result<int> instances(const Context& context) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Value answer, admin.get("/admin/instances"));
  if (context.as_json()) {
    context.print(answer);
    return 0;
  }
  Table table({"instance", "address", "version", "started", "live", "clock", "prepared keys"});
  for (const auto& one : list_of(answer, "instances")) {
    std::string kids;
    for (const auto& key : list_of(one, "prepared"))
      kids += (kids.empty() ? "" : ", ") + text_of(key, "kid");
    table.add({text_of(one, "id"), text_of(one, "address"), text_of(one, "version"),
               text_of(one, "started"), text_of(one, "live") == "true" ? "yes" : "no",
               clock_in_words(text_of(one, "clock_ahead_seconds")), kids});
  }
  context.print(table);
  return 0;
}

}  // namespace

void add_keys(CLI::App& noun, Context& context) {
  const auto options = std::make_shared<KeysOptions>();
  const auto add = [&](const char* name, const char* summary) -> CLI::App& {
    CLI::App& command = verb(noun, name, summary);
    command.add_option("id", options->id, "Secret ID")->required()->type_name("SECRET_ID");
    command.add_option("--realm", options->realm, "Realm; without it the global stores")
        ->type_name("REALM");
    return command;
  };
  const auto add_step = [&](CLI::App& command, bool is_needed) {
    const char* summary = is_needed ? "The step" : "The step; without it when each one is safe";
    one_of(command.add_option("step", options->step, summary)->required(is_needed),
           {"publish", "activate", "retire"});
    command.add_option("alias", options->alias, "Alias; without it the key whose turn it is")
        ->type_name("ALIAS");
    command.add_option("--store", options->store, "Store; without it the one of the key")
        ->type_name("STORE");
  };
  CLI::App& planning =
      add("plan", "Says what a step would touch, when it is safe, and who is not ready.");
  add_step(planning, false);
  on_run(planning, context, [&context, options] { return plan(context, *options); });

  CLI::App& applying = add("apply", "Does a step, unless it is unsafe.");
  add_step(applying, true);
  applying.add_flag("--force", options->force, "Even if it is unsafe; written into the audit log");
  on_run(applying, context, [&context, options] { return apply(context, *options); });

  on_run(add("usage", "Says how often and when last each key was used, and whether it may go."),
         context, [&context, options] { return usage(context, *options); });

  CLI::App& burning = add("compromise", "Takes a key that others may have out of use at once.");
  burning.add_option("--kid", options->kid, "The key")->required()->type_name("KID");
  burning.add_flag("--undo", options->undo, "It was a mistake: makes it a retired key");
  on_run(burning, context, [&context, options] { return compromise(context, *options); });

  on_run(verb(noun, "instances", "Lists the instances and the keys that each publishes ahead."),
         context, [&context] { return instances(context); });
}

}  // namespace signet::cli
