#include "cli/doctor_checks.h"

#include "cli/command.h"
#include "cli/commands/commands.h"
#include "config/problem.h"

namespace signet::cli {
namespace {

const char* word(Health health) {
  switch (health) {
    case Health::kGood:
      return "ok";
    case Health::kWarning:
      return "warning";
    case Health::kBad:
      return "BAD";
  }
  return "";
}

int report(const Context& context, const std::vector<Finding>& findings) {
  bool is_bad = false;
  json::Array shown;
  Table table({"check", "result", "detail"});
  for (const auto& finding : findings) {
    is_bad = is_bad || finding.health == Health::kBad;
    table.add({finding.check, word(finding.health), finding.detail});
    json::Object one;
    one.set("check", finding.check);
    one.set("result", finding.health == Health::kBad       ? "bad"
                      : finding.health == Health::kWarning ? "warning"
                                                           : "ok");
    one.set("detail", finding.detail);
    shown.push_back(std::move(one));
  }
  if (context.as_json()) {
    json::Object out;
    out.set("findings", std::move(shown));
    context.print(out);
  } else {
    context.print(table);
  }
  return is_bad ? 1 : 0;
}

Result<int> doctor(const Context& context, bool confirms_backup, bool is_offline,
                   bool with_invariants) {
  std::vector<Finding> findings;
  const auto config = context.load_whole_config();
  if (!config.ok()) {
    if (config.error().is("file_unreadable")) return config.error();
    findings.push_back({"configuration", Health::kBad, config.error().detail});
    return report(context, findings);
  }
  if (confirms_backup) {
    TRY(confirm_backup(context, *config));
  }
  const std::string path = context.config_path();
  findings.push_back({"configuration", Health::kGood, path.empty() ? "all defaults" : path});
  for (const auto& warning : config->warnings) {
    findings.push_back({"configuration", Health::kWarning, config::to_text(warning)});
  }
  const auto add = [&findings](const std::vector<Finding>& more) {
    findings.insert(findings.end(), more.begin(), more.end());
  };
  add(check_files(*config));
  add(check_backup(context, *config));
  if (!is_offline) add(check_server(context));
  if (with_invariants) add(check_invariants(context));
  return report(context, findings);
}

}  // namespace

void add_doctor(CLI::App& command, Context& context) {
  const auto confirms = std::make_shared<bool>(false);
  const auto offline = std::make_shared<bool>(false);
  const auto invariants = std::make_shared<bool>(false);
  command.add_flag("--confirm-backup", *confirms, "Note that the master key is backed up");
  auto* is_offline =
      command.add_flag("--offline", *offline, "Look at configuration and files only");
  command
      .add_flag("--invariants", *invariants,
                "Also check what must hold of keys and audit at every moment")
      ->excludes(is_offline);
  on_run(command, context, [&context, confirms, offline, invariants] {
    return doctor(context, *confirms, *offline, *invariants);
  });
}

}  // namespace signet::cli
