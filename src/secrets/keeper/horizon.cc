// Until when the tokens of a key may live: raised, durably, before a token is made that needs it.

#include <algorithm>

#include "base/text.h"
#include "secrets/keeper/state.h"

namespace signet::secrets {

// The record is written with its revision, so that a retirement that was decided on the horizon of
// before is decided anew.
Task<Done> Keeper::State::write_horizon(RealmName realm, SecretId id, KeyId kid, Instant horizon) {
  for (int attempt = 0; attempt < kMaxConflicts; ++attempt) {
    CO_TRY(const Journal remembered, co_await journal(realm));
    const JournalEntry* found = find_entry(remembered.entries(id), kid);
    if (found == nullptr || is_gone(found->history.state)) {
      co_return Error{Code::kUnavailable, "key_gone",
                      "key " + quoted(kid.view()) + " of " + id.str() + " was just retired"};
    }
    JournalEntry raised = *found;
    raised.history.horizon = std::max(raised.history.horizon, horizon);
    storage::Transaction transaction;
    transaction.push_back(put_horizon(realm, id, raised));
    if (!realm.empty()) {
      CO_TRY(const Journal global, co_await journal(RealmName()));
      const JournalEntry* shared = find_entry(global.entries(id), kid);
      const bool is_behind = shared != nullptr && !is_gone(shared->history.state) &&
                             shared->history.horizon < raised.history.horizon;
      if (is_behind) {
        JournalEntry behind = *shared;
        // A step ahead: of many realms that raise it at the same moment, few have to write.
        behind.history.horizon = raised.history.horizon + options.horizon_step;
        transaction.push_back(put_horizon(RealmName(), id, behind));
      }
    }
    auto written = co_await storage->commit(std::move(transaction));
    if (written.ok()) co_return Done{};
    if (written.error().code != Code::kConflict) co_return std::move(written).error();
  }
  co_return Error{Code::kUnavailable, "revision_conflict",
                  "other instances changed the keys of " + id.str() + " again and again"};
}

Task<Done> Keeper::raise_horizon(std::shared_ptr<const LiveRing> ring, Instant expires) {
  if (!ring->can_sign) {
    co_return Error{Code::kUnavailable, "no_active_key",
                    ring->id.str() + " has only public halves left"};
  }
  const std::int64_t wanted = std::chrono::ceil<Seconds>(expires.time_since_epoch()).count();
  std::atomic<std::int64_t>& horizon = *ring->active_horizon;
  if (horizon.load(std::memory_order_acquire) >= wanted) co_return Done{};

  const KeyId kid = ring->ring->active().kid;
  std::shared_ptr<Gate> gate;
  {
    std::lock_guard hold(state_->horizon_mutex);
    auto& slot = state_->horizon_gates[ring->realm.str() + "/" + ring->id.str() + "/" + kid.str()];
    if (!slot) slot = std::make_shared<Gate>();
    gate = slot;
  }
  CO_TRY(const Gate::Pass pass, co_await gate->enter());
  if (horizon.load(std::memory_order_acquire) >= wanted) co_return Done{};
  const Instant target = std::max(expires, state_->clock->now()) + state_->options.horizon_step;
  CO_TRY(co_await state_->write_horizon(ring->realm, ring->id, kid, target));
  std::int64_t before = horizon.load(std::memory_order_relaxed);
  while (before < unix_seconds(target) &&
         !horizon.compare_exchange_weak(before, unix_seconds(target), std::memory_order_acq_rel)) {
  }
  co_return Done{};
}

}  // namespace signet::secrets
