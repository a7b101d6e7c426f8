#include "secrets/keeper/lease.h"

#include <algorithm>

#include "base/json.h"

namespace signet::secrets {

Lease::Lease(std::shared_ptr<storage::Storage> storage, std::shared_ptr<Clock> clock,
             std::string name, std::string holder, Seconds lasts)
    : storage_(std::move(storage)),
      clock_(std::move(clock)),
      name_(std::move(name)),
      holder_(std::move(holder)),
      lasts_(lasts) {}

Lease::Content Lease::read(const storage::Document& document) {
  Content content;
  const auto parsed = json::parse(document.text);
  if (!parsed.ok()) return content;  // nobody holds what cannot be read
  const json::Value* holder = parsed->get("holder");
  const json::Value* seconds = parsed->get("seconds");
  if (holder != nullptr && holder->if_string() != nullptr) content.holder = *holder->if_string();
  if (seconds != nullptr)
    content.lasts = Seconds(std::clamp<std::int64_t>(seconds->if_int().value_or(0), 0, 86400));
  return content;
}

storage::Transaction Lease::write(std::string holder, std::int64_t expected) const {
  storage::PutDocument put;
  put.document.kind = kLeaseKind;
  put.document.id = name_;
  json::ObjectWriter(put.document.text)
      .add("holder", holder)
      .add("seconds", std::int64_t{lasts_.count()})
      .add("until", to_rfc3339(clock_->now() + lasts_))  // for people; nobody decides by it
      .end();
  put.expected = expected;
  storage::Transaction transaction;
  transaction.emplace_back(std::move(put));
  return transaction;
}

bool Lease::is_over(std::int64_t revision, Seconds lasts) {
  std::lock_guard hold(mutex_);
  const Milliseconds now = clock_->monotone();
  if (revision != seen_revision_) {
    seen_revision_ = revision;
    seen_at_ = now;
  }
  return now - seen_at_ >= std::max(lasts, lasts_);
}

Task<bool> Lease::acquire() {
  const Milliseconds began = clock_->monotone();
  CO_TRY(const std::optional<storage::Document> document,
         co_await storage_->document(kLeaseKind, RealmName(), name_));
  std::int64_t expected = 0;
  if (document) {
    const Content content = read(*document);
    const bool is_free = content.holder.empty() || content.holder == holder_;
    if (!is_free && !is_over(document->revision, content.lasts)) {
      std::lock_guard hold(mutex_);
      held_until_.reset();
      co_return false;
    }
    expected = document->revision;
  }
  storage::Transaction transaction = write(holder_, expected);
  auto written = co_await storage_->commit(std::move(transaction));
  if (!written.ok() && written.error().code != Code::kConflict)
    co_return std::move(written).error();
  std::lock_guard hold(mutex_);
  if (!written.ok()) {
    held_until_.reset();
    co_return false;
  }
  held_until_ = began + lasts_;
  co_return true;
}

bool Lease::is_held() const {
  std::lock_guard hold(mutex_);
  return held_until_ && clock_->monotone() < *held_until_;
}

Task<Done> Lease::release() {
  {
    std::lock_guard hold(mutex_);
    held_until_.reset();
  }
  CO_TRY(const std::optional<storage::Document> document,
         co_await storage_->document(kLeaseKind, RealmName(), name_));
  if (!document || read(*document).holder != holder_) co_return Done{};
  storage::Transaction transaction = write("", document->revision);
  auto written = co_await storage_->commit(std::move(transaction));
  if (!written.ok() && written.error().code != Code::kConflict)
    co_return std::move(written).error();
  co_return Done{};
}

}  // namespace signet::secrets
