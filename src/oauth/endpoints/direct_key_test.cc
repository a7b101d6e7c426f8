// Tokens by `dir` hold nothing of the server's own: it knows them again by the keys that it keeps.

#include "resource_servers/direct_key.h"
#include "oauth/endpoints/key_set_test_support.h"
#include "oauth/endpoints/test_resource_servers.h"
#include "resource_servers/key_set.h"

namespace signet::oauth::test {
namespace {

using resource_servers::DirectKey;

std::string set_with(const jose::KeyPtr& key) {
  json::Object set;
  set.set("keys", json::Array{key->jwk().private_json()});
  return json::dump(set);
}

class DirectKeys : public ResourceServers {
 protected:
  void put(const std::string& keys) {
    world.put("resource_server", "root", "Direct",
              R"({"name":"Direct","access_token":{"encryption":"resource_server_key",)"
              R"("key_encryption_algorithm":"dir",)" +
                  keys + "}}");
  }
  void keep(const jose::KeyPtr& key, std::optional<Instant> until = {}) {
    const auto kept = DirectKey::seal(key->jwk(), until, world.services->seal);
    ASSERT_THAT(kept, signet::test::is_ok());
    world.put(std::string(resource_servers::kDirectKeyKind), "root",
              resource_servers::direct_key_id(key->jwk(), "Direct"), kept->to_text());
  }
  std::size_t kept() {
    const auto all = async::run_now(world.storage->documents(
        std::string(resource_servers::kDirectKeyKind), RealmName("root"), "", 100));
    return all.ok() ? all->size() : 0;
  }
  /// The resource server publishes its key by URL.
  void publish(const jose::KeyPtr& first) {
    published = set_with(first);
    const auto client = std::make_shared<FakeHttpClient>();
    client->answer_with([this](const OutboundRequest&) { return response(200, published); });
    world.services->key_sets = std::make_shared<KeySetCache>(
        client, world.clock, world.random, resource_servers::parse_key_set, KeySetSettings{},
        [](Task<Done> task) {
          EXPECT_THAT(async::run_now(std::move(task)), signet::test::is_ok());
        });
    put(R"("jwks_uri":"https://rs.example/keys")");
  }
  bool is_active(const std::string& token) { return world.is_active(token, "gateway"); }
  std::string issue() { return token("&resourceServer=Direct"); }

  const jose::KeyPtr key = key_of("direct", 32, 'd');
  std::string published;
};

TEST_F(DirectKeys, a_token_is_known_while_it_may_live) {
  put("\"jwks\":" + set_with(key));
  const std::string outer = issue();
  EXPECT_EQ(member(inside(outer, key), "aud"), "Direct");
  EXPECT_FALSE(is_active(outer)) << "nobody told the key yet";
  keep(key);
  EXPECT_TRUE(is_active(outer));
  keep(key, world.clock->now() - Seconds(1));
  EXPECT_FALSE(is_active(outer)) << "no token can hold it any more";
}

TEST_F(DirectKeys, a_key_without_a_kid_is_known_too) {
  const jose::KeyPtr nameless = key_of("", 32, 'n');
  put("\"jwks\":" + set_with(nameless));
  keep(nameless);
  const std::string outer = issue();
  EXPECT_EQ(jose::parse_jwe_header(outer)->kid, "");
  EXPECT_TRUE(is_active(outer));
  EXPECT_EQ(world.post("/oauth2/token/revoke", "token=" + outer, "app").status(), 200);
  EXPECT_FALSE(is_active(outer));
  state("", "");
  EXPECT_TRUE(is_active(token(""))) << "and the server's own key with it";
}

TEST_F(DirectKeys, a_key_that_another_one_replaced_under_its_kid_is_known_beside_it) {
  put("\"jwks\":" + set_with(key));
  keep(key);
  const std::string before = issue();
  const jose::KeyPtr other = key_of("direct", 32, 'e');
  put("\"jwks\":" + set_with(other));
  keep(other);
  keep(key, world.clock->now() + Seconds(600));
  EXPECT_TRUE(is_active(issue()));
  EXPECT_TRUE(is_active(before));
}

TEST_F(DirectKeys, a_key_that_senders_may_only_encrypt_with_opens_the_servers_own_token) {
  const auto sending =
      jose::Jwk::parse(R"({"kty":"oct","kid":"direct","key_ops":["encrypt"],"k":")" +
                       base64::url_encode(Bytes(32, 5)) + "\"}");
  ASSERT_THAT(sending, signet::test::is_ok());
  const jose::KeyPtr one = jose::Key::local(*sending);
  put("\"jwks\":" + set_with(one));
  keep(one);
  EXPECT_TRUE(is_active(issue()));
}

TEST_F(DirectKeys, a_key_from_a_url_is_kept_before_the_first_token_and_then_once_a_day) {
  publish(key);
  const std::string first = issue();
  EXPECT_EQ(member(inside(first, key), "aud"), "Direct");
  EXPECT_TRUE(is_active(first));
  issue();
  EXPECT_EQ(kept(), 1U);

  const jose::KeyPtr other = key_of("direct", 32, 'e');
  published = set_with(other);
  world.clock->advance(Seconds(301));
  const std::string second = issue();
  EXPECT_THAT(open(second, other), signet::test::is_ok());
  EXPECT_TRUE(is_active(second));
  EXPECT_TRUE(is_active(first)) << "what was issued stays known";
  EXPECT_EQ(kept(), 2U);
}

TEST_F(DirectKeys, a_kid_that_too_many_keys_have_gets_no_token_that_nobody_would_know) {
  for (std::size_t i = 1; i <= resource_servers::kMostOfOneKid; ++i)
    keep(key_of("direct", 32, static_cast<char>(i)), world.clock->now() + Seconds(600));
  publish(key);
  EXPECT_EQ(ask("&resourceServer=Direct").text("error"), "server_error");
  EXPECT_EQ(kept(), resource_servers::kMostOfOneKid);
  world.clock->advance(Seconds(601));
  EXPECT_TRUE(is_active(issue())) << "no token holds the others any more";
}

TEST_F(DirectKeys, a_realm_that_is_deleted_at_this_moment_leaves_no_key_behind) {
  publish(key);
  ASSERT_NE(token(""), "") << "the realm is known";
  storage::Transaction behind_our_back;
  behind_our_back.emplace_back(storage::EraseDocument{"realm", RealmName(), "root", std::nullopt});
  ASSERT_THAT(async::run_now(world.storage->commit(std::move(behind_our_back))),
              signet::test::is_ok());
  EXPECT_EQ(ask("&resourceServer=Direct").status(), 500);
  EXPECT_EQ(kept(), 0U);
}

}  // namespace
}  // namespace signet::oauth::test
