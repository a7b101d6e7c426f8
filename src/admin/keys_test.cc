#include "admin/test_admin.h"
#include "base/base64.h"
#include "crypto/sign.h"
#include "storage/forwarding_storage.h"
#include "tokens/format.h"

namespace signet::admin {
namespace {

using oauth::test::FakeExchange;
using testing::HasSubstr;
using testing::Not;

const std::string kRsaId = "am.services.oauth2.stateless.signing.RSA";

/// A realm with three clients: JWT by default, JWT by ES256, opaque.
class KeysTest : public test::AdminApiTest {
 protected:
  KeysTest() {
    world.realm("root");
    world.client("jwt");
    world.client("es", R"(,"access_token":{"signing_algorithm":"ES256"})");
    world.client("opaque", R"(,"access_token":{"format":"opaque"})");
    add_rsa_key();
  }
  FakeExchange step(const char* name, const char* alias) {
    return post("/admin/secrets/plan", R"({"id":")" + kRsaId + R"(","step":")" + name +
                                           R"(","alias":")" + alias + R"("})");
  }
  static std::string kid_of(const std::string& token) {
    return jose::parse_compact_header(token)->kid;
  }
};

TEST_F(KeysTest, a_plan_says_who_is_touched_when_it_is_safe_and_what_would_be_refused) {
  world.issue("jwt");
  ASSERT_EQ(step("publish", "rsa2").status(), 200);
  auto plan = get("/admin/secrets/plan?step=activate&id=" + kRsaId);
  ASSERT_EQ(plan.status(), 200);
  EXPECT_EQ(plan.text("alias"), "rsa2") << "the key whose turn it is";
  EXPECT_EQ(plan.text("store"), "memory");
  EXPECT_FALSE(plan.flag("safe"));
  EXPECT_EQ(plan.text("reason"), "activation_too_early");
  EXPECT_EQ(plan.text("not_before"), to_rfc3339(world.clock->now() + Seconds(600)));
  EXPECT_EQ(plan.json().find("client_count")->if_int(), 1);
  EXPECT_THAT(plan.response().body, HasSubstr(R"("clients":[{"realm":"root","client_id":"jwt"}])"));
  EXPECT_THAT(plan.response().body, HasSubstr(R"("realms":["root"])"));
  EXPECT_EQ(step("activate", "rsa2").status(), 409) << "apply refuses what the plan says";

  world.clock->advance(Seconds(600));
  EXPECT_TRUE(get("/admin/secrets/plan?step=activate&id=" + kRsaId).flag("safe"));
  EXPECT_THAT(get("/admin/realms/root/secrets").response().body, HasSubstr(R"("waiting":null)"))
      << "a plan changes nothing";
  EXPECT_EQ(step("activate", "rsa2").status(), 200);
  auto retiring = get("/admin/secrets/plan?step=retire&id=" + kRsaId);
  EXPECT_EQ(retiring.text("alias"), "rsa");
  EXPECT_EQ(retiring.text("reason"), "retirement_too_early");
  EXPECT_FALSE(retiring.text("tokens_until").empty());
  EXPECT_EQ(get("/admin/secrets/plan?step=burn&id=" + kRsaId).text("code"), "step_unknown");
}

