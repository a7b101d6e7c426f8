#include "admin/handlers.h"
#include "oauth/endpoints/key_set_cache.h"

namespace signet::admin {
namespace {

const char* state_of(const oauth::KeySetCache::SourceStatus& status) {
  if (status.is_out) return "out";
  if (status.is_serving_last_good) return "last_good";
  return status.fetched ? "fresh" : "unread";
}

json::Object shown_source(const oauth::KeySetCache::SourceStatus& status) {
  json::Object out;
  out.set("url", status.url);
  out.set("state", state_of(status));
  out.set("keys", static_cast<std::int64_t>(status.keys));
  out.set("fetched", time_or_null(status.fetched));
  out.set("fresh_until", time_or_null(status.fresh_until));
  out.set("usable_until", time_or_null(status.usable_until));
  out.set("failures", static_cast<std::int64_t>(status.failures));
  out.set("last_attempt", time_or_null(status.last_attempt));
  out.set("next_attempt", time_or_null(status.next_attempt));
  if (status.error) {
    out.set("reason", status.error->reason);
    out.set("detail", status.error->detail);
  }
  return out;
}

}  // namespace

json::Value key_set_of(const oauth::Services& services, const std::string& url) {
  if (url.empty() || !services.key_sets) return json::Value();
  const auto status = services.key_sets->status(url);
  if (status) return json::Value(shown_source(*status));
  json::Object out;
  out.set("state", "unread");
  return json::Value(std::move(out));
}

KeySetHealth key_set_health(const oauth::Services& services) {
  KeySetHealth out;
  if (!services.key_sets) return out;
  std::size_t known = 0, stale = 0, lost = 0;
  for (const auto& status : services.key_sets->status()) {
    ++known;
    if (status.failures == 0 || !status.is_wanted) continue;
    stale += status.is_serving_last_good ? 1 : 0;
    lost += status.is_out ? 1 : 0;
    if (out.failing.size() < kMostShown) out.failing.emplace_back(shown_source(status));
  }
  out.is_ok = stale == 0 && lost == 0;
  if (!out.is_ok) {
    out.detail = "of " + std::to_string(known) + " key sets by URL " + std::to_string(stale) +
                 " serve past their age and " + std::to_string(lost) +
                 " have nothing to serve, because they cannot be read";
  }
  return out;
}

}  // namespace signet::admin
