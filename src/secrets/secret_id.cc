#include "secrets/secret_id.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>

#include "base/text.h"

namespace signet::secrets {
namespace {

constexpr std::string_view kIdentifier = "{identifier}";
constexpr std::string_view kRole = "{role}";
constexpr std::size_t kMaxLength = 255;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_well_formed(std::string_view text) {
  if (text.empty() || text.size() > kMaxLength) return false;
  bool after_period = true;  // so that the first character may not be one
  for (const char c : text) {
    if (c == '.') {
      if (after_period) return false;
      after_period = true;
    } else {
      if (!is_alphanumeric(c)) return false;
      after_period = false;
    }
  }
  return !after_period;
}

std::vector<std::string_view> algorithms_of(std::string_view list) {
  return list.empty() ? std::vector<std::string_view>() : split(list, '|');
}

std::vector<SecretIdRow> make_registry() {
  std::vector<SecretIdRow> rows;
  using enum Scope;
  using enum Purpose;
#define SIGNET_SECRET_ID(name, alias, algorithms, scope, purpose, fallback, consumer) \
  rows.push_back({name, alias, algorithms_of(algorithms), scope, purpose, fallback, consumer});
#include "secrets/secret_ids.def"
#undef SIGNET_SECRET_ID
  // A template allows what both of its defaults allow; they are equal but for the role.
  for (auto& row : rows) {
    if (row.name.find(kIdentifier) == std::string_view::npos) continue;
    std::string fallback(row.fallback);
    fallback.replace(fallback.find(kRole), kRole.size(), "idp");
    const auto found = std::find_if(
        rows.begin(), rows.end(), [&](const SecretIdRow& other) { return other.name == fallback; });
    row.algorithms = found->algorithms;
  }
  return rows;
}

bool matches_template(std::string_view pattern, std::string_view name) {
  const std::size_t at = pattern.find(kIdentifier);
  if (at == std::string_view::npos) return false;
  const std::string_view before = pattern.substr(0, at);
  const std::string_view after = pattern.substr(at + kIdentifier.size());
  return name.size() > before.size() + after.size() && name.starts_with(before) &&
         name.ends_with(after);
}

}  // namespace

Result<SecretId> SecretId::parse(std::string_view text) {
  if (!is_well_formed(text)) {
    return Error{Code::kInvalid, "secret_id_invalid",
                 "a secret ID is letters and digits with single inner periods, at most 255: " +
                     quoted(text)};
  }
  SecretId id;
  id.text_ = text;
  return id;
}

SecretId SecretId::literal(std::string_view text) {
  auto id = parse(text);
  if (!id.ok()) {
    std::fprintf(stderr, "a secret ID in the code is malformed\n");
    std::abort();
  }
  return std::move(id).value();
}

const std::vector<SecretIdRow>& registry() {
  static const std::vector<SecretIdRow> rows = make_registry();
  return rows;
}

const SecretIdRow* find_row(const SecretId& id) {
  static const auto* by_name = [] {
    auto* index = new std::unordered_map<std::string_view, const SecretIdRow*>();
    for (const auto& row : registry())
      index->emplace(row.name, &row);
    return index;
  }();
  if (const auto found = by_name->find(id.str()); found != by_name->end()) return found->second;
  for (const auto& row : registry()) {
    if (matches_template(row.name, id.str())) return &row;
  }
  return nullptr;
}

bool has_ring(const SecretIdRow* row) {
  return row != nullptr && row->purpose != Purpose::kPassword;
}

bool is_template(const SecretIdRow& row) {
  return row.name.find(kIdentifier) != std::string_view::npos;
}

std::vector<SecretId> with_fallbacks(const SecretId& id, bool as_identity_provider) {
  std::vector<SecretId> ids{id};
  const SecretIdRow* row = find_row(id);
  if (row == nullptr || row->fallback.empty()) return ids;
  std::string fallback(row->fallback);
  if (const std::size_t at = fallback.find(kRole); at != std::string::npos)
    fallback.replace(at, kRole.size(), as_identity_provider ? "idp" : "sp");
  ids.push_back(SecretId::literal(fallback));
  return ids;
}

std::string_view to_string(Purpose purpose) {
  switch (purpose) {
    case Purpose::kSigning:
      return "signing";
    case Purpose::kEncryption:
      return "encryption";
    case Purpose::kDecryption:
      return "decryption";
    case Purpose::kTrust:
      return "trust";
    case Purpose::kPassword:
      return "password";
  }
  return "unknown";
}

std::string_view to_string(Scope scope) {
  return scope == Scope::kGlobal ? "global" : "realm";
}

}  // namespace signet::secrets
