#include "secrets/keeper/store_cache.h"

#include <algorithm>
#include <utility>

#include "base/backoff.h"
#include "base/log.h"
#include "base/text.h"
#include "secrets/keeper/mapping_document.h"
#include "secrets/keeper/metered_key.h"

namespace signet::secrets {
namespace {

// These own the store, so that a late answer finds it alive after a new configuration dropped it.
Task<std::string> ask_fingerprint(std::shared_ptr<Store> store) {
  co_return co_await store->fingerprint();
}
Task<std::vector<Alias>> ask_aliases(std::shared_ptr<Store> store) {
  co_return co_await store->aliases();
}
Task<std::vector<Secret>> ask_secrets(std::shared_ptr<Store> store, Alias alias) {
  co_return co_await store->fetch(std::move(alias));
}

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

/// Passwords have no ring: the store that needs one asks the others for it.
bool has_ring(const SecretIdRow* row) {
  return row != nullptr && row->purpose != Purpose::kPassword;
}

}  // namespace

void StoreCache::set_documents(const std::vector<storage::Document>& documents) {
  std::map<SecretId, std::vector<Alias>> effective;
  std::vector<SecretId> order;
  const auto put = [&](const Mapping& mapping) {
    if (!effective.contains(mapping.id)) order.push_back(mapping.id);
    effective[mapping.id] = mapping.aliases;
  };
  for (const auto& mapping : configured_.mappings)
    put(mapping);
  const std::string prefix = name().str() + "/";
  for (const auto& document : documents) {
    if (!document.id.starts_with(prefix)) continue;
    auto mapping = mapping_in(document, is_versioned());
    if (mapping.ok() && prefix + mapping->id.str() != document.id) {
      mapping = Error{Code::kInternal, "mapping_malformed",
                      "the document " + quoted(document.id) + " is about another ID"};
    }
    if (!mapping.ok()) {
      log::failure("mapping_document_broken", mapping.error(), {{"store", name().str()}});
      for (const auto& old : mappings_) {
        if (prefix + old.id.str() == document.id) put(old);
      }
      continue;
    }
    put(*mapping);
  }
  std::vector<Mapping> mappings;
  for (auto& id : order) {
    if (!effective[id].empty()) mappings.push_back({id, effective[id]});
  }
  mappings_ = std::move(mappings);
}

std::vector<Alias> StoreCache::configured_aliases(const SecretId& id) const {
  for (const auto& mapping : configured_.mappings) {
    if (mapping.id == id) return mapping.aliases;
  }
  return {};
}

const Mapping* StoreCache::mapping(const SecretId& id) const {
  const auto found = std::find_if(mappings_.begin(), mappings_.end(),
                                  [&](const Mapping& mapping) { return mapping.id == id; });
  return found == mappings_.end() ? nullptr : &*found;
}

std::set<Alias> StoreCache::wanted() const {
  if (is_self_naming()) return names_;
  std::set<Alias> aliases;
  for (const auto& mapping : mappings_) {
    if (!has_ring(find_row(mapping.id))) continue;
    aliases.insert(mapping.aliases.begin(), mapping.aliases.end());
  }
  return aliases;
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
    if (secret.remote)
      secret.remote = std::make_shared<const MeteredKey>(std::move(secret.remote), key_meter_);
  }
  co_return std::move(secrets).value();
}

