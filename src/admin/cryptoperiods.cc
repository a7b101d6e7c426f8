#include "admin/cryptoperiods.h"

#include <algorithm>

#include "admin/handlers.h"
#include "base/text.h"

namespace signet::admin {
namespace {

using secrets::CryptoperiodWatch;
using secrets::KeyAge;

/// How many the sentence names; the list beside it has more.
constexpr std::size_t kMostNamed = 3;

json::Object aging_key(const CryptoperiodWatch::Key& key, KeyAge age) {
  json::Object out;
  out.set("realm", key.realm.view());
  out.set("secret_id", key.id.str());
  out.set("kid", key.kid.view());
  out.set("cryptoperiod", secrets::to_string(age));
  out.set("active_since", to_rfc3339(key.period.since));
  out.set("cryptoperiod_end", to_rfc3339(key.period.end()));
  return out;
}

std::string in_words(const CryptoperiodWatch::Key& key, KeyAge age) {
  return key.id.str() + (key.realm.empty() ? "" : " in realm " + key.realm.str()) + ": key " +
         quoted(key.kid.view()) + (age == KeyAge::kOver ? " was due on " : " is due on ") +
         to_rfc3339(key.period.end()).substr(0, 10);
}

net::Labels labels_of(const CryptoperiodWatch::Key& key) {
  return {{"realm", key.realm.str()}, {"secret_id", key.id.str()}};
}

double count_in_seconds(Milliseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

}  // namespace

CryptoperiodHealth cryptoperiod_health(const AdminServices& services) {
  CryptoperiodHealth out;
  if (!services.cryptoperiods) return out;
  const auto report = services.cryptoperiods->report();
  out.is_ok = report->over == 0 && report->ending == 0;
  if (out.is_ok) return out;
  out.is_warning = report->over == 0;
  const Instant now = services.oauth->clock->now();
  std::vector<std::string> named;
  for (const auto& key : report->furthest) {
    const KeyAge age = key.period.age_at(now);
    if (age == KeyAge::kFresh || out.aging.size() >= kMostShown) break;
    out.aging.emplace_back(aging_key(key, age));
    if (named.size() < kMostNamed) named.push_back(in_words(key, age));
  }
  out.detail = "of " + std::to_string(report->keys) + " active keys " +
               std::to_string(report->over) + " are past their cryptoperiod and " +
               std::to_string(report->ending) + " past three quarters of it";
  if (!named.empty()) out.detail += ": " + join(named, "; ");
  const std::size_t count = report->over + report->ending;
  if (count > named.size()) out.detail += "; " + std::to_string(count - named.size()) + " more";
  return out;
}

void add_cryptoperiod(json::Object& key, const AdminServices& services, const RealmName& realm,
                      const secrets::SecretId& id, const secrets::KeyHistory& history) {
  const auto period = services.cryptoperiods
                          ? services.cryptoperiods->periods().of(realm, id, history)
                          : std::nullopt;
  if (!period) {
    key.set("cryptoperiod", json::Value());
    key.set("cryptoperiod_end", json::Value());
    return;
  }
  key.set("cryptoperiod", secrets::to_string(period->age_at(services.oauth->clock->now())));
  key.set("cryptoperiod_end", to_rfc3339(period->end()));
}

void export_cryptoperiods(net::Metrics& metrics, std::shared_ptr<const CryptoperiodWatch> watch,
                          std::shared_ptr<const Clock> clock) {
  metrics.gauges("signet_key_age_seconds", "For how long the active key of a secret ID is active.",
                 [watch, clock] {
                   const Instant now = clock->now();
                   std::vector<net::Sample> samples;
                   for (const auto& key : watch->report()->furthest)
                     samples.push_back({labels_of(key), count_in_seconds(now - key.period.since)});
                   return samples;
                 });
  metrics.gauges("signet_key_cryptoperiod_seconds", "For how long it may be.", [watch] {
    std::vector<net::Sample> samples;
    for (const auto& key : watch->report()->furthest)
      samples.push_back({labels_of(key), count_in_seconds(key.period.length)});
    return samples;
  });
  metrics.gauge("signet_keys_ending", "Active keys past three quarters of their period.", {},
                [watch] { return static_cast<double>(watch->report()->ending); });
  metrics.gauge("signet_keys_over", "Active keys past the end of their period.", {},
                [watch] { return static_cast<double>(watch->report()->over); });
}

}  // namespace signet::admin
