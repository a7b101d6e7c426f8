// What clients hear while the key of an ID was reported compromised and has no successor, and while
// a first key waits.

#include "oauth/endpoints/test_world.h"

namespace signet::oauth::test {
namespace {

using secrets::Ordering;
using secrets::SecretId;
using signet::test::is_ok;

const SecretId kEs = SecretId::literal("am.services.oauth2.stateless.signing.ES256");

secrets::Secret new_key(crypto::KeyKind kind) {
  return secrets::Secret::of_key(jose::Jwk::from_private(*crypto::PrivateKey::generate(kind)));
}

/// A store that orders versions and makes none, so that only an operator brings a successor.
class NoSuccessor : public ::testing::Test {
 protected:
  NoSuccessor() {
    world.realm("root");
    world.client("rs");
    world.client("es", R"(,"access_token":{"signing_algorithm":"ES256"})");
    world.client("es384", R"(,"access_token":{"signing_algorithm":"ES384"})");
    world.client("gateway", R"(,"may_introspect":"realm")");
  }
  FakeExchange ask(const char* client) {
    return world.post("/oauth2/access_token", "grant_type=client_credentials", client);
  }
  void compromise(const std::string& token) {
    secrets::Keeper::CompromiseRequest request;
    request.id = kEs;
    request.kid = KeyId(jose::parse_compact_header(token)->kid);
    request.actor = "operator";
    const auto report = async::run_now(world.keeper->compromise(request));
    ASSERT_THAT(report, is_ok());
    ASSERT_FALSE(report->successor);
  }
  /// A newer version of the key, which the store lets begin at that moment.
  void add_version(std::optional<Instant> not_before = std::nullopt) {
    auto versions = *async::run_now(world.store->fetch(Alias("ec256")));
    secrets::Secret newer = new_key(crypto::KeyKind::kEcP256);
    newer.not_before = not_before;
    versions.insert(versions.begin(), std::move(newer));
    world.store->put(Alias("ec256"), std::move(versions));
    refresh();
  }
  void refresh() { ASSERT_THAT(async::run_now(world.keeper->refresh()), is_ok()); }

  World world{[](World& w) {
    w.store = std::make_shared<secrets::MemoryStore>(StoreName("memory"), Ordering::kByStore);
    w.mappings.clear();
    w.add_key("rsa", crypto::KeyKind::kRsa, "am.services.oauth2.stateless.signing.RSA");
    w.add_key("ec256", crypto::KeyKind::kEcP256, kEs.str());
    w.add_symmetric("aes", 32, tokens::encryption_id().str());
  }};
};

TEST_F(NoSuccessor, token_requests_are_refused_for_now_and_no_other_key_signs) {
  const std::string token = world.issue("es");
  compromise(token);
  const auto refused = ask("es");
  EXPECT_EQ(refused.status(), 503);
  EXPECT_EQ(refused.text("error"), "temporarily_unavailable");
  EXPECT_EQ(refused.response().header("Retry-After"), "1") << "nobody knows when";
  EXPECT_EQ(refused.response().body.find("compromised"), std::string::npos)
      << "that is for the operator";
  EXPECT_FALSE(world.issue("rs").empty()) << "other IDs go on";
  const auto needed = world.services->needed_secrets->all();
  ASSERT_EQ(needed.size(), 1U) << "for health";
  EXPECT_EQ(needed[0].id, kEs);
  const auto rings = world.keeper->rings_now(RealmName("root"));
  EXPECT_EQ(rings->why(kEs).reason, std::string_view("no_successor"));

  add_version();
  const std::string after = world.issue("es");
  ASSERT_FALSE(after.empty());
  EXPECT_TRUE(world.is_active(after, "gateway"));
}

TEST_F(NoSuccessor, so_are_tokens_for_a_resource_server_that_only_the_server_knows_again) {
  const SecretId own = tokens::encryption_id();
  SecretBytes bytes(16);
  world.random->fill(bytes.span());
  json::Object set;
  set.set("keys", json::Array{jose::Jwk::from_symmetric(std::move(bytes)).private_json()});
  world.put("resource_server", "root", "RS",
            R"({"name":"RS","access_token":{"encryption":"resource_server_key",)"
            R"("key_encryption_algorithm":"A128KW","jwks":)" +
                json::dump(set) + "}}");
  const auto ask_for_it = [&] {
    return world.post("/oauth2/access_token", "grant_type=client_credentials&resourceServer=RS",
                      "rs");
  };
  ASSERT_EQ(ask_for_it().status(), 200);
  secrets::Keeper::CompromiseRequest request;
  request.id = own;
  request.kid = world.keeper->rings_now(RealmName("root"))->find(own)->ring->active().kid;
  request.actor = "operator";
  ASSERT_THAT(async::run_now(world.keeper->compromise(request)), is_ok());
  const auto refused = ask_for_it();
  EXPECT_EQ(refused.status(), 503);
  EXPECT_EQ(refused.text("error"), "temporarily_unavailable");
  EXPECT_EQ(refused.response().header("Retry-After"), "1");
  const auto needed = world.services->needed_secrets->all();
  ASSERT_EQ(needed.size(), 1U);
  EXPECT_EQ(needed[0].id, own);
}

TEST_F(NoSuccessor, its_tokens_are_inactive_and_not_unknown) {
  const std::string token = world.issue("es");
  compromise(token);
  const auto answer = world.post("/oauth2/introspect", "token=" + token, "gateway");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_FALSE(answer.flag("active"));
}

TEST_F(NoSuccessor, clients_are_told_when_a_version_begins_that_the_store_keeps_back) {
  const std::string token = world.issue("es");
  add_version(world.clock->now() + Seconds(90));
  compromise(token);
  EXPECT_EQ(ask("es").response().header("Retry-After"), "90");
  world.clock->advance(Seconds(40));
  EXPECT_EQ(ask("es").response().header("Retry-After"), "50");
  world.clock->advance(Seconds(50));
  refresh();
  EXPECT_FALSE(world.issue("es").empty());
}

TEST_F(NoSuccessor, clients_are_told_when_a_first_key_begins_to_sign) {
  world.clock->advance(secrets::RotationPolicy::kFirstStart);
  world.store->put(Alias("p384"), {new_key(crypto::KeyKind::kEcP384)});
  secrets::Mapping mapping;
  mapping.id = SecretId::literal("am.services.oauth2.stateless.signing.ES384");
  mapping.aliases = {Alias("p384")};
  ASSERT_THAT(async::run_now(
                  world.keeper->map(RealmName(), StoreName("memory"), mapping, false, "operator")),
              is_ok());
  const auto refused = ask("es384");
  EXPECT_EQ(refused.status(), 503);
  EXPECT_EQ(refused.response().header("Retry-After"), "600");
  world.clock->advance(Seconds(600));
  refresh();
  EXPECT_FALSE(world.issue("es384").empty());
}

}  // namespace
}  // namespace signet::oauth::test
