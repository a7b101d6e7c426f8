#include "secrets/keeper/store_cache.h"

#include <algorithm>
#include <utility>

#include "base/backoff.h"
#include "base/log.h"
#include "base/text.h"

namespace signet::secrets {
namespace {

bool same_certificates(const Secret& a, const Secret& b) {
  return std::equal(a.certificates.begin(), a.certificates.end(), b.certificates.begin(),
                    b.certificates.end(),
                    [](const auto& x, const auto& y) { return x.der() == y.der(); });
}

bool same_secret(const Secret& a, const Secret& b) {
  if (a.kind != b.kind || a.kid != b.kid || a.version != b.version ||
      a.not_before != b.not_before || a.not_after != b.not_after || !same_certificates(a, b)) {
    return false;
  }
  if (static_cast<bool>(a.text) != static_cast<bool>(b.text)) return false;
  if (a.text) return constant_time_equal(a.text->view(), b.text->view());
  if (static_cast<bool>(a.key) != static_cast<bool>(b.key)) return false;
  if (!a.key) return true;
  return same_material(a, b) && a.key->jwk().use() == b.key->jwk().use() &&
         a.key->jwk().alg() == b.key->jwk().alg() &&
         a.key->jwk().key_ops() == b.key->jwk().key_ops() && a.key->allowed() == b.key->allowed() &&
         a.unwraps == b.unwraps;
}

}  // namespace

std::set<Alias> StoreCache::wanted() const {
  return is_self_naming() ? names_ : all_mappings_->aliases();
}

StoreReadingPtr StoreCache::plan(std::uint64_t number,
                                 const std::vector<storage::Document>* documents,
                                 const KeeperOptions& options, const Clock& clock) const {
  auto reading = std::make_shared<StoreReading>();
  reading->contact = contact();
  reading->number = number;
  reading->began = {clock.monotone(), clock.now()};
  reading->limit = options.store_timeout;
  reading->rests = outage_ && reading->began.monotone < retry_at_;
  reading->mappings = documents != nullptr ? mappings_by(*documents) : all_mappings_;
  reading->has_new_mappings = documents != nullptr;
  reading->fingerprint = fingerprint_;
  reading->names = names_;
  reading->is_listed = is_listed_;
  if (!is_self_naming()) reading->mapped = reading->mappings->aliases();
  for (const auto& alias : is_self_naming() ? names_ : reading->mapped) {
    const auto found = entries_.find(alias);
    if (found == entries_.end()) {
      reading->doubts.emplace(alias, StoreReading::Doubt());
    } else if (found->second.unread) {
      const Entry& entry = found->second;
      reading->doubts.emplace(alias, StoreReading::Doubt{entry.failures, entry.retry_at});
    }
  }
  return reading;
}

bool StoreCache::is_newer(const Alias& alias, std::uint64_t number) const {
  const auto found = entries_.find(alias);
  return found != entries_.end() && found->second.number > number;
}

void StoreCache::keep(const Alias& alias, std::vector<Secret> secrets, ReadAt now,
                      std::uint64_t number) {
  Entry& entry = entries_[alias];
  entry.number = number;
  entry.unread.reset();
  entry.failures = 0;
  entry.retry_at = Milliseconds::min();
  entry.good_at = now;
  entry.is_absent = secrets.empty();
  const bool is_same = std::equal(entry.secrets.begin(), entry.secrets.end(), secrets.begin(),
                                  secrets.end(), same_secret);
  if (is_same) return;  // the old objects stay, with all that was prepared in them
  entry.secrets = std::move(secrets);
  entry.bound.clear();
}

void StoreCache::take(const Alias& alias, std::vector<Secret> secrets, ReadAt began,
                      std::uint64_t number) {
  if (is_newer(alias, number)) return;
  // Whoever asked later may have been answered sooner: the fingerprint that is known, or that comes
  // with a reading which is under way, is not of this answer.
  fingerprint_.clear();
  keep(alias, std::move(secrets), began, number);
}

void StoreCache::tell_unread(const Alias& alias, const Error& error) const {
  const auto found = entries_.find(alias);
  const bool is_told = !outage_ && found != entries_.end() && found->second.unread &&
                       found->second.unread->is(error.reason);
  if (!is_told)
    log::failure("alias_unread", error, {{"store", name().str()}, {"alias", alias.str()}});
}

void StoreCache::note_unread(const Alias& alias, Error error, std::uint64_t number) {
  tell_unread(alias, error);
  Entry& entry = entries_[alias];
  entry.number = number;
  entry.unread = std::move(error);
  entry.is_absent = false;
  entry.failures = 0;
  entry.retry_at = Milliseconds::min();
}

StoreCache::Entry& StoreCache::note_away(const Alias& alias, Error error, std::uint64_t number) {
  Entry& entry = entries_[alias];
  entry.number = number;
  entry.unread = std::move(error);
  ++entry.failures;
  entry.retry_at = Milliseconds::min();
  return entry;
}

// An instance is not ready before it has read all once, so until then every refresh counts.
void StoreCache::rest(Entry& entry, const KeeperOptions& options, Milliseconds now) const {
  if (last_good_ == Instant{}) return;
  const Milliseconds delay = backoff_delay(entry.failures, options.refresh_every,
                                           options.backoff_most, options.random.get());
  const Milliseconds lease_ends = entry.good_at.monotone + options.lease;
  entry.retry_at = now < lease_ends ? std::min(now + delay, lease_ends) : now + delay;
}

bool StoreCache::is_any_away() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const auto& pair) { return pair.second.is_away(); });
}

