#include "admin/sealed_storage.h"

#include <algorithm>
#include <set>

#include "admin/sealed_values.h"
#include "admin/sealing_keys.h"
#include "storage/forwarding_storage.h"

namespace signet::admin {
namespace {

class RegisteringStorage : public storage::ForwardingStorage {
 public:
  RegisteringStorage(std::shared_ptr<storage::Storage> next, std::vector<SealingKey> keys,
                     std::shared_ptr<const Clock> clock)
      : next_(std::move(next)), keys_(std::move(keys)), clock_(std::move(clock)) {}

  Task<Done> commit(storage::Transaction transaction) override {
    add_registrations(transaction);
    return next_->commit(std::move(transaction));
  }

 private:
  storage::Storage& next() override { return *next_; }
  void add_registrations(storage::Transaction& transaction) const;

  const std::shared_ptr<storage::Storage> next_;
  const std::vector<SealingKey> keys_;
  const std::shared_ptr<const Clock> clock_;
};

void RegisteringStorage::add_registrations(storage::Transaction& transaction) const {
  std::set<std::string> ids;
  for (const auto& change : transaction) {
    const auto* put = std::get_if<storage::PutDocument>(&change);
    if (put == nullptr) continue;
    const auto value = sealed_value_of(put->document, clock_->now());
    if (!value) continue;
    auto id = secrets::EncodingKeys::key_id_of(*value);
    if (id) ids.insert(std::move(*id));
  }
  for (const auto& key : keys_) {
    if (ids.contains(key.id)) transaction.emplace_back(registration_of(key));
  }
}

}  // namespace

std::shared_ptr<storage::Storage> registering_sealing_keys(
    std::shared_ptr<storage::Storage> storage, std::shared_ptr<const secrets::EncodingKeys> keys,
    std::shared_ptr<const Clock> clock) {
  return std::make_shared<RegisteringStorage>(std::move(storage), keys->keys(), std::move(clock));
}

}  // namespace signet::admin
