#include "app/keeping.h"

#include <unistd.h>

#include <algorithm>

#include "base/text.h"

namespace signet::app {
namespace {

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

}  // namespace

secrets::KeeperOptions keeper_options(const config::ServerConfig& config,
                                      std::shared_ptr<Random> random) {
  secrets::KeeperOptions keeping;
  keeping.policy.publish_ahead = config.keys.publish_ahead;
  keeping.policy.clock_skew = config.keys.clock_skew;
  keeping.refresh_every = config.keys.refresh;
  // A horizon is raised a step ahead, which is how much longer than needed a key may have to stay.
  keeping.horizon_step = std::min(keeping.horizon_step, keeping.policy.publish_ahead);
  keeping.lease = config.keys.lease;
  keeping.store_timeout = keeping.box_timeout = config.keys.store_timeout;
  keeping.random = std::move(random);
  return keeping;
}

secrets::InstanceInfo new_instance(const config::ServerConfig& config, std::string version,
                                   const Clock& clock, Random& random) {
  Bytes id(16);
  random.fill(id);
  secrets::InstanceInfo instance;
  instance.id = hex(id);
  instance.version = std::move(version);
  instance.address = host_name() + ":" + std::to_string(config.server.port);
  instance.started = clock.now();
  return instance;
}

Result<std::vector<secrets::RotationRule>> rotation_rules(const config::KeysConfig& keys) {
  std::vector<secrets::RotationRule> rules;
  for (const auto& configured : keys.rotation) {
    secrets::RotationRule rule;
    TRY(rule.id, secrets::SecretId::parse(configured.id));
    rule.realm = RealmName(configured.realm);
    rule.store = StoreName(configured.store);
    rule.every = configured.every;
    rule.publish_ahead = configured.publish_ahead;
    rule.keep = configured.keep;
    rules.push_back(std::move(rule));
  }
  return rules;
}

Result<secrets::Cryptoperiods> cryptoperiods(const config::KeysConfig& keys) {
  std::vector<secrets::CryptoperiodRule> rules;
  for (const auto& configured : keys.cryptoperiods) {
    secrets::CryptoperiodRule rule;
    TRY(rule.id, secrets::SecretId::parse(configured.id));
    rule.realm = RealmName(configured.realm);
    rule.length = configured.period;
    rules.push_back(std::move(rule));
  }
  return secrets::Cryptoperiods(keys.cryptoperiod, std::move(rules));
}

}  // namespace signet::app
