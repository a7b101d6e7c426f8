#include "secrets/keeper/passwords.h"

#include <algorithm>

namespace signet::secrets {
namespace {

using Sources = std::shared_ptr<const std::vector<PasswordSource>>;

/// The names under which a source holds the ID; empty if it does not.
std::vector<Alias> names_of(const PasswordSource& source, const SecretId& id) {
  if (source.store->ordering() == Ordering::kSelfNaming) return {Alias(id.str())};
  for (const auto& mapping : source.mappings) {
    if (mapping.id == id) return mapping.aliases;
  }
  return {};
}

Task<Secret> find_password(StoreName asking, Sources sources, SecretId id) {
  const SecretIdRow* row = find_row(id);
  const bool is_global = row != nullptr && row->scope == Scope::kGlobal;
  for (const auto& source : *sources) {
    if (is_global && !source.realm.empty()) continue;
    const std::vector<Alias> names = names_of(source, id);
    for (const auto& name : names) {
      CO_TRY(const std::vector<Secret> secrets, co_await source.store->fetch(name));
      if (secrets.empty()) continue;
      if (secrets.front().kind != SecretKind::kText) {
        co_return Error{Code::kConfig, "secret_wrong_kind",
                        id.str() + " in store " + source.store->name().str() +
                            " is to be a text, it is a " +
                            std::string(to_string(secrets.front().kind))};
      }
      co_return secrets.front();
    }
  }
  co_return Error{Code::kConfig, "secret_password_missing",
                  "store " + asking.str() + " needs the password " + id.str() + ", and no " +
                      (is_global ? "global " : "") + "store before it holds that"};
}

}  // namespace

PasswordLookup password_lookup_over(StoreName asking, std::vector<PasswordSource> earlier) {
  std::stable_partition(earlier.begin(), earlier.end(), [](const PasswordSource& source) {
    return source.store->ordering() == Ordering::kSelfNaming;
  });
  auto sources = std::make_shared<const std::vector<PasswordSource>>(std::move(earlier));
  return [asking = std::move(asking), sources = std::move(sources)](SecretId id) {
    return find_password(asking, sources, std::move(id));
  };
}

}  // namespace signet::secrets
