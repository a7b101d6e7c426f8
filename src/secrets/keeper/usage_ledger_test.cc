#include "secrets/keeper/usage_ledger.h"

#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

using namespace test;

const KeyId kKid("k");

struct Books {
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<FaultyStorage> storage =
      std::make_shared<FaultyStorage>(storage::memory::open(*clock));

  static void use(UsageLedger& ledger, int times, KeyUse use = KeyUse::kSign) {
    const auto meter = ledger.meter(kGlobal, kEs256, kKid);
    for (int i = 0; i < times; ++i)
      meter->count(use, from_unix_seconds(1000 + i));
  }
  static std::uint64_t signs(UsageLedger& ledger) {
    const auto totals = async::run_now(ledger.totals(kGlobal, kEs256));
    EXPECT_THAT(totals, is_ok());
    return totals->contains(kKid) ? totals->at(kKid)[0].count : 0;
  }
  static Status flush(UsageLedger& ledger, std::vector<std::string> known) {
    return async::run_now(ledger.flush(std::move(known)));
  }
  std::size_t documents() {
    return async::run_now(storage->documents(kUsageKind, kGlobal, "", 100))->size();
  }
};

TEST(UsageLedger, sums_over_instances_and_is_exact_before_and_after_each_flush) {
  Books books;
  UsageLedger one(books.storage, "one"), two(books.storage, "two");
  Books::use(one, 3);
  EXPECT_EQ(Books::signs(one), 3u);
  EXPECT_EQ(Books::signs(two), 0u) << "not told yet";
  ASSERT_THAT(Books::flush(one, {"two"}), is_ok());
  ASSERT_THAT(Books::flush(one, {"two"}), is_ok());
  Books::use(two, 4);
  EXPECT_EQ(Books::signs(one), 3u);
  EXPECT_EQ(Books::signs(two), 7u);
  ASSERT_THAT(Books::flush(two, {"one"}), is_ok());
  Books::use(one, 1);
  EXPECT_EQ(Books::signs(one), 8u);
  const auto totals = async::run_now(two.totals(kGlobal, kEs256));
  EXPECT_EQ(totals->at(kKid)[0].last, from_unix_seconds(1003));
}

TEST(UsageLedger, what_gone_instances_counted_is_kept_in_one_document) {
  Books books;
  for (int i = 0; i < 5; ++i) {
    UsageLedger gone(books.storage, "gone" + std::to_string(i));
    Books::use(gone, 2);
    ASSERT_THAT(Books::flush(gone, {"gone0", "gone1", "gone2", "gone3", "gone4"}), is_ok());
  }
  EXPECT_EQ(books.documents(), 5u);
  UsageLedger here(books.storage, "here");
  Books::use(here, 1);
  ASSERT_THAT(Books::flush(here, {}), is_ok());
  EXPECT_EQ(books.documents(), 2u);
  EXPECT_EQ(Books::signs(here), 11u);
}

TEST(UsageLedger, one_that_was_taken_for_dead_counts_on_without_counting_twice) {
  Books books;
  UsageLedger asleep(books.storage, "asleep"), here(books.storage, "here");
  Books::use(asleep, 5);
  ASSERT_THAT(Books::flush(asleep, {"here"}), is_ok());
  Books::use(here, 1);
  ASSERT_THAT(Books::flush(here, {}), is_ok());
  Books::use(asleep, 2);
  ASSERT_THAT(Books::flush(asleep, {"here"}), is_ok());
  EXPECT_EQ(Books::signs(here), 8u);
}

TEST(UsageLedger, loses_nothing_when_storage_refuses) {
  Books books;
  UsageLedger one(books.storage, "one");
  Books::use(one, 3);
  books.storage->fault = Error{Code::kUnavailable, "storage_full", ""};
  EXPECT_THAT(Books::flush(one, {}), fails("storage_full"));
  books.storage->fault.reset();
  ASSERT_THAT(Books::flush(one, {}), is_ok());
  UsageLedger next(books.storage, "next");
  EXPECT_EQ(Books::signs(next), 3u);
}

}  // namespace
}  // namespace signet::secrets
