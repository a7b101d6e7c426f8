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

Status take_items(DescribedRealm& realm, const json::Value& from) {
  TRY(check_one_default(realm, from));
  for (std::size_t i = 0; i < kDescribedKinds.size(); ++i) {
    const DescribedKind& kind = kDescribedKinds[i];
    std::set<std::string> ids;
    for (const auto& item : list_of(from, kind.list)) {
      const std::string id = text_of(item, kind.id);
      if (!ids.insert(id).second) {
        return Context::usage(std::string("the ") + kind.label + ' ' +
                              signet::quoted(realm.name + '/' + id) + " is described twice");
      }
      realm.items[i].push_back({id, *item.if_object()});
    }
    realm.document.erase(kind.list);
  }
  return Done{};
}

Status take_stores(const json::Object& document, const std::string& realm, DescribedState& wanted) {
  TRY(std::vector<StoreMappings> stores, mappings_in(document, realm));
  for (auto& store : stores) {
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
    TRY(take_stores(read, "", wanted));
    static const json::Array kNone;
    // Before anything is done, and with lines, which the server cannot tell.
    const auto problems = realms::check_documents(
        config::read_realms(list ? *list->if_array() : kNone), conformed.places);
    if (!problems.empty()) return config::to_error(problems);
    for (const auto& item : list ? *list->if_array() : kNone) {
      DescribedRealm realm;
      realm.document = *item.if_object();
      realm.name = *realm.document.find("name")->if_string();
      if (!names.insert(realm.name).second) {
        return Context::usage("the realm " + signet::quoted(realm.name) + " is described twice");
      }
      TRY(take_items(realm, item));
      TRY(take_stores(realm.document, realm.name, wanted));
      realm.document.erase("secret_stores");
      wanted.realms.push_back(std::move(realm));
    }
  }
  return wanted;
}

}  // namespace signet::cli