void StoreCache::retry_now() {
  retry_at_ = Milliseconds::min();
  for (auto& [alias, entry] : entries_)
    entry.retry_at = Milliseconds::min();
}

// Once no lease serves any more every refresh counts, so only until then.
void StoreCache::back_off(const KeeperOptions& options, Milliseconds now) {
  ++failures_;
  const Milliseconds delay =
      backoff_delay(failures_, options.refresh_every, options.backoff_most, options.random.get());
  const Milliseconds none = Milliseconds::max();
  Milliseconds next_end = none;
  const auto serves_since = [&](Milliseconds good_at) {
    if (now < good_at + options.lease) next_end = std::min(next_end, good_at + options.lease);
  };
  if (last_good_ != Instant{}) {
    serves_since(last_good_at_);
    // Some were read later than all were, where one alias could not be asked for.
    for (const auto& [alias, entry] : entries_)
      if (!entry.secrets.empty()) serves_since(entry.good_at.monotone);
  }
  retry_at_ = next_end == none ? now : std::min(now + delay, next_end);
}

void StoreCache::hear_warnings(std::vector<std::string> heard) {
  for (const auto& warning : heard) {
    const bool is_known = std::find(warnings_.begin(), warnings_.end(), warning) != warnings_.end();
    if (!is_known) log::warn("store_warning", {{"store", name().str()}, {"detail", warning}});
  }
  warnings_ = std::move(heard);
}

void StoreCache::take(StoreReadingPtr reading, const KeeperOptions& options, const Clock& clock) {
  // Of two readings at the same time the one that began later has asked for everything as well.
  if (reading->number < taken_ || (!reading->rests && !reading->is_over)) return;
  taken_ = reading->number;
  if (reading->has_new_mappings) set_mappings(reading->mappings, reading->number);
  if (!reading->rests && reading->new_names) {
    names_ = std::move(*reading->new_names);
    is_listed_ = true;
  }
  const bool is_known = !is_self_naming() && all_mappings_ == reading->mappings;
  const std::set<Alias> names = is_known ? std::move(reading->mapped) : wanted();
  if (!reading->rests) take_answers(*reading, names, options);
  if (!outage_) doubt_unasked(names);
  end_leases(options, clock.monotone());
  if (!all_mappings_->by_default.empty()) leave_out_absent_defaults();
}

void StoreCache::take_answers(StoreReading& reading, const std::set<Alias>& names,
                              const KeeperOptions& options) {
  if (reading.is_ordered)
    std::erase_if(entries_, [&](const auto& pair) { return !names.contains(pair.first); });
  for (auto& [alias, entry] : entries_) {
    const bool is_same = reading.is_ordered && !reading.has_changed && !entry.unread;
    if (is_same && entry.number < reading.number) entry.good_at = reading.began;
  }
  const auto is_past = [&](const Alias& alias) {
    return !names.contains(alias) || is_newer(alias, reading.number);
  };
  bool is_all_taken = true;
  for (auto& [alias, secrets] : reading.answers) {
    if (is_past(alias)) {
      is_all_taken = false;
      continue;
    }
    if (secrets.ok()) {
      keep(alias, std::move(secrets).value(), reading.began, reading.number);
    } else {
      note_unread(alias, std::move(secrets).error(), reading.number);
    }
  }
  std::erase_if(reading.away, [&](const auto& pair) { return is_past(pair.first); });
  if (reading.outage) {
    take_outage(reading, options);
  } else {
    const bool was_out = outage_.has_value();
    for (auto& [alias, error] : reading.away) {
      tell_unread(alias, error);
      Entry& entry = note_away(alias, std::move(error), reading.number);
      rest(entry, options, reading.began.monotone);
    }
    if (!is_all_taken) {
      fingerprint_.clear();
    } else if (reading.new_fingerprint) {
      fingerprint_ = std::move(*reading.new_fingerprint);
    }
    outage_.reset();
    failures_ = 0;
    retry_at_ = Milliseconds::min();
    if (!is_any_away()) {
      last_good_ = reading.began.wall;
      last_good_at_ = reading.began.monotone;
    }
    if (was_out) log::info("store_back", {{"store", name().str()}});
  }
  hear_warnings(std::move(reading.warnings));
}

void StoreCache::take_outage(StoreReading& reading, const KeeperOptions& options) {
  const bool was_out = outage_.has_value();
  for (auto& [alias, error] : reading.away)
    note_away(alias, std::move(error), reading.number);
  fingerprint_.clear();
  outage_ = std::move(*reading.outage);
  back_off(options, reading.began.monotone);
  if (!was_out) log::failure("store_outage", *outage_, {{"store", name().str()}});
}

void StoreCache::doubt_unasked(const std::set<Alias>& names) {
  for (const auto& alias : names) {
    if (entries_.contains(alias)) continue;
    Error unasked{Code::kUnavailable, "alias_unread", quoted(alias.view()) + " was not read yet"};
    note_away(alias, std::move(unasked), 0);
  }
}

void StoreCache::end_leases(const KeeperOptions& options, Milliseconds now) {
  for (auto& [alias, entry] : entries_) {
    if (entry.secrets.empty() || now <= entry.good_at.monotone + options.lease) continue;
    const std::optional<Error>& why = entry.unread ? entry.unread : outage_;
    log::error("store_lease_ended", {{"store", name().str()},
                                     {"alias", alias.str()},
                                     {"reason", why ? std::string(why->reason) : std::string()},
                                     {"detail", why ? why->detail : std::string()}});
    entry.secrets.clear();
    entry.bound.clear();
  }
}

}  // namespace signet::secrets