TEST_F(KeysTest, a_plan_says_the_earliest_safe_moment_of_each_step) {
  struct Step {
    std::string name, alias, not_before;
    bool is_done;
    bool operator==(const Step&) const = default;
  };
  const auto steps = [&](const std::string& query) {
    std::vector<Step> out;
    const auto answer = get("/admin/secrets/plan?id=" + kRsaId + query);
    EXPECT_EQ(answer.status(), 200) << answer.response().body;
    const json::Object plan = answer.json();
    const json::Value* list = plan.find("steps");
    if (list == nullptr || list->if_array() == nullptr) return out;
    for (const auto& one : *list->if_array())
      out.push_back({*one.get("step")->if_string(), *one.get("alias")->if_string(),
                     *one.get("not_before")->if_string(), *one.get("done")->if_bool()});
    return out;
  };
  const auto after = [&](int seconds) { return to_rfc3339(world.clock->now() + Seconds(seconds)); };
  const auto rotate =
      post("/admin/secrets/rotate",
           R"({"id":")" + kRsaId + R"(","store":"memory","alias":"rsa3","dry_run":true})");
  ASSERT_EQ(rotate.status(), 200) << rotate.response().body;
  const json::Object rotation = rotate.json();
  const json::Array& rotated = *rotation.find("plan")->if_array();
  ASSERT_EQ(rotated.size(), 3U);
  const std::string retirement = *rotated[2].get("not_before")->if_string();

  // Given a key that is in no ring yet
  const std::vector<Step> unpublished = {{"publish", "rsa2", after(0), false},
                                         {"activate", "rsa2", after(600), false},
                                         {"retire", "rsa", retirement, false}};
  EXPECT_EQ(steps("&step=publish&alias=rsa2"), unpublished) << "as rotate plans it";
  EXPECT_EQ(get("/admin/secrets/plan?step=publish&alias=rsa2&id=" + kRsaId).text("not_before"),
            after(0));
  // Given one that waits
  ASSERT_EQ(step("publish", "rsa2").status(), 200);
  const std::vector<Step> waiting = {{"publish", "rsa2", after(0), true},
                                     {"activate", "rsa2", after(600), false},
                                     {"retire", "rsa", retirement, false}};
  EXPECT_EQ(steps(""), waiting) << "without a step too";
  EXPECT_EQ(steps("&step=activate"), waiting);
  const auto untried = get("/admin/secrets/plan?id=" + kRsaId).json();
  EXPECT_EQ(untried.find("safe"), nullptr) << "no step was tried";
  EXPECT_EQ(post("/admin/secrets/plan", R"({"id":")" + kRsaId + R"("})").status(), 400);
  // Given one that signs no more
  world.clock->advance(Seconds(600));
  ASSERT_EQ(step("activate", "rsa2").status(), 200);
  const auto retiring = get("/admin/secrets/plan?step=retire&id=" + kRsaId);
  const std::vector<Step> last = steps("&step=retire&alias=rsa");
  ASSERT_FALSE(last.empty());
  EXPECT_EQ(last.back(), (Step{"retire", "rsa", retiring.text("not_before"), false}));
}

TEST_F(KeysTest, a_plan_names_the_resource_servers_whose_tokens_are_touched) {
  const auto put = [&](const std::string& name, const std::string& access_token) {
    auto answer = call(http::Method::kPut, "/admin/realms/root/resource-servers/" + name,
                       R"({"name":")" + name + R"(","access_token":{)" + access_token + "}}");
    ASSERT_EQ(answer.status(), 201) << answer.response().body;
  };
  const auto touched = [&](const std::string& id) {
    std::vector<std::string> names;
    const auto plan = get("/admin/secrets/plan?step=publish&alias=rsa2&id=" + id).json();
    const auto* list = plan.find("resource_servers");
    if (list == nullptr || list->if_array() == nullptr) return names;
    for (const auto& one : *list->if_array()) {
      EXPECT_EQ(*one.get("realm")->if_string(), "root");
      names.push_back(*one.get("name")->if_string());
    }
    EXPECT_EQ(plan.find("resource_server_count")->if_int(), std::int64_t(names.size()));
    return names;
  };
  using testing::UnorderedElementsAre;
  const std::string es256 = "am.services.oauth2.stateless.signing.ES256",
                    es384 = "am.services.oauth2.stateless.signing.ES384",
                    sealing = "am.services.oauth2.stateless.token.encryption";
  EXPECT_THAT(touched(kRsaId), UnorderedElementsAre("Identity Provider"));
  EXPECT_THAT(touched(es384), testing::IsEmpty());
  put("open", R"("encryption":"none","signing_algorithm":"ES384")");
  put("sealed", R"("encryption":"server_key","signing_algorithm":"ES256")");
  put("any", R"("encryption":"none")");
  put("opaque", R"("encryption":"none","format":"opaque")");
  EXPECT_THAT(touched(kRsaId), UnorderedElementsAre("Identity Provider", "any"));
  EXPECT_THAT(touched(es384), UnorderedElementsAre("open"));
  EXPECT_THAT(touched(es256), UnorderedElementsAre("Identity Provider", "any", "sealed"))
      << "one of the clients asks for it";
  EXPECT_THAT(touched(sealing), UnorderedElementsAre("sealed"));
}

