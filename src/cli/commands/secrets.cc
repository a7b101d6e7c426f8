#include <algorithm>
#include <cstring>

#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/commands/commands.h"
#include "cli/key_impact.h"
#include "http/form.h"

namespace signet::cli {
namespace {

struct SecretsOptions {
  std::string realm, store, id, alias;
  std::vector<std::string> aliases;
  bool force = false, dry_run = false, wait = false;
  std::int64_t poll = 10;
};

void add_rings(Table& table, const json::Value& ring) {
  for (const auto& key : list_of(ring, "keys")) {
    const std::string waiting = text_of(ring, "waiting");
    std::string note;
    if (!waiting.empty() && waiting == text_of(key, "kid")) {
      note = "signs from " + text_of(ring, "waiting_until");
      const std::string waits = texts_of(ring, "waiting_for");
      if (!waits.empty()) note += ", waits for: " + waits;
    } else if (text_of(key, "state") == "passive") {
      note = "may go from " + text_of(key, "retire_not_before");
    } else {
      note = cryptoperiod_in_words(key);
    }
    table.add({text_of(ring, "id"), text_of(key, "state"), text_of(key, "kid"),
               text_of(key, "alias"), text_of(key, "store"), text_of(key, "kind"),
               texts_of(key, "algorithms"), note});
  }
}

Table ring_table() {
  return Table({"secret id", "state", "kid", "alias", "store", "kind", "algorithms", "note"});
}

Result<int> list(const Context& context, const SecretsOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  const std::string realm = options.realm.empty() ? "root" : options.realm;
  TRY(const json::Value answer, admin.get(realm_path(realm) + "/secrets"));
  if (context.as_json()) {
    context.print(answer);
    return 0;
  }
  Table table = ring_table();
  for (const auto& ring : list_of(answer, "rings"))
    add_rings(table, ring);
  context.print(table);
  for (const auto& ring : list_of(answer, "rings")) {
    const std::string lost = texts_of(ring, "lost");
    if (!lost.empty()) {
      context.note("degraded: " + text_of(ring, "id") +
                   ": no store holds keys any more that living tokens carry: " + lost);
    } else if (text_of(ring, "degraded") == "true") {
      context.note("degraded: " + text_of(ring, "id") + " is served from its last good answer");
    }
    for (const auto& skipped : list_of(ring, "skipped")) {
      context.note("skipped: " + text_of(ring, "id") + ": " + text_of(skipped, "store") + '/' +
                   text_of(skipped, "alias") + ": " + text_of(skipped, "reason") + ": " +
                   text_of(skipped, "detail"));
    }
  }
  for (const auto& missing : list_of(answer, "missing")) {
    context.note("missing: " + text_of(missing, "id") + ": " + text_of(missing, "detail"));
  }
  return 0;
}

Result<int> mappings(const Context& context, const SecretsOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Value answer,
      admin.get("/admin/secrets/mappings?realm=" + http::form_encode(options.realm) +
                "&store=" + http::form_encode(options.store)));
  if (context.as_json()) {
    context.print(answer);
    return 0;
  }
  Table table({"secret id", "aliases"});
  for (const auto& mapping : list_of(answer, "mappings")) {
    table.add({text_of(mapping, "secretId"), texts_of(mapping, "aliases")});
  }
  context.print(table);
  return 0;
}

json::Object mapping_body(const SecretsOptions& options) {
  json::Object body;
  body.set("realm", options.realm);
  body.set("store", options.store);
  body.set("secretId", options.id);
  body.set("force", options.force);
  return body;
}

Result<int> map(const Context& context, const SecretsOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  json::Object body = mapping_body(options);
  body.set("aliases", json::Array(options.aliases.begin(), options.aliases.end()));
  if (options.dry_run) body.set("dry_run", true);
  TRY(const json::Value answer, admin.put("/admin/secrets/mappings", body));
  if (context.as_json()) context.print(answer);
  if (!options.dry_run) return 0;
  const bool is_safe = text_of(answer, "safe") == "true";
  if (context.as_json()) return is_safe ? 0 : 1;
  Table table({"leaves", "state", "kid", "its tokens are refused until"});
  for (const auto& key : list_of(answer, "leaving")) {
    const std::string until = text_of(key, "tokens_unverifiable_until");
    table.add({text_of(key, "alias"), text_of(key, "state"), text_of(key, "kid"),
               until.empty() ? "-" : until});
  }
  context.print(table);
  note_taken(context, answer);
  if (!is_safe)
    context.note("refused: " + text_of(answer, "reason") + ": " + text_of(answer, "detail"));
  return is_safe ? 0 : 1;
}

Result<int> undo(const Context& context, const SecretsOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Value answer, admin.post("/admin/secrets/mappings/undo", mapping_body(options)));
  if (context.as_json()) {
    context.print(answer);
    return 0;
  }
  Table table({"secret id", "aliases"});
  table.add({text_of(answer, "secretId"), texts_of(answer, "aliases")});
  context.print(table);
  if (text_of(answer, "whole") != "true")
    context.note("the key that signed before verifies again, and does not sign yet: " +
                 text_of(answer, "detail"));
  return 0;
}