void StoreCache::keep(const Alias& alias, std::vector<Secret> secrets, Instant now) {
  Entry& entry = entries_[alias];
  entry.unread.reset();
  entry.good_at = now;
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

Task<Done> StoreCache::read(Deadlines& deadlines, const KeeperOptions& options, Instant now) {
  auto fingerprint =
      co_await ask<std::string>(deadlines, options.store_timeout, ask_fingerprint(store()));
  if (!fingerprint.ok() && fingerprint.error().code != Code::kUnsupported)
    co_return std::move(fingerprint).error();
  const bool has_changed =
      !fingerprint.ok() || fingerprint->empty() || *fingerprint != fingerprint_;
  if (is_self_naming() && (has_changed || !is_listed_)) {
    CO_TRY(co_await list_names(deadlines, options.store_timeout));
  }
  const std::set<Alias> names = wanted();
  std::erase_if(entries_, [&](const auto& pair) { return !names.contains(pair.first); });
  // One alias that fails must not keep the others from being read, and a store that is away must
  // not be waited for once for each of them: two in a row, and it is the store.
  std::optional<Error> away;
  bool has_just_failed = false;
  for (const auto& alias : names) {
    const auto found = entries_.find(alias);
    if (!has_changed && found != entries_.end() && !found->second.unread) {
      found->second.good_at = now;
      continue;
    }
    auto secrets = co_await fetch(deadlines, options.store_timeout, alias);
    const bool is_away = !secrets.ok() && is_transient(secrets.error().code);
    if (is_away) {
      if (!away) away = secrets.error();
      if (std::exchange(has_just_failed, true)) break;
      continue;
    }
    has_just_failed = false;
    if (secrets.ok()) {
      keep(alias, std::move(secrets).value(), now);
    } else {
      Error error = std::move(secrets).error();
      std::optional<Error>& unread = entries_[alias].unread;
      if (!unread || !unread->is(error.reason))
        log::failure("alias_unread", error, {{"store", name().str()}, {"alias", alias.str()}});
      unread = std::move(error);
    }
  }
  if (away) co_return std::move(*away);
  if (fingerprint.ok()) fingerprint_ = std::move(fingerprint).value();
  co_return Done{};
}

// Once no lease serves any more every refresh counts, so only until then.
void StoreCache::back_off(const KeeperOptions& options, Instant now) {
  ++failures_;
  const Instant lease_ends = last_good_ + options.lease;
  const bool is_serving = last_good_ != Instant{} && now < lease_ends;
  const Milliseconds delay =
      backoff_delay(failures_, options.refresh_every, options.backoff_most, options.random.get());
  retry_at_ = is_serving ? std::min(now + delay, lease_ends) : now;
}

Task<Done> StoreCache::load(Deadlines& deadlines, const KeeperOptions& options, Instant now) {
  if (!outage_ || now >= retry_at_) {
    auto done = co_await read(deadlines, options, now);
    const bool was_out = outage_.has_value();
    if (done.ok()) {
      outage_.reset();
      last_good_ = now;
      failures_ = 0;
      retry_at_ = Instant{};
      if (was_out) log::info("store_back", {{"store", name().str()}});
    } else {
      fingerprint_.clear();
      outage_ = std::move(done).error();
      back_off(options, now);
      if (!was_out) log::failure("store_outage", *outage_, {{"store", name().str()}});
    }
  }
  for (auto& [alias, entry] : entries_) {
    if (entry.secrets.empty() || now <= entry.good_at + options.lease) continue;
    log::error("store_lease_ended", {{"store", name().str()}, {"alias", alias.str()}});
    entry.secrets.clear();
    entry.bound.clear();
  }
  co_return Done{};
}

std::set<SecretId> StoreCache::ids() const {
  std::set<SecretId> ids;
  for (const auto& mapping : mappings_) {
    if (has_ring(find_row(mapping.id))) ids.insert(mapping.id);
  }
  for (const auto& name : names_)
    ids.insert(SecretId::literal(name.view()));
  return ids;
}

std::optional<StoreAnswer> StoreCache::answer(const SecretId& id, std::vector<Skipped>& unread) {
  std::vector<Alias> aliases;
  if (!is_self_naming()) {
    const Mapping* found = mapping(id);
    if (found == nullptr) return std::nullopt;
    aliases = found->aliases;
  } else if (names_.contains(Alias(id.str()))) {
    aliases.emplace_back(id.str());
  } else if (is_listed_) {
    return std::nullopt;
  }
  StoreAnswer answer{name(), {}, outage_};
  const bool was_never_good = outage_ && last_good_ == Instant{};
  answer.is_unread = was_never_good && aliases.empty();
  for (const auto& alias : aliases) {
    const auto found = entries_.find(alias);
    if (found == entries_.end()) {
      answer.is_unread |= was_never_good;
      continue;
    }
    Entry& entry = found->second;
    if (entry.unread) {
      unread.push_back({name(), alias, KeyId(), *entry.unread});
      if (!answer.outage) answer.outage = entry.unread;
    } else if (entry.secrets.empty() && !outage_ && !is_self_naming()) {
      unread.push_back(
          {name(), alias, KeyId(),
           Error{Code::kConfig, "alias_unknown", "there is no alias " + quoted(alias.view())}});
    }
    auto bound = entry.bound.find(id);
    if (bound == entry.bound.end()) {
      std::vector<Secret> secrets;
      for (const auto& secret : entry.secrets)
        secrets.push_back(bound_to(id, secret));
      bound = entry.bound.emplace(id, std::move(secrets)).first;
    }
    answer.secrets.insert(answer.secrets.end(), bound->second.begin(), bound->second.end());
  }
  return answer;
}

StoreHealth StoreCache::health(const KeeperOptions& options) const {
  StoreHealth health;
  health.name = name();
  health.realm = realm();
  health.last_good = last_good_;
  std::optional<Error> fault = outage_;
  bool has_given = entries_.empty();
  for (const auto& [alias, entry] : entries_) {
    const bool was_read = entry.good_at != Instant{};
    has_given |= was_read;
    if (!entry.unread) continue;
    // The store answers, but what it gave of this alias before ages all the same.
    if (was_read) health.last_good = std::min(health.last_good, entry.good_at);
    if (fault) continue;
    fault = entry.unread;
    fault->detail = quoted(alias.view()) + ": " + fault->detail;
  }
  if (!has_given) health.last_good = Instant{};
  if (health.last_good != Instant{}) health.lease_until = health.last_good + options.lease;
  health.ok = !fault && last_good_ != Instant{};
  health.detail = fault       ? std::string(fault->reason) + ": " + fault->detail
                  : health.ok ? ""
                              : "not asked yet";
  health.warnings = store()->warnings();
  for (const auto& mapping : mappings_) {
    for (const auto& alias : mapping.aliases) {
      const auto found = entries_.find(alias);
      if (fault || found == entries_.end() || !found->second.secrets.empty()) continue;
      health.warnings.push_back(quoted(alias.view()) + " is mapped to " + mapping.id.str() +
                                " and is not there");
    }
  }
  return health;
}

}  // namespace signet::secrets