TEST_F(KeysTest, a_plan_for_a_global_key_names_the_realms_that_have_none_of_their_own_any_more) {
  auto own = std::make_shared<secrets::MemoryStore>(StoreName("own"));
  own->put(Alias("mine"), {secrets::Secret::of_key(jose::Jwk::from_private(
                              *crypto::PrivateKey::generate(crypto::KeyKind::kRsa, 2048)))});
  world.realm("alpha");
  const auto id = secrets::SecretId::literal(kRsaId);
  secrets::ConfiguredStore global{world.store, RealmName(), {}}, realm{own, RealmName("alpha"), {}};
  global.mappings.push_back(*secrets::Mapping::make(id, {Alias("rsa")}, false));
  realm.mappings.push_back(*secrets::Mapping::make(id, {Alias("mine")}, false));
  ASSERT_TRUE(async::run_now(world.keeper->configure({realm, global})).ok());
  const std::string plan = "/admin/secrets/plan?step=publish&alias=rsa2&id=" + kRsaId;
  EXPECT_THAT(get(plan).response().body, HasSubstr(R"("realms":["root"])"));
  auto retired = post("/admin/secrets/retire", R"({"realm":"alpha","store":"own","id":")" + kRsaId +
                                                   R"(","alias":"mine","force":true})");
  ASSERT_EQ(retired.status() / 100, 2) << retired.response().body;
  EXPECT_THAT(get(plan).response().body, HasSubstr(R"("realms":["alpha","root"])"));
  auto invariants = get("/admin/invariants");
  EXPECT_TRUE(invariants.flag("holds")) << invariants.response().body;
}

TEST_F(KeysTest, a_plan_in_a_realm_is_not_about_a_global_key_of_the_same_store_name_and_alias) {
  auto own = std::make_shared<secrets::MemoryStore>(StoreName("memory"));
  own->put(Alias("rsa"), {secrets::Secret::of_key(jose::Jwk::from_private(
                             *crypto::PrivateKey::generate(crypto::KeyKind::kRsa, 2048)))});
  world.realm("alpha");
  const auto id = secrets::SecretId::literal(kRsaId);
  secrets::ConfiguredStore global{world.store, RealmName(), {}}, realm{own, RealmName("alpha"), {}};
  global.mappings.push_back(*secrets::Mapping::make(id, {Alias("rsa")}, false));
  realm.mappings.push_back(*secrets::Mapping::make(id, {Alias("rsa")}, false));
  ASSERT_TRUE(async::run_now(world.keeper->configure({realm, global})).ok());
  ASSERT_TRUE(async::run_now(world.keeper->rings(RealmName("alpha"))).ok());
  const std::string body = R"({"realm":"alpha","store":"memory","id":")" + kRsaId + "\"";
  auto retired = post("/admin/secrets/retire", body + R"(,"alias":"rsa","force":true})");
  ASSERT_EQ(retired.status(), 200) << retired.response().body;
  // Given: the realm goes by the global key, and its tokens are alive.
  const auto rings = async::run_now(world.keeper->rings(RealmName("alpha")));
  ASSERT_TRUE(async::run_now(world.keeper->raise_horizon((*rings)->share(id),
                                                         world.clock->now() + Seconds(7200)))
                  .ok());
  // When
  const auto plan =
      get("/admin/secrets/plan?realm=alpha&store=memory&step=publish&alias=rsa&id=" + kRsaId);
  // Then: its own key never made a token.
  ASSERT_EQ(plan.status(), 200) << plan.response().body;
  EXPECT_TRUE(plan.flag("safe")) << plan.response().body;
  EXPECT_THAT(plan.response().body, HasSubstr(R"("tokens_until":null,"keys":)"));
}

