#include "storage/document_pages.h"

#include <iterator>

namespace signet::storage {

DocumentPages::DocumentPages(std::shared_ptr<Storage> storage, std::string kind, RealmName realm)
    : storage_(std::move(storage)), kind_(std::move(kind)), realm_(std::move(realm)) {}

Task<std::vector<Document>> DocumentPages::next() {
  if (is_over_) co_return std::vector<Document>();
  CO_TRY(std::vector<Document> page, co_await storage_->documents(kind_, realm_, after_, kPage));
  is_over_ = page.size() < kPage;
  if (!page.empty()) after_ = page.back().id;
  co_return page;
}

Task<std::vector<Document>> all_documents(std::shared_ptr<Storage> storage, std::string kind,
                                          RealmName realm) {
  DocumentPages pages(std::move(storage), std::move(kind), std::move(realm));
  std::vector<Document> all;
  while (true) {
    CO_TRY(std::vector<Document> page, co_await pages.next());
    if (page.empty()) co_return all;
    all.insert(all.end(), std::make_move_iterator(page.begin()),
               std::make_move_iterator(page.end()));
  }
}

}  // namespace signet::storage
