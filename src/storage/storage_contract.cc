#include "storage/storage_contract.h"

#include <atomic>
#include <thread>

#include "storage/audit_chain.h"
#include "storage/test_records.h"

namespace signet::storage::test {

testing::internal::ParamGenerator<Engine> exam_of(Engine engine) {
  return testing::Values(std::move(engine));
}

StorageContract::StorageContract() : clock_(at(0)) {}
StorageContract::~StorageContract() = default;

void StorageContract::SetUp() {
  if (GetParam().missing) {
    if (const std::string why = GetParam().missing(); !why.empty())
      GTEST_SKIP() << "skipped: " << why;
  }
  reopen();
}
void StorageContract::reopen() {
  storage_.reset();
  auto opened = GetParam().open(folder_.path(), clock_);
  ASSERT_THAT(opened, is_ok());
  storage_ = *opened;
}
Status StorageContract::commit(Transaction transaction) {
  return now(storage_->commit(std::move(transaction)));
}
Status StorageContract::put(Document document, std::optional<std::int64_t> expected) {
  return commit({PutDocument{std::move(document), expected}});
}
std::optional<Document> StorageContract::client_document(const std::string& id) {
  return now(storage_->document("client", kRealm, id)).value();
}
std::vector<std::string> StorageContract::ids(std::string after, std::size_t limit) {
  std::vector<std::string> out;
  const auto found = now(storage_->documents("client", kRealm, std::move(after), limit));
  for (const Document& d : found.value())
    out.push_back(d.id);
  return out;
}
std::vector<DocumentChange> StorageContract::changes(std::int64_t after, std::size_t limit) {
  return now(storage_->changes_since(after, limit)).value();
}
KeyRecord StorageContract::only_key() {
  return now(storage_->keys(kRealm)).value().at(0);
}
std::vector<AuditEvent> StorageContract::audit() {
  return now(storage_->audit(0, 1000)).value();
}

TEST_P(StorageContract, a_refused_transaction_leaves_no_trace) {
  ASSERT_THAT(put(client("kept", "before")), is_ok());
  ASSERT_THAT(commit({UseOnce{kRealm, hash_of("jti"), at(2000)}, PutKey{key("k"), 0},
                      DenyToken{{kRealm, hash_of("d"), at(5)}}, PutToken{token("old", at(1))},
                      AppendAudit{event("first")}}),
              is_ok());
  const std::int64_t last = now(storage_->last_change()).value();
  KeyRecord raised = key("k");
  raised.horizon = at(900);

  EXPECT_THAT(
      commit({PutDocument{client("new"), {}}, PutDocument{client("kept", "after"), {}},
              EraseDocument{"client", kRealm, "kept", {}}, PutToken{token("t")},
              EraseToken{hash_of("old")}, DenyToken{{kRealm, hash_of("d"), at(50)}},
              DenyToken{{kRealm, hash_of("e"), at(5)}}, UseOnce{kRealm, hash_of("other"), at(9)},
              PutKey{raised, 1}, PutKey{key("k2"), 0}, AppendAudit{event("second")},
              Purge{at(1000)}, UseOnce{kRealm, hash_of("jti"), at(9)}}),
      fails("already_used"));

  EXPECT_THAT(ids(), testing::ElementsAre("kept"));
  EXPECT_EQ(client_document("kept")->text, "before");
  EXPECT_EQ(client_document("kept")->revision, 1);
  EXPECT_EQ(now(storage_->last_change()).value(), last);
  EXPECT_EQ(changes().size(), 1u);
  EXPECT_FALSE(now(storage_->token(hash_of("t"))).value());
  EXPECT_TRUE(now(storage_->token(hash_of("old"))).value());
  EXPECT_TRUE(now(storage_->is_denied(kRealm, hash_of("d"))).value());
  EXPECT_FALSE(now(storage_->is_denied(kRealm, hash_of("e"))).value());
  EXPECT_EQ(only_key().horizon, Instant{});
  EXPECT_EQ(audit().size(), 1u);
  EXPECT_THAT(commit({UseOnce{kRealm, hash_of("other"), at(9)}}), is_ok());
}

TEST_P(StorageContract, sec_026_of_100_parallel_uses_exactly_one_succeeds) {
  std::atomic<int> succeeded = 0, refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 100; ++i) {
    threads.emplace_back([&, i] {
      const std::string id = "t" + std::to_string(i);
      Status done = commit({PutToken{token(id)}, UseOnce{kRealm, hash_of("code"), at(60)},
                            AppendAudit{event("code.redeemed")}});
      if (done.ok()) {
        ++succeeded;
      } else if (done.error().is("already_used")) {
        ++refused;
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(succeeded, 1);
  EXPECT_EQ(refused, 99);
  int tokens = 0;
  for (int i = 0; i < 100; ++i) {
    tokens += now(storage_->token(hash_of("t" + std::to_string(i)))).value() ? 1 : 0;
  }
  EXPECT_EQ(tokens, 1);
  EXPECT_EQ(audit().size(), 1u);
}

TEST_P(StorageContract, of_parallel_changes_on_one_revision_exactly_one_succeeds) {
  ASSERT_THAT(put(client("a")), is_ok());
  ASSERT_THAT(commit({PutKey{key("k"), 0}}), is_ok());
  std::atomic<int> documents = 0, keys = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&, i] {
      documents += put(client("a", std::to_string(i)), 1).ok() ? 1 : 0;
      keys += commit({PutKey{key("k"), 1}}).ok() ? 1 : 0;
    });
  }
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(documents, 1);
  EXPECT_EQ(keys, 1);
}

TEST_P(StorageContract, what_is_not_there_is_not_found) {
  EXPECT_FALSE(client_document("nobody"));
  EXPECT_FALSE(now(storage_->token(hash_of("nothing"))).value());
  EXPECT_FALSE(now(storage_->is_denied(kRealm, hash_of("nothing"))).value());
  EXPECT_TRUE(now(storage_->keys(kRealm)).value().empty());
  EXPECT_EQ(now(storage_->last_change()).value(), 0);
  EXPECT_THAT(commit({EraseToken{hash_of("nothing")}}), is_ok());
  EXPECT_THAT(commit({EraseDocument{"client", kRealm, "nobody", {}}}), is_ok());
  EXPECT_THAT(commit({}), is_ok());
  EXPECT_THAT(now(storage_->ping()), is_ok());
}

TEST_P(StorageContract, chains_the_audit_trail_so_that_tampering_shows) {
  for (const char* name : {"one", "two", "three"}) {
    ASSERT_THAT(commit({AppendAudit{event(name)}, AppendAudit{event("also")}}), is_ok());
  }
  const auto whole = audit();
  ASSERT_EQ(whole.size(), 6u);
  EXPECT_EQ(whole[0].event, "one");
  EXPECT_EQ(whole[5].sequence, 6);
  EXPECT_EQ(verify_audit(whole, {}).value(), 6);
  const auto tail = now(storage_->audit(2, 3)).value();
  EXPECT_EQ(verify_audit(tail, whole[1].chain).value(), 3);

  auto edited = whole;
  edited[2].actor = "nobody";
  EXPECT_THAT(verify_audit(edited, {}), fails("audit_chain_broken"));
  auto removed = whole;
  removed.erase(removed.begin() + 3);
  EXPECT_THAT(verify_audit(removed, {}), fails("audit_chain_broken"));
}

TEST_P(StorageContract, many_threads_write_and_read_at_once) {
  std::vector<std::thread> threads;
  std::atomic<int> failed = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        const std::string name = std::to_string(t) + "." + std::to_string(i);
        const bool done =
            commit({PutToken{token(name)}, PutDocument{client(name), 0}, AppendAudit{event(name)}})
                .ok() &&
            now(storage_->token(hash_of(name))).value().has_value() &&
            client_document(name).has_value();
        failed += done ? 0 : 1;
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(changes(0, 1000).size(), 200u);
  EXPECT_EQ(verify_audit(audit(), {}).value(), 200);
}

TEST_P(StorageContract, what_was_answered_survives_a_restart) {
  if (!GetParam().is_durable) GTEST_SKIP() << "skipped: this engine forgets";
  ASSERT_THAT(commit({PutDocument{client("a"), 0}, PutToken{token("t")}, PutKey{key("k"), 0},
                      UseOnce{kRealm, hash_of("jti"), at(9)}, AppendAudit{event("one")},
                      DenyToken{{kRealm, hash_of("d"), at(9)}}}),
              is_ok());
  reopen();
  EXPECT_TRUE(client_document("a"));
  EXPECT_TRUE(now(storage_->token(hash_of("t"))).value());
  EXPECT_EQ(only_key().kid, KeyId("k"));
  EXPECT_TRUE(now(storage_->is_denied(kRealm, hash_of("d"))).value());
  EXPECT_THAT(commit({UseOnce{kRealm, hash_of("jti"), at(9)}}), fails("already_used"));
  ASSERT_THAT(commit({AppendAudit{event("two")}}), is_ok());
  EXPECT_EQ(verify_audit(audit(), {}).value(), 2);
}

}  // namespace signet::storage::test
