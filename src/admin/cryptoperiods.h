#pragma once
// What operators see of the time for which keys are active.

#include <memory>
#include <string>

#include "admin/admin_api.h"
#include "base/json.h"
#include "net/metrics.h"
#include "secrets/keeper/cryptoperiod_watch.h"

namespace signet::admin {

/// What health says of it: from three quarters of a period on it is degraded.
struct CryptoperiodHealth {
  bool is_ok = true;
  bool is_warning = false;  ///< not ok, but none is at its end
  std::string detail;
  json::Array aging;  ///< the first of them, the one that is furthest through its period first
};
CryptoperiodHealth cryptoperiod_health(const AdminServices& services);

/// Adds to the description of a key for how long it may be active: "cryptoperiod" ("fresh",
/// "ending" or "over") and "cryptoperiod_end"; both null for one that is not active. `realm`: that
/// of the ring.
void add_cryptoperiod(json::Object& key, const AdminServices& services, const RealmName& realm,
                      const secrets::SecretId& id, const secrets::KeyHistory& history);

/// The ages and periods of the keys furthest through theirs, and how many are past their marks.
void export_cryptoperiods(net::Metrics& metrics,
                          std::shared_ptr<const secrets::CryptoperiodWatch> watch,
                          std::shared_ptr<const Clock> clock);

}  // namespace signet::admin
