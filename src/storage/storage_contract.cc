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

TEST_P(StorageContract, sec_069_refuses_a_token_that_is_not_a_hash) {
  TokenRecord clear = token("x");
  clear.hash = to_bytes("a-token-in-clear-text");
  EXPECT_THAT(commit({PutToken{clear}}), fails("storage_hash_malformed"));
  EXPECT_THAT(commit({DenyToken{{kRealm, {}, at(9)}}}), fails("storage_hash_malformed"));
  EXPECT_THAT(commit({UseOnce{kRealm, {1, 2}, at(9)}}), fails("storage_hash_malformed"));
}

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

TEST_P(StorageContract, keeps_replaces_and_erases_a_token) {
  ASSERT_THAT(commit({PutToken{token("t")}}), is_ok());
  auto found = now(storage_->token(hash_of("t"))).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->hash, hash_of("t"));
  EXPECT_EQ(found->realm, kRealm);
  EXPECT_EQ(found->client, ClientId("app"));
  EXPECT_EQ(found->kind, "access");
  EXPECT_EQ(found->issued, at(0));
  EXPECT_EQ(found->expires, at(3600));
  EXPECT_EQ(found->claims, R"({"sub":"app"})");
  ASSERT_THAT(commit({PutToken{token("t", at(9))}}), is_ok());
  EXPECT_EQ(now(storage_->token(hash_of("t"))).value()->expires, at(9));
  ASSERT_THAT(commit({EraseToken{hash_of("t")}}), is_ok());
  EXPECT_FALSE(now(storage_->token(hash_of("t"))).value());
}

TEST_P(StorageContract, follows_denials_by_row_and_a_longer_one_is_told_again) {
  const auto deny = [&](const char* id, Instant expires) {
    return commit({DenyToken{{kRealm, hash_of(id), expires}}});
  };
  for (const char* id : {"a", "b", "c"})
    ASSERT_THAT(deny(id, at(100)), is_ok());
  ASSERT_THAT(deny("gone", at(-1)), is_ok());
  std::int64_t row = -1;
  auto first = now(storage_->denials_since(0, 2, &row)).value();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[1].id_hash, hash_of("b"));
  auto rest = now(storage_->denials_since(row, 9, &row)).value();
  ASSERT_EQ(rest.size(), 1u) << "what expired is not told";
  ASSERT_THAT(deny("a", at(50)), is_ok());
  EXPECT_TRUE(now(storage_->denials_since(row, 9, &row)).value().empty());
  ASSERT_THAT(deny("a", at(200)), is_ok());
  auto longer = now(storage_->denials_since(row, 9, &row)).value();
  ASSERT_EQ(longer.size(), 1u);
  EXPECT_EQ(longer[0].expires, at(200));
  EXPECT_FALSE(now(storage_->is_denied(RealmName("beta"), hash_of("a"))).value());
}

TEST_P(StorageContract, purges_what_expired_and_nothing_else) {
  for (const int second : {1, 9, 10, 11}) {
    const std::string name = std::to_string(second);
    ASSERT_THAT(
        commit({PutToken{token(name, at(second))}, DenyToken{{kRealm, hash_of(name), at(second)}},
                UseOnce{kRealm, hash_of(name), at(second)}}),
        is_ok());
  }
  ASSERT_THAT(commit({Purge{at(10)}}), is_ok());
  for (const int second : {1, 9, 10, 11}) {
    const Bytes hash = hash_of(std::to_string(second));
    const bool kept = second >= 10;
    EXPECT_EQ(now(storage_->token(hash)).value().has_value(), kept);
    EXPECT_EQ(now(storage_->is_denied(kRealm, hash)).value(), kept);
    EXPECT_EQ(commit({UseOnce{kRealm, hash, at(99)}}).ok(), !kept);
  }
}

TEST_P(StorageContract, purges_in_slices_oldest_first) {
  Transaction many;
  for (std::size_t i = 0; i < kPurgeSlice + 5; ++i) {
    many.push_back(PutToken{token(std::to_string(i), at(static_cast<std::int64_t>(i)))});
  }
  ASSERT_THAT(commit(std::move(many)), is_ok());
  ASSERT_THAT(commit({Purge{at(100'000)}}), is_ok());
  const auto is_there = [&](std::size_t i) {
    return now(storage_->token(hash_of(std::to_string(i)))).value().has_value();
  };
  EXPECT_FALSE(is_there(kPurgeSlice - 1));
  EXPECT_TRUE(is_there(kPurgeSlice));
  ASSERT_THAT(commit({Purge{at(100'000)}}), is_ok());
  EXPECT_FALSE(is_there(kPurgeSlice + 4));
}

TEST_P(StorageContract, keeps_the_whole_record_of_a_key) {
  KeyRecord stored = key("k");
  stored.activated = at(2);
  stored.horizon = at(50);
  ASSERT_THAT(commit({PutKey{stored, 0}}), is_ok());
  const KeyRecord found = only_key();
  EXPECT_EQ(found.secret_id, "oauth.sign");
  EXPECT_EQ(found.kid, KeyId("k"));
  EXPECT_EQ(found.state, "prepared");
  EXPECT_EQ(found.public_jwk, R"({"kty":"EC"})");
  EXPECT_EQ(found.published, at(1));
  EXPECT_EQ(found.activated, at(2));
  EXPECT_EQ(found.deactivated, std::nullopt);
  EXPECT_EQ(found.retired, std::nullopt);
  EXPECT_EQ(found.horizon, at(50));
  EXPECT_EQ(found.revision, 1);
  EXPECT_THAT(commit({PutKey{stored, 0}}), fails("revision_conflict"));
  EXPECT_TRUE(now(storage_->keys(RealmName())).value().empty());
}

TEST_P(StorageContract, a_horizon_only_rises) {
  const auto put_with = [&](std::int64_t horizon, std::int64_t expected) {
    KeyRecord record = key("k");
    record.horizon = at(horizon);
    return commit({PutKey{std::move(record), expected}});
  };
  ASSERT_THAT(put_with(50, 0), is_ok());
  ASSERT_THAT(put_with(100, 1), is_ok());
  EXPECT_EQ(only_key().horizon, at(100));
  EXPECT_EQ(only_key().revision, 2) << "what was decided on the one before is decided anew";
  EXPECT_THAT(put_with(200, 1), fails("revision_conflict"));
  ASSERT_THAT(put_with(10, 2), is_ok());
  EXPECT_EQ(only_key().horizon, at(100)) << "nor does an older record lower it";
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
