#include "storage/document_pages.h"

#include "storage/forwarding_storage.h"
#include "storage/memory/memory_storage.h"
#include "storage/test_records.h"

namespace signet::storage::test {
namespace {

/// Counts the pages that are read, and fails where the test says.
class CountingStorage : public ForwardingStorage {
 public:
  Task<std::vector<Document>> documents(std::string kind, RealmName realm, std::string after,
                                        std::size_t limit) override {
    ++pages;
    if (fault) co_return *fault;
    co_return co_await ForwardingStorage::documents(std::move(kind), std::move(realm),
                                                    std::move(after), limit);
  }

  int pages = 0;
  std::optional<Error> fault;

 private:
  Storage& next() override { return *inner_; }
  ManualClock clock_;
  std::shared_ptr<Storage> inner_ = memory::open(clock_);
};

/// A storage with so many clients in the realm, and one elsewhere.
std::shared_ptr<CountingStorage> with_clients(std::size_t count) {
  auto storage = std::make_shared<CountingStorage>();
  Transaction transaction;
  for (std::size_t i = 0; i < count; ++i)
    transaction.emplace_back(PutDocument{client(std::to_string(100'000 + i)), std::nullopt});
  Document elsewhere = client("999999");
  elsewhere.realm = RealmName("beta");
  transaction.emplace_back(PutDocument{std::move(elsewhere), std::nullopt});
  EXPECT_THAT(now(storage->commit(std::move(transaction))), is_ok());
  return storage;
}

TEST(DocumentPages, all_of_a_realm_come_once_and_in_order) {
  for (const std::size_t count :
       {std::size_t{0}, std::size_t{3}, kPage - 1, kPage, kPage + 1, 2 * kPage, 2 * kPage + 7}) {
    const auto storage = with_clients(count);
    const auto all = now(all_documents(storage, "client", kRealm));
    ASSERT_THAT(all, is_ok());
    ASSERT_EQ(all->size(), count);
    for (std::size_t i = 0; i < count; ++i)
      ASSERT_EQ((*all)[i].id, std::to_string(100'000 + i));
  }
}

TEST(DocumentPages, a_page_that_is_not_full_is_the_last_one_and_nothing_is_asked_after_it) {
  const auto few = with_clients(3);
  ASSERT_THAT(now(all_documents(few, "client", kRealm)), is_ok());
  EXPECT_EQ(few->pages, 1);
  const auto many = with_clients(kPage + 1);
  ASSERT_THAT(now(all_documents(many, "client", kRealm)), is_ok());
  EXPECT_EQ(many->pages, 2);
}

TEST(DocumentPages, a_walk_goes_on_where_the_storage_failed) {
  const auto storage = with_clients(kPage + 2);
  DocumentPages pages(storage, "client", kRealm);
  EXPECT_EQ(now(pages.next())->size(), kPage);
  storage->fault = Error{Code::kUnavailable, "storage_unavailable", "gone"};
  EXPECT_THAT(now(pages.next()), fails("storage_unavailable"));
  storage->fault.reset();
  EXPECT_EQ(now(pages.next())->size(), 2U);
  EXPECT_THAT(*now(pages.next()), testing::IsEmpty());
}

}  // namespace
}  // namespace signet::storage::test
