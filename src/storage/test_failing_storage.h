#pragma once
// A storage whose Nth call fails (F8), for tests.

#include <memory>

#include "storage/forwarding_storage.h"
#include "support/fault_loop.h"

namespace signet::storage::test {

/// Fails with kUnavailable "storage_unavailable", before the engine behind it was asked; with
/// `loses_answers` a commit fails after it was made. For one thread.
class FailingStorage : public ForwardingStorage {
 public:
  explicit FailingStorage(std::shared_ptr<Storage> real);
  ~FailingStorage() override;

  Task<Done> commit(Transaction transaction) override;
  void on_change(std::function<void(const Changed&)> listener) override;

  signet::test::NthCall calls;
  bool loses_answers = false;

 private:
  Storage& next() override;
  const std::shared_ptr<Storage> real_, away_;
};

/// Of the calls of `storage`.
signet::test::Disturbance failing_calls(FailingStorage& storage);

}  // namespace signet::storage::test
