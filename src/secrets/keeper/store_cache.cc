#include "secrets/keeper/store_cache.h"

#include <algorithm>
#include <utility>

#include "base/backoff.h"
#include "base/log.h"
#include "base/text.h"
#include "secrets/keeper/metered_key.h"
#include "secrets/keeper/store_calls.h"

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
  if (is_self_naming()) return names_;
  std::set<Alias> aliases;
  for (const auto& mapping : all_mappings_) {
    if (!has_ring(find_row(mapping.id))) continue;
    aliases.insert(mapping.aliases.begin(), mapping.aliases.end());
  }
  return aliases;
}

std::vector<Alias> StoreCache::in_order() const {
  const std::set<Alias> names = wanted();
  std::vector<Alias> order(names.begin(), names.end());
  if (!is_any_away()) return order;
  const auto failures = [&](const Alias& alias) {
    const auto found = entries_.find(alias);
    return found == entries_.end() ? 0 : found->second.failures;
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](const Alias& a, const Alias& b) { return failures(a) < failures(b); });
  return order;
}

template <class T>
Task<T> StoreCache::ask(Deadlines& deadlines, Milliseconds limit, Task<T> task) const {
  const auto counts = meter_;
  const auto start = std::chrono::steady_clock::now();
  Result<T> result = co_await deadlines.within<T>(limit, name().str(), std::move(task));
  std::optional<Code> failure;
  if (!result.ok()) failure = result.error().code;
  counts->count(failure, std::chrono::steady_clock::now() - start);
  co_return result;
}

Task<std::vector<Secret>> StoreCache::fetch(Deadlines& deadlines, Milliseconds limit,
                                            Alias alias) const {
  auto secrets = co_await ask<std::vector<Secret>>(deadlines, limit, ask_secrets(store(), alias));
  if (!secrets.ok()) co_return std::move(secrets).error();
  for (auto& secret : *secrets) {
    if (secret.alias.empty()) secret.alias = alias;
    if (secret.store.empty()) secret.store = name();
    secret.store_realm = realm();
    if (secret.remote)
      secret.remote = std::make_shared<const MeteredKey>(std::move(secret.remote), key_meter_);
  }
  co_return std::move(secrets).value();
}

