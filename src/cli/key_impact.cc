#include "cli/key_impact.h"

#include "cli/admin_client.h"

namespace signet::cli {
namespace {

/// The first few of a list with how many there are: "a, b, ... (9)".
std::string some_of(const std::vector<std::string>& names, const std::string& count) {
  constexpr std::size_t kMost = 8;
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < kMost; ++i)
    out += (i == 0 ? "" : ", ") + names[i];
  if (out.empty()) return "none";
  return names.size() <= kMost ? out : out + ", ... (" + count + ")";
}

/// "realm/name" of each item.
std::vector<std::string> below_realms(const json::Value& answer, const char* list,
                                      const char* name) {
  std::vector<std::string> out;
  for (const auto& one : list_of(answer, list))
    out.push_back(text_of(one, "realm") + '/' + text_of(one, name));
  return out;
}

void note_lists(const Context& context, const json::Value& answer, const std::string& before) {
  std::vector<std::string> realms;
  for (const auto& realm : list_of(answer, "realms")) {
    if (realm.if_string() != nullptr) realms.push_back(*realm.if_string());
  }
  context.note(before + "realms: " + some_of(realms, text_of(answer, "realm_count")));
  context.note(
      before + "clients: " +
      some_of(below_realms(answer, "clients", "client_id"), text_of(answer, "client_count")));
  context.note(before + "resource servers: " +
               some_of(below_realms(answer, "resource_servers", "name"),
                       text_of(answer, "resource_server_count")));
}

bool is_cut_short(const json::Value& answer) {
  return text_of(answer, "all_read") == "false";
}

}  // namespace

void note_impact(const Context& context, const json::Value& answer) {
  note_lists(context, answer, "");
  if (is_cut_short(answer))
    context.note("there are too many to read all: others may be among the rest");
}

void note_taken(const Context& context, const json::Value& answer) {
  const std::string taken = texts_of(answer, "algorithms_taken");
  const json::Value* askers = answer.get("algorithm_askers");
  if (taken.empty() || askers == nullptr) return;
  context.note("takes away: " + taken +
               "; who verifies tokens and takes no others is not known here");
  note_lists(context, *askers, "asked for by ");
  if (is_cut_short(*askers))
    context.note("asked for by others: perhaps; there are too many to read all");
}

}  // namespace signet::cli
