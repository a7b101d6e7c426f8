#include "cli/documents.h"

#include "config/units.h"

namespace signet::cli {
namespace {

void flatten(Table& table, const std::string& prefix, const json::Value& value) {
  const json::Object* object = value.if_object();
  if (object && !object->empty()) {
    for (const auto& [name, member] : *object) {
      flatten(table, prefix.empty() ? name : prefix + '.' + name, member);
    }
    return;
  }
  table.add({prefix, value.is_string() ? *value.if_string() : json::dump(value)});
}

}  // namespace

void TokenFlags::add_to(CLI::App& command) {
  one_of(command.add_option("--format", format, "Access token format"),
         {"jwt", "encrypted_jwt", "opaque"});
  command.add_option("--alg", algorithm, "Algorithm that signs access tokens")->type_name("ALG");
  command.add_option("--lifetime", lifetime, "Lifetime of access tokens: 10m, PT10M or seconds")
      ->type_name("DURATION");
}

Status TokenFlags::put_into(json::Object& document) const {
  if (format.empty() && algorithm.empty() && lifetime.empty()) return Done{};
  json::Value* group = document.find("access_token");
  if (!group || !group->is_object()) group = &document.set("access_token", json::Object());
  json::Object& access = *group->if_object();
  if (!format.empty()) access.set("format", format);
  if (!algorithm.empty()) access.set("signing_algorithm", algorithm);
  if (!lifetime.empty()) {
    const auto seconds = config::parse_duration(lifetime);
    if (!seconds) return Context::usage("--lifetime: write 10m, PT10M or seconds");
    access.set("lifetime", std::int64_t{seconds->count()});
  }
  return Done{};
}

void EnabledFlags::add_to(CLI::App& command) {
  auto* on = command.add_flag("--enable", enable, "Enable it");
  command.add_flag("--disable", disable, "Disable it")->excludes(on);
}

Status EnabledFlags::put_into(json::Object& document) const {
  if (enable || disable) document.set("enabled", enable);
  return Done{};
}

Table as_table(const json::Object& object) {
  Table table({"setting", "value"});
  flatten(table, "", object);
  return table;
}

void print_document(const Context& context, const json::Value& answer, std::string_view member) {
  const json::Value* document = answer.get(member);
  if (context.as_json() || !document || !document->is_object()) {
    context.print(answer);
  } else {
    context.print(as_table(*document->if_object()));
  }
}

json::Object document_of(const json::Value& answer, std::string_view member) {
  const json::Value* document = answer.get(member);
  return document && document->is_object() ? *document->if_object() : json::Object();
}

bool print_as_json(const Context& context, std::string_view member, const json::Array& items) {
  if (!context.as_json()) return false;
  json::Object out;
  out.set(std::string(member), items);
  context.print(out);
  return true;
}

}  // namespace signet::cli
