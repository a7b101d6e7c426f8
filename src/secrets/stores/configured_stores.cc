#include "secrets/stores/configured_stores.h"

#include <map>

#include "base/text.h"
#include "secrets/mapping.h"
#include "secrets/stores/catalog.h"

namespace signet::secrets {
namespace {

class StoreChecks {
 public:
  StoreChecks(const config::ServerConfig& config, const config::Environment& environment)
      : config_(config) {
    context_.clock = std::make_shared<SystemClock>();
    context_.random = std::make_shared<SystemRandom>();
    context_.environment = environment;
  }

  config::Problems run() {
    check_all(config_.secret_stores, "secret_stores");
    for (std::size_t i = 0; i < config_.realms.size(); ++i)
      check_all(config_.realms[i].secret_stores, "realms[" + std::to_string(i) + "].secret_stores");
    return std::move(problems_);
  }

 private:
  void add(std::string path, const Error& error) {
    config::Place place = config::place_of(config_.places, path);
    problems_.push_back(
        {std::move(place), std::move(path), error.detail, "see docs/stores/README.md"});
  }

  void check_all(const std::vector<config::StoreConfig>& stores, const std::string& list) {
    for (std::size_t i = 0; i < stores.size(); ++i)
      check_one(stores[i], list + '[' + std::to_string(i) + ']');
  }

  void check_one(const config::StoreConfig& configured, const std::string& path) {
    const auto type = store_type(configured.type);
    if (!type.ok()) return add(path + ".type", type.error());
    const auto made = (*type)->make(StoreName(configured.name), configured.settings, context_);
    if (!made.ok()) add(path + ".settings", made.error());
    const Ordering ordering = made.ok() ? (*made)->ordering() : (*type)->ordering;
    for (const auto& [id_text, alias_texts] : configured.mappings) {
      const std::string where = path + ".mappings." + id_text;
      auto id = SecretId::parse(id_text);
      if (!id.ok()) {
        add(where, id.error());
        continue;
      }
      std::vector<Alias> aliases;
      for (const auto& alias : alias_texts)
        aliases.push_back(made.ok() ? (*made)->canonical(Alias(alias)) : Alias(alias));
      const auto mapping =
          Mapping::make(std::move(*id), std::move(aliases), ordering == Ordering::kByStore);
      if (!mapping.ok()) add(where, mapping.error());
    }
    const bool may_change =
        made.ok() ? (*made)->has_changing_aliases() : (*type)->ordering == Ordering::kByStore;
    check_kids(configured, path + ".kids", may_change);
    if (made.ok()) check_names_of_kids(configured, path + ".kids", **made);
  }

  void check_kids(const config::StoreConfig& configured, const std::string& path,
                  bool has_changing_aliases) {
    if (configured.kids.empty()) return;
    if (has_changing_aliases) {
      return refuse(path,
                    "one alias of this store is several keys, one after the other, and a kid names "
                    "one key for ever",
                    "remove it: each key has the kid that it brings, or its thumbprint");
    }
    std::map<std::string_view, std::string_view> taken;
    for (const auto& [alias, kid] : configured.kids) {
      const std::string where = path + '.' + alias;
      if (const std::string_view fault = fault_of_kid(kid); !fault.empty()) {
        refuse(where, "the kid " + std::string(fault),
               "write 1 to 128 letters, digits and signs, without spaces, quotes and backslashes");
        continue;
      }
      const auto [first, is_free] = taken.emplace(kid, alias);
      if (!is_free) {
        refuse(where,
               "the kid " + quoted(kid) + " is that of " + quoted(first->second) + " already",
               "give each key its own kid");
      }
    }
  }

  void check_names_of_kids(const config::StoreConfig& configured, const std::string& path,
                           const Store& store) {
    std::map<Alias, std::string_view> named;
    for (const auto& [alias, kid] : configured.kids) {
      const auto [first, is_new] = named.emplace(store.canonical(Alias(alias)), alias);
      if (is_new) continue;
      refuse(path + '.' + alias,
             "is the alias " + quoted(first->second) + " again, for this store in any case",
             "keep one of them");
    }
  }

  void refuse(std::string path, std::string what, std::string remedy) {
    config::Place place = config::place_of(config_.places, path);
    problems_.push_back({std::move(place), std::move(path), std::move(what), std::move(remedy)});
  }

  const config::ServerConfig& config_;
  StoreContext context_;
  config::Problems problems_;
};

}  // namespace

config::Problems check_stores(const config::ServerConfig& config,
                              const config::Environment& environment) {
  return StoreChecks(config, environment).run();
}

}  // namespace signet::secrets
