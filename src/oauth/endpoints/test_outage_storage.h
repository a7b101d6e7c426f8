#pragma once
// A storage whose disk goes away, in front of one that stays, for tests.

#include <memory>
#include <string>

#include "storage/forwarding_storage.h"

namespace signet::oauth::test {

class OutageStorage : public storage::ForwardingStorage {
 public:
  explicit OutageStorage(std::shared_ptr<storage::Storage> real);
  ~OutageStorage() override;

  Task<Done> commit(storage::Transaction transaction) override;
  Task<std::optional<storage::Document>> document(std::string kind, RealmName realm,
                                                  std::string id) override;
  Task<std::optional<storage::TokenRecord>> token(Bytes hash) override;

  bool is_down = false;          ///< nothing is written, and no token and no document is found
  bool reads_documents = false;  ///< documents are found all the same

 protected:
  storage::Storage& next() override { return *real_; }

 private:
  std::shared_ptr<storage::Storage> real_;
};

}  // namespace signet::oauth::test
