// Planned rotation of keys that never leave their box: the successor is made there too.

#include "secrets/keeper/successor.h"
#include "secrets/keeper/test_rotation.h"
#include "secrets/stores/memory/memory_store.h"
#include "secrets/stores/remote_key.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

class KeyInABox : public RemoteKey {
 public:
  explicit KeyInABox(jose::Jwk jwk) : key_(jose::Key::local(std::move(jwk))) {}

  Task<Bytes> sign(jose::JwsAlg alg, Bytes input) const override {
    Bytes out(key_->signature_size(alg));
    CO_TRY(key_->sign(alg, input, out.data()));
    co_return out;
  }
  Task<Done> verify(jose::JwsAlg alg, Bytes input, Bytes signature) const override {
    co_return key_->verify(alg, input, signature);
  }

 private:
  jose::KeyPtr key_;
};

/// Its keys, MAC keys too, can be asked for signatures and for nothing else; those that nobody
/// named are called "id-...".
class Box : public MemoryStore {
 public:
  explicit Box(Ordering ordering = Ordering::kByMapping)
      : MemoryStore(StoreName("box"), ordering) {}

  Status may_make_keys() const override { return may; }
  Task<Secret> make_key(Alias alias, crypto::KeyKind kind, std::size_t bits) override {
    auto key = crypto::PrivateKey::generate(kind, bits);
    jose::Jwk jwk = jose::Jwk::from_private(std::move(key).value());
    std::vector<jose::JwsAlg> allowed(1, jose::JwsAlg::kEs256);
    Secret secret = Secret::of_remote_key(public_half(jwk), std::move(allowed),
                                          std::make_shared<const KeyInABox>(jwk));
    co_return co_await add(std::move(alias), std::move(secret));
  }
  Task<Secret> make_like(Alias alias, Secret model) override {
    if (!model.key->jwk().is_hidden()) {
      co_return co_await MemoryStore::make_like(std::move(alias), std::move(model));
    }
    const std::size_t size = model.key->jwk().symmetric_size();
    const int number = ++macs_;
    std::vector<jose::JwsAlg> allowed(1, jose::JwsAlg::kHs256);
    auto remote = std::make_shared<const KeyInABox>(oct(size, static_cast<std::uint64_t>(number)));
    Secret secret =
        Secret::of_remote_key(jose::Jwk::of_hidden_symmetric(size), std::move(allowed),
                              std::move(remote), KeyId("mac-" + std::to_string(number)));
    co_return co_await add(std::move(alias), std::move(secret));
  }
  Alias family(const Alias& alias) const override {
    return alias.view().starts_with("id-") ? Alias("named-" + alias.str().substr(3)) : alias;
  }

  Status may = Done{};

 private:
  Task<Secret> add(Alias alias, Secret secret) {
    CO_TRY(const std::vector<Secret> there, co_await fetch(alias));
    if (!there.empty()) co_return Error{Code::kConflict, "alias_exists", "taken"};
    std::vector<Secret> all(1, std::move(secret));
    put(alias, std::move(all));
    CO_TRY(std::vector<Secret> made, co_await fetch(alias));
    co_return std::move(made.front());
  }

  int macs_ = 0;
};

/// One instance, one box, one rule.
struct BoxPlan : FleetOver<Box> {
  explicit BoxPlan(const char* alias, const SecretId& id = kEs256,
                   Ordering ordering = Ordering::kByMapping)
      : FleetOver(std::make_shared<Box>(ordering), alias, id) {
    if (id == kHmac) {
      const Secret model =
          Secret::of_remote_key(jose::Jwk::of_hidden_symmetric(32), {}, nullptr, KeyId("model"));
      EXPECT_THAT(async::run_now(store->make_like(Alias(alias), model)), is_ok());
    } else {
      EXPECT_THAT(async::run_now(store->make_key(Alias(alias), crypto::KeyKind::kEcP256, 0)),
                  is_ok());
    }
    rule.keep = kMonth;
    add("one");
  }
  void make_next() {
    become_due();
    turn();
  }
  Result<Bytes> sign(jose::JwsAlg alg) {
    return async::run_now(
        keeper().sign_in_box(World::ring(keeper(), rule.id), alg, to_bytes("input")));
  }
};

TEST(RotationInABox, the_successor_is_made_in_the_box_published_and_signs_there) {
  BoxPlan plan("web");
  const KeyId first = plan.active();
  plan.make_next();
  ASSERT_THAT(plan.kids(), SizeIs(2)) << "made and published";
  EXPECT_EQ(plan.active(), first) << "and does not sign yet";
  plan.turn(70);
  const KeyId second = plan.active();
  EXPECT_NE(second, first);
  EXPECT_THAT(plan.kids(), SizeIs(2)) << "the old one stays valid";
  const auto live = World::ring(plan.keeper());
  const Secret& secret = live->ring->active();
  EXPECT_EQ(secret.kind, SecretKind::kRemoteKey);
  EXPECT_THAT(secret.alias.str(), StartsWith("web-"));
  const auto signature = plan.sign(jose::JwsAlg::kEs256);
  ASSERT_THAT(signature, is_ok());
  EXPECT_THAT(secret.key->verify(jose::JwsAlg::kEs256, as_bytes("input"), *signature), is_ok());
}

