#include "cli/described_state.h"

#include <algorithm>
#include <set>

#include "base/json_members.h"
#include "base/text.h"
#include "realms/configured_documents.h"

namespace signet::cli {
namespace {

// With two, each run would make the other one the default.
Status check_one_default(const DescribedRealm& realm, const json::Value& from) {
  std::string first;
  for (const auto& item : list_of(from, "resource_servers")) {
    if (!json::flag_in(*item.if_object(), "default")) continue;
    if (!first.empty())
      return Context::usage("the realm " + signet::quoted(realm.name) +
                            " has two default resource servers, " + signet::quoted(first) +
                            " and " + signet::quoted(text_of(item, "name")));
    first = text_of(item, "name");
  }
  return Done{};
}

std::string written_at(const config::Places& places, const std::string& path) {
  const config::Place place = config::place_of(places, path);
  std::string out = place.source;
  out.append(":").append(std::to_string(place.line)).append(": ").append(path);
  return out;
}

Status take_items(DescribedRealm& realm, const json::Value& from, const config::Places& places,
                  const std::string& path) {
  TRY(check_one_default(realm, from));
  for (std::size_t i = 0; i < kDescribedKinds.size(); ++i) {
    const DescribedKind& kind = kDescribedKinds[i];
    std::set<std::string> ids;
    std::size_t number = 0;
    for (const auto& item : list_of(from, kind.list)) {
      const std::string id = text_of(item, kind.id);
      if (!ids.insert(id).second) {
        return Context::usage(std::string("the ") + kind.label + ' ' +
                              signet::quoted(realm.name + '/' + id) + " is described twice");
      }
      std::string at = path;
      at.append(".").append(kind.list).append("[").append(std::to_string(number++)).append("]");
      realm.items[i].push_back({written_at(places, at), id, *item.if_object()});
    }
    realm.document.erase(kind.list);
  }
  return Done{};
}

void note_places(StoreMappings& store, const json::Object& document, const config::Places& places,
                 const std::string& list) {
  const json::Value* stores = document.find("secret_stores");
  for (std::size_t i = 0; i < stores->if_array()->size(); ++i) {
    if (text_of((*stores->if_array())[i], "name") != store.store) continue;
    for (const auto& [id, aliases] : store.aliases) {
      std::string path = list;
      path.append("[").append(std::to_string(i)).append("].mappings.").append(id);
      store.written[id] = written_at(places, path);
    }
  }
}

Status take_stores(const json::Object& document, const std::string& realm,
                   const config::Places& places, const std::string& list, DescribedState& wanted) {
  TRY(std::vector<StoreMappings> stores, mappings_in(document, realm));
  for (auto& store : stores) {
    note_places(store, document, places, list);
    const bool is_known =
        std::any_of(wanted.stores.begin(), wanted.stores.end(), [&](const StoreMappings& known) {
          return known.realm == store.realm && known.store == store.store;
        });
    if (is_known)
      return Context::usage("the store " + signet::quoted(store.store) + " is described twice");
    wanted.stores.push_back(std::move(store));
  }
  return Done{};
}

}  // namespace

Result<DescribedState> read_described(const Context& context,
                                      const std::vector<std::string>& files) {
  DescribedState wanted;
  std::set<std::string> names;
  for (const auto& file : files) {
    TRY(const config::Conformed conformed, context.read_conformed(file, config::apply_schema()));
    const json::Object& read = conformed.values;
    const json::Value* list = read.find("realms");
    if (!list && !read.find("secret_stores"))
      return Context::usage(signet::quoted(file, 200) + " names no realms and no stores");
    TRY(take_stores(read, "", conformed.places, "secret_stores", wanted));
    static const json::Array kNone;
    // Before anything is done, and with lines, which the server cannot tell.
    const auto problems = realms::check_documents(
        config::read_realms(list ? *list->if_array() : kNone), conformed.places);
    if (!problems.empty()) return config::to_error(problems);
    std::size_t number = 0;
    for (const auto& item : list ? *list->if_array() : kNone) {
      const std::string path = "realms[" + std::to_string(number++) + ']';
      DescribedRealm realm;
      realm.written = written_at(conformed.places, path);
      realm.document = *item.if_object();
      realm.name = *realm.document.find("name")->if_string();
      if (!names.insert(realm.name).second) {
        return Context::usage("the realm " + signet::quoted(realm.name) + " is described twice");
      }
      TRY(take_items(realm, item, conformed.places, path));
      TRY(take_stores(realm.document, realm.name, conformed.places, path + ".secret_stores",
                      wanted));
      realm.document.erase("secret_stores");
      wanted.realms.push_back(std::move(realm));
    }
  }
  return wanted;
}

}  // namespace signet::cli
