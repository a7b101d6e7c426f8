// The uses of a key for AES-GCM, over restarts and instances, and with a storage that fails.

#include "oauth/endpoints/gcm_ledger.h"

#include <thread>

#include "oauth/endpoints/test_world.h"
#include "resource_servers/selection.h"
#include "storage/forwarding_storage.h"

namespace signet::oauth::test {
namespace {

using signet::test::fails;
using signet::test::is_ok;

constexpr std::uint64_t kMostUses = 64;

jose::Jwk gcm_key(char fill, std::size_t size = 32) {
  SecretBytes bytes(size);
  for (auto& byte : bytes.span())
    byte = static_cast<std::uint8_t>(fill);
  return jose::Jwk::from_symmetric(std::move(bytes)).with_kid("shared");
}

/// Can be away, and can lose the answer to a commit that it did.
class Wavering : public storage::ForwardingStorage {
 public:
  explicit Wavering(std::shared_ptr<storage::Storage> real) : real_(std::move(real)) {}
  Task<Done> commit(storage::Transaction transaction) override {
    ++commits;
    if (is_away) return failing();
    if (loses_answers) return losing(std::move(transaction));
    return real_->commit(std::move(transaction));
  }
  bool is_away = false, loses_answers = false;
  int commits = 0;

 private:
  storage::Storage& next() override { return *real_; }
  static Task<Done> failing() {
    co_return Error{Code::kUnavailable, "storage_unavailable", "away"};
  }
  Task<Done> losing(storage::Transaction transaction) {
    CO_TRY(co_await real_->commit(std::move(transaction)));
    co_return Error{Code::kUnavailable, "storage_unavailable", "nobody knows"};
  }
  std::shared_ptr<storage::Storage> real_;
};

class GcmLedgers : public ::testing::Test {
 protected:
  /// Uses that one instance makes of a key, as its requests do.
  struct Instance {
    explicit Instance(std::shared_ptr<storage::Storage> s, std::uint64_t first = 4)
        : storage(std::move(s)), ledger({first, 16, kMostUses}) {}
    Status use(const jose::Jwk& key) {
      auto account = ledger.account(key);
      if (ledger.wish(*account, now) != GcmLedger::Wish::kNothing) {
        const auto done = async::run_now(ledger.reserve(storage, account, now));
        if (!done.ok() && account->uses().left() == 0) return done.error();
      }
      return GcmLedger::Account::uses_of(account)->take();
    }
    std::uint64_t use_up(const jose::Jwk& key) {
      std::uint64_t uses = 0;
      while (use(key).ok())
        ++uses;
      return uses;
    }
    std::shared_ptr<storage::Storage> storage;
    GcmLedger ledger;
    Instant now = from_unix_seconds(1'000'000);
  };
  std::uint64_t reserved(const jose::Jwk& key) {
    return *async::run_now(GcmLedger().reserved(storage, key));
  }

