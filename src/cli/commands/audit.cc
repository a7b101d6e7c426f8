#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/commands/commands.h"
#include "storage/audit_chain.h"

namespace signet::cli {
namespace {

struct AuditOptions {
  std::int64_t after = 0, limit = 100;
};

Result<int> list(const Context& context, const AuditOptions& options) {
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

Error broken(std::int64_t sequence, const std::string& why) {
  return {Code::kInternal, "audit_chain_broken",
          "audit event " + std::to_string(sequence) + " " + why};
}

/// The event that the chain value was made over.
Result<storage::AuditEvent> read_event(const json::Value& shown, std::int64_t expected) {
  storage::AuditEvent event;
  const json::Value* sequence = shown.get("sequence");
  event.sequence = sequence != nullptr ? sequence->if_int().value_or(0) : 0;
  if (event.sequence != expected) return broken(expected, "is missing");
  const auto at = parse_rfc3339(text_of(shown, "at"));
  const auto chain = from_hex(text_of(shown, "chain"));
  if (!at || !chain) return broken(expected, "has no time or no chain value");
  event.at = *at;
  event.realm = RealmName(text_of(shown, "realm"));
  event.event = text_of(shown, "event");
  event.actor = text_of(shown, "actor");
  const json::Value* detail = shown.get("detail");
  const json::Value* text = shown.get("detail_text");
  event.detail = text != nullptr     ? text_of(shown, "detail_text")
                 : detail != nullptr ? json::dump(*detail)
                                     : "";
  if (text != nullptr && detail != nullptr) {
    const auto meant = json::parse(event.detail);
    const bool is_same = meant.ok() ? json::dump(*meant) == json::dump(*detail)
                                    : text_of(shown, "detail") == event.detail;
    if (!is_same) return broken(expected, "shows another detail than it was made with");
  }
  event.chain = *chain;
  return event;
}

/// Where the chain must pass: a value that was noted elsewhere.
struct Mark {
  std::int64_t sequence = 0;
  std::string chain;
};

Result<Mark> read_mark(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string number = text.substr(0, colon);
  const bool is_number = !number.empty() && number.size() < 19 &&
                         number.find_first_not_of("0123456789") == std::string::npos;
  if (colon == std::string::npos || !is_number || !from_hex(text.substr(colon + 1)))
    return Context::usage("--expect is SEQUENCE:CHAIN, as this command printed it");
  return Mark{std::stoll(number), text.substr(colon + 1)};
}

struct Verify {
  std::string expect;
};

Result<int> verify(const Context& context, const Verify& options) {
  Mark mark;
  if (!options.expect.empty()) {
    TRY(mark, read_mark(options.expect));
  }
  TRY(const AdminClient admin, AdminClient::make(context));
  std::int64_t last = 0;
  Bytes chain;
  while (true) {
    TRY(const json::Value answer,
        admin.get("/admin/audit?after=" + std::to_string(last) + "&limit=1000"));
    const auto& shown = list_of(answer, "events");
    if (shown.empty()) break;
    std::vector<storage::AuditEvent> events;
    for (const auto& one : shown) {
      TRY(storage::AuditEvent event, read_event(one, last + 1));
      last = event.sequence;
      if (event.sequence == mark.sequence && hex(event.chain) != mark.chain)
        return broken(mark.sequence, "has another chain value than the one that was noted");
      events.push_back(std::move(event));
    }
    TRY(storage::verify_audit(events, chain));
    chain = events.back().chain;
  }
  if (mark.sequence > last)
    return broken(last + 1, "and what followed up to the noted one is gone");
  if (context.as_json()) {
    json::Object out;
    out.set("events", last);
    out.set("chain", hex(chain));
    context.print(json::Value(std::move(out)));
    return 0;
  }
  context.print_line(std::to_string(last) + " events, the chain is whole");
  if (last > 0) context.print_line("last: " + std::to_string(last) + ':' + hex(chain));
  return 0;
}

}  // namespace

void add_audit(CLI::App& noun, Context& context) {
  const auto options = std::make_shared<AuditOptions>();
  CLI::App& command = verb(noun, "list", "Lists events of the journal, oldest first.");
  command.add_option("--after", options->after, "Only events after this sequence number (0)")
      ->type_name("NUMBER");
  command.add_option("--limit", options->limit, "The most events (100)")
      ->check(CLI::Range(1, 1000))
      ->type_name("NUMBER");
  on_run(command, context, [&context, options] { return list(context, *options); });

  const auto checked = std::make_shared<Verify>();
  CLI::App& check = verb(noun, "verify", "Checks the hash chain of the whole journal.");
  check
      .add_option("--expect", checked->expect,
                  "A last event as an earlier check printed it: shows that none was cut off since")
      ->type_name("SEQUENCE:CHAIN");
  on_run(check, context, [&context, checked] { return verify(context, *checked); });
}

}  // namespace signet::cli
