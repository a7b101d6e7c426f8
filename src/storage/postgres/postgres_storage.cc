#include "storage/postgres/postgres_storage.h"

#include <mutex>

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "storage/postgres/driver.h"
#include "storage/postgres/migrations.h"
#include "storage/postgres/rows.h"
#include "storage/postgres/transactions.h"
#include "storage/record_rows.h"
#include "storage/transaction_check.h"

namespace signet::storage::postgres {
namespace {

/// Another instance may be migrating a large database.
constexpr std::chrono::seconds kMigrationPatience{60};
constexpr std::chrono::seconds kFirstConnection{10};

std::string make_name() {
  Bytes name(8);
  SystemRandom().fill(name);
  return hex(name);
}

/// Every row of the answer made into a T.
template <class T, class Make>
std::vector<T> collect(const Answers& answers, Make make) {
  const PGresult* result = answers.front().get();
  std::vector<T> out;
  out.reserve(static_cast<std::size_t>(PQntuples(result)));
  for (int i = 0; i < PQntuples(result); ++i)
    out.push_back(make(Row(result, i)));
  return out;
}

template <class T, class Make>
std::optional<T> first(const Answers& answers, Make make) {
  const PGresult* result = answers.front().get();
  if (PQntuples(result) == 0) return std::nullopt;
  return make(Row(result, 0));
}

std::int64_t number(const Answers& answers) {
  return Row(answers.front().get(), 0).integer(0);
}

class PostgresStorage : public Storage {
 public:
  PostgresStorage(const Address& address, std::size_t connections, const Clock& clock)
      : clock_(clock), driver_(options_for(address, connections)) {}

  Task<Done> commit(Transaction transaction) override {
    CO_TRY(check_transaction(transaction));
    if (transaction.empty()) co_return Done{};
    auto shared = std::make_shared<const Transaction>(std::move(transaction));
    auto request = std::make_shared<Request>(request_of(*shared, self_));
    async::OneShot<Done> done;
    Work work = std::move(request->work);
    work.done = [done, shared, request](const Result<Answers, Failure>& outcome) mutable {
      done.complete(status_of(*shared, *request, outcome));
    };
    driver_.submit(std::move(work));
    co_return co_await done.wait();
  }

  Task<std::optional<Document>> document(std::string kind, RealmName realm,
                                         std::string id) override {
    return ask<std::optional<Document>>(
        Statement::kFindDocument, Parameters::of(kind, realm, id),
        [kind, realm, id](const Answers& answers) {
          return first<Document>(answers, [&](const Row& row) {
            return Document{kind, realm, id, row.text(0), row.integer(1)};
          });
        });
  }
  Task<std::vector<Document>> documents(std::string kind, RealmName realm, std::string after,
                                        std::size_t limit) override {
    return ask<std::vector<Document>>(
        Statement::kListDocuments, Parameters::of(kind, realm, after, as_limit(limit)),
        [kind, realm](const Answers& answers) {
          return collect<Document>(
              answers, [&](const Row& row) { return listed_document(row, kind, realm); });
        });
  }
  Task<std::int64_t> count_documents(std::string kind, RealmName realm) override {
    return ask<std::int64_t>(Statement::kCountDocuments, Parameters::of(kind, realm), number);
  }
  Task<std::vector<DocumentChange>> changes_since(std::int64_t sequence,
                                                  std::size_t limit) override {
    return ask<std::vector<DocumentChange>>(
        Statement::kListChanges, Parameters::of(sequence, as_limit(limit)),
        [](const Answers& answers) { return collect<DocumentChange>(answers, change_of<Row>); });
  }
  Task<std::int64_t> last_change() override {
    return ask<std::int64_t>(Statement::kLastChange, {}, number);
  }
  Task<std::optional<TokenRecord>> token(Bytes hash) override {
    return ask<std::optional<TokenRecord>>(
        Statement::kFindToken, Parameters::of(hash), [hash](const Answers& answers) {
          return first<TokenRecord>(answers, [&](const Row& row) { return token_of(row, hash); });
        });
  }
  Task<bool> is_denied(RealmName realm, Bytes id_hash) override {
    return ask<bool>(Statement::kFindDenial, Parameters::of(realm, id_hash),
                     [](const Answers& answers) { return PQntuples(answers.front().get()) > 0; });
  }
  Task<std::vector<DeniedToken>> denials_since(std::int64_t after_row, std::size_t limit,
                                               std::int64_t* last_row) override {
    auto task = ask<Denials>(
        Statement::kListDenials, Parameters::of(after_row, clock_.now(), as_limit(limit)),
        [after_row](const Answers& answers) {
          Denials denials{{}, after_row};
          denials.tokens = collect<DeniedToken>(
              answers, [&](const Row& row) { return denial_of(row, denials.last_row); });
          return denials;
        });
    CO_TRY(Denials denials, co_await std::move(task));
    *last_row = denials.last_row;
    co_return std::move(denials.tokens);
  }
  Task<std::int64_t> count_expired(Instant before, std::size_t limit) override {
    return ask<std::int64_t>(Statement::kCountExpired, Parameters::of(before, as_limit(limit)),
                             number);
  }
  Task<std::vector<KeyRecord>> keys(RealmName realm) override {
    return ask<std::vector<KeyRecord>>(
        Statement::kListKeys, Parameters::of(realm), [realm](const Answers& answers) {
          return collect<KeyRecord>(answers, [&](const Row& row) { return key_of(row, realm); });
        });
  }
  Task<std::vector<AuditEvent>> audit(std::int64_t after_sequence, std::size_t limit) override {
    return ask<std::vector<AuditEvent>>(
        Statement::kListAudit, Parameters::of(after_sequence, as_limit(limit)),
        [](const Answers& answers) { return collect<AuditEvent>(answers, audit_event_of<Row>); });
  }
  Task<Done> ping() override {
    return ask<Done>(Statement::kPing, {}, [](const Answers&) { return Done{}; });
  }

