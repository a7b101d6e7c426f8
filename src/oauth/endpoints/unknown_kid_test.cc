// A token that names a key of which this instance has not heard (keys.md rule 7).

#include "base/base64.h"
#include "oauth/endpoints/test_world.h"
#include "storage/forwarding_storage.h"

namespace signet::oauth::test {
namespace {

using signet::test::is_ok;

constexpr const char* kId = "am.services.oauth2.stateless.signing.ES256";

/// Counts how often journals are read: once in a refresh, for each realm.
class CountingStorage : public storage::ForwardingStorage {
 public:
  explicit CountingStorage(std::shared_ptr<storage::Storage> real) : real_(std::move(real)) {}
  Task<std::vector<storage::KeyRecord>> keys(RealmName realm) override {
    if (realm.empty()) ++refreshes;
    return real_->keys(std::move(realm));
  }
  int refreshes = 0;

 private:
  storage::Storage& next() override { return *real_; }
  std::shared_ptr<storage::Storage> real_;
};

/// Two instances over one storage and one store; nobody tells `here` what `there` does.
class UnknownKid : public testing::Test {
 protected:
  UnknownKid() {
    counting = std::make_shared<CountingStorage>(here.storage);
    here.storage = counting;
    here.keeping.instance.id = "here";
    here.start();
    there.storage = here.storage;
    there.store = here.store;
    there.clock = here.clock;
    there.keeping.instance.id = "there";
    there.start();
    here.realm("root");
    here.client("c", R"(,"access_token":{"signing_algorithm":"ES256"})");
    here.client("gateway", R"(,"may_introspect":"realm")");
    EXPECT_TRUE(here.is_active(here.issue("c"), "gateway"));
    there.issue("c");
    here.clock->advance(Seconds(60));
  }
  /// A token of a key that only the other instance knows.
  std::string foreign() {
    const auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256, 0);
    here.store->put(Alias("next"), {secrets::Secret::of_key(jose::Jwk::from_private(*key))});
    secrets::Keeper::StepRequest step;
    step.store = StoreName("memory");
    step.id = secrets::SecretId::literal(kId);
    step.alias = Alias("next");
    step.actor = "operator";
    EXPECT_THAT(async::run_now(there.keeper->publish(step)), is_ok());
    step.force = true;
    EXPECT_THAT(async::run_now(there.keeper->activate(step)), is_ok());
    return there.issue("c");
  }
  static std::string made_up(const std::string& token, int number) {
    const std::string header =
        R"({"typ":"at+jwt","alg":"ES256","kid":"made-up-)" + std::to_string(number) + "\"}";
    return base64::url_encode(as_bytes(header)) + token.substr(token.find('.'));
  }

  World here, there;
  std::shared_ptr<CountingStorage> counting;
};

TEST_F(UnknownKid, a_token_of_another_instances_newest_key_is_active_here_at_once) {
  const std::string token = foreign();
  EXPECT_TRUE(here.is_active(token, "gateway"));
  EXPECT_TRUE(here.is_active(here.issue("c"), "gateway"));
}

TEST_F(UnknownKid, it_can_be_revoked_here_at_once) {
  const std::string token = foreign();
  EXPECT_EQ(here.post("/oauth2/token/revoke", "token=" + token, "c").status(), 200);
  EXPECT_FALSE(here.is_active(token, "gateway"));
}

TEST_F(UnknownKid, made_up_names_cost_one_refresh_in_five_seconds) {
  const std::string token = here.issue("c");
  const int before = counting->refreshes;
  for (int i = 0; i < 50; ++i)
    EXPECT_FALSE(here.is_active(made_up(token, i), "gateway"));
  EXPECT_EQ(counting->refreshes, before + 1);
  here.clock->advance(Milliseconds(4999));
  EXPECT_FALSE(here.is_active(made_up(token, 50), "gateway"));
  EXPECT_EQ(counting->refreshes, before + 1);
  here.clock->advance(Milliseconds(1));
  EXPECT_FALSE(here.is_active(made_up(token, 51), "gateway"));
  EXPECT_FALSE(here.is_active(made_up(token, 52), "gateway"));
  EXPECT_EQ(counting->refreshes, before + 2);
}

TEST_F(UnknownKid, a_wrong_signature_of_a_known_key_costs_none) {
  const std::string token = here.issue("c");
  const int before = counting->refreshes;
  const std::size_t at = token.size() - 10;
  const std::string wrong =
      token.substr(0, at) + (token[at] == 'A' ? 'B' : 'A') + token.substr(at + 1);
  EXPECT_FALSE(here.is_active(wrong, "gateway"));
  EXPECT_EQ(counting->refreshes, before);
}

}  // namespace
}  // namespace signet::oauth::test
