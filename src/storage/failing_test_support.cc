#include "storage/test_failing_storage.h"

namespace signet::storage::test {
namespace {

constexpr int kMostCalls = 1000;

Error not_there() {
  return {Code::kUnavailable, "storage_unavailable", "the storage does not answer"};
}

/// Nobody answers.
class AwayStorage : public Storage {
 public:
  Task<Done> commit(Transaction) override { co_return not_there(); }
  Task<std::optional<Document>> document(std::string, RealmName, std::string) override {
    co_return not_there();
  }
  Task<std::vector<Document>> documents(std::string, RealmName, std::string, std::size_t) override {
    co_return not_there();
  }
  Task<std::int64_t> count_documents(std::string, RealmName) override { co_return not_there(); }
  Task<std::vector<DocumentChange>> changes_since(std::int64_t, std::size_t) override {
    co_return not_there();
  }
  Task<std::int64_t> last_change() override { co_return not_there(); }
  Task<std::optional<TokenRecord>> token(Bytes) override { co_return not_there(); }
  Task<bool> is_denied(RealmName, Bytes) override { co_return not_there(); }
  Task<std::vector<DeniedToken>> denials_since(std::int64_t, std::size_t, std::int64_t*) override {
    co_return not_there();
  }
  Task<std::int64_t> count_expired(Instant, std::size_t) override { co_return not_there(); }
  Task<std::vector<KeyRecord>> keys(RealmName) override { co_return not_there(); }
  Task<std::vector<AuditEvent>> audit(std::int64_t, std::size_t) override { co_return not_there(); }
  Task<Done> ping() override { co_return not_there(); }
};

Task<Done> lose_answer(std::shared_ptr<Storage> storage, Transaction transaction) {
  CO_TRY(co_await storage->commit(std::move(transaction)));
  co_return Error{Code::kUnavailable, "storage_unavailable", "the answer was lost"};
}

}  // namespace

FailingStorage::FailingStorage(std::shared_ptr<Storage> real)
    : real_(std::move(real)), away_(std::make_shared<AwayStorage>()) {}
FailingStorage::~FailingStorage() = default;

Storage& FailingStorage::next() {
  return calls.is_next_to_fail() ? *away_ : *real_;
}

Task<Done> FailingStorage::commit(Transaction transaction) {
  if (!calls.is_next_to_fail()) return real_->commit(std::move(transaction));
  if (loses_answers) return lose_answer(real_, std::move(transaction));
  return away_->commit(std::move(transaction));
}

void FailingStorage::on_change(std::function<void(const Changed&)> listener) {
  real_->on_change(std::move(listener));
}

signet::test::Disturbance failing_calls(FailingStorage& storage) {
  signet::test::Disturbance out;
  out.name = "call of storage";
  out.begin = [&storage](int nth, bool for_good) { storage.calls.begin(nth, for_good); };
  out.end = [&storage] { return storage.calls.end(); };
  out.most = kMostCalls;
  return out;
}

}  // namespace signet::storage::test
