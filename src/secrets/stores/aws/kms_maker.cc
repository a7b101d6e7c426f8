#include "secrets/stores/aws/kms_maker.h"

#include <algorithm>

#include "base/backoff.h"
#include "base/text.h"

namespace signet::secrets::aws {
namespace {

Error alias_taken(const std::string& alias) {
  return Error{Code::kConflict, "alias_exists", "AWS KMS has a key " + quoted(alias, 256)};
}

std::string description_of(const std::string& alias) {
  return "Signet: " + alias;
}

std::string text_of(const KmsOrder& order) {
  return std::string(order.spec) + " " + std::string(order.usage);
}

}  // namespace

Task<std::string> KmsMaker::make(std::string alias, KmsOrder order) {
  CO_TRY(const std::string before, co_await named_by(alias));
  if (!before.empty()) {
    forget_spare(before);  // of an earlier try whose answer was lost
    co_return alias_taken(alias);
  }
  CO_TRY(std::string key, co_await nameless(alias, order));
  auto named = co_await give_name(alias, key);
  if (named) co_return key;

  Error error = std::move(named).error();
  const bool is_taken = error.is("aws_exists");
  // AWS may have done what it did not answer any more: then the alias is there, and names this key.
  const auto after = co_await named_by(alias);
  if (after && *after == key) co_return key;
  // An alias that is there and cannot be seen yet may be this key's.
  const bool is_of_another = after && !after->empty();
  const bool has_none = is_taken ? is_of_another : !is_transient(error.code);
  if (is_taken) error = alias_taken(alias);
  if (has_none) {
    CO_TRY(const std::string fate, co_await discard(key, order));
    error.detail += "; " + fate;
  } else {
    keep_spare(key, order, alias);
    error.detail += "; whether the new key " + quoted(key, 256) +
                    " has this alias is not known: the next try goes on with it";
  }
  co_return error;
}

Task<std::string> KmsMaker::named_by(std::string alias) {
  json::Object body;
  body.set("KeyId", alias);
  auto answer = co_await client_->call("DescribeKey", std::move(body));
  if (answer) co_return parse_arn(*answer);
  if (answer.error().is("aws_not_found")) co_return std::string();
  co_return std::move(answer).error();
}

Task<std::string> KmsMaker::nameless(std::string alias, KmsOrder order) {
  std::string spare = take_spare(alias, text_of(order));
  if (!spare.empty()) co_return spare;
  const std::string description = description_of(alias);
  json::Object body;
  body.set("KeySpec", order.spec);
  body.set("KeyUsage", order.usage);
  body.set("Description", description);
  auto answer = co_await client_->call_once("CreateKey", std::move(body));
  if (answer) co_return parse_arn(*answer);
  Error error = std::move(answer).error();
  const bool is_open = is_transient(error.code) && !error.is("aws_throttled");
  if (is_open) {
    error.detail += "; whether a key was made is not known: its description would be " +
                    quoted(description, 300);
  }
  co_return error;
}

Task<Done> KmsMaker::give_name(std::string alias, std::string key) {
  constexpr std::uint32_t kNamings = 5;
  constexpr Milliseconds kFirstRest{200};
  constexpr Milliseconds kLongestRest{2'000};
  for (std::uint32_t tries = 1;; ++tries) {
    json::Object body;
    body.set("AliasName", alias);
    body.set("TargetKeyId", key);
    auto answer = co_await client_->call("CreateAlias", std::move(body));
    if (answer) co_return Done{};
    // A key that was just made is not known everywhere at once.
    if (!answer.error().is("aws_not_found") || tries >= kNamings) {
      co_return std::move(answer).error();
    }
    const Milliseconds rest =
        backoff_delay(tries, kFirstRest, kLongestRest, access_->context.random.get());
    CO_TRY(co_await access_->pause(rest));
  }
}

Task<std::string> KmsMaker::discard(std::string key, KmsOrder order) {
  constexpr std::int64_t kFewestDays = 7;
  json::Object body;
  body.set("KeyId", key);
  body.set("PendingWindowInDays", kFewestDays);
  auto answer = co_await client_->call("ScheduleKeyDeletion", std::move(body));
  const std::string which = "the new key " + quoted(key, 256);
  if (answer) co_return which + " is scheduled for deletion in 7 days";
  const Error error = std::move(answer).error();
  // Somebody deletes it already; as a spare it would stand in the way of every other key.
  const bool is_gone = error.is("kms_key_disabled") || error.is("aws_not_found");
  if (is_gone) co_return which + " has no alias and serves nothing any more (" + error.detail + ")";
  keep_spare(key, order, std::string());
  co_return which +
      " has no alias and could not be scheduled for deletion: the next alias is given to it, "
      "unless this server is stopped before (" +
      error.detail + ")";
}

void KmsMaker::keep_spare(const std::string& key, const KmsOrder& order, const std::string& alias) {
  Spare spare{key, text_of(order), alias};
  const std::lock_guard lock(mutex_);
  spares_.push_back(std::move(spare));
}

std::string KmsMaker::take_spare(const std::string& alias, const std::string& kind) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(spares_.begin(), spares_.end(), [&](const Spare& spare) {
    return spare.kind == kind && (spare.alias.empty() || spare.alias == alias);
  });
  if (found == spares_.end()) return {};
  std::string key = std::move(found->key);
  spares_.erase(found);
  return key;
}

void KmsMaker::forget_spare(const std::string& key) {
  const std::lock_guard lock(mutex_);
  std::erase_if(spares_, [&](const Spare& spare) { return spare.key == key; });
}

}  // namespace signet::secrets::aws
