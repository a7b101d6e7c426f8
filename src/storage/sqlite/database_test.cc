// The file itself: who may read it, what it may hold, which files are refused.
#include <sys/stat.h>

#include <fstream>

#include "storage/audit_chain.h"
#include "storage/sqlite/migrations.h"
#include "storage/sqlite/sqlite_storage.h"
#include "storage/test_folder.h"
#include "storage/test_records.h"

namespace signet::storage::test {
namespace {

class SqliteDatabase : public testing::Test {
 protected:
  Result<std::shared_ptr<Storage>> open() { return sqlite::open(file_, clock_); }
  std::unique_ptr<sqlite::Connection> raw() {
    return std::move(sqlite::Connection::open(file_, "")).value();
  }
  void make(const std::string& content) { std::ofstream(file_, std::ios::binary) << content; }
  mode_t mode(const std::string& suffix = "") {
    struct stat info {};
    EXPECT_EQ(::stat((file_ + suffix).c_str(), &info), 0) << suffix;
    return info.st_mode & 0777;
  }
  std::string all_bytes() {
    std::string out;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      std::ifstream in(entry.path(), std::ios::binary);
      out.append(std::istreambuf_iterator<char>(in), {});
    }
    return out;
  }

  TestFolder folder_;
  ManualClock clock_{at(0)};
  std::string file_ = folder_.file("signet.db");
};

TEST_F(SqliteDatabase, refuses_a_file_of_a_newer_program) {
  ASSERT_THAT(open(), is_ok());
  const std::string newer = std::to_string(sqlite::newest_schema() + 1);
  ASSERT_THAT(raw()->script("PRAGMA user_version=" + newer), is_ok());
  EXPECT_THAT(open(), fails("storage_too_new"));
}

TEST_F(SqliteDatabase, refuses_a_database_of_another_program) {
  make("");
  ASSERT_THAT(raw()->script("CREATE TABLE t (a); PRAGMA user_version=1"), is_ok());
  EXPECT_THAT(open(), fails("storage_open_failed"));
}

TEST_F(SqliteDatabase, refuses_a_file_that_is_no_database) {
  make(std::string(8192, 'x'));
  EXPECT_THAT(open(), fails("storage_corrupt"));
}

TEST_F(SqliteDatabase, refuses_a_folder_and_a_folder_that_is_not_there) {
  EXPECT_THAT(sqlite::open(folder_.path().string(), clock_), fails("storage_open_failed"));
  EXPECT_THAT(sqlite::open(folder_.file("no/such.db"), clock_), fails("storage_open_failed"));
}

TEST_F(SqliteDatabase, tells_of_a_damaged_page_instead_of_reading_on) {
  {
    auto storage = open();
    ASSERT_THAT(storage, is_ok());
    for (int i = 0; i < 200; ++i) {
      ASSERT_THAT(now((*storage)->commit({PutToken{token(std::to_string(i))}})), is_ok());
    }
  }
  std::int64_t root = 0;
  {
    auto db = raw();
    root =
        db->number(0, "SELECT rootpage FROM sqlite_schema WHERE name='sqlite_autoindex_tokens_1'")
            .value();
    ASSERT_GT(root, 1);
  }
  {
    std::fstream damage(file_, std::ios::in | std::ios::out | std::ios::binary);
    damage.seekp((root - 1) * 4096);
    damage << std::string(4096, '\xa5');
  }
  auto storage = open();
  ASSERT_THAT(storage, is_ok());
  EXPECT_THAT(now((*storage)->token(hash_of("7"))), fails("storage_corrupt"));
}

TEST_F(SqliteDatabase, only_the_owner_may_read_it) {
  auto storage = open();
  ASSERT_THAT(storage, is_ok());
  ASSERT_THAT(now((*storage)->commit({PutToken{token("t")}})), is_ok());
  EXPECT_EQ(mode(), 0600u);
  EXPECT_EQ(mode("-wal"), 0600u);
  EXPECT_EQ(mode("-shm"), 0600u);
}

TEST_F(SqliteDatabase, a_file_that_others_may_read_is_narrowed) {
  make("");
  ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);
  ASSERT_THAT(open(), is_ok());
  EXPECT_EQ(mode(), 0600u);
}

TEST_F(SqliteDatabase, sec_069_a_dump_shows_no_token) {
  const std::string value = "sgt_a-bearer-token-that-nobody-may-read-from-a-disk";
  auto storage = open();
  ASSERT_THAT(storage, is_ok());
  ASSERT_THAT(
      now((*storage)->commit({PutToken{token(value)}, DenyToken{{kRealm, hash_of(value), at(9)}},
                              UseOnce{kRealm, hash_of(value), at(9)}})),
      is_ok());
  EXPECT_EQ(all_bytes().find(value), std::string::npos);
  EXPECT_NE(all_bytes().find(to_text(hash_of(value))), std::string::npos);
}

