// F8 over the storage in memory: a transaction is made whole or not at all.
#include "anomaly/anomaly_loop.h"
#include "base/log.h"
#include "base/text.h"
#include "storage/catalog.h"
#include "support/matchers.h"

namespace signet::storage {
namespace {

using test::Ended;
using test::Operation;

class MemoryStorageAnomaly : public ::testing::Test {
 protected:
  MemoryStorageAnomaly() { log::configure(log::Level::kOff, true); }
  ~MemoryStorageAnomaly() override { log::configure(log::Level::kInfo, true); }

  static Bytes hash(int n) {
    Bytes out(32, 0);
    out[0] = static_cast<std::uint8_t>(n);
    out[1] = static_cast<std::uint8_t>(n >> 8);
    return out;
  }
  Instant in(int seconds) const { return clock.now() + Seconds(seconds); }

  /// One of each kind of change, over what the rounds before left.
  Transaction next_transaction() {
    ++round;
    Transaction out;
    const RealmName realm("r");
    out.push_back(PutDocument{{"kind", realm, "changed", std::to_string(round), 0}, {}});
    out.push_back(PutDocument{{"kind", realm, "new-" + std::to_string(round), "{}", 0}, {}});
    out.push_back(EraseDocument{"kind", realm, "new-" + std::to_string(done), {}});
    out.push_back(RequireDocument{"kind", realm, "changed"});
    out.push_back(RequireNoDocuments{"other", realm});
    out.push_back(PutDocument{{"kind", realm, "passing-" + std::to_string(round), "{}", 0}, {}});
    out.push_back(ForgetDocument{{"kind", realm, "passing-" + std::to_string(done), "{}", 1}});
    out.push_back(PutToken{{hash(round), realm, ClientId("c"), "access", in(0), in(100), "{}"}});
    out.push_back(EraseToken{hash(done)});
    out.push_back(DenyToken{{realm, hash(1), in(100 + round)}});
    out.push_back(UseOnce{realm, hash(round), in(round)});
    KeyRecord key;
    key.realm = realm;
    key.secret_id = "id";
    key.kid = KeyId("k");
    key.state = std::to_string(round);
    key.horizon = in(round);
    out.push_back(PutKey{key, key_revision});
    AuditEvent event;
    event.event = std::to_string(round);
    out.push_back(AppendAudit{event});
    out.push_back(Purge{in(-1)});
    return out;
  }

  /// All that can be read.
  std::string everything() {
    std::string out;
    const RealmName realm("r");
    const auto documents = async::run_now(storage->documents("kind", realm, "", 9999));
    for (const auto& document : *documents)
      out += document.id + "=" + document.text + "#" + std::to_string(document.revision) + "\n";
    const auto changes = async::run_now(storage->changes_since(0, 9999));
    for (const auto& change : *changes)
      out += std::to_string(change.sequence) + change.id + "\n";
    for (int n = std::max(0, done - 1); n <= round; ++n)
      out += async::run_now(storage->token(hash(n)))->has_value() ? "token " : "no token ";
    std::int64_t last = 0;
    const auto denials = async::run_now(storage->denials_since(0, 9999, &last));
    for (const auto& denied : *denials)
      out += "denied until " + to_rfc3339(denied.expires) + std::to_string(last) + "\n";
    const auto keys = async::run_now(storage->keys(realm));
    for (const auto& key : *keys)
      out += "key " + key.state + to_rfc3339(key.horizon) + std::to_string(key.revision) + "\n";
    const auto events = async::run_now(storage->audit(0, 9999));
    for (const auto& event : *events)
      out += event.event + hex(event.chain) + "\n";
    return out;
  }

  ManualClock clock;
  std::shared_ptr<Storage> storage = *open("memory:", clock);
  int round = 0, done = 0;
  std::int64_t key_revision = 0;
};

TEST_F(MemoryStorageAnomaly, f_8_a_transaction_in_memory_is_whole_or_nothing) {
  std::string before;
  Task<Done> commit;
  Operation operation;
  operation.name = "memory_commit";
  operation.prepare = [&] {
    auto transaction = next_transaction();
    before = everything();
    commit = storage->commit(std::move(transaction));
  };
  operation.act = [&] { return async::run_now(std::move(commit)).ok(); };
  operation.check = [&](Ended ended) {
    const std::string now = everything();
    if (ended != Ended::kRight) {
      ASSERT_EQ(now, before);
      return;
    }
    ASSERT_NE(now.find("changed=" + std::to_string(round)), std::string::npos);
    ASSERT_NE(now.find("key " + std::to_string(round)), std::string::npos);
    done = round;
    ++key_revision;
  };
  test::anomaly_loops(operation);
}

}  // namespace
}  // namespace signet::storage
