#include "app/stores.h"

#include <map>

#include "secrets/keeper/passwords.h"
#include "secrets/stores/environment/other_environments.h"
#include "secrets/stores/local/key_spec.h"

namespace signet::app {
namespace {

constexpr std::string_view kLocalType = "local_certificate";

// Collects stores one after the other; each may look for its passwords in those before it.
class Collector {
 public:
  Collector(const config::ServerConfig& config, const secrets::StoreContext& context)
      : context_(context), environments_(config) {}

  Status add(const config::StoreConfig& configured, const RealmName& realm) {
    TRY(const secrets::StoreType* type, secrets::store_type(configured.type));
    const StoreName name(configured.name);
    secrets::StoreContext context = context_;
    context.password = secrets::password_lookup_over(name, sources_for(realm));
    context.other_environments = environments_.others(realm, name);
    if (context.encoding_keys) context.encoding_keys = context.encoding_keys->for_one_reader();
    const auto encoding = context.encoding_keys;
    TRY(auto store, type->make(name, configured.settings, std::move(context)));

    secrets::ConfiguredStore made;
    made.store = store;
    made.realm = realm;
    const bool versioned = store->ordering() == secrets::Ordering::kByStore;
    for (const auto& [id_text, alias_texts] : configured.mappings) {
      TRY(auto id, secrets::SecretId::parse(id_text));
      std::vector<Alias> aliases;
      for (const auto& alias : alias_texts)
        aliases.push_back(store->canonical(Alias(alias)));
      TRY(auto mapping, secrets::Mapping::make(std::move(id), std::move(aliases), versioned));
      made.mappings.push_back(std::move(mapping));
    }
    std::map<Alias, KeyId> kids;
    for (const auto& [alias, kid] : configured.kids)
      kids.emplace(store->canonical(Alias(alias)), kid);
    store->choose_kids(secrets::ChosenKids(std::move(kids)));
    const bool brings_its_own = !configured.has_mappings;
    if (brings_its_own) map_by_default(configured, made);
    out.infos.push_back({configured.name, configured.type, realm, encoding,
                         brings_its_own ? made.mappings : std::vector<secrets::Mapping>(),
                         std::dynamic_pointer_cast<secrets::SelfSealing>(made.store)});
    out.stores.push_back(std::move(made));
    return Done{};
  }

  MadeStores out;

 private:
  static void map_by_default(const config::StoreConfig& configured,
                             secrets::ConfiguredStore& made) {
    if (configured.type == kLocalType) made.mappings = secrets::default_mappings();
    const auto mapper = std::dynamic_pointer_cast<secrets::DefaultMapper>(made.store);
    if (mapper) {
      made.mappings = mapper->default_mappings();
      made.may_lack_mapped = mapper->may_lack_defaults();
    }
    if (made.realm.empty()) return;
    // A realm's store is asked for no key of the whole server.
    std::erase_if(made.mappings, [](const secrets::Mapping& mapping) {
      const secrets::SecretIdRow* row = secrets::find_row(mapping.id);
      return row != nullptr && row->scope == secrets::Scope::kGlobal;
    });
  }

  // A realm's own stores first, then the global ones; another realm's never.
  std::vector<secrets::PasswordSource> sources_for(const RealmName& realm) const {
    std::vector<secrets::PasswordSource> sources;
    for (const bool own : {true, false}) {
      if (own && realm.empty()) continue;
      for (const auto& made : out.stores)
        if (own ? made.realm == realm : made.realm.empty())
          sources.push_back({made.store, made.mappings, made.realm});
    }
    return sources;
  }

  const secrets::StoreContext& context_;
  const secrets::EnvironmentFormats environments_;
};

// Indicium's own setting as a store.
config::StoreConfig shared_signing_store(const config::SharedSigningConfig& shared) {
  config::StoreConfig store;
  store.name = "signing-certificate";
  if (!shared.aws_secret_name.empty()) {
    store.type = "aws_shared_certificate";
    store.settings.set("secret_name", shared.aws_secret_name);
  } else {
    store.type = "azure_key_vault_certificate";
    store.settings.set("certificate_url", shared.key_vault_certificate_url);
  }
  return store;
}

}  // namespace

Result<MadeStores> make_stores(const config::ServerConfig& config,
                               const secrets::StoreContext& context) {
  Collector collector(config, context);
  std::vector<config::StoreConfig> global = config.secret_stores;
  // A server that was told to share a certificate has none of its own beside it.
  if (config.shared_signing) {
    global.insert(global.begin(), shared_signing_store(*config.shared_signing));
  }
  if (global.empty()) {
    config::StoreConfig local;
    local.name = "local";
    local.type = kLocalType;
    local.settings.set("directory", config.data_dir + "/keys");
    global.push_back(std::move(local));
  }
  const auto add = [&](const config::StoreConfig& store, const RealmName& realm,
                       const std::string& path) -> Status {
    auto added = collector.add(store, realm);
    if (added.ok()) return Done{};
    return config::at_setting(config.places, path, std::move(added).error());
  };
  const std::size_t shared = config.shared_signing ? 1 : 0;
  for (std::size_t i = 0; i < global.size(); ++i)
    TRY(add(global[i], RealmName(),
            i < shared ? "OpenIDServerSigningSettings"
                       : "secret_stores[" + std::to_string(i - shared) + ']'));
  for (std::size_t r = 0; r < config.realms.size(); ++r) {
    const auto& realm = config.realms[r];
    for (std::size_t i = 0; i < realm.secret_stores.size(); ++i)
      TRY(add(realm.secret_stores[i], RealmName(realm.name),
              "realms[" + std::to_string(r) + "].secret_stores[" + std::to_string(i) + ']'));
  }
  return std::move(collector.out);
}

}  // namespace signet::app