TEST_F(KeysTest, usage_says_how_often_and_when_last_and_whether_the_key_may_go) {
  const std::string token = world.issue("jwt");
  world.issue("jwt");
  ASSERT_TRUE(world.is_active(token, "jwt"));
  auto usage = get("/admin/secrets/usage?id=" + kRsaId);
  ASSERT_EQ(usage.status(), 200);
  const std::string now = to_rfc3339(world.clock->now());
  EXPECT_THAT(usage.response().body,
              HasSubstr(R"("sign":{"count":2,"last":")" + now + R"("},"verify":{"count":1,)"));
  EXPECT_THAT(usage.response().body, HasSubstr(R"("verdict":"in use")"));

  ASSERT_EQ(step("publish", "rsa2").status(), 200);
  world.clock->advance(Seconds(600));
  ASSERT_EQ(step("activate", "rsa2").status(), 200);
  EXPECT_THAT(get("/admin/secrets/usage?id=" + kRsaId).response().body,
              HasSubstr("tokens made with it may be alive"));
  world.clock->advance(std::chrono::hours(3));
  EXPECT_THAT(get("/admin/secrets/usage?id=" + kRsaId).response().body,
              HasSubstr(R"("verdict":"safe to retire")"));
}

TEST_F(KeysTest, given_a_passive_key_that_made_no_token_then_the_list_says_when_it_may_go) {
  const Seconds cached = world.keeper->policy().publish_ahead;
  ASSERT_EQ(step("publish", "rsa2").status(), 200);
  world.clock->advance(cached);
  ASSERT_EQ(step("activate", "rsa2").status(), 200);
  EXPECT_THAT(
      get("/admin/realms/root/secrets").response().body,
      HasSubstr(R"("retire_not_before":")" + to_rfc3339(world.clock->now() + cached) + '"'));
  world.clock->advance(cached - Seconds(1));
  EXPECT_EQ(step("retire", "rsa").text("code"), "retirement_too_early");
  world.clock->advance(Seconds(1));
  EXPECT_EQ(step("retire", "rsa").status(), 200);
}

TEST_F(KeysTest, sec_132_a_compromised_key_is_out_within_one_call) {
  ASSERT_EQ(step("publish", "rsa2").status(), 200);
  const std::string stolen = world.issue("jwt"), opaque = world.issue("opaque"),
                    other = world.issue("es");
  const std::string kid = kid_of(stolen);
  ASSERT_TRUE(world.is_active(stolen, "jwt"));
  auto answer = post("/admin/secrets/compromise",
                     R"({"realm":"root","id":")" + kRsaId + R"(","kid":")" + kid + R"("})");
  ASSERT_EQ(answer.status(), 200) << answer.response().body;
  EXPECT_EQ(answer.text("was"), "active");
  EXPECT_FALSE(answer.text("tokens_until").empty());
  EXPECT_TRUE(answer.flag("successor_is_early")) << "the only one left was not ready";
  EXPECT_EQ(answer.json().find("client_count")->if_int(), 1);

  EXPECT_FALSE(world.is_active(stolen, "jwt"));
  EXPECT_THAT(world.get("/oauth2/connect/jwk_uri").response().body, Not(HasSubstr(kid)));
  const std::string fresh = world.issue("jwt");
  EXPECT_EQ(kid_of(fresh), answer.text("successor"));
  EXPECT_TRUE(world.is_active(fresh, "jwt"));
  EXPECT_TRUE(world.is_active(opaque, "opaque")) << "what the key did not make lives on";
  EXPECT_TRUE(world.is_active(other, "es"));
  EXPECT_THAT(get("/admin/audit?limit=100").response().body, HasSubstr("key.compromised"));
  auto again = step("publish", "rsa");
  EXPECT_EQ(again.status() / 100, 4);
  auto undo = post("/admin/secrets/compromise",
                   R"({"id":")" + kRsaId + R"(","kid":")" + kid + R"(","undo":true})");
  EXPECT_EQ(undo.text("state"), "retired");
  EXPECT_FALSE(world.is_active(stolen, "jwt")) << "it is not back by that";
}

TEST_F(KeysTest, sec_132_a_token_without_a_kid_of_a_compromised_key_is_refused) {
  // Made with the stolen key by somebody else, who leaves the kid out.
  const auto secrets = async::run_now(world.store->fetch(Alias("rsa")));
  const std::string mine = world.issue("jwt");
  const std::string payload(mine.substr(mine.find('.') + 1, mine.rfind('.') - mine.find('.') - 1));
  const std::string head =
      base64::url_encode(as_bytes(std::string(R"({"alg":"RS256","typ":"at+jwt"})")));
  const std::string input = head + "." + payload;
  const auto signature = crypto::sign(*secrets->front().key->jwk().private_key(),
                                      crypto::Signature::kRs256, as_bytes(input));
  ASSERT_TRUE(signature.ok());
  const std::string forged = input + "." + base64::url_encode(*signature);
  ASSERT_TRUE(world.is_active(forged, "jwt"));
  post("/admin/secrets/compromise",
       R"({"id":")" + kRsaId + R"(","kid":")" + kid_of(mine) + R"("})");
  EXPECT_FALSE(world.is_active(forged, "jwt"));
}

TEST_F(KeysTest, invariants_hold_and_are_shown) {
  world.issue("jwt");
  step("publish", "rsa2");
  world.clock->advance(Seconds(600));
  step("activate", "rsa2");
  auto answer = get("/admin/invariants");
  ASSERT_EQ(answer.status(), 200);
  EXPECT_TRUE(answer.flag("holds")) << answer.response().body;
  for (const char* name : {"one_active_key", "lives_are_whole", "life_paths", "activations_waited",
                           "audit_chain_whole", "degraded_is_shown"}) {
    EXPECT_THAT(answer.response().body, HasSubstr(name));
  }
}

/// Counts how often the journal of each realm is read.
class CountingStorage : public storage::ForwardingStorage {
 public:
  explicit CountingStorage(std::shared_ptr<storage::Storage> real) : real_(std::move(real)) {}
  Task<std::vector<storage::KeyRecord>> keys(RealmName realm) override {
    ++read[realm.str()];
    return real_->keys(std::move(realm));
  }
  std::map<std::string, int> read;

 private:
  storage::Storage& next() override { return *real_; }
  const std::shared_ptr<storage::Storage> real_;
};

TEST_F(KeysTest, invariants_read_each_journal_once) {
  world.issue("jwt");  // so that the realm is in use
  const auto counting = std::make_shared<CountingStorage>(world.storage);
  world.services->storage = counting;
  auto answer = get("/admin/invariants");
  EXPECT_TRUE(answer.flag("holds")) << answer.response().body;
  EXPECT_EQ(counting->read, (std::map<std::string, int>{{"", 1}, {"root", 1}}));
}

TEST_F(KeysTest, an_outage_that_nobody_saw_yet_is_shown_once_invariants_are_checked) {
  world.store->fail_with(Error{Code::kUnavailable, "store_down", "down"});
  ASSERT_TRUE(services->oauth->keeper->health().at(0).ok);
  auto answer = get("/admin/invariants");
  ASSERT_EQ(answer.status(), 200);
  EXPECT_TRUE(answer.flag("holds")) << answer.response().body;
  EXPECT_FALSE(services->oauth->keeper->health().at(0).ok);
}

TEST_F(KeysTest, a_mapping_that_its_store_brought_is_told_until_somebody_changes_it) {
  const std::string path = "/admin/secrets/mappings?realm=&store=memory";
  const std::string mark = R"("default":true)";
  EXPECT_THAT(get(path).response().body, Not(HasSubstr(mark)));
  services->stores.at(0).brought =
      async::run_now(services->oauth->keeper->mappings(RealmName(), StoreName("memory"))).value();
  EXPECT_THAT(get(path).response().body, HasSubstr(mark));
  for (auto& mapping : services->stores.at(0).brought)
    mapping.aliases = {Alias("another")};
  EXPECT_THAT(get(path).response().body, Not(HasSubstr(mark)));
}

TEST_F(KeysTest, instances_are_listed) {
  auto answer = get("/admin/instances");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.response().body, R"({"instances":[]})") << "one alone keeps no list";
}

}  // namespace
}  // namespace signet::admin
