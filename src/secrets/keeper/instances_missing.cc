// Which instances a prepared key still waits for, as far as the last look at them tells.

#include <algorithm>

#include "base/text.h"
#include "secrets/keeper/instances.h"

namespace signet::secrets {
namespace {

std::string in_words(const InstanceInfo& info) {
  return info.address.empty() ? info.id : info.id + " (" + quoted(info.address) + ")";
}

}  // namespace

Milliseconds Instances::copies_live_on(const Peer& gone, const PreparedKey& key,
                                       Milliseconds now) const {
  // Its last JWKS with the old keys is as old as its publication of this one, or as its end. That
  // came at any time until it was held for dead: it may have been cut off from storage first.
  const auto found = gone.prepared.find(key);
  const Milliseconds silent_for = now - gone.seen_at;
  const Milliseconds age = found != gone.prepared.end() ? found->second + silent_for
                           : gone.has_left              ? silent_for
                                                        : silent_for - life_after_word(gone);
  return life_of_copies(gone) - age;
}

std::vector<std::string> Instances::missing(const PreparedKey& key) const {
  std::vector<std::string> out;
  if (is_alone()) return out;
  std::lock_guard hold(mutex_);
  if (unread_) return {"the instances could not be read: " + unread_->detail};
  const Milliseconds now = clock_->monotone();
  // Each knows only its own configuration, so what they let verifiers keep is in their documents.
  Milliseconds life = announced_life(now);
  for (const auto& [id, peer] : peers_) {
    if (is_live(peer, now)) life = std::max<Milliseconds>(life, peer.cache_life);
  }
  const auto more = [](Milliseconds left) {
    return std::to_string(std::chrono::ceil<Seconds>(left).count()) + " more seconds";
  };
  const auto judge = [&](const InstanceInfo& info, std::optional<Milliseconds> published_for) {
    if (!published_for) {
      out.push_back("instance " + in_words(info) + " does not have it");
    } else if (*published_for < life) {
      out.push_back("instance " + in_words(info) + " publishes it since " +
                    std::to_string(std::chrono::floor<Seconds>(*published_for).count()) +
                    " seconds, and a JWKS without it may be cached for " +
                    more(life - *published_for));
    }
  };
  const auto judge_gone = [&](const Peer& gone, const std::string& who) {
    const Milliseconds left = copies_live_on(gone, key, now);
    if (left <= Milliseconds(0)) return;
    out.push_back(who + " is gone, and a JWKS without it may be cached for " + more(left));
  };
  bool has_neighbours = false;
  for (const auto& [id, peer] : peers_) {
    if (!is_live(peer, now)) {
      judge_gone(peer, "instance " + in_words(peer.info));
      continue;
    }
    has_neighbours = true;
    const auto found = peer.prepared.find(key);
    const bool has_key = found != peer.prepared.end();
    judge(peer.info, has_key ? std::optional(found->second + now - peer.seen_at) : std::nullopt);
  }
  if (former_) judge_gone(*former_, "this instance, as it was before its start,");
  if (!has_neighbours && !was_set_forward_) return out;
  const auto own = prepared_.find(key);
  judge(self_, own != prepared_.end() ? std::optional(now - own->second) : std::nullopt);
  return out;
}

std::vector<KeyId> Instances::published_by_neighbours(const RealmName& realm,
                                                      const SecretId& id) const {
  std::vector<KeyId> out;
  std::lock_guard hold(mutex_);
  for (const auto& [name, peer] : peers_) {
    if (!is_live(peer, clock_->monotone())) continue;
    const auto first = peer.prepared.lower_bound({realm, id, KeyId()});
    for (auto it = first; it != peer.prepared.end(); ++it) {
      if (it->first.realm != realm || it->first.id != id) break;
      out.push_back(it->first.kid);
    }
  }
  return out;
}

std::set<RealmName> Instances::realms_of_neighbours() const {
  std::set<RealmName> out;
  std::lock_guard hold(mutex_);
  const Milliseconds now = clock_->monotone();
  for (const auto& [id, peer] : peers_) {
    if (!is_live(peer, now)) continue;
    for (const auto& [key, since] : peer.prepared)
      out.insert(key.realm);
  }
  return out;
}

}  // namespace signet::secrets
