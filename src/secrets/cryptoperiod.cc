#include "secrets/cryptoperiod.h"

#include <algorithm>

namespace signet::secrets {
namespace {

std::optional<Instant> active_since(const KeyHistory& key) {
  const bool was_active_before = key.deactivated.has_value();
  if (was_active_before && key.published && key.activated)
    return std::min(*key.published, *key.activated);
  return key.activated ? key.activated : key.published;
}

}  // namespace

std::string_view to_string(KeyAge age) {
  switch (age) {
    case KeyAge::kFresh:
      return "fresh";
    case KeyAge::kEnding:
      return "ending";
    case KeyAge::kOver:
      return "over";
  }
  return "unknown";
}

KeyAge Cryptoperiod::age_at(Instant now) const {
  if (now >= end()) return KeyAge::kOver;
  return now >= ending() ? KeyAge::kEnding : KeyAge::kFresh;
}

double Cryptoperiod::share_at(Instant now) const {
  const Milliseconds whole = length;
  if (whole <= Milliseconds(0)) return 1;
  return static_cast<double>((now - since).count()) / static_cast<double>(whole.count());
}

Cryptoperiods::Cryptoperiods(Seconds longest, std::vector<CryptoperiodRule> rules)
    : longest_(longest) {
  for (auto& rule : rules)
    own_.insert_or_assign(std::make_pair(std::move(rule.id), std::move(rule.realm)), rule.length);
}

Seconds Cryptoperiods::length(const RealmName& realm, const SecretId& id) const {
  if (own_.empty()) return longest_;
  auto found = own_.find({id, realm});
  if (found == own_.end()) found = own_.find({id, RealmName()});
  return found == own_.end() ? longest_ : found->second;
}

std::optional<Cryptoperiod> Cryptoperiods::of(const RealmName& realm, const SecretId& id,
                                              const KeyHistory& key) const {
  if (key.state != KeyState::kActive) return std::nullopt;
  const auto since = active_since(key);
  if (!since) return std::nullopt;
  return Cryptoperiod{*since, length(realm, id)};
}

}  // namespace signet::secrets
