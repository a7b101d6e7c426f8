#pragma once
// All documents of a kind and realm, for readers that need every one of them.

#include "storage/storage.h"

namespace signet::storage {

/// A walk over them in order of id, page by page, so that no more than a page of them is in memory
/// at once. What changes meanwhile may be seen or not; what stays is seen once. One caller at a
/// time.
class DocumentPages {
 public:
  DocumentPages(std::shared_ptr<Storage> storage, std::string kind, RealmName realm);
  /// The next ones, at most kPage; empty where there are no more. An error of the storage leaves
  /// the walk where it was.
  Task<std::vector<Document>> next();

 private:
  const std::shared_ptr<Storage> storage_;
  const std::string kind_;
  const RealmName realm_;
  std::string after_;
  bool is_over_ = false;
};

/// All of them at once, in order of id.
Task<std::vector<Document>> all_documents(std::shared_ptr<Storage> storage, std::string kind,
                                          RealmName realm);

}  // namespace signet::storage
