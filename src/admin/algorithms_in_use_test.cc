// A step that takes away an algorithm which somebody asks for.

#include "admin/key_impact.h"
#include "admin/test_admin.h"

namespace signet::admin {
namespace {

using oauth::test::FakeExchange;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kHmacId = "am.services.oauth2.stateless.signing.HMAC";

secrets::Secret mac_key(std::size_t size) {
  SecretBytes bytes(size);
  SystemRandom().fill(bytes.span());
  return secrets::Secret::of_key(jose::Jwk::from_symmetric(std::move(bytes)));
}

/// The key of 64 bytes that is active does HS256 to HS512, "short" of 32 bytes HS256 alone; and
/// "long" is like the active one.
class AlgorithmsInUse : public test::AdminApiTest {
 protected:
  AlgorithmsInUse() {
    world.realm("root");
    world.store->put(Alias("short"), {mac_key(32)});
    world.store->put(Alias("long"), {mac_key(64)});
    world.client("plain");
    world.client("hs256", by("HS256"));
  }
  static std::string by(const std::string& algorithm) {
    return R"(,"access_token":{"format":"jwt","signing_algorithm":")" + algorithm + R"("})";
  }
  static std::string body(const std::string& alias, const std::string& more = "") {
    return R"({"store":"memory","id":")" + kHmacId + R"(","alias":")" + alias + '"' + more + "}";
  }
  FakeExchange step(const std::string& name, const std::string& alias,
                    const std::string& more = "") {
    return post("/admin/secrets/" + name, body(alias, more));
  }
  /// By PUT /admin/secrets/mappings.
  FakeExchange map(const std::string& aliases, const std::string& more = "") {
    return put("/admin/secrets/mappings", R"({"store":"memory","secretId":")" + kHmacId +
                                              R"(","aliases":)" + aliases + more + "}");
  }
  FakeExchange undo(const std::string& more = "") {
    return post("/admin/secrets/mappings/undo",
                R"({"store":"memory","secretId":")" + kHmacId + '"' + more + "}");
  }
  FakeExchange plan(const std::string& name, const std::string& alias = "") {
    const std::string which = alias.empty() ? "" : "&alias=" + alias;
    return get("/admin/secrets/plan?step=" + name + "&id=" + kHmacId + which);
  }
  /// It may sign from now on.
  void ripen(const std::string& alias) {
    ASSERT_EQ(step("publish", alias).status(), 200);
    world.clock->advance(Seconds(600));
  }
  void resource_server(const std::string& name, const std::string& access_token) {
    const auto made = put("/admin/realms/root/resource-servers/" + name,
                          R"({"name":")" + name + R"(","access_token":)" + access_token + "}");
    ASSERT_EQ(made.status(), 201) << made.response().body;
  }
  int status_of_token(const std::string& client) {
    return world.post("/oauth2/access_token", "grant_type=client_credentials", client).status();
  }

  static std::vector<std::string> taken(const FakeExchange& answer) {
    std::vector<std::string> out;
    const json::Object body = answer.json();
    for (const auto& name : *body.find("algorithms_taken")->if_array())
      out.push_back(*name.if_string());
    return out;
  }
  /// Their names, of one of the lists of who asks.
  static std::vector<std::string> askers(const FakeExchange& answer, const char* list,
                                         const char* member) {
    std::vector<std::string> out;
    const json::Object body = answer.json();
    for (const auto& one : *body.find("algorithm_askers")->get(list)->if_array())
      out.push_back(*(member == nullptr ? one : *one.get(member)).if_string());
    return out;
  }
};

TEST_F(AlgorithmsInUse, a_plan_names_the_clients_that_ask_for_what_it_takes_away) {
  world.client("hs384", by("HS384"));
  world.client("hs512", by("HS512"));
  ripen("short");
  const auto shown = plan("activate");
  ASSERT_EQ(shown.status(), 200) << shown.response().body;
  EXPECT_FALSE(shown.flag("safe"));
  EXPECT_EQ(shown.text("reason"), "algorithm_in_use");
  EXPECT_THAT(shown.text("detail"),
              AllOf(HasSubstr("(memory/short) does not do HS384, HS512"),
                    HasSubstr("clients 'root/hs384', 'root/hs512'"), Not(HasSubstr("realms"))));
  EXPECT_THAT(taken(shown), ElementsAre("HS384", "HS512"));
  EXPECT_THAT(askers(shown, "realms", nullptr), IsEmpty());
  EXPECT_THAT(askers(shown, "clients", "client_id"), ElementsAre("hs384", "hs512"));
  EXPECT_EQ(shown.json().find("algorithm_askers")->get("client_count")->if_int(), 2);
  EXPECT_THAT(shown.response().body, HasSubstr(R"("all_read":true)"));
}

