#include "simulator/verifiers.h"

namespace signet::simulator {

std::set<KeyId> published_kids(const Instance& instance, const RealmName& realm) {
  std::set<KeyId> kids;
  const auto rings = instance.rings(realm);
  if (!rings) return kids;
  for (const auto& ring : rings->all()) {
    for (const auto& entry : ring->entries) {
      if (entry.state != secrets::KeyState::kRetired) kids.insert(entry.secret.kid);
    }
  }
  return kids;
}

void Verifier::fetch(const Instance& instance, Milliseconds now, Seconds keeps) {
  kids = published_kids(instance, realm);
  from = instance.name();
  fetched = now;
  until = now + keeps;
}

}  // namespace signet::simulator
