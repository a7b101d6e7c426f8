#include "oauth/endpoints/test_outage_storage.h"

namespace signet::oauth::test {
namespace {

Error disk_gone() {
  return {Code::kUnavailable, "storage_unavailable", "the disk is gone"};
}

}  // namespace

OutageStorage::OutageStorage(std::shared_ptr<storage::Storage> real) : real_(std::move(real)) {}
OutageStorage::~OutageStorage() = default;

Task<Done> OutageStorage::commit(storage::Transaction transaction) {
  if (is_down) co_return disk_gone();
  co_return co_await real_->commit(std::move(transaction));
}
Task<std::optional<storage::Document>> OutageStorage::document(std::string kind, RealmName realm,
                                                               std::string id) {
  if (is_down && !reads_documents) co_return disk_gone();
  co_return co_await real_->document(std::move(kind), std::move(realm), std::move(id));
}
Task<std::optional<storage::TokenRecord>> OutageStorage::token(Bytes hash) {
  if (is_down) co_return disk_gone();
  co_return co_await real_->token(std::move(hash));
}

}  // namespace signet::oauth::test
