#include "jose/jwe.h"
#include "oauth/endpoints/key_set_test_support.h"
#include "oauth/endpoints/test_world.h"
#include "storage/forwarding_storage.h"
#include "support/matrix.h"

namespace signet::oauth::test {
namespace {

using signet::test::Matrix;

class Injection : public ::testing::Test {
 protected:
  Injection() {
    world.realm("root");
    world.client("gateway", R"(,"may_introspect":"realm")");
    world.client("other");
    policy("orders", R"(,"scopes":["write"],"renew_before":60)");
  }

  void policy(const std::string& name, const std::string& more = "",
              const std::string& client = "gateway", const std::string& realm = "root") {
    world.put("inject_policy", realm, name,
              R"({"name":")" + name + R"(","client_id":")" + client + "\"" + more + "}");
  }
  FakeExchange ask(const std::string& path = "/oauth2/inject/orders",
                   const std::string& user = "gateway", http::Method method = http::Method::kGet,
                   const std::string& body = "") {
    std::map<std::string, std::string> headers;
    if (!user.empty()) headers["Authorization"] = basic(user, World::kSecret);
    return send(path, headers, method, body);
  }
  FakeExchange send(const std::string& path, std::map<std::string, std::string> headers,
                    http::Method method = http::Method::kGet, const std::string& body = "") {
    FakeExchange exchange(method, path, std::move(headers), body);
    world.router->handle(exchange);
    return exchange;
  }
  static std::string basic(const std::string& user, const std::string& password) {
    return "Basic " + base64::encode(as_bytes(user + ":" + password));
  }
  static std::string header(FakeExchange& answer) {
    return std::string(answer.response().header("Authorization"));
  }
  /// The token that comes, without "Bearer "; empty if none does.
  std::string token(const std::string& path = "/oauth2/inject/orders") {
    auto answer = ask(path);
    const std::string value = header(answer);
    EXPECT_EQ(answer.status() == 200, value.starts_with("Bearer ")) << answer.status();
    return value.empty() ? value : value.substr(7);
  }
  FakeExchange revoke(const std::string& token) {
    return world.post("/oauth2/token/revoke", "token=" + token, "gateway");
  }

  World world;
};

TEST_F(Injection, gives_the_header_for_upstream_and_nothing_else) {
  auto answer = ask();
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.response().body, "");
  EXPECT_EQ(answer.response().header("Cache-Control"), "no-store");
  EXPECT_EQ(answer.response().header("Content-Type"), "");
  ASSERT_TRUE(header(answer).starts_with("Bearer "));
  const auto found =
      world.post("/oauth2/introspect", "token=" + header(answer).substr(7), "gateway");
  EXPECT_TRUE(found.flag("active"));
  EXPECT_EQ(found.text("client_id"), "gateway");
  EXPECT_EQ(found.text("scope"), "write");
}

TEST_F(Injection, f_34_who_gets_a_token_by_which_policy) {
  const Matrix matrix = Matrix::read("inject");
  policy("others", "", "other");
  policy("lost", R"(,"resource_server":"nowhere")");
  policy("wide", R"(,"scopes":["admin"])");
  const std::map<std::string, std::string> names{{"its_policy", "orders"},
                                                 {"policy_of_another", "others"},
                                                 {"unknown_policy", "none"},
                                                 {"unknown_resource_server", "lost"},
                                                 {"undefined_scope", "wide"}};
  for (const auto& caller : matrix.rows()) {
    std::string gateway;
    if (caller == "disabled") gateway = R"(,"enabled":false)";
    if (caller == "without_grant") gateway = R"(,"grant_types":[])";
    if (caller == "other_method") gateway = R"(,"token_endpoint_auth_method":"client_secret_post")";
    world.client("gateway", gateway);
    std::string user = "gateway", secret = World::kSecret;
    if (caller == "other_client") user = "other";
    if (caller == "unknown_client") user = "stranger";
    if (caller == "wrong_secret") secret = std::string(43, 'x');
    std::map<std::string, std::string> headers{{"Authorization", basic(user, secret)}};
    if (caller == "nobody") headers.clear();
    if (caller == "bearer_token") headers["Authorization"] = "Bearer " + secret;
    if (caller == "two_headers") headers["authorization"] = basic(user, secret);
    for (const auto& column : matrix.columns()) {
      auto answer = send("/oauth2/inject/" + names.at(column), headers);
      const std::string outcome =
          answer.status() == 200 ? "token"
                                 : std::to_string(answer.status()) + " " + answer.text("error");
      EXPECT_EQ(outcome, matrix.at(caller, column)) << caller << ", " << column;
      EXPECT_EQ(header(answer).empty(), outcome != "token") << caller << ", " << column;
      EXPECT_EQ(answer.response().header("WWW-Authenticate").empty(), answer.status() != 401);
    }
  }
}

