#include "secrets/keeper/rotation_runner.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "secrets/keeper/rotation_memory.h"
#include "secrets/keeper/rotation_view.h"
#include "secrets/keeper/version_order.h"

namespace signet::secrets {
namespace {

constexpr const char* kActor = "rotation";
constexpr int kIntervalsOfLease = 3;
constexpr Seconds kShortestLease{30};

std::string document_id(const RotationRule& rule) {
  return rule.store.str() + "/" + rule.id.str();
}

/// Refused because its time has not come, or not made to its end yet: nothing is wrong.
bool is_not_yet(const Error& error) {
  const std::string_view reason = error.reason;
  return reason.ends_with("_too_early") || reason == "activation_unready" ||
         reason == "version_pending";
}

bool is_waited_for_too_long(const Error& error, const RotationMemory& memory, Instant now) {
  return error.is("version_pending") && memory.due && now >= *memory.due + kRotationPatience;
}

/// A rule asks nobody what they need, so that its keys take no algorithm away.
Status check_does_all(const RotationRule& rule, const Alias& alias, const Secret& active,
                      const Secret& next) {
  const std::vector<jose::JwsAlg> does = signing_algorithms(rule.id, next);
  for (const auto alg : signing_algorithms(rule.id, active)) {
    if (std::find(does.begin(), does.end(), alg) != does.end()) continue;
    return Error{Code::kConfig, "rotation_successor_differs",
                 "the key " + quoted(alias.view()) + " of store " + rule.store.str() +
                     " does not do " + std::string(jose::name(alg)) + ", which the active key of " +
                     rule.id.str() + " does: take it out of the store"};
  }
  return Done{};
}

}  // namespace

RotationRunner::RotationRunner(std::shared_ptr<Keeper> keeper,
                               std::shared_ptr<storage::Storage> storage,
                               std::shared_ptr<Clock> clock, std::vector<RotationRule> rules,
                               std::string holder, Seconds interval)
    : keeper_(std::move(keeper)),
      storage_(std::move(storage)),
      clock_(std::move(clock)),
      rules_(std::move(rules)),
      lease_(storage_, clock_, "rotation", std::move(holder),
             std::max(kIntervalsOfLease * interval, kShortestLease)) {}

Task<RotationRunner::Remembered> RotationRunner::load(RotationRule rule) {
  CO_TRY(const std::optional<storage::Document> document,
         co_await storage_->document(kRotationKind, rule.realm, document_id(rule)));
  Remembered remembered;
  if (!document) co_return remembered;
  remembered.revision = document->revision;
  CO_TRY(remembered.memory, parse_rotation_memory(document->text));
  co_return remembered;
}

Task<bool> RotationRunner::save(RotationRule rule, RotationMemory memory, std::int64_t expected) {
  storage::PutDocument put;
  put.document.kind = kRotationKind;
  put.document.realm = rule.realm;
  put.document.id = document_id(rule);
  put.document.text = rotation_memory_text(memory);
  put.expected = expected;
  storage::Transaction transaction;
  transaction.emplace_back(std::move(put));
  auto written = co_await storage_->commit(std::move(transaction));
  if (!written.ok() && written.error().code != Code::kConflict)
    co_return std::move(written).error();
  if (written.ok()) show(rule, memory);
  co_return written.ok();
}

void RotationRunner::show(const RotationRule& rule, const RotationMemory& memory) {
  std::lock_guard hold(mutex_);
  shown_[rule.realm.str() + "/" + document_id(rule)] = memory;
}

std::vector<RotationStatus> RotationRunner::status() const {
  std::lock_guard hold(mutex_);
  std::vector<RotationStatus> out;
  for (const auto& rule : rules_) {
    const auto found = shown_.find(rule.realm.str() + "/" + document_id(rule));
    out.push_back({rule, found == shown_.end() ? RotationMemory{} : found->second,
                   may_rotate(rule, keeper_->store(rule.realm, rule.store), keeper_->policy())});
  }
  return out;
}

void RotationRunner::tell_impossible() const {
  for (const auto& [rule, memory, possible] : status()) {
    if (possible.ok()) continue;
    log::failure("rotation_impossible", possible.error(),
                 {{"id", rule.id.str()}, {"store", rule.store.str()}, {"realm", rule.realm.str()}});
  }
}

Task<Done> RotationRunner::run() {
  if (rules_.empty()) co_return Done{};
  CO_TRY(const bool is_ours, co_await lease_.acquire());
  Status outcome = Done{};
  for (const auto& rule : rules_) {
    if (is_stopping_.load(std::memory_order_relaxed)) break;
    if (!is_ours) {
      CO_TRY(const Remembered remembered, co_await load(rule));
      show(rule, remembered.memory);
      continue;
    }
    auto done = co_await run_rule(rule);
    if (!done.ok()) outcome = std::move(done).error();
  }
  if (!outcome.ok()) co_return std::move(outcome).error();
  co_return Done{};
}

Task<Done> RotationRunner::stop() {
  if (rules_.empty()) co_return Done{};
  co_return co_await lease_.release();
}

Task<Done> RotationRunner::run_rule(RotationRule rule) {
  CO_TRY(Remembered remembered, co_await load(rule));
  show(rule, remembered.memory);
  const Instant now = clock_->now();
  CO_TRY(RotationView view, co_await look_at_rule(keeper_, rule, remembered.memory, now));
  const RotationMemory& before = remembered.memory;
  const bool forgets =
      (before.pending && !view.step.before.pending) || (before.making && !view.step.before.making);
  const bool begins = view.step.kind == RotationStep::Kind::kMake && !before.making;
  const bool reckons_anew =
      !before.due_after.empty() && view.step.before.due_after != before.due_after;
  // Our rings may be older than what another instance did and wrote down.
  if (forgets || begins || reckons_anew) {
    CO_TRY(view, co_await look_again(keeper_, rule, remembered.memory, now));
  }
  const RotationStep step = view.step;
  const bool rests = is_resting(remembered.memory, now);
  Status outcome = Done{};
  // The first key of an ID that waits by itself fails nothing.
  if (!view.possible.ok() && view.possible.error().is("first_key_waiting")) co_return Done{};
  if (!view.possible.ok() && !rests) {
    outcome = view.possible;
  } else {
    if (step.kind == RotationStep::Kind::kNone) {
      // What failed is over: nothing is due and nothing stands in the way.
      const bool is_over = !rests && remembered.memory.failures > 0;
      if (!is_over) co_return Done{};
      RotationMemory calm = after_step(rule, step, now);
      CO_TRY(co_await save(rule, std::move(calm), remembered.revision));
      co_return Done{};
    }
    if (!(step.before == remembered.memory)) {
      CO_TRY(const bool is_saved, co_await save(rule, step.before, remembered.revision));
      if (!is_saved) co_return Done{};  // another instance did it
      CO_TRY(remembered, co_await load(rule));
      if (!(remembered.memory == step.before)) co_return Done{};
    }
    const bool may_act = lease_.is_held() && !is_stopping_.load(std::memory_order_relaxed);
    if (step.kind == RotationStep::Kind::kRemember || !may_act) co_return Done{};
    auto acted = co_await act(rule, step);
    if (!acted.ok() && is_not_yet(acted.error()) &&
        !is_waited_for_too_long(acted.error(), remembered.memory, now))
      co_return Done{};
    outcome = std::move(acted);
  }
  if (outcome.ok()) {
    steps_.fetch_add(1, std::memory_order_relaxed);
    RotationMemory after = after_step(rule, step, now);
    if (after == remembered.memory) co_return Done{};
    CO_TRY(co_await save(rule, std::move(after), remembered.revision));
    co_return Done{};
  }
  failures_.fetch_add(1, std::memory_order_relaxed);
  log::failure("rotation_failed", outcome.error(),
               {{"id", rule.id.str()}, {"store", rule.store.str()}, {"realm", rule.realm.str()}});
  RotationMemory after = after_failure(remembered.memory, outcome.error(), now);
  CO_TRY(co_await save(rule, std::move(after), remembered.revision));
  co_return Done{};
}

Keeper::StepRequest RotationRunner::request(const RotationRule& rule, const Alias& alias) const {
  Keeper::StepRequest step;
  step.realm = rule.realm;
  step.store = rule.store;
  step.id = rule.id;
  step.alias = alias;
  step.actor = kActor;
  return step;
}

Task<Done> RotationRunner::act(RotationRule rule, RotationStep step) {
  Keeper::StepRequest asked = request(rule, step.alias);
  if (step.kind == RotationStep::Kind::kActivate)
    co_return co_await keeper_->activate(std::move(asked));
  if (step.kind == RotationStep::Kind::kRetire)
    co_return co_await keeper_->retire(std::move(asked));
  const auto store = keeper_->store(rule.realm, rule.store);
  if (rotates_by_versions(store.get()))
    co_return co_await make_version(rule, step.alias, step.before.after);
  co_return co_await make(rule, step.alias);
}

Task<Done> RotationRunner::make_version(RotationRule rule, Alias alias, std::string after) {
  CO_TRY(co_await keeper_->make_version(rule.realm, rule.store, alias, after));
  CO_TRY(co_await keeper_->refresh());
  CO_TRY(const RealmRingsPtr rings, co_await keeper_->rings(rule.realm));
  const LiveRing* ring = rings->find(rule.id);
  CO_TRY(const std::vector<Secret> versions,
         co_await keeper_->fetch(rule.realm, rule.store, alias));
  if (ring == nullptr || !has_successor(*ring, versions, after)) {
    co_return Error{Code::kUnavailable, "version_pending",
                    "a version of " + quoted(alias.view()) + " after " + quoted(after) +
                        " is there, and none that " + rule.id.str() + " can use"};
  }
  log::info("key_rotated", {{"id", rule.id.str()}, {"alias", alias.str()}});
  co_return Done{};
}

Task<Done> RotationRunner::make(RotationRule rule, Alias alias) {
  CO_TRY(const RealmRingsPtr rings, co_await keeper_->rings(rule.realm));
  const LiveRing* ring = rings->find(rule.id);
  const RingEntry* active = ring != nullptr ? ring->first_in(KeyState::kActive) : nullptr;
  if (active == nullptr || !active->secret.key) {
    co_return Error{
        Code::kUnsupported, "rotate_needs_key_pair",
        "there is no key to make another one like it for " + rule.id.str() + ": publish one"};
  }
  auto made = co_await keeper_->make_like(rule.realm, rule.store, alias, active->secret);
  // An earlier try, or the instance that had the lease before, made it.
  const bool is_there = !made.ok() && made.error().is("alias_exists");
  if (!made.ok() && !is_there) co_return std::move(made).error();
  // Or somebody else chose the same name. What cannot be read is told when it is published.
  std::vector<Secret> present;
  if (is_there) {
    auto fetched = co_await keeper_->fetch(rule.realm, rule.store, alias);
    if (fetched.ok()) present = std::move(fetched).value();
  } else {
    present.push_back(std::move(made).value());
  }
  if (!present.empty()) {
    CO_TRY(check_does_all(rule, alias, active->secret, present.front()));
  }
  Keeper::StepRequest step = request(rule, alias);
  auto published = co_await keeper_->publish(std::move(step));
  const bool is_mapped = !published.ok() && published.error().is("alias_mapped");
  if (!published.ok() && !is_mapped) co_return std::move(published).error();
  log::info("key_rotated", {{"id", rule.id.str()}, {"alias", alias.str()}});
  co_return Done{};
}

}  // namespace signet::secrets
