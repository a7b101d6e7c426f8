// F8 over the calls of storage: tokens, and what operators write of realms, clients and resource
// servers. Each call fails in its turn, before it was made or with its answer lost.

#include "admin/test_storage_faults.h"
#include "support/matchers.h"

namespace signet::admin {
namespace {

using namespace test;
using signet::test::Ended;

constexpr const char* kTokenPath = "/oauth2/access_token";
constexpr const char* kGrant = "grant_type=client_credentials";
constexpr const char* kServerPath = "/admin/realms/root/resource-servers/RS1";

class TokenFaultsTest : public StorageFaultsTest,
                        public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Formats, TokenFaultsTest, ::testing::Values("jwt", "opaque"),
                         [](const auto& row) { return std::string(row.param); });

TEST_P(TokenFaultsTest, f_8_a_token_that_is_answered_is_a_good_one) {
  const std::string client = GetParam();
  FaultyRequest issue;
  issue.send = [&] { return world.post(kTokenPath, kGrant, client); };
  issue.check = [&](FakeExchange& answer, Ended ended) {
    if (ended == Ended::kRight) {
      ASSERT_TRUE(world.is_active(answer.text("access_token"), client));
    } else {
      ASSERT_EQ(answer.text("access_token"), "");
      ASSERT_EQ(world.post(kTokenPath, kGrant, client).status(), 200);
    }
  };
  issue.name = "token, all in caches";
  loops(issue);
  issue.name = "token, nothing in caches";
  issue.prepare = [&] { make_cold(); };
  loops(issue);
}

TEST_P(TokenFaultsTest, f_8_introspection_never_lies) {
  const std::string client = GetParam();
  const std::string token = world.issue(client);
  FaultyRequest ask;
  ask.name = "introspection";
  ask.prepare = [&] { make_cold(); };
  ask.send = [&] { return world.post("/oauth2/introspect", "token=" + token, client); };
  ask.check = [&](FakeExchange& answer, Ended ended) {
    if (ended == Ended::kRight) {
      ASSERT_TRUE(answer.flag("active"));
    }
  };
  loops(ask);
}

TEST_P(TokenFaultsTest, f_8_a_revocation_that_is_answered_holds) {
  const std::string client = GetParam();
  std::string token;
  FaultyRequest revoke;
  revoke.name = "revocation";
  revoke.prepare = [&] {
    token = world.issue(client);
    make_cold();
  };
  revoke.send = [&] { return world.post("/oauth2/token/revoke", "token=" + token, client); };
  revoke.check = [&](FakeExchange&, Ended ended) {
    if (ended != Ended::kRight) {
      ASSERT_EQ(revoke.send().status(), 200);
    }
    ASSERT_FALSE(world.is_active(token, client));
  };
  loops(revoke);
}

TEST_F(StorageFaultsTest, f_8_a_realm_is_the_old_or_the_new_one) {
  const std::string path = "/admin/realms/changing";
  const auto stored = [&] { return number_at(get(path), {"realm", "access_token", "lifetime"}); };
  const auto served = [&] {
    return number_at(world.post("/oauth2/realms/root/realms/changing/access_token", kGrant, "c"),
                     {"expires_in"});
  };
  const std::string start = R"({"scopes":["read"],"access_token":{"lifetime":)";
  put(path, start + "100}}");
  world.client("c", R"(,"access_token":{"signing_algorithm":"ES256"})", "changing");
  std::int64_t before = 100, wanted = 100;
  FaultyRequest change;
  change.name = "realm put";
  change.prepare = [&] {
    before = stored();
    wanted = before == 100 ? 200 : 100;
    ASSERT_EQ(served(), before);
  };
  change.send = [&] { return put(path, start + std::to_string(wanted) + "}}"); };
  change.check = [&](FakeExchange&, Ended ended) {
    ASSERT_TRUE(stored() == wanted || (ended != Ended::kRight && stored() == before)) << stored();
    ASSERT_EQ(served(), stored()) << "caches follow what is stored";
    if (ended == Ended::kRight) return;
    ASSERT_LT(change.send().status(), 300);
    ASSERT_EQ(stored(), wanted);
    ASSERT_EQ(served(), wanted);
  };
  loops(change);
}

TEST_F(StorageFaultsTest, f_8_a_client_is_the_old_or_the_new_one) {
  const std::string path = "/admin/realms/root/clients/changing";
  const auto stored = [&] { return number_at(get(path), {"client", "access_token", "lifetime"}); };
  const auto served = [&] {
    return number_at(world.post(kTokenPath, kGrant, "changing"), {"expires_in"});
  };
  std::int64_t before = 100, wanted = 100;
  FaultyRequest change;
  change.name = "client put";
  change.send = [&] {
    return put(path, "{\"secret\":\"" + World::kSecret +
                         R"(","access_token":{"signing_algorithm":"ES256","lifetime":)" +
                         std::to_string(wanted) + "}}");
  };
  change.prepare = [&] {
    before = stored();
    wanted = before == 100 ? 200 : 100;
    ASSERT_EQ(served(), before);
  };
  change.check = [&](FakeExchange&, Ended ended) {
    ASSERT_TRUE(stored() == wanted || (ended != Ended::kRight && stored() == before)) << stored();
    ASSERT_EQ(served(), stored()) << "caches follow what is stored";
    if (ended == Ended::kRight) return;
    ASSERT_LT(change.send().status(), 300);
    ASSERT_EQ(served(), wanted);
  };
  ASSERT_LT(change.send().status(), 300);
  loops(change);
}

TEST_F(StorageFaultsTest, f_8_a_client_that_is_deleted_gets_no_token) {
  const std::string path = "/admin/realms/root/clients/gone";
  FaultyRequest remove;
  remove.name = "client delete";
  remove.prepare = [&] {
    ASSERT_LT(put(path, "{\"secret\":\"" + World::kSecret + "\"}").status(), 300);
    ASSERT_EQ(world.post(kTokenPath, kGrant, "gone").status(), 200);
  };
  remove.send = [&] { return erase(path); };
  remove.check = [&](FakeExchange&, Ended ended) {
    const bool is_there = get(path).status() == 200;
    ASSERT_FALSE(is_there && ended == Ended::kRight);
    ASSERT_EQ(world.post(kTokenPath, kGrant, "gone").status(), is_there ? 200 : 401)
        << "caches follow what is stored";
    if (!is_there) return;
    ASSERT_LT(remove.send().status(), 300);
    ASSERT_EQ(world.post(kTokenPath, kGrant, "gone").status(), 401);
  };
  loops(remove);
}

/// A resource server of two documents: itself, and its URI.
class ServerFaultsTest : public StorageFaultsTest {
 protected:
  static std::string uri_of(int number) {
    return "https://rs" + std::to_string(number) + ".example";
  }
  FakeExchange put_number(int number) {
    return put(kServerPath, "{\"uri\":\"" + uri_of(number) + "\"}");
  }
  /// Whether the realm has a resource server with that URI.
  bool has(int number) {
    return async::run_now(
               failing->document("resource_server_uri", RealmName("root"), uri_of(number)))
        ->has_value();
  }
  /// Which of the two is stored, and nothing of the other one.
  bool is_whole(int number, int other) {
    const bool shows = get(kServerPath).response().body.find(uri_of(number)) != std::string::npos;
    return shows && has(number) && !has(other);
  }
};

TEST_F(ServerFaultsTest, f_8_a_resource_server_is_the_old_or_the_new_one) {
  int number = 1;
  FaultyRequest change;
  change.name = "resource server put";
  change.prepare = [&] { ++number; };
  change.send = [&] { return put_number(number); };
  change.check = [&](FakeExchange&, Ended ended) {
    const bool is_new = is_whole(number, number - 1);
    ASSERT_TRUE(is_new || (ended != Ended::kRight && is_whole(number - 1, number)));
    if (ended == Ended::kRight) return;
    ASSERT_LT(change.send().status(), 300);
    ASSERT_TRUE(is_whole(number, number - 1));
  };
  ASSERT_LT(put_number(number).status(), 300);
  loops(change);
}

TEST_F(ServerFaultsTest, f_8_a_resource_server_that_is_deleted_is_gone_with_its_uri) {
  FaultyRequest remove;
  remove.name = "resource server delete";
  remove.prepare = [&] { ASSERT_LT(put_number(1).status(), 300); };
  remove.send = [&] { return erase(kServerPath); };
  remove.check = [&](FakeExchange&, Ended ended) {
    const bool is_there = has(1);
    ASSERT_FALSE(is_there && ended == Ended::kRight);
    ASSERT_EQ(get(kServerPath).status(), is_there ? 200 : 404);
    if (!is_there) return;
    ASSERT_LT(remove.send().status(), 300);
    ASSERT_FALSE(has(1));
    ASSERT_EQ(get(kServerPath).status(), 404);
  };
  loops(remove);
}

TEST_F(ServerFaultsTest, f_8_a_realm_that_is_deleted_is_there_or_gone) {
  const std::string path = "/admin/realms/gone";
  FaultyRequest remove;
  remove.name = "realm delete";
  remove.prepare = [&] { ASSERT_LT(put(path, "{}").status(), 300); };
  remove.send = [&] { return erase(path); };
  remove.check = [&](FakeExchange&, Ended ended) {
    const bool is_there = get(path).status() == 200;
    ASSERT_FALSE(is_there && ended == Ended::kRight);
    if (is_there) {
      ASSERT_LT(remove.send().status(), 300);
    }
    ASSERT_EQ(get(path).status(), 404);
    ASSERT_EQ(world.get("/oauth2/realms/root/realms/gone/connect/jwk_uri").status(), 404);
  };
  loops(remove);
}

}  // namespace
}  // namespace signet::admin
