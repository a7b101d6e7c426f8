#include "secrets/keeper/store_reading.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <new>

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
  const bool has_any_failed =
      std::any_of(reading.doubts.begin(), reading.doubts.end(),
                  [](const auto& pair) { return pair.second.failures != 0; });
  if (!has_any_failed) return order;
  const auto failures = [&](const Alias& alias) {
    const auto* doubt = doubt_of(reading, alias);
    return doubt == nullptr ? 0 : doubt->failures;
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](const Alias& a, const Alias& b) { return failures(a) < failures(b); });
  return order;
}

/// Of the wanted aliases those that are to be asked for, in order.
std::vector<Alias> due_of(const StoreReading& reading, const std::set<Alias>& wanted) {
  std::vector<Alias> due = in_order(reading, wanted);
  std::erase_if(due, [&](const Alias& alias) {
    const auto* doubt = doubt_of(reading, alias);
    return doubt == nullptr ? !reading.has_changed : reading.began.monotone < doubt->retry_at;
  });
  return due;
}

/// Whether one of them is known to be as it was.
bool is_any_unchanged(const StoreReading& reading, const std::set<Alias>& wanted) {
  return !reading.has_changed && std::any_of(wanted.begin(), wanted.end(), [&](const Alias& alias) {
    return doubt_of(reading, alias) == nullptr;
  });
}

/// A question about an alias, and what brings the answer.
struct Question {
  Alias alias;
  Task<std::vector<Secret>> answer;
  std::optional<AskingAhead::Turn> turn{};  ///< of one that did not wait for those before it
};

/// Begins when its answer is waited for.
Question in_its_turn(const StoreReading& reading, Deadlines& deadlines, const Alias& alias) {
  return {alias, fetch_from(reading.contact, deadlines, reading.limit, alias)};
}

/// Begins now. False where there is no turn or no memory for it: nothing was asked then.
bool ask_ahead(const StoreReading& reading, Deadlines& deadlines, AskingAhead& ahead,
               const async::Executor& executor, const Alias& alias,
               std::deque<Question>& under_way) {
  std::optional<AskingAhead::Turn> turn = under_way.empty() ? std::nullopt : ahead.take();
  if (!turn && !under_way.empty()) return false;
  try {
    async::OneShot<std::vector<Secret>> answer;
    Task<std::vector<Secret>> call = fetch_from(reading.contact, deadlines, reading.limit, alias);
    std::function<void(Result<std::vector<Secret>>)> bring =
        [answer](Result<std::vector<Secret>> result) mutable {
          answer.complete(std::move(result));
        };
    under_way.push_back({alias, answer.wait(), std::move(turn)});
    try {
      async::start<std::vector<Secret>>(executor, std::move(call), std::move(bring));
    } catch (const std::bad_alloc&) {
      answer.complete(Error{Code::kUnavailable, "out_of_memory", {}});
    }
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

Task<Done> ask_for_aliases(StoreReadingPtr reading, Deadlines& deadlines, AskingAhead& ahead) {
  const Store& store = *reading->contact.store;
  std::set<Alias> wanted;
  if (store.ordering() != Ordering::kSelfNaming) {
    wanted = reading->mapped;
  } else {
    wanted = reading->new_names ? *reading->new_names : reading->names;
  }
  const std::vector<Alias> due = due_of(*reading, wanted);
  reading->is_ordered = true;
  const std::size_t most = store.aliases_at_once();
  const async::Executor executor = co_await async::current_executor();
  // One alias that fails must not keep the others from being read, and a store that is away must
  // not be waited for once for each of them: two in a row, and it is the store, unless all that had
  // not failed before was read by then.
  constexpr int kMostInARow = 2;
  int in_a_row = 0;
  bool has_answered = is_any_unchanged(*reading, wanted), is_cut_short = false;
  bool is_answering = false;  // this very moment: only then it is asked for several at once
  // Nothing below throws while questions are under way: none may go on when this has ended.
  reading->answers.reserve(due.size());
  reading->away.reserve(due.size());
  std::deque<Question> under_way;
  std::size_t next = 0;
  while (next < due.size() || !under_way.empty()) {
    const auto begins_another = [&] {
      return is_answering && most > 1 && next < due.size() && under_way.size() < most &&
             ask_ahead(*reading, deadlines, ahead, executor, due[next], under_way);
    };
    while (begins_another())
      ++next;
    if (under_way.empty()) under_way.push_back(in_its_turn(*reading, deadlines, due[next++]));
    // In the order of asking, so that what comes of them does not depend on who is answered first.
    Question question = std::move(under_way.front());
    under_way.pop_front();
    auto secrets = co_await std::move(question.answer);
    is_answering = secrets.ok() || !is_transient(secrets.error().code);
    if (is_answering) {
      in_a_row = 0;
      has_answered = true;
      StoreReading::Answer answer{std::move(question.alias), std::move(secrets)};
      reading->answers.push_back(std::move(answer));
      continue;
    }
    reading->away.emplace_back(std::move(question.alias), std::move(secrets).error());
    if (++in_a_row < kMostInARow) continue;
    for (; next < due.size(); ++next) {
      const auto* doubt = doubt_of(*reading, due[next]);
      is_cut_short |= doubt == nullptr || doubt->failures == 0;
    }
  }
  if (!reading->away.empty() && (is_cut_short || !has_answered))
    reading->outage = reading->away.front().second;
  co_return Done{};
}

Task<Done> ask_for_changes(StoreReadingPtr reading, Deadlines& deadlines, AskingAhead& ahead) {
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
  co_return co_await ask_for_aliases(reading, deadlines, ahead);
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

Task<Done> ask_store(StoreReadingPtr reading, Deadlines& deadlines, AskingAhead& ahead) {
  auto asked = co_await ask_for_changes(reading, deadlines, ahead);
  if (!asked.ok()) reading->outage = std::move(asked).error();
  reading->warnings = reading->contact.store->warnings();
  reading->is_over = true;
  co_return Done{};
}

}  // namespace signet::secrets
