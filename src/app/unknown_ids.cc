#include "app/unknown_ids.h"

#include "base/log.h"
#include "base/text.h"

namespace signet::app {
namespace {

void tell_unknown_id(const std::string& setting, const std::string& id) {
  std::vector<std::string> known;
  for (const auto& row : secrets::registry()) {
    if (!secrets::is_template(row)) known.emplace_back(row.name);
  }
  const std::string near = nearest(id, known);
  log::warn("configuration_unwise",
            {{"setting", setting},
             {"what", "nobody asks for the secret ID " + signet::quoted(id, 255)},
             {"remedy", near.empty() ? "correct it" : "did you mean '" + near + "'?"}});
}

}  // namespace

void tell_unknown_ids(const MadeStores& made) {
  for (const auto& store : made.stores) {
    for (const auto& mapping : store.mappings) {
      if (mapping.id.str().starts_with("am.") && secrets::find_row(mapping.id) == nullptr)
        tell_unknown_id("the mappings of store " + store.store->name().str(), mapping.id.str());
    }
  }
}

void tell_unknown_ids(const config::KeysConfig& keys) {
  for (const auto& configured : keys.cryptoperiods) {
    const auto id = secrets::SecretId::parse(configured.id);
    if (id.ok() && secrets::find_row(*id) == nullptr)
      tell_unknown_id("keys.cryptoperiods", configured.id);
  }
}

}  // namespace signet::app
