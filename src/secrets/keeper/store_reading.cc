#include "secrets/keeper/store_reading.h"

#include <algorithm>
#include <chrono>

#include "secrets/keeper/metered_key.h"
#include "secrets/keeper/store_calls.h"

namespace signet::secrets {
namespace {

/// Every question to a store goes through here.
template <class T>
Task<T> ask_within(StoreContact contact, Deadlines& deadlines, Milliseconds limit, Task<T> task) {
  const auto start = std::chrono::steady_clock::now();
  Result<T> result =
      co_await deadlines.within<T>(limit, contact.store->name().str(), std::move(task));
  std::optional<Code> failure;
  if (!result.ok()) failure = result.error().code;
  contact.meter->count(failure, std::chrono::steady_clock::now() - start);
  co_return result;
}

Task<std::set<Alias>> list_ids(StoreContact contact, Deadlines& deadlines, Milliseconds limit) {
  auto listed = co_await ask_within<std::vector<Alias>>(contact, deadlines, limit,
                                                        ask_aliases(contact.store));
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
  co_return names;
}

const StoreReading::Doubt* doubt_of(const StoreReading& reading, const Alias& alias) {
  const auto found = reading.doubts.find(alias);
  return found == reading.doubts.end() ? nullptr : &found->second;
}

/// The wanted aliases, those that are away last, and of these the least tried first.
std::vector<Alias> in_order(const StoreReading& reading, const std::set<Alias>& wanted) {
  std::vector<Alias> order(wanted.begin(), wanted.end());
  if (reading.doubts.empty()) return order;
  const auto failures = [&](const Alias& alias) {
    const auto* doubt = doubt_of(reading, alias);
    return doubt == nullptr ? 0 : doubt->failures;
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](const Alias& a, const Alias& b) { return failures(a) < failures(b); });
  return order;
}

Task<Done> ask_for_aliases(StoreReadingPtr reading, Deadlines& deadlines) {
  const bool is_self_naming = reading->contact.store->ordering() == Ordering::kSelfNaming;
  std::set<Alias> wanted;
  if (!is_self_naming) {
    wanted = reading->mappings->aliases();
  } else {
    wanted = reading->new_names ? *reading->new_names : reading->names;
  }
  const std::vector<Alias> order = in_order(*reading, wanted);
  reading->is_ordered = true;
  // One alias that fails must not keep the others from being read, and a store that is away must
  // not be waited for once for each of them: two in a row, and it is the store, unless all that had
  // not failed before was read by then.
  constexpr int kMostInARow = 2;
  int in_a_row = 0;
  bool has_answered = false, is_cut_short = false;
  for (const auto& alias : order) {
    const auto* doubt = doubt_of(*reading, alias);
    if (!reading->has_changed && doubt == nullptr) {
      has_answered = true;
      continue;
    }
    if (doubt != nullptr && reading->began.monotone < doubt->retry_at) continue;
    if (in_a_row == kMostInARow) {
      is_cut_short |= doubt == nullptr || doubt->failures == 0;
      continue;
    }
    auto secrets = co_await fetch_from(reading->contact, deadlines, reading->limit, alias);
    if (!secrets.ok() && is_transient(secrets.error().code)) {
      reading->away.emplace_back(alias, std::move(secrets).error());
      ++in_a_row;
      continue;
    }
    in_a_row = 0;
    has_answered = true;
    StoreReading::Answer answer{alias, std::move(secrets)};
    reading->answers.push_back(std::move(answer));
  }
  if (!reading->away.empty() && (is_cut_short || !has_answered))
    reading->outage = reading->away.front().second;
  co_return Done{};
}

Task<Done> ask_for_changes(StoreReadingPtr reading, Deadlines& deadlines) {
  const StoreContact& contact = reading->contact;
  auto fingerprint = co_await ask_within<std::string>(contact, deadlines, reading->limit,
                                                      ask_fingerprint(contact.store));
  if (!fingerprint.ok() && fingerprint.error().code != Code::kUnsupported)
    co_return std::move(fingerprint).error();
  reading->has_changed =
      !fingerprint.ok() || fingerprint->empty() || *fingerprint != reading->fingerprint;
  if (fingerprint.ok()) reading->new_fingerprint = std::move(fingerprint).value();
  const bool is_self_naming = contact.store->ordering() == Ordering::kSelfNaming;
  if (is_self_naming && (reading->has_changed || !reading->is_listed)) {
    CO_TRY(std::set<Alias> names, co_await list_ids(contact, deadlines, reading->limit));
    reading->new_names = std::move(names);
  }
  co_return co_await ask_for_aliases(reading, deadlines);
}

}  // namespace

const Mapping* StoreMappings::find(const SecretId& id) const {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Mapping& mapping) { return mapping.id == id; });
  return found == all.end() ? nullptr : &*found;
}

void StoreMappings::put(const SecretId& id, std::vector<Alias> aliases) {
  by_default.erase(id);
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Mapping& mapping) { return mapping.id == id; });
  if (aliases.empty()) {
    if (found != all.end()) all.erase(found);
  } else if (found != all.end()) {
    found->aliases = std::move(aliases);
  } else {
    all.push_back(Mapping{id, std::move(aliases)});
  }
}

std::set<Alias> StoreMappings::aliases() const {
  std::set<Alias> out;
  for (const auto& mapping : all) {
    if (has_ring(find_row(mapping.id))) out.insert(mapping.aliases.begin(), mapping.aliases.end());
  }
  return out;
}

bool operator==(const StoreMappings& a, const StoreMappings& b) {
  return a.by_default == b.by_default &&
         std::equal(a.all.begin(), a.all.end(), b.all.begin(), b.all.end(),
                    [](const Mapping& x, const Mapping& y) {
                      return x.id == y.id && x.aliases == y.aliases;
                    });
}

void StoreReading::break_off(Error why) {
  is_ordered = false;
  new_fingerprint.reset();
  new_names.reset();
  answers.clear();
  away.clear();
  outage = std::move(why);
  is_over = true;
}

Task<std::vector<Secret>> fetch_from(StoreContact contact, Deadlines& deadlines, Milliseconds limit,
                                     Alias alias) {
  auto secrets = co_await ask_within<std::vector<Secret>>(contact, deadlines, limit,
                                                          ask_secrets(contact.store, alias));
  if (!secrets.ok()) co_return std::move(secrets).error();
  for (auto& secret : *secrets) {
    if (secret.alias.empty()) secret.alias = alias;
    if (secret.store.empty()) secret.store = contact.store->name();
    secret.store_realm = contact.realm;
    if (secret.remote)
      secret.remote =
          std::make_shared<const MeteredKey>(std::move(secret.remote), contact.key_meter);
  }
  co_return std::move(secrets).value();
}

Task<Done> ask_store(StoreReadingPtr reading, Deadlines& deadlines) {
  auto asked = co_await ask_for_changes(reading, deadlines);
  if (!asked.ok()) reading->outage = std::move(asked).error();
  reading->warnings = reading->contact.store->warnings();
  reading->is_over = true;
  co_return Done{};
}

}  // namespace signet::secrets
