#include "app/follower.h"

#include "base/log.h"
#include "resource_servers/direct_key.h"
#include "resource_servers/inject_policy.h"
#include "resource_servers/resource_server.h"
#include "secrets/keeper/kinds.h"

namespace signet::app {
namespace {

/// Between two tries while storage does not answer.
constexpr Milliseconds kRetry{500};
/// How much longer than an interval revocations may be unread: a call to storage may take this
/// long.
constexpr Milliseconds kGrace{5000};
/// Changes come in bursts: what is told within this time is followed together.
constexpr Milliseconds kGather{5};

}  // namespace

Status Follower::prepare() {
  last_success_ = std::chrono::steady_clock::now();
  auto& storage = *parts_.services->storage;
  TRY(last_change_, async::run_now(storage.last_change()));
  TRY(async::run_now(parts_.services->denied->load(storage)));
  return Done{};
}

void Follower::start() {
  parts_.services->storage->on_change([this](const storage::Changed& changed) {
    {
      std::lock_guard hold(mutex_);
      told_.documents |= changed.documents;
      told_.denials |= changed.denials;
      told_.keys |= changed.keys;
      told_.everything |= changed.everything;
      is_told_ = true;
    }
    wake_.notify_one();
  });
  thread_ = std::thread([this] { run(); });
}

void Follower::stop() {
  if (!thread_.joinable()) return;
  parts_.services->storage->on_change({});
  {
    std::lock_guard hold(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Follower::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait_for(lock, is_failing_ ? kRetry : parts_.every,
                   [this] { return stopping_ || is_told_; });
    if (is_told_) wake_.wait_for(lock, kGather, [this] { return stopping_; });
    if (stopping_) return;
    const storage::Changed told = std::exchange(told_, {});
    is_told_ = false;
    lock.unlock();
    // After an exception everything is followed anew, also what this round was told.
    const bool anew = told.everything || is_failing_;
    note(async::caught([this, anew] { return follow(anew); }));
    if (told.keys) parts_.keys_changed();
    lock.lock();
  }
}

// Revocations first: they are what somebody may be waiting for.
Status Follower::follow(bool anew) {
  if (anew) parts_.services->denied->begin_anew();
  TRY(async::run_now(parts_.services->denied->load(*parts_.services->storage)));
  return follow_documents(anew);
}

Status Follower::follow_documents(bool anew) {
  auto& storage = *parts_.services->storage;
  TRY(const std::int64_t newest, async::run_now(storage.last_change()));
  // A storage that went back in time (a replica took over, a back-up was restored) has forgotten
  // changes that were followed.
  if (anew || newest < last_change_) {
    last_change_ = newest;
    begin_anew();
    return Done{};
  }
  while (last_change_ < newest) {
    TRY(const auto page, async::run_now(storage.changes_since(last_change_, storage::kPage)));
    if (page.empty()) break;
    for (const auto& change : page)
      apply(change);
    last_change_ = page.back().sequence;
  }
  return Done{};
}

void Follower::begin_anew() {
  parts_.directory->forget_all();
  parts_.services->changes->publish_everything();
  parts_.keys_changed();
}

void Follower::apply(const storage::DocumentChange& change) {
  if (change.kind == "realm") {
    const RealmName name(change.id);
    parts_.directory->forget(name);
    parts_.services->changes->publish({"realm", name, {}});
  } else if (change.kind == "client") {
    parts_.services->changes->publish({"client", change.realm, change.id});
  } else if (change.kind == resource_servers::kStateKind) {
    parts_.directory->forget(change.realm);
    parts_.services->changes->publish({"realm", change.realm, {}});
  } else if (change.kind == resource_servers::kScopeKind) {
    // Metadata names scopes.
    parts_.directory->forget(change.realm);
    parts_.services->changes->publish({"realm", change.realm, {}});
    parts_.services->changes->publish({change.kind, change.realm, change.id});
  } else if (change.kind == resource_servers::kKind || change.kind == resource_servers::kUriKind ||
             change.kind == resource_servers::kPolicyKind ||
             change.kind == resource_servers::kDirectKeyKind) {
    parts_.services->changes->publish({change.kind, change.realm, change.id});
  } else if (secrets::changes_rings(change.kind)) {
    parts_.keys_changed();
  }
}

void Follower::note(const Status& outcome) {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (outcome.ok()) {
    if (is_failing_) log::info("following_again");
    is_failing_ = false;
    last_success_ = now;
    parts_.services->denied->set_current(true);
    return;
  }
  if (!is_failing_) log::failure("following_failed", outcome.error());
  is_failing_ = true;
  if (now - last_success_ > parts_.every + kGrace) parts_.services->denied->set_current(false);
}

}  // namespace signet::app
