// How long an injected token is kept, and what makes a new one.

#include "jose/jwe.h"
#include "oauth/endpoints/key_set_test_support.h"
#include "oauth/endpoints/test_injection.h"

namespace signet::oauth::test {
namespace {

TEST_F(Injection, the_token_is_kept_until_the_margin_before_its_end) {
  const std::string first = token();
  world.clock->advance(Seconds(539));
  EXPECT_EQ(token(), first);
  world.clock->advance(Seconds(1));
  const std::string second = token();
  EXPECT_NE(second, first);
  EXPECT_TRUE(world.is_active(first, "gateway"));
  world.clock->advance(Seconds(539));
  EXPECT_EQ(token(), second);
}

TEST_F(Injection, a_margin_as_long_as_the_token_lives_makes_each_request_a_token) {
  policy("orders", R"(,"renew_before":86400)");
  const std::string first = token();
  EXPECT_NE(token(), first);
}

TEST_F(Injection, every_policy_has_its_own_token) {
  policy("orders2", R"(,"scopes":["read"])");
  const std::string first = token(), second = token("/oauth2/inject/orders2");
  EXPECT_NE(first, second);
  EXPECT_EQ(token(), first);
  EXPECT_EQ(token("/oauth2/inject/orders2"), second);
}

TEST_F(Injection, a_change_of_anything_that_the_token_was_made_from_makes_a_new_one) {
  const std::map<std::string, std::function<void()>> changes{
      {"the policy", [&] { policy("orders", R"(,"scopes":["read"])"); }},
      {"the client", [&] { world.client("gateway", R"(,"may_introspect":"realm")"); }},
      {"the realm", [&] { world.realm("root"); }},
      {"a resource server", [&] { world.put("resource_server", "root", "a", R"({"name":"a"})"); }},
      {"a scope",
       [&] { world.put("scope", "root", "write", R"({"resource_server":"a","name":"write"})"); }},
      {"a key",
       [&] {
         const auto key = crypto::PrivateKey::generate(crypto::KeyKind::kRsa, 2048);
         world.store->put(Alias("rsa"), {secrets::Secret::of_key(jose::Jwk::from_private(*key))});
         EXPECT_THAT(async::run_now(world.keeper->refresh()), signet::test::is_ok());
       }},
      {"everything", [&] { world.services->changes->publish_everything(); }}};
  for (const auto& [what, change] : changes) {
    const std::string before = token();
    EXPECT_EQ(token(), before) << what;
    change();
    const std::string after = token();
    EXPECT_FALSE(after.empty()) << what;
    EXPECT_NE(after, before) << what;
  }
}

TEST_F(Injection, what_does_not_concern_the_token_leaves_it) {
  const std::string first = token();
  world.client("other", R"(,"name":"changed")");
  policy("unrelated");
  world.realm("alpha");
  EXPECT_EQ(token(), first);
}

TEST_F(Injection, a_policy_that_is_deleted_or_given_away_gives_nothing_more) {
  EXPECT_FALSE(token().empty());
  policy("orders", "", "other");
  EXPECT_EQ(ask().status(), 403);
  storage::Transaction transaction;
  storage::EraseDocument erase;
  erase.kind = "inject_policy";
  erase.realm = RealmName("root");
  erase.id = "orders";
  transaction.emplace_back(std::move(erase));
  ASSERT_THAT(async::run_now(world.storage->commit(std::move(transaction))), signet::test::is_ok());
  world.services->changes->publish({"inject_policy", RealmName("root"), "orders"});
  EXPECT_EQ(ask().status(), 404);
}

TEST_F(Injection, a_revoked_token_is_not_given_out_again) {
  for (const char* format : {"jwt", "encrypted_jwt", "opaque"}) {
    world.realm("root", R"(,"access_token":{"format":")" + std::string(format) + "\"}");
    const std::string first = token();
    EXPECT_EQ(token(), first) << format;
    EXPECT_EQ(revoke(first).status(), 200) << format;
    const std::string second = token();
    EXPECT_NE(second, first) << format;
    EXPECT_EQ(token(), second) << format;
    EXPECT_TRUE(world.is_active(second, "gateway")) << format;
  }
}

TEST_F(Injection, an_opaque_token_that_another_instance_revoked_is_gone_within_a_second) {
  world.realm("root", R"(,"access_token":{"format":"opaque"})");
  const std::string first = token();
  const auto key = tokens::opaque_key(first);
  storage::Transaction transaction;
  transaction.emplace_back(storage::EraseToken{Bytes(key.begin(), key.end())});
  ASSERT_THAT(async::run_now(world.storage->commit(std::move(transaction))), signet::test::is_ok());
  world.clock->advance(Milliseconds(1000));
  const std::string second = token();
  EXPECT_NE(second, first);
  world.clock->advance(Milliseconds(1000));
  EXPECT_EQ(token(), second);
}

TEST_F(Injection, while_revocations_cannot_be_read_every_token_is_a_new_one) {
  const std::string first = token();
  world.services->denied->set_current(false);
  const std::string second = token();
  EXPECT_FALSE(second.empty());
  EXPECT_NE(second, first);
  EXPECT_NE(token(), second);
}

TEST_F(Injection, the_token_is_encrypted_for_the_policys_resource_server) {
  SecretBytes bytes(16);
  world.random->fill(bytes.span());
  const auto key =
      jose::Key::local(jose::Jwk::from_symmetric(std::move(bytes)).with_kid("orders-key"));
  json::Object set;
  set.set("keys", json::Array{key->jwk().private_json()});
  world.put("resource_server", "root", "orders",
            R"({"name":"orders","access_token":{"encryption":"resource_server_key","jwks":)" +
                json::dump(set) + R"(,"key_encryption_algorithm":"A128KW"}})");
  policy("orders", R"(,"resource_server":"orders","scopes":["write"])");
  const std::string given = token();
  jose::DecryptOptions options;
  const std::vector<jose::KeyPtr> keys{key};
  options.keys = keys;
  const auto opened = jose::decrypt_compact(given, options);
  ASSERT_THAT(opened, signet::test::is_ok());
  EXPECT_EQ(opened->header.cty, "JWT");
  EXPECT_EQ(token(), given);
  EXPECT_EQ(revoke(given).status(), 200);
  EXPECT_NE(token(), given);
}

TEST_F(Injection, keys_that_a_resource_server_changes_at_its_url_make_a_new_token) {
  const auto client = std::make_shared<FakeHttpClient>();
  const auto publish = [&](const char* kid) {
    client->answer_with(
        [text = set_of({kid})](const OutboundRequest&) { return response(200, text); });
  };
  KeySetSettings settings;
  settings.default_age = Seconds(200);  // the set is read ahead after 180 seconds at the latest
  world.services->key_sets = std::make_shared<KeySetCache>(
      client, world.clock, world.random, check_set, settings,
      [](Task<Done> task) { EXPECT_THAT(async::run_now(std::move(task)), signet::test::is_ok()); });
  world.put("resource_server", "root", "orders",
            R"({"name":"orders","access_token":{"encryption":"resource_server_key",)"
            R"("jwks_uri":"https://orders.example/keys","key_encryption_algorithm":"A128KW"}})");
  policy("orders", R"(,"resource_server":"orders")");
  const auto kid_of = [](const std::string& token) {
    const auto header = base64::url_decode(token.substr(0, token.find('.')));
    return json::parse_object(as_text(*header))->find("kid")->if_string()[0];
  };
  publish("first");
  const std::string first = token();
  EXPECT_EQ(kid_of(first), "first");
  EXPECT_EQ(token(), first);
  world.clock->advance(Seconds(181));  // the set is read again ahead of its end, and is the same
  EXPECT_EQ(token(), first);
  EXPECT_EQ(token(), first);
  EXPECT_EQ(client->sent().size(), 2U);
  publish("second");
  world.clock->advance(Seconds(181));
  token();  // begins to read the set
  const std::string second = token();
  EXPECT_EQ(kid_of(second), "second");
  EXPECT_EQ(token(), second);
  publish("third");
  world.clock->advance(Seconds(201));  // nobody read the set in its time
  EXPECT_EQ(kid_of(token()), "third");
}

}  // namespace
}  // namespace signet::oauth::test
