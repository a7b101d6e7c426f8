#include "oauth/endpoints/test_injection.h"
#include "oauth/endpoints/test_outage_storage.h"
#include "support/matrix.h"

namespace signet::oauth::test {
namespace {

using signet::test::Matrix;

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

TEST_F(Injection, without_a_key_there_is_no_200) {
  world.client("gateway", R"(,"access_token":{"signing_algorithm":"ES512"})");
  auto answer = ask();
  EXPECT_EQ(answer.status(), 500);
  EXPECT_EQ(answer.text("error"), "server_error");
  EXPECT_EQ(header(answer), "");
}

TEST_F(Injection, without_storage_a_kept_token_serves_and_nothing_else_is_200) {
  world.realm("root", R"(,"access_token":{"format":"opaque"})");
  world.client("jwt_gateway", R"(,"access_token":{"format":"jwt"})");
  policy("jwt", "", "jwt_gateway");
  const auto storage = std::make_shared<OutageStorage>(world.storage);
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
