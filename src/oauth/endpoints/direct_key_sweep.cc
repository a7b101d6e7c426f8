#include "oauth/endpoints/direct_key_sweep.h"

#include <utility>

#include "base/log.h"
#include "resource_servers/direct_key.h"

namespace signet::oauth {
namespace {

/// A key that cannot be read stays: somebody should look at it.
storage::Transaction forget_what_is_over(std::vector<storage::Document> page, Instant now,
                                         Seconds skew) {
  storage::Transaction out;
  for (auto& document : page) {
    const auto key = resource_servers::DirectKey::from_text(document.text);
    if (!key.ok()) {
      log::failure("direct_key_unread", key.error(), {{"realm", document.realm.view()}});
    } else if (key->is_over(now, skew)) {
      out.emplace_back(storage::ForgetDocument{std::move(document)});
    }
  }
  return out;
}

void tell_of(std::size_t forgotten) {
  if (forgotten > 0) log::info("direct_keys_forgotten", {{"keys", forgotten}});
}

}  // namespace

DirectKeySweep::DirectKeySweep(std::shared_ptr<const Services> services,
                               DirectKeySweepSettings settings)
    : services_(std::move(services)), settings_(settings) {}

Task<Done> DirectKeySweep::step() {
  if (!realms_) {
    const Milliseconds now = services_->clock->monotone();
    if (next_ && now < *next_) co_return Done{};
    next_ = now + settings_.every;
    realms_.emplace(services_->storage, "realm", RealmName());
  }
  for (std::size_t i = 0; i < settings_.realms; ++i) {
    if (waiting_.empty()) {
      CO_TRY(co_await find_realms());
    }
    if (waiting_.empty()) {
      realms_.reset();
      tell_of(std::exchange(forgotten_, 0));
      co_return Done{};
    }
    RealmName realm = waiting_.front();
    CO_TRY(const bool is_last, co_await sweep_page(std::move(realm)));
    // The rest of a realm with very many is for the next step.
    if (!is_last) co_return Done{};
    waiting_.pop_front();
    after_.clear();
  }
  co_return Done{};
}

Task<Done> DirectKeySweep::find_realms() {
  CO_TRY(const std::vector<storage::Document> page, co_await realms_->next());
  for (const auto& document : page)
    waiting_.emplace_back(document.id);
  co_return Done{};
}

Task<bool> DirectKeySweep::sweep_page(RealmName realm) {
  CO_TRY(std::vector<storage::Document> page,
         co_await services_->storage->documents(std::string(resource_servers::kDirectKeyKind),
                                                realm, after_, storage::kPage));
  if (page.empty()) co_return true;
  const bool is_last = page.size() < storage::kPage;
  std::string last = page.back().id;
  const secrets::RotationPolicy policy = services_->keeper->policy();
  storage::Transaction over = forget_what_is_over(
      std::move(page), services_->clock->now() - policy.clock_ahead, policy.clock_skew);
  const std::size_t count = over.size();
  if (count > 0) {
    CO_TRY(co_await services_->storage->commit(std::move(over)));
  }
  forgotten_ += count;
  after_ = std::move(last);
  co_return is_last;
}

}  // namespace signet::oauth
