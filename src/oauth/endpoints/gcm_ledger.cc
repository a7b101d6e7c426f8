#include "oauth/endpoints/gcm_ledger.h"

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "base/json.h"
#include "base/log.h"
#include "crypto/digest.h"

namespace signet::oauth {
namespace {

constexpr std::string_view kLedgerKind = "gcm_uses";
constexpr int kLedgerTries = 16;
/// After a failure to reserve ahead of need.
constexpr Milliseconds kReservePause{1000};
constexpr std::size_t kIdBytes = 16;

/// Tells keys apart and shows nothing of them: a MAC under the key itself. A key that could be
/// guessed from it could be guessed from any token under that key.
std::string id_of(const jose::Jwk& key) {
  std::array<std::uint8_t, 32> tag;
  crypto::MacKey(crypto::Hash::kSha256, key.symmetric())
      .mac(as_bytes("signet uses for AES-GCM"), tag.data());
  return base64::url_encode(ByteView(tag).first(kIdBytes));
}

Result<std::uint64_t> read_reserved(const std::optional<storage::Document>& document) {
  if (!document) return std::uint64_t{0};
  const auto object = json::parse_object(document->text);
  const json::Value* value = object.ok() ? object->find("reserved") : nullptr;
  if (!value || !value->if_int() || *value->if_int() < 0)
    return Error{Code::kInternal, "gcm_uses_malformed",
                 "what is stored of the uses of a key for AES-GCM is no count"};
  return static_cast<std::uint64_t>(*value->if_int());
}

storage::Document document_of(const std::string& id, std::uint64_t reserved) {
  json::Object text;
  text.set("reserved", static_cast<std::int64_t>(reserved));
  return {std::string(kLedgerKind), RealmName(), id, json::dump(text), 0};
}

Error worn_out() {
  return {Code::kConfig, "key_worn_out",
          "a key of the resource server has served AES-GCM 2^32 times: it must be replaced"};
}

// An operator has the last quarter to replace it.
void tell_of_age(std::uint64_t before, std::uint64_t after, std::uint64_t most) {
  const std::uint64_t mark = most / 4 * 3;
  if (before >= mark || after < mark) return;
  log::warn("key_wearing_out",
            {{"what",
              "a key of a resource server has served AES-GCM for three quarters of what is "
              "allowed: replace it"},
             {"reserved", after},
             {"most", most}});
}

}  // namespace

GcmLedger::AccountPtr GcmLedger::account(const jose::Jwk& key) {
  std::string id = id_of(key);
  std::lock_guard hold(mutex_);
  auto& account = accounts_[id];
  if (!account) account.reset(new Account(std::move(id)));
  return account;
}

GcmLedger::Wish GcmLedger::wish(Account& account, Instant now) const {
  const std::uint64_t left = account.uses_.left();
  if (left > account.block_.load(std::memory_order_relaxed) / 2) [[likely]]
    return Wish::kNothing;
  if (account.uses_.is_final()) return Wish::kNothing;
  if (left == 0) return Wish::kNow;
  const std::int64_t at = now.time_since_epoch().count();
  if (at < account.not_before_.load(std::memory_order_relaxed)) return Wish::kNothing;
  return account.is_ahead_.exchange(true, std::memory_order_relaxed) ? Wish::kNothing
                                                                     : Wish::kAhead;
}

Task<Done> GcmLedger::reserve(std::shared_ptr<storage::Storage> storage, AccountPtr account,
                              Instant now) {
  std::function<Task<Done>()> work = [this, storage, account] {
    return take_block(storage, account);
  };
  const auto done = co_await account->flight_.run(std::move(work));
  if (!done.ok()) {
    const Instant again = now + kReservePause;
    account->not_before_.store(again.time_since_epoch().count(), std::memory_order_relaxed);
  }
  account->is_ahead_.store(false, std::memory_order_relaxed);
  co_return done;
}

Task<Done> GcmLedger::take_block(std::shared_ptr<storage::Storage> storage, AccountPtr account) {
  for (int i = 0; i < kLedgerTries; ++i) {
    CO_TRY(const auto before,
           co_await storage->document(std::string(kLedgerKind), RealmName(), account->id_));
    CO_TRY(const std::uint64_t reserved, read_reserved(before));
    if (reserved >= settings_.most) {
      account->uses_.end();
      co_return worn_out();
    }
    const std::uint64_t last = account->block_.load(std::memory_order_relaxed);
    const std::uint64_t next = last == 0 ? settings_.first_block : last * 2;
    const std::uint64_t block =
        std::min({next, settings_.largest_block, settings_.most - reserved});
    storage::PutDocument put;
    put.document = document_of(account->id_, reserved + block);
    put.expected = before ? before->revision : 0;
    storage::Transaction transaction;
    transaction.emplace_back(std::move(put));
    const auto done = co_await storage->commit(std::move(transaction));
    const bool was_faster = !done.ok() && done.error().is("revision_conflict");
    if (was_faster) continue;
    // Whether it is durable or not: what was not confirmed is not used.
    if (!done.ok()) co_return done.error();
    account->uses_.grant(block);
    account->block_.store(block, std::memory_order_relaxed);
    tell_of_age(reserved, reserved + block, settings_.most);
    co_return Done{};
  }
  co_return Error{Code::kUnavailable, "gcm_uses_contended",
                  "other instances reserve uses of the same key at this moment"};
}

Task<std::uint64_t> GcmLedger::reserved(std::shared_ptr<storage::Storage> storage,
                                        jose::Jwk key) const {
  std::string id = id_of(key);
  CO_TRY(const auto document,
         co_await storage->document(std::string(kLedgerKind), RealmName(), std::move(id)));
  co_return read_reserved(document);
}

}  // namespace signet::oauth
