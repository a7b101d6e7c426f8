#include "storage/memory/memory_storage.h"

#include <mutex>

#include "storage/memory/tables.h"
#include "storage/transaction_check.h"

namespace signet::storage::memory {
namespace {

class MemoryStorage : public Storage {
 public:
  explicit MemoryStorage(const Clock& clock) : clock_(clock) {}

  Task<Done> commit(Transaction transaction) override {
    CO_TRY(check_transaction(transaction));
    std::lock_guard hold(mutex_);
    co_return tables_.apply(transaction);
  }
  Task<std::optional<Document>> document(std::string kind, RealmName realm,
                                         std::string id) override {
    std::lock_guard hold(mutex_);
    co_return tables_.find_document(kind, realm, id);
  }
  Task<std::vector<Document>> documents(std::string kind, RealmName realm, std::string after,
                                        std::size_t limit) override {
    std::lock_guard hold(mutex_);
    co_return tables_.list_documents(kind, realm, after, limit);
  }
  Task<std::int64_t> count_documents(std::string kind, RealmName realm) override {
    std::lock_guard hold(mutex_);
    co_return tables_.count_documents(kind, realm);
  }
  Task<std::vector<DocumentChange>> changes_since(std::int64_t sequence,
                                                  std::size_t limit) override {
    std::lock_guard hold(mutex_);
    co_return tables_.list_changes(sequence, limit);
  }
  Task<std::int64_t> last_change() override {
    std::lock_guard hold(mutex_);
    co_return tables_.last_sequence;
  }
  Task<std::optional<TokenRecord>> token(Bytes hash) override {
    std::lock_guard hold(mutex_);
    co_return tables_.find_token(hash);
  }
  Task<bool> is_denied(RealmName realm, Bytes id_hash) override {
    std::lock_guard hold(mutex_);
    co_return tables_.is_denied(realm, id_hash);
  }
  Task<std::vector<DeniedToken>> denials_since(std::int64_t after_row, std::size_t limit,
                                               std::int64_t* last_row) override {
    std::lock_guard hold(mutex_);
    co_return tables_.list_denials(clock_.now(), after_row, limit, *last_row);
  }
  Task<std::int64_t> count_expired(Instant before, std::size_t limit) override {
    std::lock_guard hold(mutex_);
    co_return tables_.count_expired(before, limit);
  }
  Task<std::vector<KeyRecord>> keys(RealmName realm) override {
    std::lock_guard hold(mutex_);
    co_return tables_.list_keys(realm);
  }
  Task<std::vector<AuditEvent>> audit(std::int64_t after_sequence, std::size_t limit) override {
    std::lock_guard hold(mutex_);
    co_return tables_.list_audit(after_sequence, limit);
  }
  Task<Done> ping() override { co_return Done(); }

 private:
  const Clock& clock_;
  std::mutex mutex_;  ///< guards tables_; never held across a wait
  Tables tables_;
};

}  // namespace

std::shared_ptr<Storage> open(const Clock& clock) {
  return std::make_shared<MemoryStorage>(clock);
}

}  // namespace signet::storage::memory
