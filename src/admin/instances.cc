// GET /admin/instances: who is in the cluster.

#include "admin/handlers.h"

namespace signet::admin {

Task<AdminReply> list_instances(const AdminServices& services, AdminRequest) {
  json::Array out;
  for (const auto& instance : services.oauth->keeper->instances()) {
    json::Object one;
    one.set("id", instance.info.id);
    one.set("version", instance.info.version);
    one.set("address", instance.info.address);
    one.set("started", to_rfc3339(instance.info.started));
    one.set("self", instance.is_self);
    one.set("live", instance.is_live);
    one.set("clock_ahead_seconds",
            std::int64_t{std::chrono::duration_cast<Seconds>(instance.clock_ahead).count()});
    json::Array prepared;
    for (const auto& key : instance.prepared) {
      json::Object waiting;
      waiting.set("realm", key.realm.view());
      waiting.set("secret_id", key.id.str());
      waiting.set("kid", key.kid.view());
      prepared.emplace_back(std::move(waiting));
    }
    one.set("prepared", std::move(prepared));
    out.emplace_back(std::move(one));
  }
  AdminReply reply;
  reply.body.set("instances", std::move(out));
  co_return reply;
}

}  // namespace signet::admin
