#include "config/schema.h"

#include <algorithm>

#include "base/text.h"

namespace signet::config {
namespace {

std::string_view without_brackets(std::string_view segment) {
  return segment.ends_with("[]") ? segment.substr(0, segment.size() - 2) : segment;
}

Field* find_child(Field& parent, std::string_view name) {
  for (auto& field : parent.fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

void insert(Field& root, const Setting& row) {
  Field* at = &root;
  const auto segments = split(row.path, '.');
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    at = find_child(*at, without_brackets(segments[i]));
    if (!at) return;  // its group was left out on purpose (apply_schema)
  }
  at->fields.push_back({std::string(without_brackets(segments.back())), &row, {}});
}

template <class Keep>
Field tree_of(Keep keep) {
  Field root;
  for (const auto& row : settings()) {
    if (keep(row)) insert(root, row);
  }
  return root;
}

Field realm_tree() {
  Field realm = *apply_schema().at("realms[]");
  std::erase_if(realm.fields, [](const Field& field) {
    return field.name == "clients" || field.name == "resource_servers" ||
           field.name == "inject_policies" || field.name == "secret_stores";
  });
  return realm;
}

}  // namespace

const Field* Field::find(std::string_view child) const {
  for (const auto& field : fields) {
    if (field.name == child) return &field;
  }
  return nullptr;
}

const Field* Field::find_ignoring_case(std::string_view child) const {
  for (const auto& field : fields) {
    if (equal_ignoring_case(field.name, child)) return &field;
  }
  return nullptr;
}

std::vector<std::string> Field::names() const {
  std::vector<std::string> names;
  for (const auto& field : fields)
    names.push_back(field.name);
  return names;
}

const Field* Field::at(std::string_view path) const {
  const Field* found = this;
  for (const auto segment : split(path, '.')) {
    found = found->find(without_brackets(segment));
    if (!found) return nullptr;
  }
  return found;
}

const Field& server_schema() {
  static const Field tree = tree_of([](const Setting&) { return true; });
  return tree;
}

const Field& apply_schema() {
  static const Field tree = tree_of([](const Setting& row) {
    const std::size_t at = row.path.find("secret_stores[]");
    if (at == std::string_view::npos) return row.path.starts_with("realms[]");
    const std::string_view member = row.path.substr(at);
    return member == "secret_stores[]" || member == "secret_stores[].name" ||
           member == "secret_stores[].mappings";
  });
  return tree;
}

const Field& realm_schema() {
  static const Field tree = realm_tree();
  return tree;
}

const Field& client_schema() {
  return *apply_schema().at("realms[].clients[]");
}

const Field& resource_server_schema() {
  return *apply_schema().at("realms[].resource_servers[]");
}

const Field& inject_policy_schema() {
  return *apply_schema().at("realms[].inject_policies[]");
}

}  // namespace signet::config
