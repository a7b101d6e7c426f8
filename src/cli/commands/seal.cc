#include <algorithm>

#include "base/text.h"
#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/commands/commands.h"

namespace signet::cli {
namespace {

struct SealOptions {
  bool dry_run = false;
};

std::string dash_if_empty(std::string text) {
  return text.empty() ? "-" : text;
}

std::string owner_words(const json::Value& owner) {
  std::string words = text_of(owner, "kind") + ' ';
  const std::string realm = text_of(owner, "realm");
  if (!realm.empty()) words.append(realm).append("/");
  return words.append(text_of(owner, "id"));
}

std::string owners_of(const json::Array& all, const std::string& count) {
  constexpr std::size_t kMostOwners = 8;
  std::vector<std::string> owners;
  for (std::size_t i = 0; i < std::min(all.size(), kMostOwners); ++i)
    owners.push_back(owner_words(all[i]));
  std::string words = join(owners, ", ");
  if (all.size() > kMostOwners) words.append(", ... (").append(count).append(")");
  return words;
}

/// Whose values are under a key that does not seal: what a renewal left, or has to do.
void note_owners(const Context& context, const json::Value& key) {
  const std::string owners = owners_of(list_of(key, "of"), text_of(key, "values"));
  if (owners.empty()) return;
  std::string name = text_of(key, "name");
  if (name.empty()) name = dash_if_empty(text_of(key, "id"));
  context.note("under " + name + ": " + owners);
}

void show_seal(const Context& context, const json::Value& answer) {
  Table table({"key", "id", "values", "verdict"});
  for (const auto& key : list_of(answer, "keys")) {
    const std::string may_go = text_of(key, "may_be_removed");
    const char* verdict = may_go == "true"    ? "may be removed: "
                          : may_go == "false" ? "stays: "
                                              : "";
    table.add({dash_if_empty(text_of(key, "name")), dash_if_empty(text_of(key, "id")),
               text_of(key, "values"), verdict + text_of(key, "why")});
  }
  context.print(table);
  for (const auto& key : list_of(answer, "keys"))
    note_owners(context, key);
  for (const auto& key : list_of(answer, "keys")) {
    const std::string stores = texts_of(key, "stores");
    if (text_of(key, "seals") == "true" || stores.empty()) continue;
    context.note("not touched: values of the secret stores " + stores + " under " +
                 text_of(key, "name") + "; encode them anew with signet encode");
  }
  const json::Array& in_clear = list_of(answer, "in_clear");
  if (!in_clear.empty())
    context.note("in clear: " + owners_of(in_clear, std::to_string(in_clear.size())) +
                 "; signet seal renew seals them");
  for (const auto& failed : list_of(answer, "failed")) {
    if (failed.if_string() != nullptr) context.note("not renewed: " + *failed.if_string());
  }
  for (const auto& missing : list_of(answer, "waits_for")) {
    if (missing.if_string() != nullptr) context.note("waits for: " + *missing.if_string());
  }
}

Result<int> seal_status(const Context& context) {
  TRY(const AdminClient admin, AdminClient::make(context));
  TRY(const json::Value answer, admin.patient().get("/admin/sealing"));
  if (context.as_json()) {
    context.print(answer);
  } else {
    show_seal(context, answer);
  }
  return 0;
}

/// Exit code 1 says that something is left that is not under the first key.
Result<int> seal_renew(const Context& context, const SealOptions& options) {
  TRY(const AdminClient admin, AdminClient::make(context));
  json::Object body;
  body.set("dry_run", options.dry_run);
  TRY(const json::Value answer, admin.patient().post("/admin/sealing", body));
  const std::string stale = text_of(answer, "stale");
  if (context.as_json()) {
    context.print(answer);
  } else {
    show_seal(context, answer);
    context.note(options.dry_run ? "to renew: " + stale
                                 : "renewed: " + text_of(answer, "renewed") + ", left: " + stale);
  }
  const bool is_done = stale == "0" && list_of(answer, "failed").empty();
  return options.dry_run || is_done ? 0 : 1;
}

}  // namespace

void add_seal(CLI::App& noun, Context& context) {
  on_run(verb(noun, "status", "Says what is sealed under which key, and which key may be removed."),
         context, [&context] { return seal_status(context); });
  const auto options = std::make_shared<SealOptions>();
  CLI::App& renewing =
      verb(noun, "renew", "Seals what the server keeps anew under the first of its keys.");
  renewing.add_flag("--dry-run", options->dry_run, "Only count");
  on_run(renewing, context, [&context, options] { return seal_renew(context, *options); });
}

}  // namespace signet::cli