void StoreCache::keep(const Alias& alias, std::vector<Secret> secrets, Moment now) {
  Entry& entry = entries_[alias];
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

Task<Done> StoreCache::list_names(Deadlines& deadlines, Milliseconds limit) {
  auto listed = co_await ask<std::vector<Alias>>(deadlines, limit, ask_aliases(store()));
  std::set<Alias> names;
  if (listed.ok()) {
    for (const auto& alias : *listed) {
      const auto id = SecretId::parse(alias.view());
      if (id.ok() && has_ring(find_row(*id))) names.insert(alias);
    }
  } else if (listed.error().code == Code::kUnsupported) {
    for (const auto& row : registry()) {
      if (!is_template(row) && has_ring(&row)) names.insert(Alias(row.name));
    }
  } else {
    co_return std::move(listed).error();
  }
  names_ = std::move(names);
  is_listed_ = true;
  co_return Done{};
}

Task<Done> StoreCache::read(Deadlines& deadlines, const KeeperOptions& options, Moment now) {
  auto fingerprint =
      co_await ask<std::string>(deadlines, options.store_timeout, ask_fingerprint(store()));
  if (!fingerprint.ok() && fingerprint.error().code != Code::kUnsupported)
    co_return std::move(fingerprint).error();
  const bool has_changed =
      !fingerprint.ok() || fingerprint->empty() || *fingerprint != fingerprint_;
  if (is_self_naming() && (has_changed || !is_listed_)) {
    CO_TRY(co_await list_names(deadlines, options.store_timeout));
  }
  const std::vector<Alias> order = in_order();
  const std::set<Alias> names(order.begin(), order.end());
  std::erase_if(entries_, [&](const auto& pair) { return !names.contains(pair.first); });
  // One alias that fails must not keep the others from being read, and a store that is away must
  // not be waited for once for each of them: two in a row, and it is the store, unless all that had
  // not failed before was read by then.
  constexpr int kMostInARow = 2;
  std::vector<std::pair<Alias, Error>> failed;
  int in_a_row = 0;
  bool has_answered = false, is_cut_short = false;
  for (const auto& alias : order) {
    const auto found = entries_.find(alias);
    const bool is_known = found != entries_.end();
    if (!has_changed && is_known && !found->second.unread) {
      found->second.good_at = now;
      has_answered = true;
      continue;
    }
    if (is_known && now.monotone < found->second.retry_at) continue;
    if (in_a_row == kMostInARow) {
      is_cut_short |= !is_known || !found->second.is_away();
      continue;
    }
    auto secrets = co_await fetch(deadlines, options.store_timeout, alias);
    if (!secrets.ok() && is_transient(secrets.error().code)) {
      failed.emplace_back(alias, std::move(secrets).error());
      ++in_a_row;
      continue;
    }
    in_a_row = 0;
    has_answered = true;
    if (secrets.ok()) {
      keep(alias, std::move(secrets).value(), now);
    } else {
      note_unread(alias, std::move(secrets).error());
    }
  }
  if (!failed.empty() && (is_cut_short || !has_answered)) {
    for (const auto& [alias, error] : failed)
      note_away(alias, error);
    co_return std::move(failed.front().second);
  }
  for (auto& [alias, error] : failed) {
    tell_unread(alias, error);
    rest(note_away(alias, std::move(error)), options, now.monotone);
  }
  if (fingerprint.ok()) fingerprint_ = std::move(fingerprint).value();
  co_return Done{};
}

void StoreCache::tell_unread(const Alias& alias, const Error& error) const {
  const auto found = entries_.find(alias);
  const bool is_told = !outage_ && found != entries_.end() && found->second.unread &&
                       found->second.unread->is(error.reason);
  if (!is_told)
    log::failure("alias_unread", error, {{"store", name().str()}, {"alias", alias.str()}});
}

void StoreCache::note_unread(const Alias& alias, Error error) {
  tell_unread(alias, error);
  Entry& entry = entries_[alias];
  entry.unread = std::move(error);
  entry.is_absent = false;
  entry.failures = 0;
  entry.retry_at = Milliseconds::min();
}

StoreCache::Entry& StoreCache::note_away(const Alias& alias, Error error) {
  Entry& entry = entries_[alias];
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

void StoreCache::hear_warnings() {
  std::vector<std::string> heard = store()->warnings();
  for (const auto& warning : heard) {
    const bool is_known = std::find(warnings_.begin(), warnings_.end(), warning) != warnings_.end();
    if (!is_known) log::warn("store_warning", {{"store", name().str()}, {"detail", warning}});
  }
  warnings_ = std::move(heard);
}

Task<Done> StoreCache::load(Deadlines& deadlines, const KeeperOptions& options,
                            const Clock& clock) {
  const Milliseconds now = clock.monotone();
  if (!outage_ || now >= retry_at_) {
    const Instant asked = clock.now();
    const Moment moment{now, asked};
    auto done = co_await read(deadlines, options, moment);
    const bool was_out = outage_.has_value();
    if (done.ok()) {
      outage_.reset();
      failures_ = 0;
      retry_at_ = Milliseconds::min();
      if (!is_any_away()) {
        last_good_ = asked;
        last_good_at_ = now;
      }
      if (was_out) log::info("store_back", {{"store", name().str()}});
    } else {
      fingerprint_.clear();
      outage_ = std::move(done).error();
      back_off(options, now);
      if (!was_out) log::failure("store_outage", *outage_, {{"store", name().str()}});
    }
    hear_warnings();
  }
  end_leases(options, now);
  if (!by_default_.empty()) leave_out_absent_defaults();
  co_return Done{};
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