TEST_F(SqliteDatabase, sec_069_the_schema_has_no_column_for_the_value_of_a_token) {
  ASSERT_THAT(open(), is_ok());
  auto db = raw();
  const auto columns = [&](const std::string& table) {
    auto rows = db->query("SELECT group_concat(name, ' ') FROM pragma_table_info(?1)", table);
    EXPECT_TRUE(rows.ok() && rows->next().value());
    return rows->text(0);
  };
  EXPECT_EQ(columns("tokens"), "row hash realm client kind issued expires claims");
  EXPECT_EQ(columns("denials"), "row realm id_hash expires");
  EXPECT_EQ(columns("used_once"), "realm key_hash expires");
  EXPECT_FALSE(db->run("INSERT INTO tokens (hash, realm, client, kind, issued, expires, claims)"
                       " VALUES (CAST('in clear' AS BLOB), '', '', '', 0, 0, '')")
                   .ok());
}

TEST_F(SqliteDatabase, sec_212_metacharacters_of_sql_are_only_text) {
  auto storage = open();
  ASSERT_THAT(storage, is_ok());
  const std::string evil = "x'); DROP TABLE documents; --\" % _ ? ?1 :a @b $c";
  for (const std::string& text :
       {evil, std::string("' OR 1=1"), std::string("%"), std::string("_")}) {
    PutDocument put;
    put.document = {"client", RealmName(text), text, "{}", 0};
    ASSERT_THAT(now((*storage)->commit({put})), is_ok());
    const auto found = now((*storage)->document("client", RealmName(text), text));
    ASSERT_TRUE(found.ok() && found->has_value()) << text;
    const auto page = now((*storage)->documents("client", RealmName(text), "", 10));
    ASSERT_TRUE(page.ok());
    EXPECT_EQ(page->size(), 1U) << "only what has exactly this realm";
    const auto other = now((*storage)->document(text, RealmName("r"), "a"));
    EXPECT_TRUE(other.ok() && !other->has_value());
  }
}

TEST_F(SqliteDatabase, the_audit_trail_cannot_be_edited_or_erased_by_a_statement) {
  auto storage = open();
  ASSERT_THAT(storage, is_ok());
  ASSERT_THAT(now((*storage)->commit({AppendAudit{event("one")}})), is_ok());
  auto db = raw();
  EXPECT_FALSE(db->run("UPDATE audit SET actor='nobody'").ok());
  EXPECT_FALSE(db->run("DELETE FROM audit").ok());
  EXPECT_EQ(now((*storage)->audit(0, 9)).value().size(), 1u);
}

TEST_F(SqliteDatabase, opens_twice_at_once_and_sees_the_other) {
  auto one = open(), two = open();
  ASSERT_THAT(one, is_ok());
  ASSERT_THAT(two, is_ok());
  ASSERT_THAT(now((*one)->commit({UseOnce{kRealm, hash_of("jti"), at(9)}})), is_ok());
  EXPECT_THAT(now((*two)->commit({UseOnce{kRealm, hash_of("jti"), at(9)}})), fails("already_used"));
  ASSERT_THAT(now((*two)->commit({AppendAudit{event("a")}})), is_ok());
  ASSERT_THAT(now((*one)->commit({AppendAudit{event("b")}})), is_ok());
  EXPECT_EQ(verify_audit(now((*two)->audit(0, 9)).value(), {}).value(), 2);
}

TEST_F(SqliteDatabase, refuses_at_once_when_too_many_wait) {
  auto storage = sqlite::open(file_, clock_, {"", {0, 1000, 8000}});
  ASSERT_THAT(storage, is_ok());
  EXPECT_THAT(now((*storage)->commit({PutToken{token("t")}})), fails("storage_busy"));
}

TEST_F(SqliteDatabase, the_log_is_folded_into_the_file_while_it_serves) {
  auto storage = sqlite::open(file_, clock_, {"", {4096, 10, 10}});
  ASSERT_THAT(storage, is_ok());
  for (int i = 0; i < 400; ++i) {
    ASSERT_THAT(now((*storage)->commit({PutToken{token(std::to_string(i))}})), is_ok());
  }
  EXPECT_LT(std::filesystem::file_size(file_ + "-wal"), 400u * 4096u);
}

}  // namespace
}  // namespace signet::storage::test
