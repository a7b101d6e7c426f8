#include "secrets/rotation.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"

namespace signet::secrets {
namespace {

std::int64_t seconds_until(Instant then, Instant now) {
  return std::chrono::ceil<Seconds>(then - now).count();
}

/// The histories by kid while a lineup is made.
class Book {
 public:
  explicit Book(const std::vector<KeyHistory>& histories) : before_(histories), now_(histories) {
    for (std::size_t i = 0; i < now_.size(); ++i)
      at_[now_[i].kid] = i;
  }

  KeyHistory* find(const KeyId& kid) {
    const auto found = at_.find(kid);
    return found == at_.end() ? nullptr : &now_[found->second];
  }
  KeyHistory& add(KeyHistory history) {
    at_[history.kid] = now_.size();
    now_.push_back(std::move(history));
    return now_.back();
  }
  std::vector<KeyHistory>& all() { return now_; }

  std::vector<KeyHistory> changes() const {
    std::vector<KeyHistory> out;
    for (std::size_t i = 0; i < now_.size(); ++i) {
      if (i >= before_.size() || !(now_[i] == before_[i])) out.push_back(now_[i]);
    }
    return out;
  }

 private:
  std::vector<KeyHistory> before_, now_;
  std::unordered_map<KeyId, std::size_t> at_;
};

/// The remembered active key; if a faulty journal has several, the one activated last stays.
std::optional<KeyId> single_active(Book& book, Instant now) {
  KeyHistory* active = nullptr;
  for (auto& key : book.all()) {
    if (key.state != KeyState::kActive) continue;
    KeyHistory* older = active;
    if (active == nullptr || key.activated > active->activated) {
      active = &key;
    } else {
      older = &key;
    }
    if (older != nullptr) deactivate(*older, now);
  }
  if (active == nullptr) return std::nullopt;
  return active->kid;
}

/// Who signs now, of `usable`.
void choose_active(const std::vector<KeyId>& usable, const std::unordered_set<KeyId>& verify_only,
                   const std::unordered_set<KeyId>& unready, std::optional<KeyId> previous,
                   bool first_start, bool may_be_early, const RotationPolicy& policy, Instant now,
                   Book& book, Lineup& lineup) {
  const auto signs = [&](const KeyId& kid) { return !verify_only.contains(kid); };
  const auto is_ripe = [&](const KeyId& kid) {
    return now >= activation_at(*book.find(kid)->published, policy) && !unready.contains(kid);
  };
  const auto wanted = std::find_if(usable.begin(), usable.end(), signs);
  if (wanted == usable.end()) return;
  if (first_start || previous == *wanted || is_ripe(*wanted)) {
    lineup.active = *wanted;
    return;
  }
  lineup.waiting = *wanted;
  lineup.waiting_until = activation_at(*book.find(*wanted)->published, policy);
  if (previous && std::find(usable.begin(), usable.end(), *previous) != usable.end() &&
      signs(*previous)) {
    lineup.active = previous;
    return;
  }
  const auto ripe = std::find_if(usable.begin(), usable.end(),
                                 [&](const KeyId& kid) { return signs(kid) && is_ripe(kid); });
  if (ripe != usable.end()) {
    lineup.active = *ripe;
    return;
  }
  if (!may_be_early) return;
  lineup.active = *wanted;
  lineup.activated_early = true;
  lineup.waiting.reset();
  lineup.waiting_until.reset();
}

}  // namespace

bool is_gone(KeyState state) {
  return state == KeyState::kRetired || state == KeyState::kCompromised;
}

std::string_view to_string(KeyState state) {
  switch (state) {
    case KeyState::kPrepared:
      return "prepared";
    case KeyState::kActive:
      return "active";
    case KeyState::kPassive:
      return "passive";
    case KeyState::kRetired:
      return "retired";
    case KeyState::kCompromised:
      return "compromised";
  }
  return "unknown";
}

std::optional<KeyState> parse_key_state(std::string_view text) {
  for (const KeyState state : {KeyState::kPrepared, KeyState::kActive, KeyState::kPassive,
                               KeyState::kRetired, KeyState::kCompromised}) {
    if (to_string(state) == text) return state;
  }
  return std::nullopt;
}

void deactivate(KeyHistory& key, Instant now) {
  key.state = KeyState::kPassive;
  key.deactivated = std::max(now, key.activated.value_or(now));
}

Instant activation_at(Instant published, const RotationPolicy& policy) {
  return published + policy.publish_ahead;
}

Instant retirement_at(const KeyHistory& key, const RotationPolicy& policy) {
  return key.horizon + policy.clock_skew + policy.clock_ahead;
}

Instant forgotten_at(const KeyHistory& key, const RotationPolicy& policy) {
  const Instant tokens = retirement_at(key, policy);
  if (!key.deactivated) return tokens;
  return std::max(tokens, *key.deactivated + policy.publish_ahead + policy.clock_ahead);
}

Lineup line_up(const std::vector<KeyId>& ordered, const std::vector<KeyHistory>& histories,
               const RotationPolicy& policy, Instant now, const std::vector<KeyId>& verify_only,
               const Neighbours& neighbours) {
  Lineup lineup;
  Book book(histories);
  const bool first_start = histories.empty() && !neighbours.has_stale_jwks;
  // Early is better than never for those who had tokens of this ID; where there were none, nobody
  // misses them yet.
  const bool has_signed =
      std::any_of(histories.begin(), histories.end(),
                  [](const KeyHistory& key) { return key.activated.has_value(); });
  const bool may_be_early = has_signed || !neighbours.has_stale_jwks;
  const std::optional<KeyId> previous = single_active(book, now);

  std::vector<KeyId> usable;
  std::unordered_set<KeyId> present;
  for (const auto& kid : ordered) {
    if (!present.insert(kid).second) continue;
    KeyHistory* key = book.find(kid);
    if (key != nullptr && is_gone(key->state)) continue;
    if (key == nullptr) key = &book.add({.kid = kid});
    if (!key->published) key->published = now;
    usable.push_back(kid);
  }

  choose_active(usable, {verify_only.begin(), verify_only.end()},
                {neighbours.unready.begin(), neighbours.unready.end()}, previous, first_start,
                may_be_early, policy, now, book, lineup);
  if (previous && previous != lineup.active) deactivate(*book.find(*previous), now);
  if (lineup.active && previous != lineup.active) {
    KeyHistory& key = *book.find(*lineup.active);
    key.state = KeyState::kActive;
    key.activated = now;
  }

  for (auto& key : book.all()) {
    if (present.contains(key.kid) || is_gone(key.state)) continue;
    if (key.state == KeyState::kPrepared) {
      const auto& held = neighbours.publish;
      if (std::find(held.begin(), held.end(), key.kid) == held.end()) key.published.reset();
    } else if (now < forgotten_at(key, policy)) {
      lineup.lost.push_back(key.kid);
    } else {
      key.state = KeyState::kRetired;
      key.retired = now;
    }
  }

  if (lineup.active) lineup.order.push_back(*lineup.active);
  for (const auto& kid : usable) {
    if (kid != lineup.active) lineup.order.push_back(kid);
  }
  lineup.order.insert(lineup.order.end(), lineup.lost.begin(), lineup.lost.end());
  lineup.changes = book.changes();
  return lineup;
}

std::optional<Error> refuse_activation(const KeyHistory& key, const RotationPolicy& policy,
                                       Instant now, const std::vector<std::string>& missing) {
  if (key.state == KeyState::kActive) return std::nullopt;
  if (key.state == KeyState::kCompromised) {
    return Error{Code::kDenied, "key_compromised",
                 "key " + quoted(key.kid.view()) + " was reported compromised"};
  }
  if (key.state == KeyState::kRetired) {
    return Error{Code::kConflict, "activation_of_retired",
                 "key " + quoted(key.kid.view()) + " was retired; publish it first"};
  }
  const Instant ready = activation_at(key.published.value_or(now), policy);
  if (now >= ready && (missing.empty() || key.state != KeyState::kPrepared)) return std::nullopt;
  if (now >= ready) {
    return Error{Code::kConflict, "activation_unready",
                 "key " + quoted(key.kid.view()) +
                     " is not published by every live instance: " + join(missing, "; ")};
  }
  return Error{Code::kConflict, "activation_too_early",
               "key " + quoted(key.kid.view()) + " was not published for long enough: " +
                   std::to_string(seconds_until(ready, now)) +
                   " seconds are left; until then verifiers may refuse what it signs"};
}

std::optional<Error> refuse_retirement(const KeyHistory& key, const RotationPolicy& policy,
                                       Instant now) {
  if (key.state == KeyState::kActive) {
    return Error{Code::kConflict, "retirement_of_active",
                 "key " + quoted(key.kid.view()) + " is active; activate another one first"};
  }
  const Instant ready = forgotten_at(key, policy);
  if (is_gone(key.state) || now >= ready) return std::nullopt;
  return Error{Code::kConflict, "retirement_too_early",
               "tokens or cached copies of key " + quoted(key.kid.view()) + " may live for " +
                   std::to_string(seconds_until(ready, now)) +
                   " seconds more; what is made with it would be refused"};
}

}  // namespace signet::secrets
