// GET /admin/health: what an operator should look at.

#include "admin/cryptoperiods.h"
#include "admin/handlers.h"
#include "base/secret_bytes.h"
#include "base/text.h"

namespace signet::admin {
namespace {

constexpr Milliseconds kNeedIsShown = std::chrono::hours(1);

/// Why requests of the last hour failed for want of a secret that is still not there.
std::vector<std::string> still_missing(const oauth::Services& services) {
  std::vector<std::string> out;
  for (const auto& need : services.needed_secrets->all()) {
    const auto rings = services.keeper->rings_now(need.realm);
    const secrets::LiveRing* ring = rings ? rings->find(need.id) : nullptr;
    const bool is_there = ring != nullptr && ring->can_sign;
    if (is_there || services.clock->now() - need.last > kNeedIsShown) {
      services.needed_secrets->forget(need.realm, need.id);
    } else {
      out.push_back(need.id.str() + " in realm " + need.realm.str() +
                    (rings ? ": " + rings->why(need.id).detail : std::string()));
    }
  }
  return out;
}

}  // namespace

Task<AdminReply> get_health(const AdminServices& services, AdminRequest) {
  bool ok = true;
  json::Array stores, checks;
  for (const auto& h : services.oauth->keeper->health()) {
    ok = ok && h.ok;
    json::Object one;
    one.set("name", h.name.view());
    one.set("realm", h.realm.view());
    one.set("ok", h.ok);
    one.set("detail", h.detail);
    one.set("warnings", json::Array(h.warnings.begin(), h.warnings.end()));
    one.set("last_good", known_time(h.last_good));
    one.set("lease_until", known_time(h.lease_until));
    stores.emplace_back(std::move(one));
  }
  const auto check = [&](const char* name, bool good, std::string detail, bool warns = false) {
    ok = ok && good;
    json::Object one;
    one.set("name", name);
    one.set("ok", good);
    one.set("detail", std::move(detail));
    if (warns) one.set("warning", true);
    checks.emplace_back(std::move(one));
  };
  const auto ping = co_await services.oauth->storage->ping();
  check("storage", ping.ok(), ping.ok() ? "" : ping.error().detail);
  check("secret_memory_locked", secret_memory_is_locked(),
        secret_memory_is_locked() ? "" : "the system refused to lock memory; raise RLIMIT_MEMLOCK");
  const std::string set = clock_was_set(services);
  check("clock", set.empty(), set);
  const std::string apart = clocks_apart(services);
  check("clocks_of_instances", apart.empty(), apart);
  std::string no_copies = services.oauth->keeper->why_no_copies();
  if (!no_copies.empty()) no_copies += ", so nobody may keep a copy of its JWKS (max-age=0)";
  check("jwks_copies", no_copies.empty(), no_copies);
  if (services.rotation) {
    for (const auto& status : services.rotation->status()) {
      const std::string name = "rotation of " + status.rule.id.str() +
                               (status.rule.realm.empty() ? "" : " in " + status.rule.realm.str());
      std::string fault = rotation_fault(status);
      const bool goes_on = fault.empty();
      check(name.c_str(), goes_on, std::move(fault));
    }
  }
  CryptoperiodHealth periods = cryptoperiod_health(services);
  check("cryptoperiods", periods.is_ok, std::move(periods.detail), periods.is_warning);
  const auto missing = still_missing(*services.oauth);
  check("needed_secrets", missing.empty(), join(missing, "; "));
  CO_TRY(const SealingHealth sealing, co_await sealing_health(services, ping.ok()));
  check("sealing_keys", sealing.is_ok, sealing.detail);
  KeySetHealth key_sets = key_set_health(*services.oauth);
  check("key_sets", key_sets.is_ok, std::move(key_sets.detail));
  KeyHealth keys = key_health(*services.oauth);
  check("keys", keys.is_ok, std::move(keys.detail));
  KidHealth kids = kid_health(*services.oauth);
  check("kids", kids.is_ok, std::move(kids.detail));
  AdminReply reply;
  reply.body.set("status", ok ? "ok" : "degraded");
  reply.body.set("stores", std::move(stores));
  reply.body.set("key_sets", std::move(key_sets.failing));
  reply.body.set("kid_clashes", std::move(kids.clashes));
  reply.body.set("cryptoperiods", std::move(periods.aging));
  reply.body.set("checks", std::move(checks));
  co_return reply;
}

}  // namespace signet::admin