json::Object step_body(const SecretsOptions& options, const std::string& alias) {
  json::Object body;
  body.set("realm", options.realm);
  body.set("store", options.store);
  body.set("id", options.id);
  if (!alias.empty()) body.set("alias", alias);
  return body;
}

Result<int> step(const Context& context, const SecretsOptions& options, const char* name) {
  TRY(const AdminClient admin, AdminClient::make(context));
  json::Object body = step_body(options, options.alias);
  body.set("force", options.force);
  TRY(const json::Value answer, admin.post(std::string("/admin/secrets/") + name, body));
  const json::Value* ring = answer.get("ring");
  if (context.as_json() || !ring) {
    context.print(answer);
    return 0;
  }
  Table table = ring_table();
  add_rings(table, *ring);
  context.print(table);
  return 0;
}

// Runs one step of the plan once its time has come. The server has the last word: it knows what
// was signed meanwhile, so its "too early" is waited for, and every other refusal ends the run.
Status wait_for_step(const Context& context, const AdminClient& admin,
                     const SecretsOptions& options, const json::Value& planned) {
  const std::string name = text_of(planned, "step"), alias = text_of(planned, "alias");
  const Seconds poll(std::max<std::int64_t>(options.poll, 1));
  const auto not_before = parse_rfc3339(text_of(planned, "not_before"));
  if (not_before) {
    const std::string seconds =
        to_rfc3339(*not_before).substr(0, std::strlen("2026-11-21T18:50:49"));
    context.note(name + ' ' + alias + " at " + seconds + 'Z');
  }
  for (;;) {
    const Instant now = context.world.clock->now();
    if (not_before && now < *not_before) {
      const auto left = std::chrono::ceil<Seconds>(*not_before - now);
      context.world.sleep(std::min(left, poll));
      continue;
    }
    json::Object body = step_body(options, alias);
    body.set("force", false);
    const auto answer = admin.post("/admin/secrets/" + name, body);
    if (answer.ok()) {
      context.note(name + ' ' + alias + ": done");
      return Done{};
    }
    const std::string_view reason = answer.error().reason;
    const bool is_early = reason.ends_with("_too_early") || reason == "activation_unready";
    if (!is_early && !is_transient(answer.error().code)) return answer.error();
    context.note(name + ' ' + alias + ": not yet: " + answer.error().detail);
    context.world.sleep(poll);
  }
}

// A store may take a while until its new version can be used: asking again makes no other one.
Result<json::Value> ask_to_rotate(const Context& context, const AdminClient& admin,
                                  const SecretsOptions& options, const json::Object& body) {
  for (;;) {
    // A box may take its time for a key, and one that was made is not made again.
    auto answer = admin.patient().post("/admin/secrets/rotate", body);
    const bool is_pending = !answer.ok() && answer.error().is("version_pending");
    if (!is_pending || !options.wait) return answer;
    context.note("publish: not yet: " + answer.error().detail);
    context.world.sleep(Seconds(std::max<std::int64_t>(options.poll, 1)));
  }
}

