#pragma once

#include "secrets/keeper/rotation_runner.h"
#include "simulator/world.h"

namespace signet::simulator {

/// What the simulated servers obey. A test switches one off to prove that it would be noticed.
struct Rules {
  Seconds refresh_every{180};
  secrets::RotationPolicy policy{.publish_ahead = Seconds(3600), .clock_skew = Seconds(60)};
  Seconds jwks_cached{1800};        ///< how long verifiers keep a JWKS
  Milliseconds most_skew{30'000};   ///< of a clock, to either side
  bool instances_wait = true;       ///< off: none knows of the others
  bool horizons_are_raised = true;  ///< off: tokens are made without it
};

/// A (realm, secret ID) that the simulated servers use, and the store that holds its keys.
struct RingName {
  RealmName realm;
  secrets::SecretId id;
  std::size_t vault;

  std::string str() const { return id.str() + (realm.empty() ? "" : " in " + realm.str()); }
};

/// One server of the cluster: a keeper and a runner over views of what is shared. It dies and comes
/// back under another id.
struct Instance {
  std::size_t number = 0;
  int life = 0;
  Milliseconds skew{0};
  std::shared_ptr<SkewedClock> clock;
  std::shared_ptr<StorageView> storage;
  std::vector<std::shared_ptr<VaultView>> stores;
  std::shared_ptr<secrets::Keeper> keeper;  ///< null while it is down
  std::unique_ptr<secrets::RotationRunner> runner;
  bool serves = false;  ///< it once had every ring, so it takes requests
  bool is_busy = false;
  Milliseconds next_turn{0}, down_until{0};
  Milliseconds fresh_since{-1};  ///< when the last refresh began that succeeded

  bool is_up() const { return keeper != nullptr; }
  std::string name() const { return std::to_string(number) + "." + std::to_string(life); }
  secrets::RealmRingsPtr rings(const RealmName& realm) const {
    return keeper ? keeper->rings_now(realm) : nullptr;
  }
};

}  // namespace signet::simulator
