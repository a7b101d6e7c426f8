// Documents, their revisions, and the changes that are told.

#include <atomic>
#include <thread>

#include "storage/storage_contract.h"
#include "storage/test_records.h"

namespace signet::storage::test {

TEST_P(StorageContract, refuses_a_record_without_a_name) {
  EXPECT_THAT(put({"", kRealm, "a", "{}"}), fails("storage_name_missing"));
  EXPECT_THAT(put({"client", kRealm, "", "{}"}), fails("storage_name_missing"));
}

TEST_P(StorageContract, refuses_a_put_on_another_revision) {
  EXPECT_THAT(put(client("a"), 1), fails("revision_conflict"));
  EXPECT_THAT(put(client("a", "1"), 0), is_ok());
  EXPECT_THAT(put(client("a", "2"), 0), fails_with_code(Code::kConflict));
  EXPECT_THAT(put(client("a", "2"), 1), is_ok());
  EXPECT_THAT(put(client("a", "3"), 1), fails("revision_conflict"));
  EXPECT_EQ(client_document("a")->text, "2");
}

TEST_P(StorageContract, refuses_an_erasure_on_another_revision) {
  ASSERT_THAT(put(client("a")), is_ok());
  EXPECT_THAT(commit({EraseDocument{"client", kRealm, "a", 2}}), fails("revision_conflict"));
  EXPECT_THAT(commit({EraseDocument{"client", kRealm, "b", 1}}), fails("revision_conflict"));
  EXPECT_TRUE(client_document("a"));
  EXPECT_THAT(commit({EraseDocument{"client", kRealm, "a", 1}}), is_ok());
  EXPECT_FALSE(client_document("a"));
}

TEST_P(StorageContract, a_change_may_require_that_a_document_is_there) {
  const auto add = [&](const std::string& id) {
    return commit({RequireDocument{"realm", RealmName(), "alpha"}, PutDocument{client(id), {}}});
  };
  EXPECT_THAT(add("a"), fails("document_missing"));
  EXPECT_THAT(add("a"), fails_with_code(Code::kConflict));
  EXPECT_FALSE(client_document("a"));
  ASSERT_THAT(put({"realm", RealmName(), "alpha", "{}"}), is_ok());
  EXPECT_THAT(add("a"), is_ok());
  ASSERT_THAT(commit({EraseDocument{"realm", RealmName(), "alpha", {}}}), is_ok());
  EXPECT_THAT(add("b"), fails("document_missing")) << "what is erased is not there";
  EXPECT_THAT(commit({PutDocument{client("b"), {}}, RequireDocument{"client", kRealm, "b"}}),
              is_ok())
      << "its own changes count";
  EXPECT_THAT(ids(), testing::ElementsAre("a", "b"));
}

TEST_P(StorageContract, a_change_may_require_that_a_realm_holds_no_document_of_a_kind) {
  const Transaction erasure{RequireNoDocuments{"client", kRealm},
                            EraseDocument{"realm", RealmName(), "alpha", {}}};
  ASSERT_THAT(
      commit({PutDocument{{"realm", RealmName(), "alpha", "{}"}, {}}, PutDocument{client("a"), {}},
              PutDocument{{"client", RealmName("beta"), "x", "{}"}, {}},
              PutDocument{{"scope", kRealm, "y", "{}"}, {}}}),
      is_ok());
  EXPECT_THAT(commit(erasure), fails("documents_present"));
  EXPECT_THAT(commit(erasure), fails_with_code(Code::kConflict));
  EXPECT_TRUE(now(storage_->document("realm", RealmName(), "alpha")).value());
  EXPECT_THAT(commit({EraseDocument{"client", kRealm, "a", {}}, erasure[0], erasure[1]}), is_ok())
      << "what went in the same transaction is gone";
  EXPECT_FALSE(now(storage_->document("realm", RealmName(), "alpha")).value());
  EXPECT_FALSE(client_document("a"));
}

TEST_P(StorageContract, a_realm_and_what_is_made_in_it_exclude_each_other) {
  std::atomic<int> orphans = 0, unexpected = 0;
  for (int round = 0; round < 10; ++round) {
    const RealmName realm("realm-" + std::to_string(round));
    ASSERT_THAT(put({"realm", RealmName(), realm.str(), "{}"}), is_ok());
    std::vector<std::thread> threads;
    threads.emplace_back([&] {
      const Status done = commit({EraseDocument{"realm", RealmName(), realm.str(), 1},
                                  RequireNoDocuments{"client", realm}});
      unexpected += done.ok() || done.error().is("documents_present") ? 0 : 1;
    });
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&, i] {
        const Status done = commit({RequireDocument{"realm", RealmName(), realm.str()},
                                    PutDocument{{"client", realm, std::to_string(i), "{}"}, 0}});
        unexpected += done.ok() || done.error().is("document_missing") ? 0 : 1;
      });
    }
    for (auto& thread : threads)
      thread.join();
    const bool is_there = now(storage_->document("realm", RealmName(), realm.str()))->has_value();
    orphans += !is_there && now(storage_->count_documents("client", realm)).value() > 0 ? 1 : 0;
  }
  EXPECT_EQ(orphans, 0);
  EXPECT_EQ(unexpected, 0);
}

