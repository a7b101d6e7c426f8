#include "secrets/stores/aws/reread_store.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "crypto/digest.h"

namespace signet::secrets::aws {
namespace {

constexpr std::size_t kMostReadings = 1024;
/// AWS does not know everywhere at once what was just made: until an instance sees the key that
/// another one made, it cannot publish it, and nobody may sign with it.
constexpr Seconds kAbsentReread{10};

}  // namespace

Error RereadStore::in_this_store(Error error) const {
  error.detail = "store " + quoted(name_.view()) + ": " + error.detail;
  return error;
}

Task<std::vector<Secret>> RereadStore::fetch(Alias alias) {
  CO_TRY(const KeptPtr kept, co_await current(std::move(alias)));
  co_return kept->reading.secrets;
}

Task<RereadStore::KeptPtr> RereadStore::current(Alias alias) {
  const Instant now = access_->context.clock->now();
  {
    const std::lock_guard lock(mutex_);
    const auto found = kept_.find(alias);
    if (found != kept_.end()) {
      const bool is_absent = found->second->reading.secrets.empty();
      const Seconds life = is_absent ? std::min(reread_, kAbsentReread) : reread_;
      if (now >= found->second->at && now - found->second->at < life) co_return found->second;
    }
  }
  auto reading = co_await read(alias);
  if (!reading) co_return told(alias, std::move(reading).error());
  co_return store_reading(alias, std::move(*reading), now);
}

std::vector<Secret> RereadStore::keep(const Alias& alias, Reading reading) {
  return store_reading(alias, std::move(reading), access_->context.clock->now())->reading.secrets;
}

RereadStore::KeptPtr RereadStore::store_reading(const Alias& alias, Reading reading, Instant at) {
  auto fresh = std::make_shared<Kept>();
  fresh->reading = std::move(reading);
  fresh->at = at;
  for (Secret& secret : fresh->reading.secrets) {
    secret.alias = alias;
    secret.store = name_;
  }
  warnings_.set(alias.str(), std::move(fresh->reading.warnings));
  const std::lock_guard lock(mutex_);
  if (kept_.size() < kMostReadings || kept_.contains(alias)) kept_[alias] = fresh;
  return fresh;
}

Task<std::vector<Alias>> RereadStore::aliases() {
  co_return in_this_store({Code::kUnsupported, "aliases_unsupported",
                           service_ + " is not asked for a list, which needs a right of its own"});
}

Task<std::string> RereadStore::fingerprint() {
  std::vector<Alias> known;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [alias, kept] : kept_)
      known.push_back(alias);
  }
  std::string all;
  std::optional<Error> failure;
  bool is_any_read = false;
  for (const Alias& alias : known) {
    const auto kept = co_await current(alias);
    if (kept.ok()) {
      is_any_read = true;
      all += alias.str() + "=" + (*kept)->reading.stamp + "\n";
      continue;
    }
    if (is_transient(kept.error().code)) co_return kept.error();
    // Of this alias alone, which may not even be mapped any more; fetch() tells of one that is.
    all += alias.str() + "!" + std::string(kept.error().reason) + "\n";
    if (!failure) failure = kept.error();
  }
  if (failure && !is_any_read) co_return std::move(*failure);
  co_return all.empty() ? all : hex(crypto::sha256(as_bytes(all)));
}

}  // namespace signet::secrets::aws