TEST_F(AlgorithmsInUse, a_realm_asks_for_all_who_leave_it_open) {
  world.realm("root", R"(,"access_token":{"signing_algorithm":"HS512"})");
  ripen("short");
  const auto shown = plan("activate");
  EXPECT_EQ(shown.text("reason"), "algorithm_in_use");
  EXPECT_THAT(askers(shown, "realms", nullptr), ElementsAre("root"));
  EXPECT_THAT(askers(shown, "clients", "client_id"), IsEmpty()) << "nobody says so beside it";
}

TEST_F(AlgorithmsInUse, a_plan_names_the_resource_servers_that_pin_it) {
  resource_server("pins", R"({"encryption":"none","signing_algorithm":"HS512"})");
  resource_server("other", R"({"encryption":"none","signing_algorithm":"HS256"})");
  resource_server("opaque", R"({"encryption":"none","format":"opaque"})");
  ripen("short");
  const auto shown = plan("activate");
  EXPECT_EQ(shown.text("reason"), "algorithm_in_use");
  EXPECT_THAT(askers(shown, "resource_servers", "name"), ElementsAre("pins"));
  EXPECT_THAT(shown.text("detail"), HasSubstr("resource servers 'root/pins'"));
}

TEST_F(AlgorithmsInUse, a_resource_server_that_makes_a_client_s_opaque_tokens_signed_asks_too) {
  world.client("opaque", R"(,"access_token":{"format":"opaque","signing_algorithm":"HS512"})");
  ripen("short");
  EXPECT_TRUE(plan("activate").flag("safe")) << "nothing signs its tokens";
  resource_server("signed", R"({"encryption":"none"})");
  EXPECT_THAT(askers(plan("activate"), "resource_servers", "name"), ElementsAre("signed"));
}

TEST_F(AlgorithmsInUse, what_nobody_asks_for_is_told_and_taken) {
  ripen("short");
  const auto shown = plan("activate");
  EXPECT_TRUE(shown.flag("safe")) << shown.response().body;
  EXPECT_THAT(taken(shown), ElementsAre("HS384", "HS512"));
  EXPECT_EQ(step("activate", "short").status(), 200);
  EXPECT_EQ(status_of_token("hs256"), 200);
}

TEST_F(AlgorithmsInUse, a_key_that_does_the_same_takes_nothing) {
  world.client("hs512", by("HS512"));
  ripen("long");
  const auto shown = plan("activate");
  EXPECT_TRUE(shown.flag("safe")) << shown.response().body;
  EXPECT_THAT(taken(shown), IsEmpty());
  EXPECT_EQ(step("activate", "long").status(), 200);
  EXPECT_EQ(status_of_token("hs512"), 200);
}

TEST_F(AlgorithmsInUse, every_way_to_activate_it_is_refused_and_tokens_are_made_on) {
  world.client("hs512", by("HS512"));
  ripen("short");
  for (const auto& answer :
       {step("activate", "short"), step("activate", "short", R"(,"dry_run":true)"),
        post("/admin/secrets/plan", body("short", R"(,"step":"activate")")),
        map(R"(["short","hmac"])"), map(R"(["short"])")}) {
    EXPECT_EQ(answer.status(), 409) << answer.response().body;
    EXPECT_THAT(answer.text("code"), testing::AnyOf("algorithm_in_use", "retirement_of_active"));
  }
  EXPECT_EQ(step("activate", "short").text("code"), "algorithm_in_use");
  const auto trial = map(R"(["short","hmac"])", R"(,"dry_run":true)");
  EXPECT_EQ(trial.status(), 200);
  EXPECT_FALSE(trial.flag("safe"));
  EXPECT_EQ(trial.text("reason"), "algorithm_in_use");
  EXPECT_THAT(askers(trial, "clients", "client_id"), ElementsAre("hs512"));
  EXPECT_EQ(status_of_token("hs512"), 200);
}

TEST_F(AlgorithmsInUse, a_key_that_is_not_ready_is_told_as_that_first) {
  world.client("hs512", by("HS512"));
  ASSERT_EQ(step("publish", "short").status(), 200) << "what is only published takes nothing";
  EXPECT_EQ(step("activate", "short").text("code"), "activation_too_early");
  const auto shown = plan("activate");
  EXPECT_EQ(shown.text("reason"), "activation_too_early");
  EXPECT_THAT(askers(shown, "clients", "client_id"), ElementsAre("hs512"))
      << "but the plan says it";
}

TEST_F(AlgorithmsInUse, force_takes_it_and_is_audited) {
  world.client("hs512", by("HS512"));
  ripen("short");
  const auto done =
      post("/admin/secrets/plan", body("short", R"(,"step":"activate","force":true)"));
  ASSERT_EQ(done.status(), 200) << done.response().body;
  EXPECT_THAT(taken(done), ElementsAre("HS384", "HS512")) << "as it was before";
  EXPECT_EQ(status_of_token("hs512"), 500);
  EXPECT_EQ(status_of_token("hs256"), 200);
  const json::Object journal = get("/admin/audit?limit=100").json();
  bool is_forced = false;
  for (const auto& event : *journal.find("events")->if_array()) {
    if (*event.get("event")->if_string() != "key.activated") continue;
    is_forced = json::dump(*event.get("detail")).find(R"("forced":true)") != std::string::npos;
  }
  EXPECT_TRUE(is_forced) << "the last activation";
}

