#include "admin/handlers.h"
#include "base/text.h"

namespace signet::admin {
namespace {

constexpr std::size_t kMostRingsNamed = 3;

std::string in_words(const secrets::LiveRing& ring, bool is_early) {
  std::string out = ring.id.str();
  if (!ring.realm.empty()) out.append(" of realm ").append(ring.realm.view());
  if (is_early) {
    out.append(" signs with key ").append(quoted(ring.ring->active().kid.view()));
    out.append(", which caches may not know yet, because the one before it is gone");
  }
  for (const KeyId& kid : ring.lost) {
    out.append(&kid == &ring.lost.front() ? (is_early ? "; " : ": ") : ", ");
    out.append(quoted(kid.view()));
  }
  if (!ring.lost.empty()) out.append(" in tokens and in no store");
  return out;
}

}  // namespace

KeyHealth key_health(const oauth::Services& services) {
  KeyHealth out;
  const auto rings = services.keeper->troubled_rings();
  out.is_ok = rings.empty();
  if (out.is_ok) return out;
  std::vector<std::string> named;
  for (const auto& ring : rings) {
    if (named.size() == kMostRingsNamed) break;
    named.push_back(
        in_words(*ring, ring->signs_early(services.keeper->policy(), services.clock->now())));
  }
  out.detail = "keys left their stores before their tokens expired: " + join(named, "; ");
  if (rings.size() > named.size())
    out.detail += "; " + std::to_string(rings.size() - named.size()) + " more secret IDs";
  out.detail += ". Put them back behind the new ones until then";
  return out;
}

}  // namespace signet::admin