Result<int> rotate(const Context& context, const SecretsOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  json::Object body = step_body(options, options.alias);
  body.set("dry_run", options.dry_run);
  TRY(const json::Value answer, ask_to_rotate(context, admin, options, body));
  if (context.as_json()) {
    context.print(answer);
  } else {
    Table table({"step", "alias", "kid", "not before", "done"});
    for (const auto& planned : list_of(answer, "plan")) {
      table.add({text_of(planned, "step"), text_of(planned, "alias"), text_of(planned, "kid"),
                 text_of(planned, "not_before"),
                 text_of(planned, "done") == "true" ? "yes" : "no"});
    }
    context.print(table);
  }
  if (options.dry_run || !options.wait) return 0;
  for (const auto& planned : list_of(answer, "plan")) {
    if (text_of(planned, "done") == "true") continue;
    const std::string name = text_of(planned, "step");
    if (name != "activate" && name != "retire" && name != "publish") {
      return Error{Code::kUnsupported, "rotation_step_unknown", "the server plans a step " + name};
    }
    TRY(wait_for_step(context, admin, options, planned));
  }
  return 0;
}

}  // namespace

void add_secrets(CLI::App& noun, Context& context) {
  const auto options = std::make_shared<SecretsOptions>();
  const auto add = [&](const char* name, const char* summary, bool needs_store) -> CLI::App& {
    CLI::App& command = verb(noun, name, summary);
    command.add_option("--realm", options->realm, "Realm; without it the global stores")
        ->type_name("REALM");
    if (needs_store) {
      command.add_option("--store", options->store, "Store")->required()->type_name("STORE");
    }
    return command;
  };
  const auto add_id = [&](CLI::App& command) {
    command.add_option("id", options->id, "Secret ID")->required()->type_name("SECRET_ID");
  };
  on_run(add("list", "Lists the key rings of a realm (root).", false), context,
         [&context, options] { return list(context, *options); });
  on_run(add("mappings", "Lists the mappings of a store.", true), context,
         [&context, options] { return mappings(context, *options); });

  CLI::App& mapping = add("map", "Maps a secret ID to aliases, the active one first.", true);
  add_id(mapping);
  mapping.add_option("alias", options->aliases, "Aliases")->required()->type_name("ALIAS");
  mapping.add_flag("--force", options->force, "Even if tokens would be refused because of it");
  mapping.add_flag("--dry-run", options->dry_run, "Only say whose tokens would be refused");
  on_run(mapping, context, [&context, options] { return map(context, *options); });

  CLI::App& undoing = add("undo", "Takes back the last change of a mapping.", true);
  add_id(undoing);
  undoing.add_flag("--force", options->force, "Even if it is unsafe; written into the audit log");
  on_run(undoing, context, [&context, options] { return undo(context, *options); });

  const std::pair<const char*, const char*> steps[] = {
      {"publish", "Publishes a key: it verifies, and does not sign yet."},
      {"activate", "Makes a published key the one that signs."},
      {"retire", "Takes a key away once nothing made with it can be alive."}};
  for (const auto& [name, summary] : steps) {
    CLI::App& command = add(name, summary, true);
    add_id(command);
    command.add_option("alias", options->alias, "Alias")->required()->type_name("ALIAS");
    command.add_flag("--force", options->force, "Even if it is unsafe; written into the audit log");
    on_run(command, context,
           [&context, options, name = name] { return step(context, *options, name); });
  }

  CLI::App& rotating = add("rotate", "Makes a new key, publishes it, and plans the rest.", true);
  add_id(rotating);
  rotating.add_option("--alias", options->alias, "Alias of the new key")->type_name("ALIAS");
  rotating.add_option("--poll", options->poll, "Seconds between tries while waiting (10)")
      ->check(CLI::Range(1, 3600))
      ->type_name("SECONDS");
  auto* dry = rotating.add_flag("--dry-run", options->dry_run, "Only print the plan");
  rotating.add_flag("--wait", options->wait, "Stay and run the later steps when their time comes")
      ->excludes(dry);
  on_run(rotating, context, [&context, options] { return rotate(context, *options); });
}

}  // namespace signet::cli
