// GET /admin/stores: what is configured, how it does, and which aliases there are.

#include "admin/handlers.h"

namespace signet::admin {

Task<AdminReply> list_stores(const AdminServices& services, AdminRequest) {
  const auto health = services.oauth->keeper->health();
  json::Array out;
  for (const auto& info : services.stores) {
    json::Object one;
    one.set("name", info.name);
    one.set("type", info.type);
    one.set("realm", info.realm.view());
    const auto store = services.oauth->keeper->store(info.realm, StoreName(info.name));
    if (store) {
      const char* words[] = {"by_mapping", "by_store", "self_naming"};
      one.set("ordering", words[static_cast<std::size_t>(store->ordering())]);
      const auto aliases =
          co_await services.oauth->keeper->aliases(info.realm, StoreName(info.name));
      if (aliases.ok()) {
        json::Array names;
        for (const auto& alias : *aliases)
          names.emplace_back(alias.view());
        one.set("aliases", std::move(names));
      } else {
        one.set("aliases", json::Value());
        one.set("aliases_unread",
                std::string(aliases.error().reason) + ": " + aliases.error().detail);
      }
      // What no secret tells: a mount of another kind, keys that are lost and not mapped.
      // One that does not answer is not waited for twice.
      const bool is_away = !aliases.ok() && is_transient(aliases.error().code);
      Result<Done> probed = Done{};
      if (!is_away)
        probed = co_await services.oauth->keeper->probe(info.realm, StoreName(info.name));
      one.set("probe", probed.ok()
                           ? std::string()
                           : std::string(probed.error().reason) + ": " + probed.error().detail);
    }
    for (const auto& h : health) {
      if (h.name.view() != info.name || h.realm != info.realm) continue;
      one.set("ok", h.ok);
      one.set("detail", h.detail);
      one.set("warnings", json::Array(h.warnings.begin(), h.warnings.end()));
    }
    out.emplace_back(std::move(one));
  }
  AdminReply reply;
  reply.body.set("stores", std::move(out));
  co_return reply;
}

}  // namespace signet::admin
