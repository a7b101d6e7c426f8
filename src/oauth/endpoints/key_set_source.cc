#include "oauth/endpoints/key_set_source.h"

#include <algorithm>

#include "base/log.h"
#include "http/form.h"

namespace signet::oauth {
namespace {

std::string shown_url(std::string_view url) {
  if (!http::parse_http_uri(url).ok()) return "(invalid)";
  return std::string(url.substr(0, url.find('?')));
}

void wake(std::vector<KeySetCache::Source::Waiter> waiting,
          const Result<RemoteKeySetPtr>& outcome) {
  async::Completions<RemoteKeySetPtr> completions;
  for (auto& waiter : waiting)
    completions.add(waiter, outcome);
}

}  // namespace

KeySetCache::Landing::~Landing() {
  if (source_)
    source_->give_up({Code::kUnavailable, "key_set_stopped", "the key set's reading was dropped"});
}

KeySetCache::Source::Source(std::string url) : url_(std::move(url)), shown_(shown_url(url_)) {}

bool KeySetCache::Source::is_usable(const RemoteKeySetPtr& set, Instant at) const {
  return set && at < (failures_ > 0 ? set->usable_until : set->fresh_until);
}

// Lets go of a set that nothing can make usable again.
RemoteKeySetPtr KeySetCache::Source::usable(Instant at) {
  RemoteKeySetPtr set = set_.load(std::memory_order_relaxed);
  if (is_usable(set, at)) return set;
  if (set && at >= set->usable_until) {
    if (failures_ > 0) log::error("key_set_expired", {{"url", shown_}});
    set_.store(nullptr, std::memory_order_release);
    validators_ = {};
    digest_.clear();
    plan();
  }
  return nullptr;
}

// When now() has something to decide next; what is due already is decided at every call.
void KeySetCache::Source::plan() {
  const RemoteKeySetPtr set = set_.load(std::memory_order_relaxed);
  Instant next = Instant::max();
  if (set) {
    next = failures_ > 0 ? set->usable_until : set->fresh_until;
    if (!is_reading_) next = std::min(next, std::max(refresh_at_, retry_at_));
  }
  decide_at_.store(next, std::memory_order_release);
}

KeySetCache::Source::Decision KeySetCache::Source::decide(Instant at, bool can_retry) {
  std::lock_guard hold(mutex_);
  Decision out;
  out.set = usable(at);
  const bool is_due = out.set && !is_reading_ && at >= std::max(refresh_at_, retry_at_);
  if (is_due && (failures_ == 0 || can_retry)) {
    is_reading_ = true;
    plan();
    out.begins.emplace(shared_from_this());
  }
  return out;
}

Error KeySetCache::Source::remembered() const {
  Error error = *error_;
  error.detail += "; asked again at " + to_rfc3339(retry_at_);
  return error;
}

KeySetCache::Source::Join KeySetCache::Source::join(Wish wish, Instant at, Seconds min_age,
                                                    bool can_retry, const Waiter& waiter) {
  std::lock_guard hold(mutex_);
  Join out;
  const RemoteKeySetPtr set = usable(at);
  const bool is_resting = failures_ > 0 && (at < retry_at_ || !can_retry);
  const bool was_just_read = last_attempt_ && at < *last_attempt_ + min_age;
  bool must_wait = true;
  if (wish == Wish::kAnySet) {
    must_wait = !set && (is_reading_ || !is_resting);
  } else if (wish == Wish::kAfterMiss) {
    must_wait = is_reading_ || !(is_resting || (was_just_read && set));
  }
  if (!must_wait) {
    out.ready = set ? Result<RemoteKeySetPtr>(set) : Result<RemoteKeySetPtr>(remembered());
    return out;
  }
  waiting_.push_back(waiter);
  if (is_reading_) return out;
  is_reading_ = true;
  plan();
  out.begins.emplace(shared_from_this());
  return out;
}

std::optional<Error> KeySetCache::Source::error() const {
  std::lock_guard hold(mutex_);
  return error_;
}

KeySetCache::Source::Reading KeySetCache::Source::known() const {
  std::lock_guard hold(mutex_);
  return {set_.load(std::memory_order_relaxed), validators_, digest_};
}

void KeySetCache::Source::keep(Reading reading, Instant refresh_at) {
  if (failures_ > 0) log::info("key_set_back", {{"url", shown_}});
  failures_ = 0;
  error_.reset();
  retry_at_ = Instant{};
  refresh_at_ = refresh_at;
  validators_ = std::move(reading.validators);
  digest_ = std::move(reading.digest);
  set_.store(std::move(reading.set), std::memory_order_release);
}

void KeySetCache::Source::keep(Error error, Instant at, Instant retry_at) {
  if (failures_ == 1) log::failure("key_set_outage", error, {{"url", shown_}});
  error_ = std::move(error);
  retry_at_ = retry_at;
  usable(at);
}

std::vector<KeySetCache::Source::Waiter> KeySetCache::Source::end_reading() {
  is_reading_ = false;
  plan();
  return std::exchange(waiting_, {});
}

void KeySetCache::Source::land(Result<Reading> reading, Instant at, Milliseconds refresh_in,
                               const std::function<Milliseconds(unsigned failures)>& retry_in) {
  std::unique_lock hold(mutex_);
  last_attempt_ = at;
  if (reading.ok()) {
    keep(std::move(reading).value(), at + refresh_in);
  } else {
    ++failures_;
    keep(std::move(reading).error(), at, at + retry_in(failures_));
  }
  const RemoteKeySetPtr set = set_.load(std::memory_order_relaxed);
  const auto outcome = set ? Result<RemoteKeySetPtr>(set) : Result<RemoteKeySetPtr>(*error_);
  auto waiting = end_reading();
  hold.unlock();
  wake(std::move(waiting), outcome);
}

void KeySetCache::Source::give_up(const Error& error) {
  std::unique_lock hold(mutex_);
  auto waiting = end_reading();
  hold.unlock();
  wake(std::move(waiting), error);
}

KeySetCache::SourceStatus KeySetCache::Source::status(Instant at,
                                                      Milliseconds wanted_within) const {
  std::lock_guard hold(mutex_);
  SourceStatus out;
  out.url = shown_;
  out.last_attempt = last_attempt_;
  out.failures = failures_;
  out.error = error_;
  if (failures_ > 0) out.next_attempt = retry_at_;
  const RemoteKeySetPtr set = set_.load(std::memory_order_relaxed);
  const bool is_there = set && at < set->usable_until;
  if (is_there) {
    out.keys = set->keys.size();
    out.fetched = set->fetched;
    out.fresh_until = set->fresh_until;
    out.usable_until = set->usable_until;
  }
  out.is_serving_last_good = is_there && failures_ > 0 && at >= set->fresh_until;
  out.is_out = !is_there && failures_ > 0;
  out.is_wanted = last_attempt_ && at < *last_attempt_ + wanted_within;
  return out;
}

}  // namespace signet::oauth
