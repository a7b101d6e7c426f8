#include "admin/test_storage_faults.h"
#include "support/matchers.h"

namespace signet::admin::test {

using signet::test::Ended;
using signet::test::fault_loop;
using signet::test::is_ok;
using signet::test::Operation;

namespace {

/// What a client sees where the exchange ended without an answer of its own.
int status_seen(const FakeExchange& exchange) {
  if (exchange.outcome.ok()) return exchange.response().status;
  return is_transient(exchange.outcome.error().code) ? 503 : 500;
}

/// A refusal is nobody's fault but the storage's, and says why.
void expect_clear_refusal(const FakeExchange& exchange) {
  EXPECT_EQ(status_seen(exchange), 503) << exchange.response().body;
  if (!exchange.outcome.ok()) {
    EXPECT_STRNE(exchange.outcome.error().reason, "");
  } else {
    EXPECT_FALSE(exchange.text("code").empty() && exchange.text("error").empty() &&
                 exchange.text("title").empty())
        << exchange.response().body;
  }
}

}  // namespace

StorageFaultsTest::StorageFaultsTest()
    : failing(std::make_shared<storage::test::FailingStorage>(world.storage)) {
  world.storage = failing;
  world.start();
  services->oauth = world.services;
  services->directory = &world.router->directory();
  world.realm("root");
  world.client("jwt", R"(,"access_token":{"signing_algorithm":"ES256"})");
  world.client("opaque", R"(,"access_token":{"format":"opaque"})");
  old_token = world.issue("jwt");
}
StorageFaultsTest::~StorageFaultsTest() = default;

void StorageFaultsTest::loops(const FaultyRequest& request) {
  std::optional<FakeExchange> answer;
  Operation operation;
  operation.prepare = request.prepare;
  operation.act = [&] {
    answer.emplace(request.send());
    return status_seen(*answer) < 300;
  };
  operation.words = [&] { return answer->response().body; };
  operation.check = [&](Ended ended) {
    ASSERT_NE(ended, Ended::kThrew);
    if (ended == Ended::kRefused) expect_clear_refusal(*answer);
    request.check(*answer, ended);
    if (!HasFailure()) expect_service();
  };
  for (const bool loses_answers : {false, true}) {
    failing->loses_answers = loses_answers;
    operation.name = request.name + (loses_answers ? ", answers lost" : ", storage away");
    for (const bool for_good : {false, true}) {
      fault_loop(operation, storage::test::failing_calls(*failing), for_good);
      if (HasFailure()) return;
    }
  }
  expect_invariants();
}

FakeExchange StorageFaultsTest::erase(const std::string& path) {
  return call(http::Method::kDelete, path);
}

void StorageFaultsTest::make_cold() {
  for (const char* id : {"jwt", "opaque"})
    world.services->changes->publish({"client", RealmName("root"), id});
  world.router->directory().forget(RealmName("root"));
  world.services->changes->publish({"realm", RealmName("root"), {}});
}

void StorageFaultsTest::refresh() {
  ASSERT_THAT(async::run_now(world.keeper->refresh()), is_ok());
}

void StorageFaultsTest::expect_service() {
  const auto published = world.get("/oauth2/connect/jwk_uri").json();
  const json::Value* keys = published.find("keys");
  ASSERT_NE(keys, nullptr);
  ASSERT_FALSE(keys->if_array()->empty());
  ASSERT_TRUE(world.is_active(old_token, "jwt"));
  const std::string token = world.issue("jwt");
  ASSERT_FALSE(token.empty());
  ASSERT_TRUE(world.is_active(token, "jwt"));
}

void StorageFaultsTest::expect_invariants() {
  const auto found = get("/admin/invariants").json();
  const json::Value* list = found.find("invariants");
  ASSERT_NE(list, nullptr);
  for (const auto& one : *list->if_array())
    EXPECT_TRUE(*one.get("holds")->if_bool()) << json::dump(one);
}

std::int64_t number_at(const FakeExchange& answer, std::initializer_list<const char*> members) {
  const json::Value whole(answer.json());
  const json::Value* at = &whole;
  for (const char* member : members) {
    at = at->get(member);
    if (at == nullptr) return -1;
  }
  return at->if_int().value_or(-1);
}

}  // namespace signet::admin::test