TEST_P(StorageContract, forgets_a_document_and_its_revisions_and_tells_nobody) {
  ASSERT_THAT(put(client("a", "1")), is_ok());
  ASSERT_THAT(put(client("a", "2")), is_ok());
  ASSERT_THAT(put(client("b")), is_ok());
  const auto before = changes();
  const Document read = *client_document("a");
  Document older = read, other = read;
  older.revision = 1;
  other.text = "1";
  ASSERT_THAT(
      commit({ForgetDocument{older}, ForgetDocument{other}, ForgetDocument{client("nobody")}}),
      is_ok());
  EXPECT_TRUE(client_document("a")) << "it is not the one that was read";

  EXPECT_THAT(commit({ForgetDocument{read}, PutDocument{client("b"), 0}}),
              fails("revision_conflict"));
  EXPECT_TRUE(client_document("a")) << "a transaction that is refused forgets nothing";
  EXPECT_EQ(changes().size(), 2u);

  ASSERT_THAT(commit({ForgetDocument{read}}), is_ok());
  EXPECT_FALSE(client_document("a"));
  EXPECT_THAT(ids(), testing::ElementsAre("b"));
  ASSERT_EQ(changes().size(), 1u);
  EXPECT_EQ(changes().at(0).id, "b");
  EXPECT_EQ(now(storage_->last_change()).value(), before.back().sequence);
  ASSERT_THAT(commit({ForgetDocument{read}}), is_ok()) << "a second time it is nothing";
  ASSERT_THAT(put(client("a", "3"), 0), is_ok());
  EXPECT_EQ(client_document("a")->revision, 1);
  EXPECT_GT(changes().back().sequence, before.back().sequence);
}

TEST_P(StorageContract, the_newest_change_of_all_is_remembered_when_its_document_is_forgotten) {
  ASSERT_THAT(put(client("a")), is_ok());
  const std::int64_t last = now(storage_->last_change()).value();
  ASSERT_THAT(commit({ForgetDocument{*client_document("a")}}), is_ok());
  EXPECT_FALSE(client_document("a"));
  EXPECT_EQ(now(storage_->last_change()).value(), last) << "or others would begin anew";
  ASSERT_THAT(put(client("a"), 0), is_ok());
  EXPECT_EQ(client_document("a")->revision, 2);
}

TEST_P(StorageContract, keeps_any_text_byte_for_byte) {
  const std::string odd("a\0b\xff'\"\n", 7);
  ASSERT_THAT(put({"client", RealmName(odd), odd, odd}), is_ok());
  const auto found = now(storage_->document("client", RealmName(odd), odd)).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->text, odd);
  EXPECT_EQ(found->realm.str(), odd);
  ASSERT_THAT(put({"client", RealmName(), "empty", ""}), is_ok());
  EXPECT_EQ(now(storage_->document("client", RealmName(), "empty")).value()->text, "");
}

TEST_P(StorageContract, a_revision_is_never_given_twice) {
  ASSERT_THAT(put(client("a")), is_ok());
  ASSERT_THAT(put(client("a")), is_ok());
  EXPECT_EQ(client_document("a")->revision, 2);
  ASSERT_THAT(commit({EraseDocument{"client", kRealm, "a", {}}}), is_ok());
  ASSERT_THAT(put(client("a"), 0), is_ok());
  EXPECT_EQ(client_document("a")->revision, 3);
}

TEST_P(StorageContract, pages_through_documents_of_one_kind_and_realm) {
  for (const char* id : {"d", "b", "a", "c", "B"})
    ASSERT_THAT(put(client(id)), is_ok());
  ASSERT_THAT(put({"client", RealmName("beta"), "x", "{}"}), is_ok());
  ASSERT_THAT(put({"scope", kRealm, "y", "{}"}), is_ok());
  EXPECT_THAT(ids(), testing::ElementsAre("B", "a", "b", "c", "d"));
  EXPECT_THAT(ids("a", 2), testing::ElementsAre("b", "c"));
  EXPECT_THAT(ids("c", 2), testing::ElementsAre("d"));
  EXPECT_THAT(ids("", 0), testing::IsEmpty());
  EXPECT_EQ(now(storage_->count_documents("client", kRealm)).value(), 5);
  EXPECT_EQ(now(storage_->count_documents("client", RealmName("gamma"))).value(), 0);
}

TEST_P(StorageContract, tells_each_changed_document_once_at_its_newest_change) {
  for (const char* id : {"a", "b", "a", "c"})
    ASSERT_THAT(put(client(id)), is_ok());
  auto all = changes();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].id, "b");
  EXPECT_EQ(all[1].id, "a");
  EXPECT_EQ(all[2].id, "c");
  EXPECT_LT(all[0].sequence, all[1].sequence);
  EXPECT_EQ(now(storage_->last_change()).value(), all[2].sequence);
  EXPECT_EQ(changes(all[0].sequence, 1).at(0).id, "a");
  EXPECT_TRUE(changes(all[2].sequence).empty());

  ASSERT_THAT(commit({EraseDocument{"client", kRealm, "b", {}}}), is_ok());
  auto newer = changes(all[2].sequence);
  ASSERT_EQ(newer.size(), 1u);
  EXPECT_EQ(newer[0].id, "b") << "an erasure is told too";
}

}  // namespace signet::storage::test