TEST(RotationInABox, mac_keys_are_rotated_where_the_box_makes_them) {
  BoxPlan plan("mac", kHmac);
  EXPECT_EQ(plan.active(), KeyId("mac-1"));
  plan.make_next();
  plan.turn(70);
  EXPECT_EQ(plan.active(), KeyId("mac-2"));
  EXPECT_THAT(plan.kids(), SizeIs(2));
  EXPECT_THAT(plan.sign(jose::JwsAlg::kHs256), is_ok());
}

TEST(RotationInABox, mac_keys_of_a_store_that_makes_pairs_only_are_left_alone_and_it_shows) {
  const auto clock = std::make_shared<ManualClock>();
  const auto store = std::make_shared<MemoryStore>(StoreName("ks"));
  store->put(Alias("mac"), {Secret::of_key(oct(64))});
  const Secret model = async::run_now(store->fetch(Alias("mac")))->front();
  EXPECT_THAT(async::run_now(make_successor(store, Alias("mac"), model, clock->now())),
              fails("rotate_needs_key_pair"));
  EXPECT_THAT(*async::run_now(store->aliases()), SizeIs(1));
}

TEST(RotationInABox, keys_that_nobody_named_get_successors_with_a_name) {
  BoxPlan plan("id-7");
  plan.make_next();
  ASSERT_TRUE(plan.memory().pending);
  EXPECT_THAT(plan.memory().pending->str(), StartsWith("named-7-"));
  const KeyId first = plan.active();
  plan.turn(70);
  EXPECT_NE(plan.active(), first);
  plan.clock->advance(kMonth);
  plan.turn(2);  // the first key goes, and the third one comes
  ASSERT_TRUE(plan.memory().pending);
  EXPECT_THAT(plan.memory().pending->str(), StartsWith("named-7-"));
  EXPECT_THAT(plan.memory().pending->str(), SizeIs(std::string("named-7-YYYYMMDDhhmmss").size()));
}

TEST(RotationInABox, a_box_that_cannot_be_reached_makes_the_same_key_later) {
  BoxPlan plan("web");
  plan.become_due();
  ASSERT_THAT(World::refresh(plan.keeper()), is_ok()) << "so that the lease of its secrets serves";
  plan.store->fail_with(Error{Code::kUnavailable, "pkcs11_lost", "gone"});
  plan.turn();
  const auto making = plan.memory().making;
  ASSERT_TRUE(making);
  EXPECT_THAT(plan.memory().last_error, HasSubstr("pkcs11_lost"));
  plan.turn(5);
  EXPECT_EQ(plan.memory().making, making);
  plan.store->fail_with(std::nullopt);
  plan.turn(20);
  EXPECT_EQ(plan.memory().pending, making);
  EXPECT_THAT(plan.kids(), SizeIs(2));
}

TEST(RotationInABox, a_box_that_is_configured_to_make_no_keys_says_so_before_one_is_due) {
  BoxPlan plan("web");
  EXPECT_THAT(plan.runner().status().at(0).possible, is_ok());
  plan.store->may = Error{Code::kUnsupported, "store_makes_no_keys", "create_keys is off"};
  EXPECT_THAT(plan.runner().status().at(0).possible, fails("store_makes_no_keys"))
      << "before it ran at all";
  plan.turn();
  EXPECT_THAT(plan.memory().last_error, HasSubstr("store_makes_no_keys: create_keys is off"));
  EXPECT_THAT(*async::run_now(plan.store->aliases()), SizeIs(1));
  const Secret model = async::run_now(plan.store->fetch(Alias("web")))->front();
  EXPECT_THAT(async::run_now(make_successor(plan.store, Alias("web"), model, plan.clock->now())),
              fails("store_makes_no_keys"));
  plan.store->may = Done{};
  plan.turn(10);
  EXPECT_EQ(plan.memory().failures, 0);
  plan.make_next();
  EXPECT_THAT(plan.kids(), SizeIs(2));
}

TEST(RotationInABox, a_key_that_was_made_before_still_comes_to_sign) {
  BoxPlan plan("web");
  const KeyId first = plan.active();
  plan.make_next();
  ASSERT_THAT(plan.kids(), SizeIs(2));
  plan.store->may = Error{Code::kUnsupported, "store_makes_no_keys", "create_keys is off"};
  plan.turn(200);
  EXPECT_NE(plan.active(), first);
  EXPECT_THAT(plan.runner().status().at(0).possible, fails("store_makes_no_keys"));
  EXPECT_THAT(*async::run_now(plan.store->aliases()), SizeIs(2));
}

TEST(RotationInABox, a_store_with_versions_of_its_own_is_told_apart_before_a_key_is_made) {
  BoxPlan plan("web", kEs256, Ordering::kByStore);
  plan.make_next();
  EXPECT_THAT(plan.memory().last_error, HasSubstr("store_makes_no_keys"));
  EXPECT_THAT(plan.memory().last_error, HasSubstr("makes no versions"));
  EXPECT_THAT(*async::run_now(plan.store->aliases()), SizeIs(1));
  const Secret model = async::run_now(plan.store->fetch(Alias("web")))->front();
  EXPECT_THAT(async::run_now(make_successor(plan.store, Alias("web"), model, plan.clock->now())),
              fails("store_makes_no_keys"));
  EXPECT_THAT(async::run_now(make_successor(nullptr, Alias("web"), model, plan.clock->now())),
              fails("store_makes_no_keys"));
}

}  // namespace
}  // namespace signet::secrets
