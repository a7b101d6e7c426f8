#include "config/key_checks.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace signet::config {
namespace {

bool has_store(const ServerConfig& config, const std::string& realm, const std::string& name) {
  const auto is_named = [&](const StoreConfig& store) { return store.name == name; };
  if (realm.empty()) {
    const auto& stores = config.secret_stores;
    return (stores.empty() && name == "local") ||
           std::any_of(stores.begin(), stores.end(), is_named);
  }
  return std::any_of(config.realms.begin(), config.realms.end(), [&](const RealmConfig& one) {
    return one.name == realm &&
           std::any_of(one.secret_stores.begin(), one.secret_stores.end(), is_named);
  });
}

void check_rotation(const ServerConfig& config, Findings& findings) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < config.keys.rotation.size(); ++i) {
    const auto& rule = config.keys.rotation[i];
    const std::string path = "keys.rotation[" + std::to_string(i) + ']';
    if (!has_store(config, rule.realm, rule.store)) {
      findings.refuse(path + ".store",
                      "there is no store " + quoted(rule.store) +
                          (rule.realm.empty() ? "" : " in realm " + quoted(rule.realm)),
                      "name a configured store");
    }
    if (!names.insert(rule.realm + '\n' + rule.id).second) {
      findings.refuse(path + ".id", quoted(rule.id) + " is already rotated", "keep one of the two");
    }
    if (rule.publish_ahead < config.keys.publish_ahead) {
      findings.refuse(path + ".publish_ahead", "is shorter than keys.publish_ahead",
                      "make it longer");
    }
    if (rule.every <= rule.publish_ahead) {
      findings.refuse(path + ".every", "is not longer than publish_ahead",
                      "each key must sign for a while before its successor comes");
    }
  }
}

Seconds cryptoperiod_of(const ServerConfig& config, const RotationConfig& rule) {
  const CryptoperiodConfig* found = nullptr;
  for (const auto& own : config.keys.cryptoperiods) {
    if (own.id != rule.id || (!own.realm.empty() && own.realm != rule.realm)) continue;
    if (found == nullptr || !own.realm.empty()) found = &own;
  }
  return found != nullptr ? found->period : config.keys.cryptoperiod;
}

bool has_own_stores(const ServerConfig& config, const std::string& realm) {
  return std::any_of(config.realms.begin(), config.realms.end(), [&](const RealmConfig& one) {
    return one.name == realm && !one.secret_stores.empty();
  });
}

void check_cryptoperiods(const ServerConfig& config, Findings& findings) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < config.keys.cryptoperiods.size(); ++i) {
    const auto& own = config.keys.cryptoperiods[i];
    const std::string path = "keys.cryptoperiods[" + std::to_string(i) + ']';
    if (!names.insert(own.realm + '\n' + own.id).second)
      findings.refuse(path + ".id", quoted(own.id) + " already has a period",
                      "keep one of the two");
    if (!own.realm.empty() && !has_own_stores(config, own.realm)) {
      findings.warn(path + ".realm",
                    quoted(own.realm) + " has no secret stores, so it uses the global keys",
                    "leave the realm out, and the period is that of the global keys");
    }
  }
  for (std::size_t i = 0; i < config.keys.rotation.size(); ++i) {
    const auto& rule = config.keys.rotation[i];
    if (4 * (rule.every + rule.publish_ahead) <= 3 * cryptoperiod_of(config, rule)) continue;
    findings.warn(
        "keys.rotation[" + std::to_string(i) + "].every",
        "replaces each key only after three quarters of its cryptoperiod, when health warns",
        "rotate more often, or give the secret ID a longer period in keys.cryptoperiods");
  }
}

}  // namespace

void check_key_times(const ServerConfig& config, Findings& findings) {
  const auto& keys = config.keys;
  if (keys.lease < keys.refresh) {
    findings.refuse("keys.lease", "is shorter than keys.refresh", "make it longer");
  }
  if (keys.publish_ahead < Seconds(60)) {
    findings.warn(
        "keys.publish_ahead", "is shorter than a minute",
        "verifiers must fetch the JWKS at least twice in this time; use it for trials only");
  }
  if (keys.publish_ahead < 2 * keys.refresh) {
    findings.refuse("keys.publish_ahead", "is shorter than twice keys.refresh",
                    "make it longer: every instance must know a key before it signs");
  }
}

void check_key_rules(const ServerConfig& config, Findings& findings) {
  check_rotation(config, findings);
  check_cryptoperiods(config, findings);
}

}  // namespace signet::config
