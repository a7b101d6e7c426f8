// F8 over the endpoints and administration: a whole server without sockets.
#include "anomaly/server_anomaly.h"

namespace signet {
namespace {

using oauth::test::FakeExchange;
using oauth::test::World;
using test::anomaly_loops;
using test::Ended;
using test::Operation;
using test::ServerAnomaly;

constexpr const char* kToken = "/oauth2/access_token";
constexpr const char* kGrant = "grant_type=client_credentials";

class TokenAnomaly : public ServerAnomaly, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Formats, TokenAnomaly, ::testing::Values("jwt", "encrypted", "opaque"),
                         [](const auto& row) { return std::string(row.param); });

TEST_P(TokenAnomaly, f_8_a_token_that_is_answered_is_a_good_one) {
  const std::string client = GetParam();
  const auto check = [&](FakeExchange& answer, Ended ended) {
    if (ended != Ended::kRight) return;
    const std::string token = answer.text("access_token");
    ASSERT_FALSE(token.empty());
    ASSERT_TRUE(world.is_active(token, client));
  };
  const auto make = [&] { return request(http::Method::kPost, kToken, kGrant, client); };
  world.issue(client);
  anomaly_loops(of_request("token_warm_" + client, make, check));
  anomaly_loops(of_request("token_cold_" + client, make, check, [this] { make_cold(); }));
}

TEST_P(TokenAnomaly, f_8_introspection_never_lies) {
  const std::string client = GetParam();
  const std::string token = world.issue(client);
  anomaly_loops(of_request(
      "introspect_" + client,
      [&] { return request(http::Method::kPost, "/oauth2/introspect", "token=" + token, client); },
      [](FakeExchange& answer, Ended ended) {
        // Out of memory is no reason to call a good token inactive.
        if (ended == Ended::kRight) {
          ASSERT_TRUE(answer.flag("active"));
        }
      }));
}

TEST_P(TokenAnomaly, f_8_a_revocation_that_is_answered_holds) {
  const std::string client = GetParam();
  std::string token;
  anomaly_loops(of_request(
      "revoke_" + client,
      [&] {
        token = world.issue(client);
        return request(http::Method::kPost, "/oauth2/token/revoke", "token=" + token, client);
      },
      [&](FakeExchange&, Ended ended) {
        if (ended == Ended::kRight) {
          ASSERT_FALSE(world.is_active(token, client));
          return;
        }
        // Refused: asking again makes it so.
        ASSERT_EQ(world.post("/oauth2/token/revoke", "token=" + token, client).status(), 200);
        ASSERT_FALSE(world.is_active(token, client));
      }));
}

TEST_F(ServerAnomaly, f_8_documents_are_whole_or_refused) {
  for (const char* path : {"/oauth2/connect/jwk_uri", "/oauth2/.well-known/openid-configuration"}) {
    const std::string whole = world.get(path).response().body;
    for (const bool cold : {false, true}) {
      anomaly_loops(of_request(
          std::string(cold ? "cold " : "warm ") + std::string(path).substr(8),
          [&] { return request(http::Method::kGet, path, "", ""); },
          [&](FakeExchange& answer, Ended ended) {
            if (ended == Ended::kRight) {
              ASSERT_EQ(answer.response().body, whole);
            }
          },
          [this, cold] {
            if (cold) make_cold();
          }));
    }
  }
}

TEST_F(ServerAnomaly, f_8_a_realm_is_the_old_or_the_new_one) {
  const std::string path = "/admin/realms/changing";
  int round = 0;
  const auto lifetime_now = [&] {
    const auto shown = ask_admin(http::Method::kGet, path);
    const auto object = shown.json();
    return object.find("realm")->get("access_token")->get("lifetime")->if_int().value_or(-1);
  };
  ask_admin(http::Method::kPut, path, R"({"scopes":["read"],"access_token":{"lifetime":100}})");
  world.client("c", R"(,"access_token":{"signing_algorithm":"ES256"})", "changing");
  std::int64_t before = 100, wanted = 0;
  anomaly_loops(of_request(
      "realm_put",
      [&] {
        before = lifetime_now();
        wanted = 100 + ++round % 50;
        return admin_request(
            http::Method::kPut, path,
            R"({"scopes":["read"],"access_token":{"lifetime":)" + std::to_string(wanted) + "}}");
      },
      [&](FakeExchange&, Ended ended) {
        const std::int64_t stored = lifetime_now();
        if (ended == Ended::kRight) {
          ASSERT_EQ(stored, wanted);
        } else {
          ASSERT_TRUE(stored == wanted || stored == before) << stored;
        }
        const auto token =
            world.post("/oauth2/realms/root/realms/changing/access_token", kGrant, "c").json();
        ASSERT_TRUE(token.find("expires_in"));
        ASSERT_EQ(token.find("expires_in")->if_int(), stored) << "caches follow what is stored";
      }));
  anomaly_loops(of_request("realm_get", [&] { return admin_request(http::Method::kGet, path); }));
  anomaly_loops(of_request("realms_list",
                           [&] { return admin_request(http::Method::kGet, "/admin/realms"); }));
  anomaly_loops(of_request(
      "realm_delete", [&] { return admin_request(http::Method::kDelete, "/admin/realms/gone"); },
      [&](FakeExchange&, Ended ended) {
        if (ended != Ended::kRight) ask_admin(http::Method::kDelete, "/admin/realms/gone");
        ASSERT_EQ(ask_admin(http::Method::kGet, "/admin/realms/gone").status(), 404);
        ASSERT_EQ(world.get("/oauth2/realms/root/realms/gone/connect/jwk_uri").status(), 404);
      },
      [&] {
        ask_admin(http::Method::kPut, "/admin/realms/gone", "{}");
        world.get("/oauth2/realms/root/realms/gone/connect/jwk_uri");
      }));
}

TEST_F(ServerAnomaly, f_8_a_client_is_the_old_or_the_new_one) {
  const std::string path = "/admin/realms/root/clients/changing";
  const std::string secret = "\"secret\":\"" + World::kSecret + "\"";
  const auto document = [&](std::int64_t lifetime) {
    return "{" + secret + R"(,"access_token":{"signing_algorithm":"ES256","lifetime":)" +
           std::to_string(lifetime) + "}}";
  };
  const auto lifetime_now = [&] {
    const auto object = ask_admin(http::Method::kGet, path).json();
    return object.find("client")->get("access_token")->get("lifetime")->if_int().value_or(-1);
  };
  ask_admin(http::Method::kPut, path, document(100));
  int round = 0;
  std::int64_t before = 100, wanted = 0;
  anomaly_loops(of_request(
      "client_put",
      [&] {
        world.issue("changing");  // so that caches hold it
        before = lifetime_now();
        wanted = 100 + ++round % 50;
        return admin_request(http::Method::kPut, path, document(wanted));
      },
      [&](FakeExchange&, Ended ended) {
        const std::int64_t stored = lifetime_now();
        if (ended == Ended::kRight) {
          ASSERT_EQ(stored, wanted);
        } else {
          ASSERT_TRUE(stored == wanted || stored == before) << stored;
        }
        const auto token = world.post(kToken, kGrant, "changing").json();
        ASSERT_TRUE(token.find("expires_in"));
        ASSERT_EQ(token.find("expires_in")->if_int(), stored) << "caches follow what is stored";
      }));
  anomaly_loops(of_request("client_get", [&] { return admin_request(http::Method::kGet, path); }));
  anomaly_loops(of_request("clients_list", [&] {
    return admin_request(http::Method::kGet, "/admin/realms/root/clients");
  }));
  anomaly_loops(of_request(
      "client_delete",
      [&] { return admin_request(http::Method::kDelete, "/admin/realms/root/clients/gone"); },
      [&](FakeExchange&, Ended) {
        const bool is_there =
            ask_admin(http::Method::kGet, "/admin/realms/root/clients/gone").status() == 200;
        ASSERT_EQ(world.post(kToken, kGrant, "gone").status(), is_there ? 200 : 401)
            << "caches follow what is stored";
      },
      [&] {
        ask_admin(http::Method::kPut, "/admin/realms/root/clients/gone", "{" + secret + "}");
        world.issue("gone");
      }));
}

TEST_F(ServerAnomaly, f_8_lists_for_operators_are_whole_or_refused) {
  for (const char* path :
       {"/admin/realms/root/secrets", "/admin/stores", "/admin/health", "/admin/audit"}) {
    anomaly_loops(of_request(path, [&] { return admin_request(http::Method::kGet, path); }));
  }
  anomaly_loops(of_request("mappings", [&] {
    auto made = admin_request(http::Method::kGet, "/admin/secrets/mappings");
    const_cast<http::Request&>(made->request()).query = "store=memory";
    return made;
  }));
}

TEST_F(ServerAnomaly, f_8_a_refresh_that_fails_leaves_the_rings_as_they_were) {
  const std::string old = world.issue("jwt");
  Operation operation;
  operation.name = "keeper_refresh";
  operation.act = [&] { return async::run_now(world.keeper->refresh()).ok(); };
  operation.check = [&](Ended) {
    ASSERT_TRUE(world.is_active(old, "jwt"));
    expect_service();
  };
  anomaly_loops(operation);
}

}  // namespace
}  // namespace signet
