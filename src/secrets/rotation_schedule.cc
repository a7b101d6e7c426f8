#include "secrets/rotation_schedule.h"

#include <algorithm>

#include "base/text.h"

namespace signet::secrets {
namespace {

constexpr Seconds kFirstRest{60};
constexpr int kMostDoublings = 6;
constexpr Seconds kLongestRest{3600};
constexpr std::size_t kStampLength = 14;
/// How far clocks may be apart before a time that was written down is taken for wrong.
constexpr Seconds kClocksApart{3600};

const ScheduledKey* find(const std::vector<ScheduledKey>& keys, const Alias& alias) {
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [&](const ScheduledKey& key) { return key.alias == alias; });
  return found == keys.end() ? nullptr : &*found;
}

const ScheduledKey* active_of(const std::vector<ScheduledKey>& keys) {
  const auto found = std::find_if(keys.begin(), keys.end(), [](const ScheduledKey& key) {
    return key.history.state == KeyState::kActive;
  });
  return found == keys.end() ? nullptr : &*found;
}

bool may_go(const RotationRule& rule, const KeyHistory& key, const RotationPolicy& policy,
            Instant now) {
  return key.state == KeyState::kPassive && key.deactivated &&
         now >= *key.deactivated + rule.keep && now >= forgotten_at(key, policy);
}

Instant first_due(const RotationRule& rule, const KeyHistory& active, Instant now) {
  const Instant since = active.activated.value_or(active.published.value_or(now));
  return std::max(std::min(since, now) + rule.every, now);
}

bool is_due_known(const RotationRule& rule, const RotationMemory& memory, Instant now) {
  return memory.due && *memory.due <= now + rule.every + kClocksApart;
}

bool is_stamp(std::string_view text) {
  return text.size() == kStampLength &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Whether a key signs that is neither the one that `memory.due` counts from nor one of the rule's.
bool is_overtaken(const RotationMemory& memory, const ScheduledKey& active) {
  return !memory.due_after.empty() && memory.due_after != active.history.kid;
}

/// Whether the time of the key after `active` has not come yet; what is to be remembered of that
/// is in `step` then.
bool is_before_due(RotationStep& step, const RotationRule& rule, const RotationMemory& memory,
                   const ScheduledKey& active, Instant now) {
  const bool is_known = is_due_known(rule, memory, now) && !is_overtaken(memory, active);
  if (is_known && now >= *memory.due) return false;
  if (is_known && !memory.due_after.empty()) return true;
  step.before.due_after = active.history.kid;
  if (!is_known) step.before.due = first_due(rule, active.history, now);
  step.kind = RotationStep::Kind::kRemember;
  return true;
}

}  // namespace

bool is_resting(const RotationMemory& memory, Instant now) {
  return memory.retry_at && now < *memory.retry_at && *memory.retry_at <= now + kLongestRest;
}

RotationStep next_rotation_step(const RotationRule& rule, const RotationMemory& memory,
                                const std::vector<ScheduledKey>& keys, const RotationPolicy& policy,
                                Instant now) {
  using Kind = RotationStep::Kind;
  RotationStep step;
  step.before = memory;
  if (is_resting(memory, now)) return step;
  const ScheduledKey* active = active_of(keys);

  if (memory.making && active != nullptr && is_overtaken(memory, *active) &&
      find(keys, *memory.making) == nullptr) {
    // Somebody did not wait until it could be made: another one would follow at once.
    step.before.making.reset();
    step.kind = Kind::kRemember;
    return step;
  }
  if (memory.making) {
    step.kind = Kind::kMake;
    step.alias = *memory.making;
    return step;
  }
  if (memory.pending) {
    const ScheduledKey* pending = find(keys, *memory.pending);
    if (pending == nullptr || pending->history.state != KeyState::kPrepared) {
      // It signs already, or an operator took it away: nothing more to do with it.
      if (active != nullptr && active->alias == *memory.pending)
        step.before.due_after = active->history.kid;
      step.before.pending.reset();
      step.kind = Kind::kRemember;
      return step;
    }
    const Seconds ahead = std::max(rule.publish_ahead, policy.publish_ahead);
    if (!pending->history.published || now < *pending->history.published + ahead) return step;
    step.kind = Kind::kActivate;
    step.alias = pending->alias;
    step.kid = pending->history.kid;
    return step;
  }
  for (const auto& key : keys) {
    if (!may_go(rule, key.history, policy, now)) continue;
    step.kind = Kind::kRetire;
    step.alias = key.alias;
    return step;
  }
  if (active == nullptr) return step;
  if (is_before_due(step, rule, memory, *active, now)) return step;
  step.kind = Kind::kMake;
  step.alias = next_alias(active->family.empty() ? active->alias : active->family, now);
  step.before.making = step.alias;
  return step;
}

RotationStep next_version_step(const RotationRule& rule, const RotationMemory& memory,
                               const std::vector<ScheduledKey>& keys, Instant now) {
  using Kind = RotationStep::Kind;
  RotationStep step;
  step.before = memory;
  if (is_resting(memory, now)) return step;
  const ScheduledKey* active = active_of(keys);

  if (memory.making && active != nullptr && active->alias != *memory.making) {
    // Another alias was mapped meanwhile: nobody waits for a version of that one any more.
    step.before.making.reset();
    step.before.after.clear();
    step.kind = Kind::kRemember;
    return step;
  }
  if (memory.making) {
    step.kind = Kind::kMake;
    step.alias = *memory.making;
    return step;
  }
  if (active == nullptr) return step;
  if (memory.pending) {
    const bool is_over = active->alias != *memory.pending || active->version != memory.after;
    const bool is_waiting = std::any_of(keys.begin(), keys.end(), [](const ScheduledKey& key) {
      return key.history.state == KeyState::kPrepared;
    });
    // One that is not seen any more was taken away by an operator: the next one comes in its time.
    if (!is_over && (is_waiting || !memory.due || now < *memory.due)) return step;
    if (is_over && active->alias == *memory.pending) step.before.due_after = active->history.kid;
    step.before.pending.reset();
    step.before.after.clear();
    step.kind = Kind::kRemember;
    return step;
  }
  if (is_before_due(step, rule, memory, *active, now)) return step;
  step.kind = Kind::kMake;
  step.alias = active->alias;
  step.before.making = step.alias;
  step.before.after = active->version;
  return step;
}

RotationMemory after_step(const RotationRule& rule, const RotationStep& step, Instant now) {
  RotationMemory memory = step.before;
  memory.failures = 0;
  memory.retry_at.reset();
  memory.last_error.clear();
  if (step.kind == RotationStep::Kind::kMake) {
    memory.pending = step.alias;
    memory.making.reset();
    memory.due = now + rule.every;
  } else if (step.kind == RotationStep::Kind::kActivate) {
    memory.pending.reset();
    memory.due_after = step.kid;
  }
  return memory;
}

RotationMemory after_failure(RotationMemory memory, const Error& error, Instant now) {
  const int doublings = std::min(memory.failures, kMostDoublings);
  memory.failures = std::min(memory.failures + 1, 1'000'000);
  memory.retry_at = now + std::min(kFirstRest * (1 << doublings), kLongestRest);
  memory.last_error = std::string(error.reason) + ": " + error.detail;
  return memory;
}

Alias next_alias(const Alias& alias, Instant now) {
  std::string base = alias.str();
  const std::size_t dash = base.rfind('-');
  if (dash != base.npos && is_stamp(std::string_view(base).substr(dash + 1))) base.resize(dash);
  std::string stamp = to_rfc3339(now).substr(0, 19);
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':' || c == 'T'; });
  return Alias(base + "-" + stamp);
}

}  // namespace signet::secrets
