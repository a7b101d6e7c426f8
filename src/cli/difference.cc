#include "cli/difference.h"

#include <algorithm>

#include "config/conform.h"

namespace signet::cli {
namespace {

// A text that is equal for values that mean the same. Lists of texts below the value are sets, and
// so is the value itself unless `order_counts`.
std::string canonical(const json::Value& value, bool order_counts = false) {
  const json::Array* array = value.if_array();
  if (!array) {
    const json::Object* object = value.if_object();
    if (!object) return json::dump(value);
    std::vector<std::string> members;
    for (const auto& [name, member] : *object) {
      members.push_back(json::dump(json::Value(name)) + ':' + canonical(member));
    }
    std::sort(members.begin(), members.end());
    std::string text = "{";
    for (const auto& member : members)
      text += (text.size() > 1 ? "," : "") + member;
    return text + '}';
  }
  std::vector<std::string> items;
  for (const auto& item : *array)
    items.push_back(canonical(item));
  const bool is_texts = std::all_of(array->begin(), array->end(),
                                    [](const json::Value& item) { return item.is_string(); });
  if (is_texts && !order_counts) std::sort(items.begin(), items.end());
  std::string text = "[";
  for (const auto& item : items)
    text += (text.size() > 1 ? "," : "") + item;
  return text + ']';
}

bool is_empty(const json::Value& value) {
  return value.is_null() || (value.is_array() && value.if_array()->empty()) ||
         (value.is_object() && value.if_object()->empty()) ||
         (value.is_string() && value.if_string()->empty());
}

class Comparison {
 public:
  std::vector<Change> changes;

  void group(const json::Object& running, const json::Object& wanted, const config::Field& schema,
             const std::string& prefix) {
    for (const auto& field : schema.fields) {
      const json::Value* a = present(running, field);
      const json::Value* b = present(wanted, field);
      const std::string path = prefix.empty() ? field.name : prefix + '.' + field.name;
      const bool in_order = field.row->order_counts;
      if (field.row->is_secret) continue;
      if (field.is_group()) {
        static const json::Object kEmpty;
        group(a && a->is_object() ? *a->if_object() : kEmpty,
              b && b->is_object() ? *b->if_object() : kEmpty, field, path);
      } else if (a && b) {
        std::string from = canonical(*a, in_order), to = canonical(*b, in_order);
        if (from != to) changes.push_back({'~', path, std::move(from), std::move(to)});
      } else if (a) {
        changes.push_back({'-', path, canonical(*a, in_order), ""});
      } else if (b) {
        changes.push_back({'+', path, "", canonical(*b, in_order)});
      }
    }
  }

 private:
  static const json::Value* present(const json::Object& object, const config::Field& field) {
    const json::Value* value = object.find(field.name);
    const bool counts =
        value && (!is_empty(*value) || (field.row->empty_counts && !value->is_null()));
    return counts ? value : nullptr;
  }
};

Result<json::Object> complete(const json::Object& document, const config::Field& schema,
                              const char* source, config::Unknown unknown) {
  auto conformed =
      config::conform(config::to_node(document, source), schema, config::Fill::kAll, unknown);
  if (!conformed.ok()) return config::to_error(conformed.error());
  return std::move(conformed->values);
}

}  // namespace

Result<std::vector<Change>> differences(const json::Object& running, const json::Object& wanted,
                                        const config::Field& schema) {
  auto now = complete(running, schema, "the server", config::Unknown::kDrop);
  TRY(const json::Object then, complete(wanted, schema, "the document", config::Unknown::kRefuse));
  Comparison comparison;
  // A running document that our schema cannot read is compared as it is.
  comparison.group(now.ok() ? *now : running, then, schema, "");
  const json::Value* has_secret = running.find("has_secret");
  const bool has = has_secret && has_secret->is_bool() && *has_secret->if_bool();
  if (wanted.find("secret") && !has) comparison.changes.push_back({'+', "secret", "", "(hidden)"});
  return std::move(comparison.changes);
}

std::string to_text(const Change& change) {
  std::string text{change.sign, ' '};
  text += change.path + ": ";
  if (change.sign == '~') return text + change.from + " -> " + change.to;
  return text + (change.sign == '+' ? change.to : change.from);
}

}  // namespace signet::cli