TEST_F(AlgorithmsInUse, taking_a_change_back_is_refused_where_somebody_asks_meanwhile) {
  ripen("short");
  ASSERT_EQ(step("activate", "short").status(), 200);
  ASSERT_EQ(step("activate", "hmac", R"(,"force":true)").status(), 200);
  world.client("hs512", by("HS512"));
  ASSERT_EQ(status_of_token("hs512"), 200);
  EXPECT_EQ(undo().text("code"), "algorithm_in_use");
  EXPECT_EQ(status_of_token("hs512"), 200);
  EXPECT_EQ(undo(R"(,"force":true)").status(), 200);
  EXPECT_EQ(status_of_token("hs512"), 500);
}

TEST_F(AlgorithmsInUse, a_plan_to_retire_the_key_that_signs_says_what_the_next_one_does_not_do) {
  world.client("hs512", by("HS512"));
  ripen("short");
  const auto shown = plan("retire", "hmac");
  EXPECT_THAT(taken(shown), ElementsAre("HS384", "HS512"));
  EXPECT_THAT(askers(shown, "clients", "client_id"), ElementsAre("hs512"));
  EXPECT_FALSE(shown.flag("safe"));
  EXPECT_EQ(step("retire", "hmac").status(), 409);
  EXPECT_THAT(taken(plan("retire", "short")), IsEmpty()) << "that one does not sign";
  EXPECT_EQ(step("retire", "short").status(), 200);
}

TEST_F(AlgorithmsInUse, the_first_own_key_of_a_realm_is_not_published_where_it_does_less) {
  auto own = std::make_shared<secrets::MemoryStore>(StoreName("own"));
  own->put(Alias("short"), {mac_key(32)});
  own->put(Alias("long"), {mac_key(64)});
  world.realm("alpha");
  world.client("hs512", by("HS512"), "alpha");
  secrets::ConfiguredStore global{world.store, RealmName(), {}}, realm{own, RealmName("alpha"), {}};
  global.mappings.push_back(
      *secrets::Mapping::make(secrets::SecretId::literal(kHmacId), {Alias("hmac")}, false));
  ASSERT_TRUE(async::run_now(world.keeper->configure({realm, global})).ok());
  const auto publish = [&](const std::string& alias, const std::string& more = "") {
    return post("/admin/secrets/publish", R"({"realm":"alpha","store":"own","id":")" + kHmacId +
                                              R"(","alias":")" + alias + '"' + more + "}");
  };
  const auto refused = publish("short");
  EXPECT_EQ(refused.status(), 409) << "it would sign by itself as soon as it may";
  EXPECT_EQ(refused.text("code"), "algorithm_in_use");
  EXPECT_THAT(refused.text("detail"), HasSubstr("'alpha/hs512'"));
  EXPECT_EQ(publish("long").status(), 200);
}

TEST_F(AlgorithmsInUse, a_compromised_key_goes_and_what_goes_with_it_is_told) {
  world.client("hs512", by("HS512"));
  ripen("short");
  const auto rings = async::run_now(world.keeper->rings(RealmName()));
  const auto* ring = (*rings)->find(secrets::SecretId::literal(kHmacId));
  const std::string kid = ring->ring->active().kid.str();
  const auto answer =
      post("/admin/secrets/compromise", R"({"id":")" + kHmacId + R"(","kid":")" + kid + R"("})");
  ASSERT_EQ(answer.status(), 200) << answer.response().body;
  const json::Object told = answer.json();
  EXPECT_THAT(json::dump(*told.find("warnings")),
              AllOf(HasSubstr("(memory/short) of " + kHmacId + " does not do HS384, HS512"),
                    HasSubstr("clients 'root/hs512'")));
}

TEST_F(AlgorithmsInUse, of_too_many_clients_not_all_are_read_and_the_rest_may_ask) {
  storage::Transaction many;
  for (std::size_t i = 0; i <= kMostRead; ++i) {
    storage::PutDocument put;
    put.document.kind = "client";
    put.document.realm = RealmName("root");
    put.document.id = "many" + std::to_string(i);
    put.document.text = "{}";
    many.emplace_back(std::move(put));
  }
  ASSERT_TRUE(async::run_now(world.storage->commit(std::move(many))).ok());
  ripen("short");
  const auto shown = plan("activate");
  EXPECT_EQ(shown.text("reason"), "algorithm_in_use");
  EXPECT_THAT(shown.text("detail"), HasSubstr("perhaps others: only the first 10000"));
  EXPECT_THAT(shown.response().body, HasSubstr(R"("all_read":false)"));
  EXPECT_EQ(step("activate", "short").status(), 409);
  EXPECT_EQ(step("activate", "short", R"(,"force":true)").status(), 200);
  ripen("long");
  EXPECT_EQ(step("activate", "long").status(), 200) << "nothing is taken: nobody is looked for";
}

}  // namespace
}  // namespace signet::admin
