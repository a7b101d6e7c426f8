#include "secrets/keeper/usage_ledger.h"

#include <algorithm>

#include "base/json.h"
#include "base/log.h"
#include "storage/document_pages.h"

namespace signet::secrets {
namespace {

constexpr std::size_t kMaxText = 64 << 20;
constexpr const char* kTotal = "total";

UseTotal read_use(const json::Value* use) {
  UseTotal total;
  if (use == nullptr) return total;
  const json::Value* count = use->get("count");
  const json::Value* last = use->get("last");
  const std::int64_t uses = count != nullptr ? count->if_int().value_or(0) : 0;
  total.count = static_cast<std::uint64_t>(std::max<std::int64_t>(uses, 0));
  if (last != nullptr && last->if_int()) total.last = from_unix_seconds(*last->if_int());
  return total;
}

}  // namespace

UsageLedger::UsageLedger(std::shared_ptr<storage::Storage> storage, std::string instance)
    : storage_(std::move(storage)), instance_(instance.empty() ? "alone" : std::move(instance)) {}

std::shared_ptr<const UsageMeter> UsageLedger::meter(const RealmName& realm, const SecretId& id,
                                                     const KeyId& kid) {
  std::lock_guard hold(mutex_);
  auto& counted = meters_[realm][{id.str(), kid}];
  if (!counted.meter) counted.meter = std::make_shared<const UsageMeter>();
  return counted.meter;
}

UsageLedger::Sums UsageLedger::read(const std::string& text) {
  Sums sums;
  json::Limits limits;
  limits.max_bytes = kMaxText;
  const auto parsed = json::parse(text, limits);
  if (!parsed.ok()) log::failure("usage_unreadable", parsed.error());
  const json::Value* list = parsed.ok() ? parsed->get("keys") : nullptr;
  if (list == nullptr || list->if_array() == nullptr) return sums;
  for (const auto& item : *list->if_array()) {
    const json::Value* id = item.get("secret_id");
    const json::Value* kid = item.get("kid");
    if (id == nullptr || kid == nullptr || id->if_string() == nullptr ||
        kid->if_string() == nullptr) {
      continue;
    }
    UseTotals& totals = sums[{*id->if_string(), KeyId(*kid->if_string())}];
    for (std::size_t i = 0; i < kKeyUses; ++i)
      totals[i] = read_use(item.get(to_string(static_cast<KeyUse>(i))));
  }
  return sums;
}

std::string UsageLedger::text_of(const Sums& sums) {
  json::Array keys;
  for (const auto& [name, totals] : sums) {
    json::Object one;
    one.set("secret_id", name.first);
    one.set("kid", name.second.view());
    for (std::size_t i = 0; i < kKeyUses; ++i) {
      if (totals[i].count == 0) continue;
      json::Object use;
      use.set("count", totals[i].count);
      if (totals[i].last) use.set("last", unix_seconds(*totals[i].last));
      one.set(to_string(static_cast<KeyUse>(i)), std::move(use));
    }
    keys.emplace_back(std::move(one));
  }
  json::Object out;
  out.set("keys", std::move(keys));
  return json::dump(json::Value(std::move(out)));
}

UsageLedger::Sums UsageLedger::news(const RealmName& realm) const {
  Sums news;
  std::lock_guard hold(mutex_);
  const auto found = meters_.find(realm);
  if (found == meters_.end()) return news;
  for (const auto& [name, counted] : found->second) {
    const UseTotals fresh = since(counted.flushed, counted.meter->sum());
    if (!is_unused(fresh)) news.emplace(name, fresh);
  }
  return news;
}

Task<Done> UsageLedger::flush(std::vector<std::string> known) {
  std::vector<RealmName> realms;
  {
    std::lock_guard hold(mutex_);
    for (const auto& [realm, meters] : meters_)
      realms.push_back(realm);
  }
  known.push_back(instance_);
  for (const auto& realm : realms) {
    CO_TRY(co_await flush_realm(realm));
    if (news(realm).empty()) {
      CO_TRY(co_await fold(realm, known));
    }
  }
  co_return Done{};
}

Task<Done> UsageLedger::flush_realm(RealmName realm) {
  const Sums fresh = news(realm);
  if (fresh.empty()) co_return Done{};
  // Added to what is there, so that one who took us for dead and folded our document loses nothing.
  CO_TRY(const std::optional<storage::Document> document,
         co_await storage_->document(kUsageKind, realm, instance_));
  Sums sums = document ? read(document->text) : Sums();
  for (const auto& [name, totals] : fresh)
    add(sums[name], totals);
  storage::PutDocument put;
  put.document.kind = kUsageKind;
  put.document.realm = realm;
  put.document.id = instance_;
  put.document.text = text_of(sums);
  put.expected = document ? document->revision : 0;
  storage::Transaction transaction;
  transaction.emplace_back(std::move(put));
  CO_TRY(co_await storage_->commit(std::move(transaction)));
  std::lock_guard hold(mutex_);
  for (const auto& [name, totals] : fresh)
    add(meters_[realm][name].flushed, totals);
  co_return Done{};
}

Task<Done> UsageLedger::fold(RealmName realm, std::vector<std::string> known) {
  CO_TRY(const std::vector<storage::Document> all,
         co_await storage::all_documents(storage_, kUsageKind, realm));
  Sums sums;
  std::int64_t expected = 0;
  storage::Transaction transaction;
  for (const auto& document : all) {
    if (document.id == kTotal) expected = document.revision;
    const bool is_gone = std::find(known.begin(), known.end(), document.id) == known.end();
    if (!is_gone) continue;
    for (const auto& [name, totals] : read(document.text))
      add(sums[name], totals);
    if (document.id == kTotal) continue;
    transaction.emplace_back(
        storage::EraseDocument{kUsageKind, realm, document.id, document.revision});
  }
  if (transaction.empty()) co_return Done{};
  storage::PutDocument put;
  put.document.kind = kUsageKind;
  put.document.realm = realm;
  put.document.id = kTotal;
  put.document.text = text_of(sums);
  put.expected = expected;
  transaction.emplace_back(std::move(put));
  auto folded = co_await storage_->commit(std::move(transaction));
  if (!folded.ok() && folded.error().code != Code::kConflict) co_return std::move(folded).error();
  co_return Done{};  // in a conflict another instance folds
}

Task<std::map<KeyId, UseTotals>> UsageLedger::totals(RealmName realm, SecretId id) {
  std::map<KeyId, UseTotals> out;
  const Sums unwritten = news(realm);
  CO_TRY(const std::vector<storage::Document> all,
         co_await storage::all_documents(storage_, kUsageKind, realm));
  const auto collect = [&](const Sums& sums) {
    for (const auto& [name, totals] : sums) {
      if (name.first == id.str()) add(out[name.second], totals);
    }
  };
  for (const auto& document : all)
    collect(read(document.text));
  collect(unwritten);
  co_return out;
}

}  // namespace signet::secrets