  ManualClock clock;
  std::shared_ptr<Wavering> storage = std::make_shared<Wavering>(*storage::open("memory:", clock));
  const jose::Jwk key = gcm_key('a');
};

TEST_F(GcmLedgers, sec_147_one_instance_makes_exactly_as_many_uses_as_are_allowed) {
  Instance alone(storage);
  EXPECT_EQ(alone.use_up(key), kMostUses);
  EXPECT_THAT(alone.use(key), fails("key_worn_out"));
  EXPECT_EQ(alone.use_up(gcm_key('b')), kMostUses) << "another key has uses of its own";
}

TEST_F(GcmLedgers, sec_147_a_restart_loses_at_most_what_was_reserved_and_never_gives_more) {
  std::uint64_t made = 0, restarts = 0;
  for (;; ++restarts) {
    Instance restarted(storage);
    if (!restarted.use(key).ok()) break;
    ++made;
  }
  EXPECT_EQ(restarts, kMostUses / 4) << "each lost the rest of its first block";
  EXPECT_EQ(made, restarts);
  EXPECT_EQ(reserved(key), kMostUses);
  EXPECT_THAT(Instance(storage).use(key), fails("key_worn_out"));
}

TEST_F(GcmLedgers, sec_147_instances_share_what_is_allowed) {
  Instance a(storage), b(storage);
  std::uint64_t made = 0;
  for (bool more = true; more;) {
    const bool by_a = a.use(key).ok(), by_b = b.use(key).ok();
    made += (by_a ? 1 : 0) + (by_b ? 1 : 0);
    more = by_a || by_b;
  }
  EXPECT_EQ(made, kMostUses);
  EXPECT_THAT(a.use(key), fails("key_worn_out"));
  EXPECT_THAT(b.use(key), fails("key_worn_out"));
}

TEST_F(GcmLedgers, sec_147_threads_of_several_instances_never_make_more_than_is_allowed) {
  Instance a(storage), b(storage);
  std::atomic<std::uint64_t> made{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    Instance& instance = i % 2 == 0 ? a : b;
    threads.emplace_back([&] {
      for (;;) {
        const Status used = instance.use(key);
        if (used.ok()) {
          ++made;
        } else if (!is_transient(used.error().code)) {
          return;
        }
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(made, kMostUses);
}

TEST_F(GcmLedgers, sec_147_while_storage_is_away_what_is_reserved_is_used_up_and_no_more) {
  Instance alone(storage);
  ASSERT_THAT(alone.use(key), is_ok());
  storage->is_away = true;
  EXPECT_EQ(alone.use_up(key), 3u);
  EXPECT_THAT(alone.use(key), fails("storage_unavailable"));
  storage->is_away = false;
  EXPECT_EQ(alone.use_up(key), kMostUses - 4) << "it goes on where it was";
}

TEST_F(GcmLedgers, sec_147_what_was_not_confirmed_is_not_used) {
  Instance alone(storage);
  storage->loses_answers = true;
  EXPECT_THAT(alone.use(key), fails("storage_unavailable"));
  EXPECT_EQ(reserved(key), 4u);
  storage->loses_answers = false;
  EXPECT_EQ(alone.use_up(key), kMostUses - 4);
}

TEST_F(GcmLedgers, the_next_block_is_reserved_ahead_and_by_one_at_a_time) {
  Instance alone(storage, 8);
  const auto account = alone.ledger.account(key);
  using Wish = GcmLedger::Wish;
  EXPECT_EQ(alone.ledger.wish(*account, alone.now), Wish::kNow);
  for (int i = 0; i < 3; ++i)
    ASSERT_THAT(alone.use(key), is_ok());
  EXPECT_EQ(alone.ledger.wish(*account, alone.now), Wish::kNothing);
  ASSERT_THAT(alone.use(key), is_ok());
  EXPECT_EQ(alone.ledger.wish(*account, alone.now), Wish::kAhead);
  EXPECT_EQ(alone.ledger.wish(*account, alone.now), Wish::kNothing) << "another one is at it";
  storage->is_away = true;
  EXPECT_THAT(async::run_now(alone.ledger.reserve(storage, account, alone.now)),
              fails("storage_unavailable"));
  EXPECT_EQ(alone.ledger.wish(*account, alone.now), Wish::kNothing) << "not so soon again";
  storage->is_away = false;
  alone.now += Seconds(1);
  EXPECT_EQ(alone.ledger.wish(*account, alone.now), Wish::kAhead);
  EXPECT_THAT(async::run_now(alone.ledger.reserve(storage, account, alone.now)), is_ok());
  EXPECT_EQ(account->uses().left(), 4u + 16u) << "the next block is twice as large";
}

TEST_F(GcmLedgers, a_count_that_is_none_gives_nothing) {
  Instance alone(storage);
  ASSERT_THAT(alone.use(key), is_ok());
  auto stored = *async::run_now(storage->documents("gcm_uses", RealmName(), "", 10));
  ASSERT_EQ(stored.size(), 1u);
  for (const char* text : {"{}", R"({"reserved":-1})", R"({"reserved":"1"})"}) {
    storage::PutDocument put;
    put.document = stored[0];
    put.document.text = text;
    storage::Transaction transaction;
    transaction.emplace_back(std::move(put));
    ASSERT_TRUE(async::run_now(storage->commit(std::move(transaction))).ok());
    EXPECT_THAT(Instance(storage).use(key), fails("gcm_uses_malformed")) << text;
  }
}

TEST_F(GcmLedgers, a_key_is_known_by_its_material_and_storage_shows_nothing_of_it) {
  Instance alone(storage);
  const auto again = gcm_key('a').with_kid("another name");
  EXPECT_EQ(alone.ledger.account(key), alone.ledger.account(again));
  EXPECT_NE(alone.ledger.account(key), alone.ledger.account(gcm_key('a', 16)));
  ASSERT_THAT(alone.use(key), is_ok());
  const auto stored = *async::run_now(storage->documents("gcm_uses", RealmName(), "", 10));
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0].text, R"({"reserved":4})");
  EXPECT_EQ(stored[0].id.size(), 22u);
  EXPECT_THAT(stored[0].id, testing::Not(testing::HasSubstr("aaaa")));
}

/// Two servers over one storage, with a resource server whose key serves GCM itself.
class GcmTokens : public ::testing::Test {
 protected:
  GcmTokens() {
    give(first);
    give(second);
    json::Object set;
    set.set("keys", json::Array{gcm_key('a').private_json()});
    first.realm("root");
    first.client("app");
    first.put(
        "resource_server", "root", "RS",
        R"({"name":"RS","access_token":{"encryption":"resource_server_key","jwks":)" +
            json::dump(set) +
            R"(,"key_encryption_algorithm":"A256GCMKW","token_encryption_algorithm":"A256GCM"}})");
    first.put("resource_server", "root", "Other", R"({"name":"Other"})");
  }
  void give(World& world) {
    world.services->storage = storage;
    world.services->gcm_ledger = std::make_shared<GcmLedger>(GcmLedger::Settings{2, 4, 8});
  }
  static FakeExchange ask(World& world, const std::string& name = "RS") {
    return world.post("/oauth2/access_token",
                      "grant_type=client_credentials&resourceServer=" + name, "app");
  }

  World first, second;
  std::shared_ptr<Wavering> storage = std::make_shared<Wavering>(first.storage);
};

TEST_F(GcmTokens, sec_147_a_worn_out_key_makes_no_token_on_any_instance_and_leaves_others_alone) {
  int issued = 0;
  for (int i = 0; i < 10; ++i) {
    for (World* world : {&first, &second}) {
      const auto answer = ask(*world);
      if (answer.status() == 200) {
        ++issued;
      } else {
        EXPECT_EQ(answer.text("error"), "server_error");
        EXPECT_EQ(answer.text("access_token"), "");
      }
    }
  }
  EXPECT_EQ(issued, 8);
  EXPECT_EQ(ask(first, "Other").status(), 200);
  EXPECT_EQ(ask(second, "Other").status(), 200);
}

TEST_F(GcmTokens, sec_147_without_storage_tokens_are_refused_when_what_was_reserved_is_gone) {
  ASSERT_EQ(ask(first).status(), 200);
  storage->is_away = true;
  EXPECT_EQ(ask(first).status(), 200) << "one of the block was left";
  const auto refused = ask(first);
  EXPECT_EQ(refused.status(), 503);
  EXPECT_EQ(refused.text("error"), "temporarily_unavailable");
  EXPECT_EQ(refused.text("access_token"), "");
  storage->is_away = false;
  EXPECT_EQ(ask(first).status(), 200);
}

TEST_F(GcmTokens, most_tokens_wait_for_nothing) {
  first.services->gcm_ledger = std::make_shared<GcmLedger>();
  ASSERT_EQ(ask(first).status(), 200);
  const int commits = storage->commits;
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(ask(first).waits, 0);
  EXPECT_EQ(storage->commits, commits);
}

}  // namespace
}  // namespace signet::oauth::test