  void on_change(std::function<void(const Changed&)> listener) override {
    std::lock_guard hold(listener_mutex_);
    listener_ = std::move(listener);
  }

 private:
  DriverOptions options_for(const Address& address, std::size_t connections) {
    DriverOptions options;
    options.address = address;
    options.connections = std::max<std::size_t>(connections, 1);
    options.told = [this](const std::string& payload) {
      if (const auto changed = read_notification(payload, self_)) tell(*changed);
    };
    options.returned = [this] { tell(Changed{true, true, true, true}); };
    return options;
  }

  void tell(const Changed& changed) {
    std::lock_guard hold(listener_mutex_);
    if (listener_) listener_(changed);
  }

  /// One question; `read` makes the value of the answer.
  template <class T>
  Task<T> ask(Statement statement, Parameters parameters, std::function<T(const Answers&)> read) {
    async::OneShot<T> done;
    Work work;
    work.calls.push_back({statement, std::move(parameters)});
    work.done = [done, read = std::move(read)](const Result<Answers, Failure>& outcome) mutable {
      if (outcome.ok()) {
        done.complete(read(*outcome));
      } else {
        done.complete(outcome.error().error);
      }
    };
    driver_.submit(std::move(work));
    co_return co_await done.wait();
  }

  const Clock& clock_;
  const std::string self_ = make_name();
  std::mutex listener_mutex_;  ///< guards listener_; held while it is called
  std::function<void(const Changed&)> listener_;
  Driver driver_;  ///< last: its threads end before what they use
};

// The exception to commits that wait for the disk is the operator's own choice, but told.
Status warn_of_forgetting(Session& session, SteadyTime deadline) {
  TRY(const ResultPtr fsync, session.run("SHOW fsync", deadline));
  if (PQntuples(fsync.get()) == 1 && std::string_view(PQgetvalue(fsync.get(), 0, 0)) != "on")
    log::warn(
        "storage_not_durable",
        {{"what", "the PostgreSQL server runs with fsync off: a crash loses answered writes"}});
  return Done{};
}

Status prepare_database(Address address) {
  address.timeout = std::max<Milliseconds>(address.timeout, kMigrationPatience);
  const auto start = std::chrono::steady_clock::now();
  TRY(const std::size_t hosts, count_hosts(address.conninfo));
  Result<std::unique_ptr<Session>> opened = unavailable("no host");
  for (std::size_t turn = 0; turn < hosts && !opened.ok(); ++turn)
    opened = Session::open(address, turn, std::chrono::steady_clock::now() + kFirstConnection);
  TRY(const auto session, std::move(opened));
  TRY(migrate(*session, start + kMigrationPatience));
  return warn_of_forgetting(*session, start + kMigrationPatience);
}

}  // namespace

Result<std::shared_ptr<Storage>> open(const std::string& conninfo, const Clock& clock,
                                      Options options) {
  Address address;
  address.conninfo = conninfo;
  address.password = std::move(options.password);
  address.timeout = options.timeout;
  TRY(prepare_database(address));
  return std::shared_ptr<Storage>(
      std::make_shared<PostgresStorage>(address, options.connections, clock));
}

}  // namespace signet::storage::postgres