TEST_F(Injection, takes_method_path_and_body_as_the_gateways_business) {
  const std::string first = token();
  using enum http::Method;
  for (const auto method : {kGet, kHead, kPost, kPut, kDelete, kPatch, kOptions, kOther}) {
    auto answer = ask("/oauth2/inject/orders", "gateway", method,
                      "grant_type=password&client_id=other&client_secret=x&scope=admin");
    EXPECT_EQ(answer.status(), 200) << static_cast<int>(method);
    EXPECT_EQ(header(answer), "Bearer " + first);
  }
  for (const char* more : {"/", "/orders/7", "/inject/others", "/realms/root/realms/alpha/x",
                           "/.well-known/openid-configuration"})
    EXPECT_EQ(token(std::string("/oauth2/inject/orders") + more), first) << more;
}

TEST_F(Injection, a_path_that_names_no_policy_is_404) {
  for (const std::string path :
       {"/oauth2/inject", "/oauth2/inject/", "/oauth2/inject/%6Frders", "/oauth2/injected/orders",
        "/.well-known/openid-configuration/oauth2/inject/orders",
        "/.well-known/oauth-authorization-server/oauth2/inject/orders"})
    EXPECT_EQ(ask(path).status(), 404) << path;
  EXPECT_EQ(ask("/oauth2/inject/" + std::string(5000, 'a')).status(), 404);
  EXPECT_EQ(ask("/oauth2/realms/root/realms/alpha/inject/orders").status(), 404);
}

TEST_F(Injection, a_policy_belongs_to_its_realm) {
  world.realm("alpha");
  world.client("gateway", "", "alpha");
  EXPECT_EQ(ask("/oauth2/realms/root/realms/alpha/inject/orders").status(), 404);
  policy("orders", "", "gateway", "alpha");
  auto answer = ask("/oauth2/realms/root/realms/alpha/inject/orders");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_FALSE(world.is_active(header(answer).substr(7), "gateway")) << "it is alpha's";
}

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

TEST_F(Injection, without_a_key_there_is_no_200) {
  world.client("gateway", R"(,"access_token":{"signing_algorithm":"ES512"})");
  auto answer = ask();
  EXPECT_EQ(answer.status(), 500);
  EXPECT_EQ(answer.text("error"), "server_error");
  EXPECT_EQ(header(answer), "");
}

class FailingStorage : public storage::test::ForwardingStorage {
 public:
  explicit FailingStorage(std::shared_ptr<storage::Storage> real) : real_(std::move(real)) {}
  bool is_down = false;
  Task<Done> commit(storage::Transaction transaction) override {
    if (is_down) co_return down();
    co_return co_await real_->commit(std::move(transaction));
  }
  Task<std::optional<storage::Document>> document(std::string kind, RealmName realm,
                                                  std::string id) override {
    if (is_down) co_return down();
    co_return co_await real_->document(std::move(kind), std::move(realm), std::move(id));
  }
  Task<std::optional<storage::TokenRecord>> token(Bytes hash) override {
    if (is_down) co_return down();
    co_return co_await real_->token(std::move(hash));
  }

 protected:
  storage::Storage& next() override { return *real_; }

 private:
  static Error down() { return {Code::kUnavailable, "storage_unavailable", "the disk is gone"}; }
  std::shared_ptr<storage::Storage> real_;
};

TEST_F(Injection, without_storage_a_kept_token_serves_and_nothing_else_is_200) {
  world.realm("root", R"(,"access_token":{"format":"opaque"})");
  world.client("jwt_gateway", R"(,"access_token":{"format":"jwt"})");
  policy("jwt", "", "jwt_gateway");
  const auto storage = std::make_shared<FailingStorage>(world.storage);
  world.storage = storage;
  world.start();
  const auto ask_jwt = [&] { return ask("/oauth2/inject/jwt", "jwt_gateway"); };
  EXPECT_EQ(ask().status(), 200);
  auto first = ask_jwt();
  EXPECT_EQ(first.status(), 200);
  storage->is_down = true;
  auto second = ask_jwt();
  EXPECT_EQ(header(second), header(first));
  EXPECT_EQ(ask("/oauth2/inject/unseen").status(), 503);
  EXPECT_EQ(ask("/oauth2/inject/jwt", "unseen").status(), 503);
  world.clock->advance(Milliseconds(1000));
  auto opaque = ask();
  EXPECT_EQ(opaque.status(), 503) << "nobody can say whether it was revoked";
  EXPECT_EQ(header(opaque), "");
  world.clock->advance(Seconds(600));
  EXPECT_EQ(ask().status(), 503);
  storage->is_down = false;
  EXPECT_EQ(ask().status(), 200);
}

TEST_F(Injection, counts_new_tokens_and_kept_ones) {
  token();
  token();
  token();
  const std::string text = world.services->metrics->text();
  EXPECT_THAT(text, ::testing::HasSubstr("signet_injections_total{token=\"new\"} 1\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("signet_injections_total{token=\"again\"} 2\n"));
}

}  // namespace
}  // namespace signet::oauth::test
