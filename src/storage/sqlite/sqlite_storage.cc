#include "storage/sqlite/sqlite_storage.h"

#include "async/blocking_pool.h"
#include "storage/sqlite/database_file.h"
#include "storage/sqlite/migrations.h"
#include "storage/sqlite/queries.h"
#include "storage/transaction_check.h"

namespace signet::storage::sqlite {
namespace {

constexpr std::size_t kReaders = 2;
constexpr std::size_t kMaxWaitingReads = 4096;

class SqliteStorage : public Storage {
 public:
  SqliteStorage(std::unique_ptr<Connection> writer,
                std::vector<std::unique_ptr<Connection>> readers, const Clock& clock,
                const Options& options)
      : clock_(clock),
        committer_(std::move(writer), options.limits),
        free_readers_(std::move(readers)),
        pool_("storage-read", kReaders, kMaxWaitingReads) {}

  Task<Done> commit(Transaction transaction) override {
    if (Status checked = check_transaction(transaction); !checked.ok())
      return refuse(std::move(checked).error());
    return committer_.commit(std::move(transaction));
  }

  Task<std::optional<Document>> document(std::string kind, RealmName realm,
                                         std::string id) override {
    return read<std::optional<Document>>(
        [kind, realm, id](Connection& db) { return find_document(db, kind, realm, id); });
  }
  Task<std::vector<Document>> documents(std::string kind, RealmName realm, std::string after,
                                        std::size_t limit) override {
    return read<std::vector<Document>>([kind, realm, after, limit](Connection& db) {
      return list_documents(db, kind, realm, after, limit);
    });
  }
  Task<std::int64_t> count_documents(std::string kind, RealmName realm) override {
    return read<std::int64_t>(
        [kind, realm](Connection& db) { return sqlite::count_documents(db, kind, realm); });
  }
  Task<std::vector<DocumentChange>> changes_since(std::int64_t sequence,
                                                  std::size_t limit) override {
    return read<std::vector<DocumentChange>>(
        [sequence, limit](Connection& db) { return list_changes(db, sequence, limit); });
  }
  Task<std::int64_t> last_change() override {
    return read<std::int64_t>([](Connection& db) { return sqlite::last_change(db); });
  }
  Task<std::optional<TokenRecord>> token(Bytes hash) override {
    return read<std::optional<TokenRecord>>(
        [hash](Connection& db) { return find_token(db, hash); });
  }
  Task<bool> is_denied(RealmName realm, Bytes id_hash) override {
    return read<bool>([realm, id_hash](Connection& db) { return find_denial(db, realm, id_hash); });
  }
  Task<std::vector<DeniedToken>> denials_since(std::int64_t after_row, std::size_t limit,
                                               std::int64_t* last_row) override {
    auto task = read<Denials>([now = clock_.now(), after_row, limit](Connection& db) {
      return list_denials(db, now, after_row, limit);
    });
    CO_TRY(Denials denials, co_await std::move(task));
    *last_row = denials.last_row;
    co_return std::move(denials.tokens);
  }
  Task<std::int64_t> count_expired(Instant before, std::size_t limit) override {
    return read<std::int64_t>(
        [before, limit](Connection& db) { return sqlite::count_expired(db, before, limit); });
  }
  Task<std::vector<KeyRecord>> keys(RealmName realm) override {
    return read<std::vector<KeyRecord>>([realm](Connection& db) { return list_keys(db, realm); });
  }
  Task<std::vector<AuditEvent>> audit(std::int64_t after_sequence, std::size_t limit) override {
    return read<std::vector<AuditEvent>>(
        [after_sequence, limit](Connection& db) { return list_audit(db, after_sequence, limit); });
  }
  Task<Done> ping() override {
    return read<Done>([refusing = committer_.is_refusing()](Connection& db) -> Status {
      if (refusing)
        return Error{Code::kUnavailable, "storage_not_writable", "the disk refused the last write"};
      TRY(db.number(0, "PRAGMA schema_version"));
      return Done{};
    });
  }

 private:
  static Task<Done> refuse(Error why) { co_return why; }

  /// Runs a question on a thread of the pool, which has as many threads as there are connections.
  template <class T>
  Task<T> read(std::function<Result<T>(Connection&)> question) {
    return pool_.run<T>([this, question = std::move(question)]() -> Result<T> {
      std::unique_ptr<Connection> db = take_reader();
      Result<T> answer = question(*db);
      give_back(std::move(db));
      return answer;
    });
  }

  std::unique_ptr<Connection> take_reader() {
    std::lock_guard hold(mutex_);
    std::unique_ptr<Connection> db = std::move(free_readers_.back());
    free_readers_.pop_back();
    return db;
  }
  void give_back(std::unique_ptr<Connection> db) {
    std::lock_guard hold(mutex_);
    free_readers_.push_back(std::move(db));
  }

  const Clock& clock_;
  GroupCommit committer_;  ///< first: the writer closes last and folds the log into the file
  std::mutex mutex_;       ///< guards free_readers_
  std::vector<std::unique_ptr<Connection>> free_readers_;
  async::BlockingPool pool_;  ///< last: its threads end before what they use
};

}  // namespace

Result<std::shared_ptr<Storage>> open(const std::string& path, const Clock& clock,
                                      const Options& options) {
  TRY(prepare_database_file(path));
  TRY(std::unique_ptr<Connection> writer, Connection::open(path, options.vfs));
  TRY(writer->script("PRAGMA journal_mode=WAL"));
  TRY(migrate(*writer));
  std::vector<std::unique_ptr<Connection>> readers;
  for (std::size_t i = 0; i < kReaders; ++i) {
    TRY(std::unique_ptr<Connection> reader, Connection::open(path, options.vfs));
    TRY(reader->script("PRAGMA query_only=ON"));
    readers.push_back(std::move(reader));
  }
  return std::shared_ptr<Storage>(
      std::make_shared<SqliteStorage>(std::move(writer), std::move(readers), clock, options));
}

}  // namespace signet::storage::sqlite
