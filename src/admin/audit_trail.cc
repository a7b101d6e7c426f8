// GET /admin/audit: what happened, oldest first.

#include <algorithm>

#include "admin/handlers.h"
#include "base/text.h"

namespace signet::admin {

Task<AdminReply> list_audit(const AdminServices& services, AdminRequest request) {
  const PageAsked asked = page_asked(request);
  const std::int64_t after = query_number(request, "after", -1);
  if (after < 0 && !asked.after.empty())
    co_return Error{Code::kInvalid, "query_malformed", "after must be the sequence of an event"};
  CO_TRY(const auto events,
         co_await services.oauth->storage->audit(std::max<std::int64_t>(after, 0), asked.limit));
  json::Array out;
  for (const auto& event : events) {
    json::Object one;
    one.set("sequence", event.sequence);
    one.set("at", to_rfc3339(event.at));
    one.set("realm", event.realm.view());
    one.set("event", event.event);
    one.set("actor", event.actor);
    const auto detail = json::parse(event.detail);
    one.set("detail", detail.ok() ? *detail : json::Value(event.detail));
    // What the chain was made over, where writing the object again would give another text.
    if (!detail.ok() || json::dump(*detail) != event.detail) one.set("detail_text", event.detail);
    one.set("chain", hex(event.chain));
    out.emplace_back(std::move(one));
  }
  AdminReply reply;
  reply.body.set("events", std::move(out));
  co_return reply;
}

}  // namespace signet::admin
